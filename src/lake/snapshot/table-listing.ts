import { LakefrontError } from '../../errors.ts'
import type { ListedFiles } from '../../scan/listed-files.ts'
import type { ByteSource } from '../../storage/storage.ts'
import type { ByFile } from './by-file.ts'
import type { Catalog, CatalogReader } from '../catalog/catalog.ts'
import type { CatalogColumns } from '../catalog/catalog-columns.ts'
import type { CatalogFormat } from '../catalog/catalog-format.ts'
import { deletesOf } from './file-deletes.ts'
import { boundsOf } from './file-statistics.ts'
import type { KnownFiles, Lineage } from './known-files.ts'
import type { LakeColumn } from './lake-columns.ts'
import { type LakeTableEntry, visible } from './lake-snapshot.ts'
import { nameMappings } from './name-mappings.ts'

/** What lists the files of a table. */
export interface ListingParts {
  readonly catalog: Catalog
  readonly format: CatalogFormat
  /** The bytes of a file by its path, and whether that is below the data path. */
  readonly openFile: (path: string, isRelative: boolean) => ByteSource
}

/** A table in a snapshot. */
export interface TableMoment {
  readonly table: LakeTableEntry
  readonly columns: readonly LakeColumn[]
  readonly snapshot: number
}

/** What is known of files, by the version of the catalog that is read, and by the one that is current when it is asked. */
export interface KnownParts {
  readonly lineage: Lineage
  readonly lineageNow: () => Promise<Lineage>
}

/** The data files of a table in a snapshot, with their deleted rows. */
export async function tableListing(
  reader: CatalogReader,
  moment: TableMoment,
  parts: ListingParts & KnownParts,
): Promise<ListedFiles> {
  const { table, snapshot } = moment
  const { newest, files: known } = parts.lineage
  const isNewest = newest.id === snapshot
  const files = await dataFiles(reader, moment, { format: parts.format, known, isKept: isNewest })
  if (files.length === 0) return emptyListing(table)
  await refuseEncryptedFiles(reader, moment)
  const { ids } = files
  const rows = files.numbers('rows')
  const lastSnapshots = files.numbers('last_snapshot')
  const openFile = fileOpener(table, parts)
  const [path, isRelative] = [files.texts('path'), files.flags('relative')]
  return {
    label: `${table.schema}.${table.name}`,
    count: files.length,
    open: (file) => openFile(path(file), isRelative(file)),
    rows,
    sizes: files.numbers('size'),
    footerSizes: files.numbers('footer'),
    rowIds: files.numbers('row_id'),
    snapshots: files.numbers('snapshot'),
    lastSnapshots,
    ...(lastSnapshots.some((last) => last > snapshot) ? { only: { to: snapshot } } : {}),
    ...(await deletesOf(reader, { table: table.id, snapshot, isNewest, ids, openFile })),
    ...(await namingsOf(reader, table, files.numbers('mapping'))),
    bounds: (name) => {
      const column = moment.columns.find((own) => own.name === name)
      return parts.catalog.reading(async (own) => {
        // Of a catalog that was put in the place of this one nothing can be said.
        if (column === undefined || (await parts.lineageNow()).files !== known) return undefined
        return boundsOf(own, { table, column, known, isKept: isNewest, ids, rows })
      })
    },
  }
}

