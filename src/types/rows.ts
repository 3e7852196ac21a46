import type { ColumnBatch } from './column-data.ts'
import { objectReader, valueReader } from './value-reader.ts'

/** One row as a plain object, property by column name. `docs/values.md` says what value each type has. */
export type Row = Record<string, unknown>

/** Compiles a reader of whole rows of `batch`. Columns of the same name are told apart as `a`, `a_1`. */
export function rowReader(batch: ColumnBatch): (index: number) => Row {
  const { fields } = batch.schema
  return objectReader(
    fields,
    fields.map((field, position) => valueReader(field.type, batch.columns[position]!)),
  )
}

/** Every row of `batch`, in order. */
export function rowsFromBatch(batch: ColumnBatch): Row[] {
  const read = rowReader(batch)
  const rows: Row[] = new Array(batch.length)
  for (let index = 0; index < batch.length; index++) rows[index] = read(index)
  return rows
}
