import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import { scan } from '../plan/leaf.ts'
import type { batchesFromArrow } from '../types/arrow.ts'
import { batchFromRows, type ColumnValues, type SchemaLike } from '../types/batch-from-rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import type { RowRead } from './row-types.ts'
import { sourceId } from './source-id.ts'

/** A table or record batch of `apache-arrow`, of any copy of it. */
export type ArrowData = Exclude<Parameters<typeof batchesFromArrow>[0], Uint8Array | ArrayBuffer>

/** A row of the columns that a schema names. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type RowOf<S extends SchemaLike> = S extends Schema ? AnyRow : { [K in keyof S]: any }

/**
 * A DataFrame of rows already there: objects, whole columns by name, or a batch; or a promise of one, of Arrow data and of rows
 * that come asynchronously. Types are inferred or given, see `batchFromRows`; the data is copied once, now, so changing it later
 * changes nothing. Buffers of Arrow data are shared.
 */
export function createDataFrame<const S extends SchemaLike>(
  executor: Executor,
  rows: Iterable<readonly unknown[]>,
  schema: S,
): DataFrame<RowOf<S>>
export function createDataFrame<Row extends object>(
  executor: Executor,
  rows: Iterable<Row>,
  schema?: SchemaLike,
): DataFrame<RowRead<Row>>
export function createDataFrame<Row extends object = AnyRow>(
  executor: Executor,
  data: ArrowData,
): Promise<DataFrame<Row>>
export function createDataFrame<Row extends object>(
  executor: Executor,
  rows: AsyncIterable<Row>,
  schema?: SchemaLike,
): Promise<DataFrame<RowRead<Row>>>
export function createDataFrame<Row extends object = AnyRow>(
  executor: Executor,
  data: ColumnValues | ColumnBatch,
  schema?: SchemaLike,
): DataFrame<Row>
export function createDataFrame(
  executor: Executor,
  data: Iterable<object> | AsyncIterable<object> | ArrowData | ColumnValues | ColumnBatch,
  schema?: SchemaLike,
): DataFrame<AnyRow> | Promise<DataFrame<AnyRow>> {
  if (isArrow(data)) return fromArrow(executor, data, schema)
  if (typeof data === 'object' && data !== null && Symbol.asyncIterator in data)
    return fromStream(executor, data, schema)
  const batch = isBatch(data) ? data : batchFromRows(data, schema)
  return frameOf(executor, batch.schema, [batch])
}

function frameOf(executor: Executor, schema: Schema, batches: readonly ColumnBatch[]): DataFrame<AnyRow> {
  if (schema.fields.length === 0)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'There are no rows to tell the columns. Give a schema: createDataFrame([], { id: "bigint" }).',
    )
  const kept = Object.freeze(batches.filter((batch) => batch.length > 0))
  return new DataFrame(
    executor,
    scan(Object.freeze({ id: sourceId('rows'), format: 'batches', schema, batches: kept })),
  )
}

async function fromArrow(
  executor: Executor,
  data: ArrowData,
  schema: SchemaLike | undefined,
): Promise<DataFrame<AnyRow>> {
  if (schema !== undefined) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'Arrow data has a schema of its own. Leave the other out, and convert columns with cast() afterwards.',
    )
  }
  const { batchesFromArrow } = await import('../types/arrow.ts')
  const { schema: own, batches } = batchesFromArrow(data)
  return frameOf(executor, own, batches)
}

/** Rows, or record batches, as they come. */
async function fromStream(
  executor: Executor,
  data: AsyncIterable<object>,
  schema: SchemaLike | undefined,
): Promise<DataFrame<AnyRow>> {
  const items: object[] = []
  for await (const item of data) items.push(item)
  if (items.length > 0 && items.every(isArrow)) {
    const { batchesFromArrow } = await import('../types/arrow.ts')
    const parts = items.map((item) => batchesFromArrow(item))
    return frameOf(
      executor,
      parts[0]!.schema,
      parts.flatMap((part) => part.batches),
    )
  }
  const batch = batchFromRows(items, schema)
  return frameOf(executor, batch.schema, [batch])
}

function isArrow(data: object): data is ArrowData {
  if (typeof data !== 'object' || data === null) return false
  const { schema, batches, data: inner, numRows } = data as Record<string, { fields?: unknown } | undefined>
  return typeof numRows === 'number' && Array.isArray(schema?.fields) && (Array.isArray(batches) || inner !== undefined)
}

function isBatch(data: object): data is ColumnBatch {
  const { schema, columns, length } = data as Partial<ColumnBatch>
  return typeof length === 'number' && Array.isArray(columns) && Array.isArray(schema?.fields)
}
