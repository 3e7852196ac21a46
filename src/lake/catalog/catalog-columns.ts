import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import { columnFromValues } from '../../types/column-from-values.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { isValid } from '../../types/validity.ts'
import { valueReader } from '../../types/value-reader.ts'

/** The columns of an answer of many rows, by their names. */
export class CatalogColumns {
  readonly length: number
  readonly #batches: readonly ColumnBatch[]
  readonly #starts: readonly number[]

  constructor(batches: readonly ColumnBatch[]) {
    this.#batches = batches
    const starts = [0]
    for (const { length } of batches) starts.push(starts.at(-1)! + length)
    this.#starts = starts
    this.length = starts.at(-1)!
  }

  /** A column of numbers; NaN for null. */
  numbers(name: string): Float64Array {
    const numbers = new Float64Array(this.length)
    this.#batches.forEach((batch, at) => {
      const { type, column } = columnOf(batch, name)
      const read = valueReader(type, column)
      const start = this.#starts[at]!
      for (let row = 0; row < batch.length; row++)
        numbers[start + row] = isValid(column, row) ? Number(read(row)) : Number.NaN
    })
    return numbers
  }

  /** Reads a column of any type, row by row. */
  reader(name: string): (row: number) => unknown {
    const readers = this.#batches.map((batch) => {
      const { type, column } = columnOf(batch, name)
      return valueReader(type, column)
    })
    return (row) => {
      const at = this.#batchOf(row)
      return readers[at]!(row - this.#starts[at]!)
    }
  }

  /** A column as one piece; undefined where there are no rows. */
  column(name: string): ColumnData | undefined {
    if (this.#batches.length === 0) return undefined
    const [first] = this.#batches
    const { type, column } = columnOf(first!, name)
    if (this.#batches.length === 1) return column
    const read = this.reader(name)
    return columnFromValues(
      type,
      Array.from({ length: this.length }, (_, row) => read(row)),
    )
  }

  #batchOf(row: number): number {
    let [low, high] = [0, this.#batches.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= row) low = middle
      else high = middle - 1
    }
    return low
  }
}

function columnOf(batch: ColumnBatch, name: string): { readonly type: LogicalType; readonly column: ColumnData } {
  const at = batch.schema.fields.findIndex((field) => field.name === name)
  return { type: batch.schema.fields[at]!.type, column: batch.columns[at]! }
}
