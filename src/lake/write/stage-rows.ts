import { LakefrontError } from '../../errors.ts'
import type { ResultStream } from '../../engine/engine.ts'
import type { LeafStatistics, ParquetEncoder, ParquetWriteOptions } from '../../format/parquet/parquet-writer.ts'
import type { Storage } from '../../storage/storage.ts'
import { columnFromValues } from '../../types/column-from-values.ts'
import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { takeColumn } from '../../types/take-column.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import { typedView } from '../../types/typed-view.ts'
import { isValid } from '../../types/validity.ts'
import { type DataFile, writeDataFiles } from '../../write/data-files.ts'
import { bucketsOf } from '../commit/bucket.ts'
import type { NewDataFile } from '../commit/change.ts'
import { fileFields, leafColumns } from '../snapshot/lake-columns.ts'
import { splitBatches } from './split-batches.ts'
import type { StageSql } from './stage-sql.ts'
import { fileColumnStatistics } from '../commit/statistics.ts'
import { bucketCount, partitionFolder } from '../commit/transform.ts'
import type { LakeTarget } from '../snapshot/lake-target.ts'

/** The column that keeps the ids of rows which were moved. */
const rowIdField = { name: '_ducklake_internal_row_id', id: 2_147_483_540, type: { kind: 'bigint' } } as const

/** Where rows go, and what makes files of them. */
export interface StageParts {
  /** The lake's data path. */
  readonly storage: Storage
  readonly encoder: ParquetEncoder
  readonly signal?: AbortSignal
  readonly onProgress?: (written: { readonly rows: number; readonly bytes: number }) => void
}

/** What the rows of a statement became. */
export interface Staged {
  readonly files: readonly NewDataFile[]
  /** Keys of what was stored, to remove where nothing comes of it. */
  readonly keys: readonly string[]
  /** Rows that the rows take the place of, by the place of their file in the listing that was scanned. */
  readonly replaced: ReadonlyMap<number, readonly number[]>
  /** Ids of rows that the catalog itself keeps, and that are replaced. */
  readonly replacedInlined: readonly number[]
  /** Rows that are written. */
  readonly rows: number
  /** Rows of the table that nothing takes the place of. */
  readonly dropped: number
}

/** Writes the rows of `stream`, the result of `shape`, to Parquet files of the table. When it fails, what it stored is removed. */
export async function stageRows(
  stream: ResultStream,
  { target, shape }: { readonly target: LakeTarget; readonly shape: StageSql },
  parts: StageParts,
): Promise<Staged> {
  const replaced = new ReplacedRows(target)
  const written = await (shape.leading === 0
    ? writeFiles(rowsOf(stream, { target, shape }), target, parts)
    : writeBoth(rowsByKind(stream, { target, shape, replaced }), target, parts))
  const keys = written.map(({ key }) => key)
  const positions = await unlessFailing(
    () => replaced.positions(),
    () => parts.storage.remove(keys),
  )
  const leaves = new Set(leafColumns(target.columns).map(({ id }) => id))
  return {
    files: written.map((file) => ({
      path: file.key.slice(target.folder.length),
      isRelative: true,
      rows: file.rows,
      bytes: file.bytes,
      footerBytes: file.footerBytes,
      ...(file.leaves.some(({ id }) => id === rowIdField.id) ? { hasRowIds: true } : {}),
      statistics: file.leaves
        .filter(hasId)
        .flatMap((leaf) => (leaves.has(leaf.id) ? [fileColumnStatistics(leaf, leaf.id)] : [])),
      ...(target.partition.length === 0 ? {} : { partition: file.partition }),
    })),
    keys,
    replaced: positions,
    replacedInlined: replaced.inlined,
    rows: written.reduce((sum, file) => sum + file.rows, 0),
    dropped: replaced.dropped,
  }
}

async function unlessFailing<T>(work: () => T, undo: () => Promise<unknown>): Promise<T> {
  try {
    return work()
  } catch (error) {
    await undo().catch(() => undefined)
    throw error
  }
}

