import type { ColumnData } from './column-data.ts'
import type { LogicalType } from './logical-type.ts'
import { entryOf, widthOf } from './slice-column.ts'
import { bytesOf, typedView } from './typed-view.ts'
import { isValid } from './validity.ts'

/** The rows of `column` at `rows`, in their order; a row may be taken several times. Dictionaries are shared, everything else is copied. */
export function takeColumn(column: ColumnData, type: LogicalType, rows: ArrayLike<number>): ColumnData {
  const nulls = takeNulls(column, rows)
  const { dictionary } = column
  if (dictionary !== undefined) return { ...nulls, values: takeFixed(column.values!, 4, rows), dictionary }
  switch (type.kind) {
    case 'null':
      return { length: rows.length, nullCount: rows.length }
    case 'boolean':
      return { ...nulls, values: takeBits(column.values!, rows) }
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit':
      return { ...nulls, ...takeBytes(column, rows) }
    case 'list':
      return { ...nulls, ...takeElements(column, type.element, rows) }
    case 'map':
      return { ...nulls, ...takeElements(column, entryOf(type), rows) }
    case 'array': {
      const { size, element } = type
      const elements = new Uint32Array(rows.length * size)
      for (let at = 0; at < elements.length; at++) elements[at] = rows[Math.floor(at / size)]! * size + (at % size)
      return { ...nulls, children: [takeColumn(column.children![0]!, element, elements)] }
    }
    case 'struct':
      return { ...nulls, children: type.fields.map((field, at) => takeColumn(column.children![at]!, field.type, rows)) }
    case 'union':
      return {
        ...nulls,
        values: takeFixed(column.values!, 1, rows),
        children: type.members.map((member, at) => takeColumn(column.children![at]!, member.type, rows)),
      }
    default:
      return { ...nulls, values: takeFixed(column.values!, widthOf(type), rows) }
  }
}

function takeNulls(column: ColumnData, rows: ArrayLike<number>): Pick<ColumnData, 'length' | 'nullCount' | 'validity'> {
  const { length } = rows
  if (column.nullCount === 0 || column.validity === undefined) return { length, nullCount: 0 }
  const validity = new Uint8Array((length + 7) >> 3)
  let valid = 0
  for (let at = 0; at < length; at++) {
    if (!isValid(column, rows[at]!)) continue
    validity[at >> 3]! |= 1 << (at & 7)
    valid++
  }
  return valid === length ? { length, nullCount: 0 } : { length, nullCount: length - valid, validity }
}

function takeBits(bits: Uint8Array, rows: ArrayLike<number>): Uint8Array {
  const taken = new Uint8Array((rows.length + 7) >> 3)
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!
    taken[at >> 3]! |= ((bits[row >> 3]! >> (row & 7)) & 1) << (at & 7)
  }
  return taken
}

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array

function takeFixed(values: Uint8Array, width: number, rows: ArrayLike<number>): Uint8Array {
  const count = Math.floor(values.byteLength / width)
  switch (width) {
    case 1:
      return bytesOf(gather(values, new Uint8Array(rows.length), rows))
    case 2:
      return bytesOf(gather(typedView(Uint16Array, values, count), new Uint16Array(rows.length), rows))
    case 4:
      return bytesOf(gather(typedView(Uint32Array, values, count), new Uint32Array(rows.length), rows))
    default: {
      const words = width / 4
      const from = typedView(Uint32Array, values, count * words)
      const taken = new Uint32Array(rows.length * words)
      for (let at = 0, to = 0; at < rows.length; at++)
        for (let word = rows[at]! * words, end = word + words; word < end;) taken[to++] = from[word++]!
      return bytesOf(taken)
    }
  }
}

function gather<T extends Numbers>(from: T, into: T, rows: ArrayLike<number>): T {
  for (let at = 0; at < rows.length; at++) into[at] = from[rows[at]!]!
  return into
}

function takeBytes({ offsets, values }: ColumnData, rows: ArrayLike<number>): Pick<ColumnData, 'offsets' | 'values'> {
  const taken = takenOffsets(offsets!, rows)
  const bytes = new Uint8Array(taken[rows.length]!)
  for (let at = 0; at < rows.length;) {
    // Rows that follow each other are copied at once.
    const first = at
    for (at++; at < rows.length && rows[at] === rows[at - 1]! + 1;) at++
    bytes.set(values!.subarray(offsets![rows[first]!], offsets![rows[at - 1]! + 1]), taken[first])
  }
  return { offsets: taken, values: bytes }
}

function takeElements(
  { offsets, children }: ColumnData,
  type: LogicalType,
  rows: ArrayLike<number>,
): Pick<ColumnData, 'offsets' | 'children'> {
  const taken = takenOffsets(offsets!, rows)
  const elements = new Uint32Array(taken[rows.length]!)
  for (let at = 0; at < rows.length; at++) {
    const from = offsets![rows[at]!]! - taken[at]!
    for (let to = taken[at]!; to < taken[at + 1]!; to++) elements[to] = from + to
  }
  return { offsets: taken, children: [takeColumn(children![0]!, type, elements)] }
}

function takenOffsets(offsets: Int32Array, rows: ArrayLike<number>): Int32Array {
  const taken = new Int32Array(rows.length + 1)
  for (let at = 0; at < rows.length; at++) taken[at + 1] = taken[at]! + offsets[rows[at]! + 1]! - offsets[rows[at]!]!
  return taken
}
