import { LakefrontError, nearestName } from '../../errors.ts'
import type { LakeSource, ListedSource, MappedField, Source } from '../../scan/source.ts'
import { nameInPlace } from '../../storage/name-in-place.ts'
import type { SessionStorage } from '../../storage/open-storage.ts'
import type { ByteSource, Storage } from '../../storage/storage.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import type { Catalog, CatalogRow } from '../catalog/catalog.ts'
import { type CatalogFormat, catalogFormat } from '../catalog/catalog-format.ts'
import { writtenFormat } from '../catalog/catalog-schema.ts'
import { changedInlined, changeListing } from './change-listing.ts'
import { findSnapshot } from './find-snapshot.ts'
import { inlinedRows } from './inlined-rows.ts'
import { type Lineage, lineageOf } from './known-files.ts'
import type { LakeColumn } from './lake-columns.ts'
import type { LakeMoment } from '../lake-calls.ts'
import { isAbsolute, referenceIn } from './lake-place.ts'
import type { LakePlace } from './lake-place.ts'
import { columnsOfTable, loadSnapshot } from './lake-snapshot.ts'
import type { LakeSnapshot, LakeTableEntry, SnapshotRow } from './lake-snapshot.ts'
import type { CurrentLake } from './lake-structure.ts'
import { metadataOf } from './lake-target.ts'
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
  /** What a transaction sees of a lake knows of files what was known when it began. */
  readonly draftOf?: Promise<Lineage>
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
  readonly anew: boolean
}

/** What was read of one version of the catalog. */
interface Known {
  readonly generation: number
  /** What is set for the lake and its parts. */
  readonly metadata: Promise<readonly CatalogRow[]>
  readonly format: Promise<CatalogFormat>
  readonly lineage: Promise<Lineage>
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
  #data: { readonly folder: string; readonly storage: Storage } | undefined

  constructor(options: OpenLakeOptions) {
    this.name = options.name
    this.catalog = options.catalog
    this.folder = options.place.folder
    this.isDraft = options.draftOf !== undefined
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
  async moment(moment: LakeMoment = {}): Promise<SnapshotRow> {
    if (moment.version !== undefined || moment.timestamp !== undefined)
      return this.catalog.reading((reader) => findSnapshot(reader, this.name, moment))
    return (await this.#now().lineage).newest
  }

  /** What is known of the version of the catalog that is current. */
  async current(): Promise<CurrentLake> {
    const { metadata, lineage } = this.#now()
    const { newest, structure } = await lineage
    return { newest, structure, metadata: await metadata }
  }

  /** What there is in a snapshot. */
  snapshot(row: SnapshotRow): Promise<LakeSnapshot> {
    const known = this.#now()
    const load = async (): Promise<LakeSnapshot> => {
      const format = await known.format
      return this.catalog.reading((reader) => loadSnapshot(reader, row, { format, dataPath: '' }))
    }
    return remembered(known.snapshots, row.id, async () => {
      const { newest, structure } = await known.lineage
      if (newest.id !== row.id) return load()
      structure.snapshot ??= load().catch((error: unknown) => {
        delete structure.snapshot
        throw error
      })
      return { ...(await structure.snapshot), ...row }
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
    const { changes, anew = false } = source
    const key = JSON.stringify([row.id, table.id, virtual, changes])
    const load = (): Promise<TableParts> => this.#load({ table, snapshot: row.id, virtual, changes, anew })
    const parts = columnsOnly
      ? emptyTable(table, virtual)
      : await (anew ? load() : remembered(this.#now().tables, key, load))
    const { mapping, files, rows } = parts
    const schema = { fields: mapping.map(({ name, type }) => ({ name, type, nullable: true })) }
    return {
      files: { format: 'listed', id: source.id, mapping, files },
      ...(rows.length === 0 ? {} : { rows: { format: 'batches', id: source.id, schema, batches: rows } }),
    }
  }

  /** The same lake as a transaction sees it. */
  draft(name: string, catalog: Catalog): OpenLake {
    const draftOf = this.#now().lineage.then(copied)
    draftOf.catch(() => undefined)
    return new OpenLake({ ...this.#options, name, catalog, draftOf })
  }

  async close(): Promise<void> {
    await this.catalog.close()
  }

  #now(): Known {
    const { generation } = this.catalog
    if (this.#known?.generation !== generation) {
      const { draftOf } = this.#options
      const before = draftOf === undefined ? this.#known?.lineage : draftOf.then(copied)
      const metadata = this.catalog.reading(metadataOf)
      const format = this.#format(metadata, this.#known?.format)
      const lineage = this.catalog.reading((reader) => lineageOf(reader, this.name, before))
      for (const read of [format, lineage]) read.catch(() => undefined)
      this.#known = { generation, metadata, format, lineage, snapshots: new Map(), tables: new Map() }
    }
    return this.#known
  }

  /** The format a catalog says it has, which need not be looked at again where the version before had it too. */
  async #format(
    metadata: Promise<readonly CatalogRow[]>,
    before: Promise<CatalogFormat> | undefined,
  ): Promise<CatalogFormat> {
    const version = settingOf(await metadata, 'version')
    const known = await before?.catch(() => undefined)
    return known !== undefined && known.version === version ? known : this.catalog.reading(catalogFormat)
  }

  async #load({ table, snapshot, virtual, changes, anew }: WantedTable): Promise<TableParts> {
    const columns: readonly LakeColumn[] = columnsOfTable(table)
    const format = await this.format()
    const moment = { table, columns, snapshot }
    return this.catalog.reading(async (reader) => {
      const lineage = await this.#now().lineage
      const data = await this.dataFolder()
      const mapping = [...(await mappedColumns(reader, columns)), ...virtual]
      const { storage } = this.#options
      const openFile = (path: string, isRelative: boolean): ByteSource => {
        const reference = referenceIn(isRelative ? data : this.folder, path)
        return anew ? openAnew(storage, reference) : storage.open(reference)
      }
      const parts = { catalog: this.catalog, format, openFile }
      if (changes === undefined) {
        const files = await tableListing(reader, moment, { ...parts, lineage, lineageNow: () => this.#now().lineage })
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
    const path = dataPath ?? settingOf(await this.#now().metadata, 'data_path') ?? 'data/'
    const folder = isAbsolute(path) ? path : referenceIn(this.folder, path.replace(/^\.\//, ''))
    return folder.endsWith('/') ? folder : `${folder}/`
  }

  /** The place of its data files, the same for as long as it is there. */
  async dataStorage(): Promise<Storage> {
    const folder = await this.dataFolder()
    if (this.#data?.folder !== folder) this.#data = { folder, storage: this.#options.storage.place(folder) }
    return this.#data.storage
  }
}

/** A file under a name that nothing is kept by. */
function openAnew(storage: Pick<SessionStorage, 'place'>, reference: string): ByteSource {
  const { place, key } = nameInPlace(reference)
  const source = storage.place(place).open(key)
  const { traffic, gapBytes, warnings } = source
  return {
    label: `${source.label} (read anew, ${uuidV7()})`,
    traffic,
    gapBytes,
    warnings,
    stat: (options) => source.stat(options),
    read: (start, end, options) => source.read(start, end, options),
  }
}

/** What a transaction finds out about files is its own. */
function copied(lineage: Lineage): Lineage {
  return { ...lineage, files: lineage.files.copy() }
}

function settingOf(metadata: readonly CatalogRow[], key: string): string | undefined {
  const row = metadata.find((own) => own['key'] === key && own['scope'] === null)
  return row === undefined ? undefined : String(row['value'])
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
