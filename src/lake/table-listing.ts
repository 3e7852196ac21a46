import { LakefrontError } from '../errors.ts'
import type { DeletedRows, DeleteFile, FileBounds, ListedFiles } from '../scan/listed-files.ts'
import type { ByteSource } from '../storage/storage.ts'
import { typeName } from '../types/type-names.ts'
import type { Catalog, CatalogReader } from './catalog.ts'
import { CatalogColumns } from './catalog-columns.ts'
import { type CatalogFormat, columnsOf } from './catalog-format.ts'
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

/** The data files of a table in a snapshot, with their deleted rows. */
export async function tableListing(
  reader: CatalogReader,
  moment: TableMoment,
  parts: ListingParts,
): Promise<ListedFiles> {
  const { table, snapshot } = moment
  const { format } = parts
  const columns = new CatalogColumns(
    await reader.readColumns(
      `SELECT d.data_file_id AS id, d.path, coalesce(d.path_is_relative, true) AS relative, d.record_count AS rows, d.file_size_bytes AS size,
         d.footer_size AS footer, d.row_id_start AS row_id, d.begin_snapshot AS snapshot, d.last_snapshot, d.mapping_id AS mapping,
         d.encryption_key IS NOT NULL OR x.encryption_key IS NOT NULL AS encrypted,
         x.path AS delete_path, coalesce(x.path_is_relative, true) AS delete_relative, x.delete_count, x.file_size_bytes AS delete_size,
         x.footer_size AS delete_footer, x.format AS delete_format,
         $1 = (SELECT max(snapshot_id) FROM {M}.ducklake_snapshot) AS newest
       FROM (SELECT *, ${format.dataPartialMax} AS last_snapshot FROM {M}.ducklake_data_file) d
       LEFT JOIN (SELECT * FROM {M}.ducklake_delete_file x WHERE table_id = $2 AND ${visible('x')}) x
         ON x.data_file_id = d.data_file_id
       WHERE d.table_id = $2 AND ${visible('d')} ORDER BY d.data_file_id`,
      [BigInt(snapshot), BigInt(table.id)],
    ),
  )
  if (columns.length === 0) return emptyListing(table)
  refuseEncrypted(table, columns)
  const ids = columns.numbers('id')
  const lastSnapshots = columns.numbers('last_snapshot')
  const inlined = await inlinedDeletes(reader, table.id, snapshot)
  const sizes = columns.numbers('size')
  const openPath = pathReader(columns, table, parts)
  return {
    label: `${table.schema}.${table.name}`,
    count: columns.length,
    open: openPath('path', 'relative'),
    rows: columns.numbers('rows'),
    sizes,
    footerSizes: columns.numbers('footer'),
    rowIds: columns.numbers('row_id'),
    snapshots: columns.numbers('snapshot'),
    lastSnapshots,
    ...(lastSnapshots.some((last) => last > snapshot) ? { only: { to: snapshot } } : {}),
    ...deletesOf(columns, { ids, inlined, snapshot, open: openPath('delete_path', 'delete_relative') }),
    ...(await namingsOf(reader, table, columns.numbers('mapping'))),
    bounds: (name) => parts.catalog.reading((own) => boundsOf(own, moment, { name, ids })),
  }
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
  for (let file = 0; file < columns.length; file++) {
    if (isEncrypted(file) !== true) continue
    throw new LakefrontError(
      'UNSUPPORTED',
      `The files of "${table.schema}.${table.name}" are encrypted, which is not read here. Copy the table to a lake without encryption, with the program that made it.`,
    )
  }
}

/** Opens the file that a row names in two of its columns. */
export function pathReader(
  columns: CatalogColumns,
  { folder }: LakeTableEntry,
  { openFile }: ListingParts,
): (path: string, relative: string) => (file: number) => ByteSource {
  return (path, relative) => {
    const [readPath, readRelative] = [columns.reader(path), columns.reader(relative)]
    return (file) => {
      const isRelative = readRelative(file) === true
      return openFile(isRelative ? folder + String(readPath(file)) : String(readPath(file)), isRelative)
    }
  }
}

