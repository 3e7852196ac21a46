import { LakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { unexpected } from '../arrow-ffi.ts'
import type { FfiArray } from '../arrow-ffi.ts'
import type { DictionaryCopies } from './convert.ts'

/** Byte strings of `length` rows from row `start`, whatever their width and offsets, as int32 offsets and values. */
export function convertBytes(
  array: FfiArray,
  start: number,
  length: number,
): { offsets: Int32Array; values: Uint8Array } {
  const { format } = array
  if (format.startsWith('w:')) return fixedWidth(array, Number(format.slice(2)), { start, length })
  if (format === 'u' || format === 'z') return variableWidth(array, narrowOffsets(array, start, length))
  if (format === 'U' || format === 'Z') return variableWidth(array, wideOffsets(array, start, length))
  throw unexpected(array)
}

/** Indices of the rows and a copy of the dictionary, shared by all batches that refer to it. */
export function convertDictionary(
  array: FfiArray,
  { start, length, dictionaries }: { start: number; length: number; dictionaries: DictionaryCopies },
): { values: Uint8Array; dictionary: ColumnData } {
  const source = array.dictionary
  if (source === undefined || array.format !== 'i') throw unexpected(array)
  const address = source.buffers[1]!
  let dictionary = dictionaries.get(address)
  if (dictionary === undefined || dictionary.length !== source.length) {
    dictionary = { length: source.length, nullCount: 0, ...convertBytes(source, source.offset, source.length) }
    dictionaries.set(address, dictionary)
  }
  const indices = array.buffers[1]! + start * 4
  return { values: new Uint8Array(array.memory.slice(indices, indices + length * 4)), dictionary }
}

function variableWidth(
  array: FfiArray,
  { first, offsets }: { first: number; offsets: Int32Array },
): { offsets: Int32Array; values: Uint8Array } {
  const data = array.buffers[2]! + first
  return { offsets, values: new Uint8Array(array.memory.slice(data, data + offsets[offsets.length - 1]!)) }
}

function narrowOffsets(array: FfiArray, start: number, length: number): { first: number; offsets: Int32Array } {
  if (length === 0) return { first: 0, offsets: new Int32Array(1) }
  const address = array.buffers[1]! + start * 4
  const offsets = new Int32Array(array.memory.slice(address, address + (length + 1) * 4))
  const first = offsets[0]!
  if (first !== 0) for (let index = 0; index <= length; index++) offsets[index]! -= first
  return { first, offsets }
}

function wideOffsets(array: FfiArray, start: number, length: number): { first: number; offsets: Int32Array } {
  if (length === 0) return { first: 0, offsets: new Int32Array(1) }
  const wide = new BigInt64Array(
    array.memory.slice(array.buffers[1]! + start * 8, array.buffers[1]! + (start + length + 1) * 8),
  )
  const first = wide[0]!
  if (wide[length]! - first > 0x7fffffffn) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `A batch has ${wide[length]! - first} bytes of text in one column; at most 2 GiB can be carried.`,
    )
  }
  return { first: Number(first), offsets: Int32Array.from(wide, (offset) => Number(offset - first)) }
}

function fixedWidth(
  array: FfiArray,
  width: number,
  { start, length }: { start: number; length: number },
): { offsets: Int32Array; values: Uint8Array } {
  if (width * length > 0x7fffffff) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `A batch has ${width * length} bytes in one column; at most 2 GiB can be carried.`,
    )
  }
  const data = array.buffers[1]! + start * width
  const offsets = new Int32Array(length + 1)
  for (let index = 0; index <= length; index++) offsets[index] = index * width
  return { offsets, values: new Uint8Array(array.memory.slice(data, data + length * width)) }
}
