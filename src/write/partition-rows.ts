import { LakefrontError } from '../errors.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { formatValue } from '../types/format-value.ts'
import type { Field, Schema } from '../types/logical-type.ts'
import { sliceColumn } from '../types/slice-column.ts'
import { takeColumn } from '../types/take-column.ts'
import { typeName } from '../types/type-names.ts'
import { valueReader } from '../types/value-reader.ts'

/** The values that all rows of a partition have; the same object for the same values. */
export interface Partition {
  /** As JavaScript values, see `docs/values.md`. */
  readonly values: readonly unknown[]
  /** As DuckDB prints them. */
  readonly texts: readonly (string | null)[]
}

/** Rows of one partition, without the columns that tell it. */
export interface PartitionRows {
  readonly partition: Partition
  readonly rows: ColumnBatch
}

/** Values lead to the next column's values, and behind the last to the partition. */
interface Node {
  readonly next: Map<unknown, Node>
  readonly partition: Partition
  /** Rows of the batch that is being split. */
  rows: number[]
}

/**
 * Splits batches of a schema by the values of the columns behind the first `fileColumns`. Rows keep their order; rows that are one partition's
 * without others between share the batch's memory.
 */
export function partitionSplitter(
  schema: Schema,
  fileColumns: number,
): (batch: ColumnBatch) => Iterable<PartitionRows> {
  const own: Schema = { fields: schema.fields.slice(0, fileColumns) }
  const keys = schema.fields.slice(fileColumns)
  for (const key of keys) checkKey(key)
  const root: Node = { next: new Map(), partition: { values: [], texts: [] }, rows: [] }
  if (keys.length === 0) {
    return (batch) => [{ partition: root.partition, rows: batch }]
  }
  return function* (batch) {
    const readers = keys.map(({ type }, index) => valueReader(type, batch.columns[fileColumns + index]!))
    const touched: Node[] = []
    for (let row = 0; row < batch.length; row++) {
      let node = root
      for (let index = 0; index < readers.length; index++) {
        const value = readers[index]!(row)
        node = node.next.get(value) ?? added(node, value, keys[index]!)
      }
      if (node.rows.length === 0) touched.push(node)
      node.rows.push(row)
    }
    for (const node of touched) {
      const { partition, rows } = node
      node.rows = []
      yield { partition, rows: rowsOf(batch, own, rows) }
    }
  }
}

function added(node: Node, value: unknown, { type }: Field): Node {
  const text = value === null ? null : typeof value === 'string' ? value : formatValue(value, type)
  const { values, texts } = node.partition
  const partition = { values: [...values, value], texts: [...texts, text] }
  const child: Node = { next: new Map(), partition, rows: [] }
  node.next.set(value, child)
  return child
}

function rowsOf(batch: ColumnBatch, schema: Schema, rows: readonly number[]): ColumnBatch {
  const [first = 0, length] = [rows[0], rows.length]
  const isRun = rows[length - 1]! - first === length - 1
  return {
    schema,
    length,
    columns: schema.fields.map(({ type }, index) =>
      isRun ? sliceColumn(batch.columns[index]!, type, first, length) : takeColumn(batch.columns[index]!, type, rows),
    ),
  }
}

function checkKey({ name, type }: Field): void {
  switch (type.kind) {
    case 'list':
    case 'array':
    case 'struct':
    case 'map':
    case 'union':
    case 'blob':
    case 'bit':
    case 'interval':
      throw new LakefrontError(
        'UNSUPPORTED',
        `Column "${name}" cannot be partitioned by: values of ${typeName(type)} are no names of folders. Partition by a column computed from it.`,
        { details: { column: name, type: typeName(type) } },
      )
  }
}
