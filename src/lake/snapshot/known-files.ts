import { ByFile, placesIn } from './by-file.ts'
import type { CatalogReader, CatalogValue } from '../catalog/catalog.ts'
import { findSnapshot, snapshotsFrom } from './find-snapshot.ts'
import type { SnapshotRow } from './lake-snapshot.ts'
import { type Structure, unknownStructure } from './lake-structure.ts'

/** Which rows of which files are wanted. */
export interface WantedRows {
  /** What tells tables apart. */
  readonly table: string
  /** What tells kinds of rows of a table apart. */
  readonly kind: string
  /** Of files, ascending. */
  readonly ids: Float64Array
  /** Whether they are kept for the next that ask: not those of the past, which would put away what is asked for most. */
  readonly isKept: boolean
  /** SQL for the rows of files whose ids are between two, both of them included; the id comes first, as DOUBLE. */
  readonly sql: (low: number, high: number) => string
  readonly values: readonly CatalogValue[]
}

/** Tables of which rows are kept, the last that were asked for. */
const keptTables = 64

/**
 * Rows about files that were read from a catalog, kept from version to version of it. What it says of a file never changes as long as its history
 * goes on: of the next version only the rows of new files are read.
 */
export class KnownFiles {
  readonly #tables = new Map<string, Map<string, ByFile>>()

  /** Rows of files that are not known are asked of `reader`. Undefined when a file has several; null for files that have none. */
  async rows(reader: CatalogReader, wanted: WantedRows): Promise<ByFile | undefined> {
    const { table, kind, ids, isKept, sql, values } = wanted
    const known = this.#of(table)
    const before = known.get(kind) ?? ByFile.empty
    const others = rangeWithout(ids, before.ids)
    const more = others && (await ByFile.read(reader, sql(others.low, others.high), values))
    if (others !== undefined && more === undefined) return undefined
    const rows = before.arranged(ids, more)
    if (isKept) known.set(kind, rows)
    return rows
  }

  /** The rows of all files that `idsSql` finds; a list that is not known is read at once. */
  async allRows(
    reader: CatalogReader,
    { idsSql, ...wanted }: Omit<WantedRows, 'ids'> & { readonly idsSql: string },
  ): Promise<ByFile | undefined> {
    const { table, kind, isKept, sql, values } = wanted
    const known = this.#of(table)
    if (known.has(kind)) {
      const there = await ByFile.read(reader, idsSql, values)
      return there && this.rows(reader, { ...wanted, ids: there.ids })
    }
    const rows = await ByFile.read(reader, sql(0, Number.MAX_SAFE_INTEGER), values)
    if (rows !== undefined && isKept) known.set(kind, rows)
    return rows
  }

  /** Another that knows the same, and then goes its own way. */
  copy(): KnownFiles {
    const copy = new KnownFiles()
    for (const [table, kinds] of this.#tables) copy.#tables.set(table, new Map(kinds))
    return copy
  }

  #of(table: string): Map<string, ByFile> {
    const known = this.#tables.get(table) ?? new Map<string, ByFile>()
    this.#tables.delete(table)
    this.#tables.set(table, known)
    const [oldest] = this.#tables.keys()
    if (this.#tables.size > keptTables) this.#tables.delete(oldest!)
    return known
  }
}

/** From the first to the last of `ids` that are not among the known. */
function rangeWithout(
  ids: Float64Array,
  known: Float64Array,
): { readonly low: number; readonly high: number } | undefined {
  const places = placesIn(known, ids)
  const [first, last] = [places.indexOf(-1), places.lastIndexOf(-1)]
  return first < 0 ? undefined : { low: ids[first]!, high: ids[last]! }
}

/** A version of a catalog, as a part of its history. */
export interface Lineage {
  readonly newest: SnapshotRow
  readonly files: KnownFiles
  readonly structure: Structure
}

/**
 * Where a version of a catalog belongs: behind `before` when it has the snapshot that was the newest then. A catalog that somebody put in its
 * place may have other files under the same ids, and nothing is known of it. Its structure is the one before where no snapshot since changed it.
 */
export async function lineageOf(reader: CatalogReader, lake: string, before?: Promise<Lineage>): Promise<Lineage> {
  const own = await before?.catch(() => undefined)
  const since = own === undefined ? [] : await snapshotsFrom(reader, own.newest.id)
  const goesOn = since.some(({ id, time }) => id === own?.newest.id && time === own.newest.time)
  if (own === undefined || !goesOn)
    return { newest: await findSnapshot(reader, lake), files: new KnownFiles(), structure: unknownStructure() }
  const isAsBefore = since.every(({ schemaVersion }) => schemaVersion === own.newest.schemaVersion)
  return {
    newest: since.reduce((last, row) => (row.id > last.id ? row : last)),
    files: own.files,
    structure: isAsBefore ? own.structure : unknownStructure(),
  }
}
