import { LakefrontError, nearestName } from '../errors.ts'
import type { LakeSource, ListedSource, MappedField, Source } from '../scan/source.ts'
import type { SessionStorage } from '../storage/open-storage.ts'
import type { Catalog } from './catalog.ts'
import { type CatalogFormat, catalogFormat } from './catalog-format.ts'
import { writtenFormat } from './catalog-schema.ts'
import { changedInlined, changeListing } from './change-listing.ts'
import { findSnapshot } from './find-snapshot.ts'
import { inlinedRows } from './inlined-rows.ts'
import type { LakeColumn } from './lake-columns.ts'
import type { LakeMoment } from './lake-calls.ts'
import { isAbsolute, referenceIn } from './lake-place.ts'
import type { LakePlace } from './lake-place.ts'
import { columnsOfTable, loadSnapshot } from './lake-snapshot.ts'
import type { LakeSnapshot, LakeTableEntry, SnapshotRow } from './lake-snapshot.ts'
import { mappedColumns } from './mapped-columns.ts'
import { emptyListing, tableListing } from './table-listing.ts'

export interface OpenLakeOptions {
  /** What SQL calls it. */
  readonly name: string
  readonly place: LakePlace
  readonly catalog: Catalog
  readonly storage: Pick<SessionStorage, 'open' | 'place'>
  /** Where its data files are, when not where the catalog says. */
  readonly dataPath?: string
  /** Whether it is what a transaction sees of a lake. */
  readonly isDraft?: boolean
}

/** What scans need of a table in a snapshot. */
interface TableParts {
  readonly mapping: readonly MappedField[]
  readonly files: ListedSource['files']
  readonly rows: (Source & { readonly format: 'batches' })['batches']
}

/** What is to be read of a table. */
interface WantedTable {
  readonly table: LakeTableEntry
  readonly snapshot: number
  readonly virtual: readonly MappedField[]
  readonly changes: LakeSource['changes']
}

/** What was read of one version of the catalog. */
interface Known {
  readonly generation: number
  readonly format: Promise<CatalogFormat>
  newest?: Promise<SnapshotRow>
  readonly snapshots: Map<number, Promise<LakeSnapshot>>
  readonly tables: Map<string, Promise<TableParts>>
}

/** Tables whose lists of files are kept, the last that were used. */
const keptTables = 64

/** A lake of a session: its catalog, and what was read of it. */
export class OpenLake {
  readonly name: string
  readonly catalog: Catalog
  /** Where it is; relative paths that are no data files are beside the catalog. */
  readonly folder: string
  /** Whether it is what a transaction sees of a lake; SQL text cannot name it. */
  readonly isDraft: boolean
  readonly #options: OpenLakeOptions
  #known: Known | undefined

  constructor(options: OpenLakeOptions) {
    this.name = options.name
    this.catalog = options.catalog
    this.folder = options.place.folder
    this.isDraft = options.isDraft === true
    this.#options = options
  }

  /** What this version of the catalog has. */
  format(): Promise<CatalogFormat> {
    return this.#now().format
  }

  /** Throws `UNSUPPORTED` for a lake of a format that is only read. */
  async assertWritten(): Promise<void> {
    const { version } = await this.format()
    if (version === writtenFormat) return
    throw new LakefrontError(
      'UNSUPPORTED',
      `The lake "${this.name}" has format ${version}, which is read here and not changed. ${version.startsWith('0.') ? `Bring it to ${writtenFormat} with await lake.migrate(); programs that know older formats only cannot read it then.` : 'Change it with the program that made it.'}`,
      { details: { format: version } },
    )
  }

  /** The snapshot of a moment; the newest that was read, without one. */
  moment(moment: LakeMoment = {}): Promise<SnapshotRow> {
    const find = (): Promise<SnapshotRow> => this.catalog.reading((reader) => findSnapshot(reader, this.name, moment))
    if (moment.version !== undefined || moment.timestamp !== undefined) return find()
    const known = this.#now()
    known.newest ??= find()
    return known.newest
  }

  /** What there is in a snapshot. */
  snapshot(row: SnapshotRow): Promise<LakeSnapshot> {
    const { snapshots, format } = this.#now()
    return remembered(snapshots, row.id, async () => {
      const own = await format
      return this.catalog.reading((reader) => loadSnapshot(reader, row, { format: own, dataPath: '' }))
    })
  }

