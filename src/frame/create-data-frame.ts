import type { AnyRow } from '../expr/column-types.ts'
import { scan } from '../plan/leaf.ts'
import { batchFromRows, type ColumnValues, type SchemaLike } from '../types/batch-from-rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import type { RowRead } from './row-types.ts'
import { sourceId } from './source-id.ts'

/**
 * A DataFrame of rows already there: objects, whole columns by name, or a batch. Types are inferred or given, see
 * `batchFromRows`; the data is copied once, now, so changing it later changes nothing.
 */
export function createDataFrame<Row extends object>(
  executor: Executor,
  rows: Iterable<Row>,
  schema?: SchemaLike,
): DataFrame<RowRead<Row>>
export function createDataFrame<Row extends object = AnyRow>(
  executor: Executor,
  data: ColumnValues | ColumnBatch,
  schema?: SchemaLike,
): DataFrame<Row>
export function createDataFrame(
  executor: Executor,
  data: Iterable<object> | ColumnValues | ColumnBatch,
  schema?: SchemaLike,
): DataFrame<AnyRow> {
  const batch = isBatch(data) ? data : batchFromRows(data, schema)
  const batches = batch.length === 0 ? [] : [batch]
  return new DataFrame(
    executor,
    scan(
      Object.freeze({ id: sourceId('rows'), format: 'batches', schema: batch.schema, batches: Object.freeze(batches) }),
    ),
  )
}

function isBatch(data: object): data is ColumnBatch {
  const { schema, columns, length } = data as Partial<ColumnBatch>
  return typeof length === 'number' && Array.isArray(columns) && Array.isArray(schema?.fields)
}