function writeFiles(
  batches: AsyncIterable<ColumnBatch>,
  target: LakeTarget,
  { storage, encoder, signal, onProgress, rowIds = false }: StageParts & { readonly rowIds?: boolean },
): Promise<readonly DataFile[]> {
  const keys = target.partition.map(({ column, transform }) => ({ column: column.name, transform }))
  const isFlat = target.options['hive_file_pattern'] === 'false'
  return writeDataFiles(batches, {
    ...parquetOptions(target.options),
    storage,
    encoder,
    fields: [...fileFields(target.columns), ...(rowIds ? [rowIdField] : [])],
    name: (partition) =>
      `${target.folder}${isFlat ? '' : partitionFolder(keys, partition)}ducklake-${uuidV7()}.parquet`,
    targetBytes: Number(target.options['target_file_size'] ?? 512_000_000),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
}

/** Rows that were there before keep their ids in files of their own; the ids of new ones are those of their places. */
async function writeBoth(
  batches: AsyncIterable<readonly [ColumnBatch | undefined, ColumnBatch | undefined]>,
  target: LakeTarget,
  parts: StageParts,
): Promise<readonly DataFile[]> {
  const [moved, fresh] = splitBatches(batches)
  const ends = await Promise.allSettled([
    writeFiles(moved, target, { ...parts, rowIds: true }),
    writeFiles(fresh, target, parts),
  ])
  const files = ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []))
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed === undefined) return files
  await parts.storage.remove(files.map(({ key }) => key)).catch(() => undefined)
  throw failed.reason
}

function hasId(leaf: LeafStatistics): leaf is LeafStatistics & { readonly id: number } {
  return leaf.id !== undefined
}

/** How a lake says its files are to be written, in DuckLake's options. */
function parquetOptions(options: LakeTarget['options']): ParquetWriteOptions {
  const compression =
    { uncompressed: 'none', lz4_raw: 'lz4' }[options['parquet_compression'] ?? ''] ?? options['parquet_compression']
  const known = ['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'] as const
  const codec = known.find((name) => name === compression)
  const rows = Number(options['parquet_row_group_size'])
  const bytes = Number(options['parquet_row_group_size_bytes'])
  return {
    ...(codec === undefined ? {} : { compression: codec }),
    ...(rows > 0 ? { rowGroupRows: rows } : {}),
    ...(bytes > 0 ? { rowGroupBytes: bytes } : {}),
  }
}

/** Batches of the table's columns, and behind them the partition's values. */
async function* rowsOf(
  stream: ResultStream,
  { target, shape }: { readonly target: LakeTarget; readonly shape: StageSql },
): AsyncGenerator<ColumnBatch> {
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
    if (batch.length > 0) yield arranged(batch, { target, shape })
}

/** Of each batch the rows that take the place of others, with the ids of those, and the rows that are new. */
async function* rowsByKind(
  stream: ResultStream,
  {
    target,
    shape,
    replaced,
  }: { readonly target: LakeTarget; readonly shape: StageSql; readonly replaced: ReplacedRows },
): AsyncGenerator<readonly [ColumnBatch | undefined, ColumnBatch | undefined]> {
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
    if (batch.length === 0) continue
    replaced.add(batch)
    const { moved, fresh } = keptRows(batch)
    replaced.dropped += batch.length - moved.length - fresh.length
    yield [
      moved.length === 0 ? undefined : arranged(rowsAt(batch, moved), { target, shape, rowIds: true }),
      fresh.length === 0 ? undefined : arranged(rowsAt(batch, fresh), { target, shape }),
    ]
  }
}

