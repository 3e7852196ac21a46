import type { FileBounds } from '../../scan/listed-files.ts'
import { typeName } from '../../types/type-names.ts'
import type { ByFile } from './by-file.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import type { KnownFiles } from './known-files.ts'
import type { LakeColumn } from './lake-columns.ts'
import type { LakeTableEntry } from './lake-snapshot.ts'

/** Of which column of which files. */
export interface WantedBounds {
  readonly table: LakeTableEntry
  readonly column: LakeColumn
  readonly known: KnownFiles
  readonly isKept: boolean
  /** Ids of the files, and how many rows each has. */
  readonly ids: Float64Array
  readonly rows: Float64Array
}

/** What the catalog says of the values of a column, file by file; undefined where that is nothing. */
export async function boundsOf(reader: CatalogReader, wanted: WantedBounds): Promise<FileBounds | undefined> {
  const { table, column, rows } = wanted
  if (!hasBounds(column)) return undefined
  const isFloat = column.type.kind === 'float' || column.type.kind === 'double'
  const found = await statisticsOf(reader, wanted)
  if (found === undefined) return undefined
  const [min, max] = [found.column('min'), found.column('max')]
  const bucket = await bucketOf(reader, table.id, column.id)
  const buckets = bucket && (await bucketsOf(reader, wanted, bucket))
  return {
    ...(min && { min }),
    ...(max && { max }),
    nulls: found.numbers('nulls').map((nulls, file) => (nulls === Infinity ? rows[file]! : nulls)),
    ...(isFloat ? { nans: Uint8Array.from(found.numbers('nan'), (nan) => (nan === 0 ? 0 : 1)) } : {}),
    ...(bucket && buckets && { buckets: { count: bucket.count, of: buckets } }),
  }
}

/** Bounds as values of the column's type, and `nulls`, which is infinite where a file has nothing else. */
function statisticsOf(reader: CatalogReader, wanted: WantedBounds): Promise<ByFile | undefined> {
  const { table, column, known, isKept, ids } = wanted
  const type = typeName(column.type)
  const [min, max] = ['min_value', 'max_value'].map((which) => boundSql(which, column, type))
  return known.rows(reader, {
    table: String(table.id),
    kind: `bounds of ${column.id} ${type}`,
    ids,
    isKept,
    sql: (low, high) => `SELECT data_file_id::DOUBLE AS id, ${min} AS min, ${max} AS max,
        CASE WHEN value_count = 0 THEN 'Infinity'::DOUBLE ELSE null_count::DOUBLE END AS nulls, contains_nan::INTEGER::DOUBLE AS nan
      FROM {M}.ducklake_file_column_stats
      WHERE table_id = $1 AND column_id = $2 AND data_file_id BETWEEN ${low} AND ${high}`,
    values: [BigInt(table.id), BigInt(column.id)],
  })
}

function boundSql(which: string, { type: { kind } }: LakeColumn, type: string): string {
  if (kind === 'varchar') return which
  const own = `TRY_CAST(${which} AS ${type})`
  // Of a column that was float when the file came, the text may stand for the float next to it.
  const bound =
    kind === 'double' ? `${which === 'min_value' ? 'least' : 'greatest'}(${own}, TRY_CAST(${which} AS FLOAT))` : own
  return kind === 'float' || kind === 'double' ? `CASE WHEN isnan(${bound}) THEN NULL ELSE ${bound} END` : bound
}

/** Types whose bounds are in the catalog in their own order. */
function hasBounds({ type }: LakeColumn): boolean {
  return !['blob', 'json', 'interval', 'timetz', 'list', 'struct', 'map'].includes(type.kind)
}

/** Of types in one of these, equal values have the same bucket. */
const sameBuckets = `CASE WHEN lower(column_type) IN ('int8', 'int16', 'int32', 'int64') THEN 'int' WHEN lower(column_type) IN ('float32', 'float64') THEN 'float' ELSE lower(column_type) END`

/** How the files of the newest partitioning are divided by a column, when that is by buckets, and these are those of the type it has now. */
async function bucketOf(reader: CatalogReader, table: number, column: number): Promise<Bucketing | undefined> {
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

/** A way to divide files by buckets. */
interface Bucketing {
  readonly partition: bigint
  readonly key: bigint
  readonly count: number
}

/** The bucket of each file, −1 for those that were divided otherwise. */
async function bucketsOf(
  reader: CatalogReader,
  { table, known, isKept, ids }: WantedBounds,
  { partition, key }: Bucketing,
): Promise<Int32Array | undefined> {
  const found = await known.rows(reader, {
    table: String(table.id),
    kind: `buckets of ${partition} ${key}`,
    ids,
    isKept,
    sql: (low, high) => `SELECT d.data_file_id::DOUBLE AS id, TRY_CAST(p.partition_value AS INTEGER)::DOUBLE AS bucket
      FROM {M}.ducklake_data_file d JOIN {M}.ducklake_file_partition_value p ON p.data_file_id = d.data_file_id AND p.table_id = $1
        AND p.partition_key_index = $3
      WHERE d.table_id = $1 AND d.partition_id = $2 AND d.data_file_id BETWEEN ${low} AND ${high}`,
    values: [BigInt(table.id), partition, key],
  })
  return found && Int32Array.from(found.numbers('bucket'), (bucket) => (Number.isNaN(bucket) ? -1 : bucket))
}