/** What the catalog says of the data files that are there in a snapshot. */
async function dataFiles(
  reader: CatalogReader,
  { table, snapshot }: TableMoment,
  { format, known, isKept }: { readonly format: CatalogFormat; readonly known: KnownFiles; readonly isKept: boolean },
): Promise<ByFile> {
  const there = `FROM {M}.ducklake_data_file d WHERE table_id = $2 AND ${visible('d')}`
  const files = await known.allRows(reader, {
    table: String(table.id),
    kind: 'files',
    isKept,
    idsSql: `SELECT data_file_id::DOUBLE AS id ${there}`,
    sql: (
      low,
      high,
    ) => `SELECT data_file_id::DOUBLE AS id, path, coalesce(path_is_relative, true) AS relative, record_count::DOUBLE AS rows,
        file_size_bytes::DOUBLE AS size, footer_size::DOUBLE AS footer, row_id_start::DOUBLE AS row_id, begin_snapshot::DOUBLE AS snapshot,
        (${format.dataPartialMax})::DOUBLE AS last_snapshot, mapping_id::DOUBLE AS mapping
      ${there} AND data_file_id BETWEEN ${low} AND ${high}`,
    values: [BigInt(snapshot), BigInt(table.id)],
  })
  if (files !== undefined) return files
  throw new LakefrontError(
    'CORRUPT_FILE',
    `The catalog has several files of "${table.schema}.${table.name}" under one id. Restore it from a copy.`,
  )
}

/** A table without files. */
export function emptyListing(table: LakeTableEntry): ListedFiles {
  return {
    label: `${table.schema}.${table.name}`,
    count: 0,
    open: () => {
      throw new LakefrontError('INTERNAL', 'A table without files was asked for one.')
    },
    rows: new Float64Array(),
  }
}

/** Throws `UNSUPPORTED` when a file is encrypted. */
export function refuseEncrypted(table: LakeTableEntry, columns: CatalogColumns): void {
  const isEncrypted = columns.reader('encrypted')
  for (let file = 0; file < columns.length; file++) if (isEncrypted(file) === true) throw encrypted(table)
}

async function refuseEncryptedFiles(reader: CatalogReader, { table, snapshot }: TableMoment): Promise<void> {
  const of = (name: string): string =>
    `SELECT 1 FROM {M}.${name} f WHERE encryption_key IS NOT NULL AND table_id = $2 AND ${visible('f')}`
  const rows = await reader.read(`${of('ducklake_data_file')} UNION ALL ${of('ducklake_delete_file')} LIMIT 1`, [
    BigInt(snapshot),
    BigInt(table.id),
  ])
  if (rows.length > 0) throw encrypted(table)
}

function encrypted(table: LakeTableEntry): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `The files of "${table.schema}.${table.name}" are encrypted, which is not read here. Copy the table to a lake without encryption, with the program that made it.`,
  )
}

/** Opens files of a table by their paths. */
function fileOpener({ folder }: LakeTableEntry, { openFile }: ListingParts): ListingParts['openFile'] {
  return (path, isRelative) => openFile(isRelative ? folder + path : path, isRelative)
}

/** Opens the file that a row names in two of its columns. */
export function pathReader(
  columns: CatalogColumns,
  table: LakeTableEntry,
  parts: ListingParts,
): (path: string, relative: string) => (file: number) => ByteSource {
  const openFile = fileOpener(table, parts)
  return (path, relative) => {
    const [readPath, readRelative] = [columns.reader(path), columns.reader(relative)]
    return (file) => openFile(String(readPath(file)), readRelative(file) === true)
  }
}

/** What foreign files call the columns; nothing where none does. */
export async function namingsOf(
  reader: CatalogReader,
  table: LakeTableEntry,
  mappings: Float64Array,
): Promise<Pick<ListedFiles, 'namings' | 'names'>> {
  if (mappings.every((mapping) => Number.isNaN(mapping))) return {}
  const known = await nameMappings(reader, table.id)
  const ids = [...known.keys()]
  const places = new Map(ids.map((id, place) => [id, place]))
  return {
    names: [...known.values()],
    namings: Int32Array.from(mappings, (mapping) => {
      if (Number.isNaN(mapping)) return -1
      const place = places.get(mapping)
      if (place !== undefined) return place
      throw new LakefrontError(
        'CORRUPT_FILE',
        `The catalog has a file of "${table.schema}.${table.name}" whose columns have names of mapping ${mapping}, and no such mapping.`,
      )
    }),
  }
}
