import type { ColumnData } from './column-data.ts'
import type { LogicalType } from './logical-type.ts'
import { entryOf, widthOf } from './slice-column.ts'
import { bytesOf, typedView } from './typed-view.ts'
import { isValid } from './validity.ts'

/** The rows of `column` at `indices`, in their order; a row may be taken several times. Dictionaries are shared, everything else is copied. */
export function takeColumn(column: ColumnData, type: LogicalType, indices: readonly number[]): ColumnData {
  const nulls = takenNulls(column, indices)
  const { values, children } = column
  if (column.dictionary !== undefined) {
    return { ...nulls, values: takenValues(values, 4, indices), dictionary: column.dictionary }
  }
  switch (type.kind) {
    case 'null':
      return { length: indices.length, nullCount: indices.length }
    case 'boolean':
      return { ...nulls, values: takenBits(values, indices) }
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit':
      return { ...nulls, ...takenBytes(column, indices) }
    case 'list':
    case 'map': {
      const { offsets, elements } = takenElements(column, indices)
      const element = type.kind === 'list' ? type.element : entryOf(type)
      return { ...nulls, offsets, children: [takeColumn(children![0]!, element, elements)] }
    }
    case 'array': {
      const elements = indices.flatMap((index) =>
        Array.from({ length: type.size }, (_, position) => index * type.size + position),
      )
      return { ...nulls, children: [takeColumn(children![0]!, type.element, elements)] }
    }
    case 'struct':
      return {
        ...nulls,
        children: type.fields.map((field, position) => takeColumn(children![position]!, field.type, indices)),
      }
    case 'union':
      return {
        ...nulls,
        values: takenValues(values, 1, indices),
        children: type.members.map((member, position) => takeColumn(children![position]!, member.type, indices)),
      }
    default:
      return { ...nulls, values: takenValues(values, widthOf(type), indices) }
  }
}

function takenNulls(
  column: ColumnData,
  indices: readonly number[],
): Pick<ColumnData, 'length' | 'nullCount' | 'validity'> {
  const { length } = indices
  if (column.nullCount === 0 || column.validity === undefined) return { length, nullCount: 0 }
  const validity = new Uint8Array((length + 7) >> 3)
  let nullCount = 0
  for (let row = 0; row < length; row++) {
    if (isValid(column, indices[row]!)) validity[row >> 3]! |= 1 << (row & 7)
    else nullCount++
  }
  return nullCount === 0 ? { length, nullCount } : { length, nullCount, validity }
}

function takenBits(bits: Uint8Array | undefined, indices: readonly number[]): Uint8Array {
  const taken = new Uint8Array((indices.length + 7) >> 3)
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!
    if ((bits![index >> 3]! >> (index & 7)) & 1) taken[row >> 3]! |= 1 << (row & 7)
  }
  return taken
}

function takenValues(values: Uint8Array | undefined, width: number, indices: readonly number[]): Uint8Array {
  switch (width) {
    case 1:
      return gathered(values ?? new Uint8Array(), new Uint8Array(indices.length), indices)
    case 2:
      return gathered(typedView(Uint16Array, values, countOf(values, 2)), new Uint16Array(indices.length), indices)
    case 4:
      return gathered(typedView(Uint32Array, values, countOf(values, 4)), new Uint32Array(indices.length), indices)
    case 8:
      return gathered(typedView(BigInt64Array, values, countOf(values, 8)), new BigInt64Array(indices.length), indices)
    default:
      return takenWide(values, indices)
  }
}

function countOf(values: Uint8Array | undefined, width: number): number {
  return Math.floor((values?.length ?? 0) / width)
}

function gathered<View extends ArrayBufferView & { [index: number]: unknown }>(
  source: View,
  taken: View,
  indices: readonly number[],
): Uint8Array {
  for (let row = 0; row < indices.length; row++) taken[row] = source[indices[row]!] as View[number]
  return bytesOf(taken)
}

function takenWide(values: Uint8Array | undefined, indices: readonly number[]): Uint8Array {
  const source = typedView(BigInt64Array, values, countOf(values, 8))
  const taken = new BigInt64Array(indices.length * 2)
  for (let row = 0; row < indices.length; row++) {
    taken[row * 2] = source[indices[row]! * 2]!
    taken[row * 2 + 1] = source[indices[row]! * 2 + 1]!
  }
  return bytesOf(taken)
}

function takenBytes(
  { offsets, values }: ColumnData,
  indices: readonly number[],
): { readonly offsets: Int32Array; readonly values: Uint8Array } {
  const taken = new Int32Array(indices.length + 1)
  let size = 0
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!
    size += offsets![index + 1]! - offsets![index]!
    taken[row + 1] = size
  }
  const bytes = new Uint8Array(size)
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!
    bytes.set(values!.subarray(offsets![index], offsets![index + 1]), taken[row])
  }
  return { offsets: taken, values: bytes }
}

function takenElements(
  { offsets }: ColumnData,
  indices: readonly number[],
): { readonly offsets: Int32Array; readonly elements: readonly number[] } {
  const taken = new Int32Array(indices.length + 1)
  const elements: number[] = []
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!
    for (let at = offsets![index]!; at < offsets![index + 1]!; at++) elements.push(at)
    taken[row + 1] = elements.length
  }
  return { offsets: taken, elements }
}
