import type { ColumnData } from './column-data.ts'
import { isValid } from './validity.ts'
import { typedView } from './typed-view.ts'

/** A varchar, json or blob column with its values written out, where it was dictionary encoded. */
export function expandDictionary(column: ColumnData): ColumnData {
  const { dictionary, length } = column
  if (dictionary === undefined) return column
  const codes = typedView(Int32Array, column.values, length)
  const starts = dictionary.offsets ?? new Int32Array(1)
  const source = dictionary.values ?? new Uint8Array(0)
  const offsets = new Int32Array(length + 1)
  let size = 0
  for (let index = 0; index < length; index++) {
    const code = codes[index]!
    if (isValid(column, index)) size += starts[code + 1]! - starts[code]!
    offsets[index + 1] = size
  }
  const values = new Uint8Array(size)
  for (let index = 0; index < length; index++) {
    const from = offsets[index]!
    const start = starts[codes[index]!]!
    for (let at = offsets[index + 1]! - from - 1; at >= 0; at--) values[from + at] = source[start + at]!
  }
  const { validity, nullCount } = column
  return { length, nullCount, ...(validity === undefined ? {} : { validity }), offsets, values }
}