function arranged(
  { columns, schema, length }: ColumnBatch,
  {
    target,
    shape,
    rowIds = false,
  }: { readonly target: LakeTarget; readonly shape: StageSql; readonly rowIds?: boolean },
): ColumnBatch {
  const end = columns.length - shape.trailing
  const own = columns.slice(shape.leading, end)
  checkNulls(target, own)
  const partition = target.partition.map(({ column, transform }, index) => {
    const text = columns[end + index]!
    const buckets = bucketCount(transform)
    if (buckets === undefined) return text
    const at = target.columns.indexOf(column)
    return columnFromValues({ kind: 'varchar' }, bucketsOf(own[at]!, column.type, { text, buckets }))
  })
  const ids = rowIds ? [2] : []
  return {
    length,
    schema: {
      fields: [
        ...schema.fields.slice(shape.leading, end),
        ...ids.map((at) => schema.fields[at]!),
        ...schema.fields.slice(end),
      ],
    },
    columns: [...own, ...ids.map((at) => columns[at]!), ...partition],
  }
}

function checkNulls(target: LakeTarget, columns: readonly ColumnData[]): void {
  target.columns.forEach(({ name, nullable }, at) => {
    if (nullable || columns[at]!.nullCount === 0) return
    throw new LakefrontError(
      'INVALID_VALUE',
      `Column "${name}" of "${target.name}" allows no nulls, and there are some among the rows.`,
      { details: { table: target.name, column: name } },
    )
  })
}

/** The rows that are to stay: those that have an id, and those that have none yet. */
function keptRows(batch: ColumnBatch): { readonly moved: readonly number[]; readonly fresh: readonly number[] } {
  const [id, keep] = [batch.columns[2]!, batch.columns[3]!]
  const [moved, fresh]: [number[], number[]] = [[], []]
  for (let row = 0; row < batch.length; row++) {
    if (!isValid(keep, row) || ((keep.values![row >> 3]! >> (row & 7)) & 1) === 0) continue
    if (isValid(id, row)) moved.push(row)
    else fresh.push(row)
  }
  return { moved, fresh }
}

function rowsAt(batch: ColumnBatch, indices: readonly number[]): ColumnBatch {
  if (indices.length === batch.length) return batch
  return {
    ...batch,
    length: indices.length,
    columns: batch.columns.map((column, at) => takeColumn(column, batch.schema.fields[at]!.type, indices)),
  }
}

const bigint: LogicalType = { kind: 'bigint' }

/** Collects which rows of the table are replaced, and refuses one that is to be twice. */
class ReplacedRows {
  readonly inlined: number[] = []
  dropped = 0
  readonly #table: string
  readonly #positions = new Map<number, number[]>()

  constructor(target: LakeTarget) {
    this.#table = target.name
  }

  add(batch: ColumnBatch): void {
    const [files, positions, rowIds] = [0, 1, 2].map((at) => wholeNumbers(batch, at))
    for (let row = 0; row < batch.length; row++) {
      const [file, position] = [files!(row), positions!(row)]
      if (file !== undefined && position !== undefined) {
        const known = this.#positions.get(file)
        if (known === undefined) this.#positions.set(file, [position])
        else known.push(position)
      } else {
        const id = rowIds!(row)
        if (id !== undefined) this.inlined.push(id)
      }
    }
  }

  /** Rising, by file. */
  positions(): ReadonlyMap<number, readonly number[]> {
    for (const positions of [...this.#positions.values(), this.inlined]) {
      positions.sort((a, b) => a - b)
      if (positions.some((position, at) => at > 0 && position === positions[at - 1])) throw twice(this.#table)
    }
    return this.#positions
  }
}

function wholeNumbers(batch: ColumnBatch, at: number): (row: number) => number | undefined {
  const column = batch.columns[at]!
  if (batch.schema.fields[at]!.type.kind !== bigint.kind)
    throw new LakefrontError('INTERNAL', 'The place of a row is to be a bigint.')
  const values = typedView(BigInt64Array, column.values, column.length)
  return (row) => (isValid(column, row) ? Number(values[row]) : undefined)
}

function twice(table: string): LakefrontError {
  return new LakefrontError(
    'INVALID_VALUE',
    `A row of "${table}" is matched by more than one row of the source, so it cannot be told which it is to become. Leave one for each key, as with dropDuplicates().`,
    { details: { table } },
  )
}
