import { isLakefrontError, LakefrontError, nearestName } from '../errors.ts'
import type { ResultStream } from '../engine/engine.ts'
import type { ParquetEncoder } from '../format/parquet/parquet-writer.ts'
import type { Storage } from '../storage/storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import type { Schema } from '../types/logical-type.ts'
import type { FileFacts } from './encoded-writer.ts'
import { fileFormat } from './file-format.ts'
import { spreadRows } from './spread-rows.ts'
import type { SpreadFile } from './spread-rows.ts'
import { openTarget } from './write-target.ts'
import type { WriteTarget } from './write-target.ts'
import type { WriteResult, WriteTask, WrittenFile } from './write-task.ts'

/** What writing needs of the session. */
export interface WriteParts {
  readonly openPlace: (url: string) => Storage
  /** Without it no Parquet is written. */
  readonly parquet?: ParquetEncoder
}

export interface WriteRowsOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (written: { readonly rows: number; readonly bytes: number }) => void
}

/** Files that are being written at once. */
const mostOpen = 16

/**
 * Writes the rows of a statement as a task says. The statement is run when it is clear that something is to be written. Either all files are there at the end,
 * or, when anything fails or is aborted, none.
 */
export async function writeRows(
  run: () => Promise<ResultStream>,
  task: WriteTask,
  { openPlace, parquet, ...options }: WriteParts & WriteRowsOptions,
): Promise<WriteResult> {
  const { signal } = options
  signal?.throwIfAborted()
  const format = fileFormat(task, parquet)
  const target = await openTarget(task, openPlace, { extension: format.extension, ...(signal && { signal }) })
  if (target === undefined) return { files: [], rows: 0, bytes: 0 }
  const { storage } = target
  let files: readonly SpreadFile<FileFacts>[] = []
  let stream: ResultStream | undefined
  try {
    stream = await run()
    const { schema, order, fileColumns } = arrangement(stream.schema, task.partitionBy)
    files = await spreadRows(batchesOf(stream, { schema, order, fileColumns }), {
      ...options,
      storage,
      open: format.open({ fields: schema.fields.slice(0, fileColumns) }),
      name: target.name,
      fileColumns,
      targetBytes: target.targetBytes,
      mostOpen,
      contentType: format.contentType,
      isNew: target.isNew,
      names: target.names,
      ...(parquet === undefined ? {} : { waiting: parquet.waiting }),
    })
    const metrics = await stream.metrics()
    signal?.throwIfAborted()
    await target.commit()
    return { ...resultOf(storage, task, files), metrics }
  } catch (error) {
    // Whether it was switched is not known then: what is there has to stay.
    if (!isLakefrontError(error, 'WRITE_STATE_UNKNOWN')) await undo(target, files)
    throw error
  } finally {
    await stream?.close()
  }
}

async function undo({ storage, names, abandon }: WriteTarget, files: readonly SpreadFile<FileFacts>[]): Promise<void> {
  try {
    if (files.length > 0 && names !== 'replaced') await storage.remove(files.map(({ key }) => key))
    await abandon()
  } catch {
    // The store cannot be reached; what failed before says why.
  }
}

/** The columns of files first, those that tell the partition behind them. */
interface Arrangement {
  readonly schema: Schema
  /** Where each column is in the statement's rows. */
  readonly order: readonly number[]
  readonly fileColumns: number
}

function arrangement({ fields }: Schema, partitionBy: readonly string[]): Arrangement {
  const names = fields.map(({ name }) => name)
  for (const name of partitionBy) {
    if (names.includes(name)) continue
    const nearest = nearestName(name, names)
    throw new LakefrontError(
      'COLUMN_NOT_FOUND',
      `Column "${name}" not found, so rows cannot be partitioned by it. Columns: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
      { details: { column: name, columns: names } },
    )
  }
  const own = [...names.keys()].filter((index) => !partitionBy.includes(names[index]!))
  if (own.length === 0)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'Rows cannot be partitioned by all of their columns: nothing would be left for the files.',
    )
  const order = [...own, ...partitionBy.map((name) => names.indexOf(name))]
  return { schema: { fields: order.map((index) => fields[index]!) }, order, fileColumns: own.length }
}

/** The batches that have rows, arranged; one without rows when there are none and a file tells of the columns all the same. */
async function* batchesOf(
  stream: ResultStream,
  { schema, order, fileColumns }: Arrangement,
): AsyncGenerator<ColumnBatch> {
  let isEmpty = fileColumns === order.length
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
    if (batch.length === 0) continue
    isEmpty = false
    yield { schema, length: batch.length, columns: order.map((index) => batch.columns[index]!) }
  }
  if (isEmpty) yield { schema, length: 0, columns: schema.fields.map(({ type }) => columnFromValues(type, [])) }
}

function resultOf(
  { label }: Storage,
  { partitionBy }: WriteTask,
  files: readonly SpreadFile<FileFacts>[],
): Pick<WriteResult, 'files' | 'rows' | 'bytes'> {
  const written = files.map(({ key, partition, bytes, summary }): WrittenFile => {
    const values = partitionBy.map((name, index) => [name, partition.values[index]])
    return { path: label + key, ...summary, bytes, partition: Object.fromEntries(values) as WrittenFile['partition'] }
  })
  return {
    files: written,
    rows: written.reduce((sum, { rows }) => sum + rows, 0),
    bytes: written.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}
