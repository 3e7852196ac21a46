import type { ColumnData } from '../../types/column-data.ts'
import { countZeros } from '../../types/validity.ts'
import { copyBits, unexpected } from '../arrow-ffi.ts'
import type { FfiArray } from '../arrow-ffi.ts'
import { nullColumn } from '../null-column.ts'
import { convertBytes, convertDictionary } from './convert-bytes.ts'
import { convertFixed } from './convert-fixed.ts'
import type { Shape } from './schema.ts'

/** Dictionaries already copied, by address: batches of one row group share theirs. */
export type DictionaryCopies = Map<number, ColumnData>

/**
 * Copies `length` rows from `start` of a structural array out of wasm memory, as the logical type its shape says.
 * The copy is the only one; nothing refers to wasm memory afterwards.
 */
export function convertArray(
  array: FfiArray,
  shape: Shape,
  range: { start: number; length: number; dictionaries: DictionaryCopies },
): ColumnData {
  switch (shape.kind) {
    case 'leaf':
      return convertLeaf(array, shape, range)
    case 'list':
      return convertList(array, shape.element, range)
    case 'struct':
      return {
        ...validityOf(array, range),
        children: shape.fields.map((field, index) => convertArray(childOf(array, index), field, below(array, range))),
      }
    case 'unwrap':
      return withParentNulls(
        convertArray(childOf(array, 0), shape.inner, below(array, range)),
        validityOf(array, range).validity,
      )
    default:
      throw shape satisfies never
  }
}

type Range = Parameters<typeof convertArray>[2]

function convertLeaf(array: FfiArray, shape: Shape & { kind: 'leaf' }, range: Range): ColumnData {
  const { conversion } = shape
  const nulls = validityOf(array, range)
  const start = array.offset + range.start
  const { length } = range
  switch (conversion.as) {
    case 'null':
      return nullColumn(shape.type, length)
    case 'bits':
      return { ...nulls, values: copyBits(array.memory, array.buffers[1]!, start, length) }
    case 'text':
    case 'bytes':
      return array.dictionary === undefined
        ? { ...nulls, ...convertBytes(array, start, length) }
        : { ...nulls, ...convertDictionary(array, { start, length, dictionaries: range.dictionaries }) }
    default:
      return { ...nulls, values: convertFixed(array, conversion, { start, length, validity: nulls.validity }) }
  }
}

function convertList(array: FfiArray, element: Shape, range: Range): ColumnData {
  if (array.format !== '+l') throw unexpected(array)
  const start = array.offset + range.start
  const { length } = range
  const offsets = new Int32Array(
    array.memory.slice(array.buffers[1]! + start * 4, array.buffers[1]! + (start + length + 1) * 4),
  )
  const first = offsets[0] ?? 0
  const end = offsets[length] ?? first
  if (first !== 0) for (let index = 0; index <= length; index++) offsets[index]! -= first
  const child = childOf(array, 0)
  return {
    ...validityOf(array, range),
    offsets: offsets.length === 0 ? new Int32Array(1) : offsets,
    children: [convertArray(child, element, { ...range, start: first, length: end - first })],
  }
}

function validityOf(
  array: FfiArray,
  { start, length }: Range,
): { length: number; nullCount: number; validity?: Uint8Array } {
  const address = array.buffers[0] ?? 0
  if (array.nullCount === 0 || address === 0) return { length, nullCount: 0 }
  const validity = copyBits(array.memory, address, array.offset + start, length)
  const nullCount = countZeros(validity, length)
  return nullCount === 0 ? { length, nullCount } : { length, nullCount, validity }
}

/** Children of a struct begin where the struct does. */
function below(array: FfiArray, range: Range): Range {
  return { ...range, start: array.offset + range.start }
}

function withParentNulls(column: ColumnData, parent: Uint8Array | undefined): ColumnData {
  if (parent === undefined) return column
  const validity = parent.slice()
  if (column.validity !== undefined) {
    for (let index = 0; index < validity.length; index++) validity[index]! &= column.validity[index]!
  }
  return { ...column, validity, nullCount: countZeros(validity, column.length) }
}

function childOf(array: FfiArray, index: number): FfiArray {
  const child = array.children[index]
  if (child === undefined) throw unexpected(array)
  return child
}