function deletesOf(
  columns: CatalogColumns,
  {
    ids,
    inlined,
    snapshot,
    open,
  }: {
    readonly ids: Float64Array
    readonly inlined: ReadonlyMap<number, Float64Array>
    readonly snapshot: number
    readonly open: (file: number) => ByteSource
  },
): Pick<ListedFiles, 'deleted' | 'deletes'> {
  const counts = columns.numbers('delete_count')
  const path = columns.reader('delete_path')
  // A flush of inlined rows leaves files that hold deletes of later snapshots and do not say so in the catalog.
  const isNewest = columns.reader('newest')(0) === true
  const deleted = Float64Array.from(ids, (id, file) => {
    const own = inlined.get(id)
    if (path(file) === null) return own?.length ?? 0
    return own === undefined && isNewest ? counts[file]! : Number.NaN
  })
  if (deleted.every((count) => count === 0)) return {}
  const [format, sizes, footers] = [
    columns.reader('delete_format'),
    columns.numbers('delete_size'),
    columns.numbers('delete_footer'),
  ]
  const fileOf = (file: number): DeleteFile => {
    const isPuffin = format(file) === 'puffin'
    return {
      source: open(file),
      format: isPuffin ? 'puffin' : 'parquet',
      size: sizes[file]!,
      ...(isPuffin || !(footers[file]! > 0) ? {} : { footerSize: footers[file]! }),
      ...(isNewest ? {} : { only: { to: snapshot } }),
    }
  }
  const deletes = (file: number): DeletedRows => {
    const positions = inlined.get(ids[file]!)
    return {
      ...(path(file) === null ? {} : { files: [fileOf(file)] }),
      ...(positions === undefined ? {} : { positions }),
    }
  }
  return { deleted, deletes }
}

/** Positions that were deleted without a file, by the id of the data file. */
async function inlinedDeletes(
  reader: CatalogReader,
  table: number,
  snapshot: number,
): Promise<ReadonlyMap<number, Float64Array>> {
  const name = `ducklake_inlined_delete_${table}`
  if ((await columnsOf(reader, name)).length === 0) return new Map()
  const columns = new CatalogColumns(
    await reader.readColumns(
      `SELECT DISTINCT file_id, row_id FROM {M}.${name} WHERE begin_snapshot <= $1 ORDER BY file_id, row_id`,
      [BigInt(snapshot)],
    ),
  )
  if (columns.length === 0) return new Map()
  const [files, positions] = [columns.numbers('file_id'), columns.numbers('row_id')]
  const byFile = new Map<number, Float64Array>()
  for (let start = 0, end = 0; start < files.length; start = end) {
    while (end < files.length && files[end] === files[start]) end++
    byFile.set(files[start]!, positions.subarray(start, end))
  }
  return byFile
}