  /** A table in a snapshot. @throws LakefrontError `TABLE_NOT_FOUND` with the nearest name. */
  async table(row: SnapshotRow, schema: string, name: string): Promise<LakeTableEntry> {
    const { tables, schemas } = await this.snapshot(row)
    const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
    const here = tables.filter((table) => same(table.schema, schema))
    const found = here.find((table) => table.name === name) ?? here.find((table) => same(table.name, name))
    if (found !== undefined) return found
    if (!schemas.some((own) => same(own, schema))) {
      throw new LakefrontError(
        'TABLE_NOT_FOUND',
        `The lake "${this.name}" has no schema "${schema}" in snapshot ${row.id}. Schemas: ${schemas.join(', ')}.`,
        { details: { schema, schemas } },
      )
    }
    const names = here.map((table) => table.name)
    const nearest = nearestName(name, names)
    const are = names.length === 0 ? 'It has no tables there' : `Tables: ${names.slice(0, 20).join(', ')}`
    throw new LakefrontError(
      'TABLE_NOT_FOUND',
      `The lake "${this.name}" has no table "${schema}.${name}" in snapshot ${row.id}. ${are}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
      { details: { table: name, schema, snapshot: row.id } },
    )
  }

  /** What a table consists of, as `source` asks for it; with `columnsOnly` as if it had no rows. */
  async source(
    source: LakeSource,
    row: SnapshotRow,
    columnsOnly = false,
  ): Promise<{ readonly files: ListedSource; readonly rows?: Source & { readonly format: 'batches' } }> {
    const table = await this.table(row, source.schema, source.table)
    const virtual = (source.virtual ?? []).map(virtualField)
    const { changes } = source
    const key = JSON.stringify([row.id, table.id, virtual, changes])
    const parts = columnsOnly
      ? emptyTable(table, virtual)
      : await remembered(this.#now().tables, key, () => this.#load({ table, snapshot: row.id, virtual, changes }))
    const { mapping, files, rows } = parts
    const schema = { fields: mapping.map(({ name, type }) => ({ name, type, nullable: true })) }
    return {
      files: { format: 'listed', id: source.id, mapping, files },
      ...(rows.length === 0 ? {} : { rows: { format: 'batches', id: source.id, schema, batches: rows } }),
    }
  }

  /** The same lake as a transaction sees it. */
  draft(name: string, catalog: Catalog): OpenLake {
    return new OpenLake({ ...this.#options, name, catalog, isDraft: true })
  }

  async close(): Promise<void> {
    await this.catalog.close()
  }

  #now(): Known {
    const { generation } = this.catalog
    if (this.#known?.generation !== generation) {
      const format = this.catalog.reading(catalogFormat)
      format.catch(() => undefined)
      this.#known = { generation, format, snapshots: new Map(), tables: new Map() }
    }
    return this.#known
  }

  async #load({ table, snapshot, virtual, changes }: WantedTable): Promise<TableParts> {
    const columns: readonly LakeColumn[] = columnsOfTable(table)
    const format = await this.format()
    const moment = { table, columns, snapshot }
    return this.catalog.reading(async (reader) => {
      const data = await this.dataFolder()
      const mapping = [...(await mappedColumns(reader, columns)), ...virtual]
      const openFile = (path: string, isRelative: boolean): ReturnType<SessionStorage['open']> =>
        this.#options.storage.open(referenceIn(isRelative ? data : this.folder, path))
      const parts = { catalog: this.catalog, format, openFile }
      if (changes === undefined) {
        const files = await tableListing(reader, moment, parts)
        return { mapping, files, rows: await inlinedRows(reader, moment, { format, mapping }) }
      }
      const files = await changeListing(reader, { table, range: changes }, parts)
      const choice = changedInlined(changes)
      return { mapping, files, rows: await inlinedRows(reader, moment, { format, mapping, choice }) }
    })
  }

  /** Where data files are: where the user said, else where the catalog says; relative paths are beside the catalog. */
  async dataFolder(): Promise<string> {
    const { dataPath } = this.#options
    const [row] = await this.catalog.read(
      `SELECT value FROM {M}.ducklake_metadata WHERE key = 'data_path' AND scope IS NULL`,
    )
    const path = dataPath ?? String(row?.['value'] ?? 'data/')
    const folder = isAbsolute(path) ? path : referenceIn(this.folder, path.replace(/^\.\//, ''))
    return folder.endsWith('/') ? folder : `${folder}/`
  }
}

/** The columns of a table. */
function emptyTable(table: LakeTableEntry, virtual: readonly MappedField[]): TableParts {
  const columns = columnsOfTable(table).map(({ id, name, type }): MappedField => ({ id, name, type }))
  return { mapping: [...columns, ...virtual], files: emptyListing(table), rows: [] }
}

function virtualField({ name, virtual }: NonNullable<LakeSource['virtual']>[number]): MappedField {
  return { name, virtual, type: { kind: virtual === 'fileName' ? 'varchar' : 'bigint' } }
}

/** What `make` gave for a key, made once unless it fails; of many the last that were used are kept. */
function remembered<Key, Value>(known: Map<Key, Promise<Value>>, key: Key, make: () => Promise<Value>): Promise<Value> {
  const value = known.get(key) ?? make()
  known.delete(key)
  known.set(key, value)
  value.catch(() => known.delete(key))
  const [oldest] = known.keys()
  if (known.size > keptTables) known.delete(oldest!)
  return value
}
