import type { Database } from '../../engine/engine.ts'
import { isLakefrontError, LakefrontError, nearestName } from '../../errors.ts'
import type { ParquetEncoder } from '../../format/parquet/parquet-writer.ts'
import type { LakeTables } from '../../scan/source.ts'
import type { SessionStorage } from '../../storage/open-storage.ts'
import type { FetchScope } from '../../storage/storage.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { createDuckdbCatalog, openDuckdbCatalog } from '../catalog/duckdb-catalog.ts'
import type { LakeInfo, OpenLakeRequest } from '../lake-calls.ts'
import { lakePlace } from './lake-place.ts'
import type { SnapshotRow } from './lake-snapshot.ts'
import { OpenLake } from './open-lake.ts'

/** What lakes need of the engine they are beside. */
export interface LakeParts {
  readonly storage: Pick<SessionStorage, 'open' | 'place'>
  readonly parquet: ParquetEncoder
  readonly openDatabase: (bytes?: Uint8Array) => Promise<Database>
}

/** Names that SQL has for something else. */
const takenNames: ReadonlySet<string> = new Set([
  'memory',
  'system',
  'temp',
  'main',
  'pg_catalog',
  'information_schema',
])

/** What {@link Lakes.addDraft} names drafts: never twice, also not in a worker that takes the place of another. */
const draftName = / \(transaction [0-9a-f-]{36}\)$/

/** The lakes of a session, by what SQL calls them. */
export class Lakes {
  readonly #parts: LakeParts
  readonly #lakes = new Map<string, OpenLake>()
  /** Which snapshot of each lake a statement sees. */
  readonly #seen = new WeakMap<FetchScope, Map<OpenLake, Promise<SnapshotRow>>>()

  constructor(parts: LakeParts) {
    this.#parts = parts
  }

  get all(): readonly OpenLake[] {
    return [...this.#lakes.values()]
  }

  /** Opens a lake under a name, or makes it where there is none. */
  async open(request: OpenLakeRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<LakeInfo> {
    const { url, name, create, readOnly, dataPath } = request
    this.#checkName(name)
    const place = lakePlace(url)
    const options = {
      storage: this.#parts.storage.place(place.folder),
      key: place.key,
      openDatabase: this.#parts.openDatabase,
      readOnly,
      ...(signal === undefined ? {} : { signal }),
    }
    const catalog = await openDuckdbCatalog(options).catch((error: unknown) => {
      if (!isLakefrontError(error, 'NOT_FOUND')) throw error
      if (create && !readOnly) return createDuckdbCatalog(options)
      throw new LakefrontError(
        'NOT_FOUND',
        `There is no lake at "${options.storage.label}": it has no ${place.key}. Check the path, or make one there: openLake(…, { create: true }).`,
        { cause: error },
      )
    })
    try {
      this.#checkName(name)
      await refuseEncrypted(catalog)
      const lake = new OpenLake({
        name,
        place,
        catalog,
        storage: this.#parts.storage,
        ...(dataPath === undefined ? {} : { dataPath }),
      })
      const info = await this.info(lake)
      this.#lakes.set(name.toLowerCase(), lake)
      return info
    } catch (error) {
      await catalog.close()
      throw error
    }
  }

  async info(lake: OpenLake): Promise<LakeInfo> {
    const { catalog, name } = lake
    const { version } = await lake.format()
    const { id } = await lake.moment()
    return { name, label: catalog.label, formatVersion: version, snapshot: id, isReadOnly: catalog.isReadOnly }
  }

  /** @throws LakefrontError `NOT_FOUND` when no lake of that name is open, `CLOSED` when it was one of a transaction. */
  lake(name: string): OpenLake {
    const lake = this.#lakes.get(name.toLowerCase())
    if (lake !== undefined) return lake
    if (draftName.test(name)) throw new LakefrontError('CLOSED', 'The transaction is over. Begin another one.')
    const names = this.all.map((own) => own.name)
    const nearest = nearestName(name, names)
    throw new LakefrontError(
      'NOT_FOUND',
      `No lake "${name}" is open. ${names.length === 0 ? 'Open one: await db.openLake(url, { name }).' : `Open lakes: ${names.join(', ')}.`}${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    )
  }

  /** Closes a lake; one that is not open is no error. */
  async close(name: string): Promise<void> {
    const lake = this.#lakes.get(name.toLowerCase())
    this.#lakes.delete(name.toLowerCase())
    await lake?.close()
  }

  /** Lets statements read a lake as a transaction sees it, under a name that no user has. */
  addDraft(lake: OpenLake, catalog: Catalog): OpenLake {
    const draft = lake.draft(`${lake.name} (transaction ${uuidV7()})`, catalog)
    this.#lakes.set(draft.name.toLowerCase(), draft)
    return draft
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.all.map(({ name }) => this.close(name)))
  }

  /** What a table of a lake consists of. All tables of one statement are of the same snapshot, unless they ask for another. */
  readonly tables: LakeTables = async (source, { scope, columnsOnly }) => {
    const lake = this.lake(source.lake)
    const { version, timestamp } = source
    const isPast = version !== undefined || timestamp !== undefined
    const row = await (isPast
      ? lake.moment({
          ...(version === undefined ? {} : { version }),
          ...(timestamp === undefined ? {} : { timestamp }),
        })
      : this.#snapshotFor(lake, scope))
    return lake.source(source, row, columnsOnly)
  }

  #snapshotFor(lake: OpenLake, scope: FetchScope | undefined): Promise<SnapshotRow> {
    if (scope === undefined) return lake.moment()
    const seen = this.#seen.get(scope) ?? new Map<OpenLake, Promise<SnapshotRow>>()
    this.#seen.set(scope, seen)
    const row = seen.get(lake) ?? lake.moment()
    seen.set(lake, row)
    return row
  }

  #checkName(name: string): void {
    if (typeof name !== 'string' || name === '' || name.includes('\0') || takenNames.has(name.toLowerCase())) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${JSON.stringify(name)} cannot be what SQL calls a lake. Give another name: openLake(url, { name: 'lake' }).`,
      )
    }
    if (!this.#lakes.has(name.toLowerCase())) return
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `A lake "${name}" is open already. Close it, or give this one another name: openLake(url, { name: 'other' }).`,
    )
  }
}

/** Throws `UNSUPPORTED` for a lake whose files are encrypted. */
async function refuseEncrypted(catalog: Catalog): Promise<void> {
  const found = await catalog.read(
    `SELECT 1 FROM {M}.ducklake_metadata WHERE key = 'encrypted' AND scope IS NULL AND value = 'true'`,
  )
  if (found.length === 0) return
  throw new LakefrontError(
    'UNSUPPORTED',
    `The lake "${catalog.label}" is encrypted: its files can be neither read nor written here. Copy its tables to a lake without encryption, with DuckDB and its ducklake extension.`,
  )
}