/** What foreign files call the columns; nothing where none does. */
export async function namingsOf(
  reader: CatalogReader,
  table: LakeTableEntry,
  mappings: Float64Array,
): Promise<Pick<ListedFiles, 'namings' | 'names'>> {
  if (mappings.every(Number.isNaN)) return {}
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

/** What the catalog says of the values of a column, file by file; nothing when its files are others by now. */
async function boundsOf(
  reader: CatalogReader,
  { table, columns, snapshot }: TableMoment,
  { name, ids }: { readonly name: string; readonly ids: Float64Array },
): Promise<FileBounds | undefined> {
  const column = columns.find((own) => own.name === name)
  if (column === undefined || !hasBounds(column)) return undefined
  const type = typeName(column.type)
  const isFloat = column.type.kind === 'float' || column.type.kind === 'double'
  const bound = (which: 'min_value' | 'max_value'): string => {
    const own = `TRY_CAST(s.${which} AS ${type})`
    // Of a column that was float when the file came, the text may stand for the float next to it.
    const cast =
      column.type.kind === 'double'
        ? `${which === 'min_value' ? 'least' : 'greatest'}(${own}, TRY_CAST(s.${which} AS FLOAT))`
        : own
    return isFloat ? `CASE WHEN isnan(${cast}) THEN NULL ELSE ${cast} END` : cast
  }
  const bucket = await bucketOf(reader, table.id, column.id)
  const answer = new CatalogColumns(
    await reader.readColumns(
      `SELECT d.data_file_id AS id, ${bound('min_value')} AS min, ${bound('max_value')} AS max,
         CASE WHEN s.value_count = 0 THEN d.record_count ELSE s.null_count END AS nulls, coalesce(s.contains_nan, true) AS nan,
         TRY_CAST(p.partition_value AS INTEGER) AS bucket
       FROM {M}.ducklake_data_file d
       LEFT JOIN (SELECT * FROM {M}.ducklake_file_column_stats WHERE table_id = $2 AND column_id = $3) s ON s.data_file_id = d.data_file_id
       LEFT JOIN (SELECT * FROM {M}.ducklake_file_partition_value WHERE table_id = $2 AND partition_key_index = $5) p
         ON p.data_file_id = d.data_file_id AND d.partition_id = $4
       WHERE d.table_id = $2 AND ${visible('d')} ORDER BY d.data_file_id`,
      [BigInt(snapshot), BigInt(table.id), BigInt(column.id), bucket?.partition ?? null, bucket?.key ?? null],
    ),
  )
  const own = answer.length === ids.length ? answer.numbers('id') : undefined
  if (own === undefined || !own.every((id, file) => id === ids[file])) return undefined
  const [min, max] = [answer.column('min'), answer.column('max')]
  return {
    ...(min && { min }),
    ...(max && { max }),
    nulls: answer.numbers('nulls'),
    ...(isFloat ? { nans: Uint8Array.from(answer.numbers('nan')) } : {}),
    ...(bucket === undefined
      ? {}
      : {
          buckets: {
            count: bucket.count,
            of: Int32Array.from(answer.numbers('bucket'), (at) => (Number.isNaN(at) ? -1 : at)),
          },
        }),
  }
}

/** Types whose bounds are in the catalog in their own order. */
function hasBounds({ type }: LakeColumn): boolean {
  return !['blob', 'json', 'interval', 'timetz', 'list', 'struct', 'map'].includes(type.kind)
}

/** Of types in one of these, equal values have the same bucket. */
const sameBuckets = `CASE WHEN lower(column_type) IN ('int8', 'int16', 'int32', 'int64') THEN 'int' WHEN lower(column_type) IN ('float32', 'float64') THEN 'float' ELSE lower(column_type) END`

/** How the files of the newest partitioning are divided by a column, when that is by buckets, and these are those of the type it has now. */
async function bucketOf(
  reader: CatalogReader,
  table: number,
  column: number,
): Promise<{ readonly partition: bigint; readonly key: bigint; readonly count: number } | undefined> {
  const [row] = await reader.read(
    `SELECT partition_id, partition_key_index AS key, regexp_extract(lower(transform), '^bucket\\((\\d+)\\)$', 1) AS count
     FROM {M}.ducklake_partition_column WHERE table_id = $1 AND column_id = $2 AND lower(transform) LIKE 'bucket(%'
       AND (SELECT count(DISTINCT ${sameBuckets}) FROM {M}.ducklake_column WHERE table_id = $1 AND column_id = $2) = 1 ORDER BY partition_id DESC LIMIT 1`,
    [BigInt(table), BigInt(column)],
  )
  const count = Number(row?.['count'])
  return row === undefined || !(count > 0)
    ? undefined
    : { partition: row['partition_id'] as bigint, key: row['key'] as bigint, count }
}
