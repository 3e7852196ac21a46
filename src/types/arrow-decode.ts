import { type Data, DataType, DateUnit, type TimeUnit, Type } from 'apache-arrow'
import { LakefrontError } from '../errors.ts'
import {
  check,
  fixed,
  floorDivided,
  halfFloats,
  int64s,
  intervalBytes,
  intervals,
  microseconds,
  narrowDecimals,
  nullsOf,
  times,
  timestamps,
} from './arrow-buffers.ts'
import type { ColumnData } from './column-data.ts'
import { columnFromValues } from './column-from-values.ts'
import type { LogicalType } from './logical-type.ts'
import { bytesOf, typedView } from './typed-view.ts'
import { unionMembers } from './type-from-arrow.ts'
import { bitmapSlice, isValid } from './validity.ts'
import { valueReader } from './value-reader.ts'

type Buffers = Pick<ColumnData, 'offsets' | 'values' | 'children' | 'dictionary'>

/**
 * A column of `type` out of Arrow data of the type it was read from, over the same memory where the layouts are equal.
 * Throws `CORRUPT_FILE` when buffers are shorter than they claim.
 */
export function columnFromArrow(type: LogicalType, data: Data): ColumnData {
  const { length } = data
  if (DataType.isNull(data.type)) return { length, nullCount: length }
  if (DataType.isDictionary(data.type)) return dictionaryColumn(type, data)
  if (DataType.isUnion(data.type) && type.kind === 'union') return unionColumn(type, data)
  return { length, ...nullsOf(data), ...buffersOf(type, data) }
}

function buffersOf(type: LogicalType, data: Data): Buffers {
  const arrowType = data.type
  const { length } = data
  switch (arrowType.typeId as Type) {
    case Type.Bool: {
      const bits = bitmapSlice(data.values as Uint8Array, data.offset, length)
      check(bits.byteLength >= (length + 7) >> 3)
      return { values: bits }
    }
    case Type.Int:
      return { values: fixed(data, (arrowType as unknown as { bitWidth: number }).bitWidth / 8) }
    case Type.Float: {
      const { precision } = arrowType as unknown as { precision: number }
      return { values: precision === 0 ? halfFloats(data) : fixed(data, precision === 1 ? 4 : 8) }
    }
    case Type.Decimal:
      return { values: narrowDecimals(type as LogicalType & { kind: 'decimal' }, data) }
    case Type.Date: {
      if ((arrowType as unknown as { unit: DateUnit }).unit === DateUnit.DAY) return { values: fixed(data, 4) }
      const milliseconds = int64s(data)
      return { values: bytesOf(Int32Array.from(milliseconds, (value) => Number(floorDivided(value, 86_400_000n)))) }
    }
    case Type.Time:
      return { values: times(data) }
    case Type.Timestamp:
      return { values: timestamps(data, (arrowType as unknown as { timezone?: string }).timezone) }
    case Type.Interval:
      return { values: intervals(data) }
    case Type.Duration: {
      const units = int64s(data).map((value) => microseconds(value, (arrowType as unknown as { unit: TimeUnit }).unit))
      return { values: intervalBytes(length, (index) => [0, 0, units[index]!]) }
    }
    case Type.FixedSizeBinary: {
      const width = (arrowType as unknown as { byteWidth: number }).byteWidth
      const values = fixed(data, width)
      return type.kind === 'blob'
        ? { offsets: Int32Array.from({ length: length + 1 }, (_, index) => index * width), values }
        : { values }
    }
    case Type.Utf8:
    case Type.Binary:
    case Type.LargeUtf8:
    case Type.LargeBinary: {
      const values = (data.values as Uint8Array | undefined) ?? new Uint8Array(0)
      return { offsets: offsetsOf(data, values.byteLength), values }
    }
    case Type.Utf8View:
    case Type.BinaryView:
      return views(data)
    case Type.List:
    case Type.LargeList: {
      const child = data.children[0]!
      return {
        offsets: offsetsOf(data, child.length),
        children: [columnFromArrow((type as LogicalType & { kind: 'list' }).element, child)],
      }
    }
    case Type.FixedSizeList: {
      const { element, size } = type as LogicalType & { kind: 'array' }
      return { children: [columnFromArrow(element, trimmed(data.children[0]!, length * size))] }
    }
    case Type.Struct: {
      const { fields } = type as LogicalType & { kind: 'struct' }
      return {
        children: fields.map((field, index) => columnFromArrow(field.type, trimmed(data.children[index]!, length))),
      }
    }
    case Type.Map: {
      const { key, value } = type as LogicalType & { kind: 'map' }
      const entries = data.children[0]!
      const children = [key, value].map((of, index) =>
        columnFromArrow(of, trimmed(entries.children[index]!, entries.length)),
      )
      return {
        offsets: offsetsOf(data, entries.length),
        children: [{ length: entries.length, nullCount: 0, children }],
      }
    }
    default:
      throw new LakefrontError('UNSUPPORTED', `The Arrow type ${arrowType} has no counterpart here.`)
  }
}

function trimmed(child: Data, length: number): Data {
  check(child.length >= length)
  return child.length === length ? child : child.slice(0, length)
}

/** Offsets as int32, that begin anywhere, never decrease, and end within `limit`. */
function offsetsOf(data: Data, limit: number): Int32Array {
  const { length } = data
  const given = data.valueOffsets as Int32Array | BigInt64Array | undefined
  if (given === undefined || given.length <= length) {
    check(length === 0)
    return new Int32Array(1)
  }
  let last = 0
  const offsets = given instanceof Int32Array ? given.subarray(0, length + 1) : new Int32Array(length + 1)
  for (let index = 0; index <= length; index++) {
    const offset = Number(given[index]!)
    check(offset >= last && offset <= limit)
    if (offset > 0x7fff_ffff)
      throw new LakefrontError(
        'UNSUPPORTED',
        'An Arrow column has more than 2 GiB in one batch: split it into several.',
      )
    last = offset
    offsets[index] = offset
  }
  return offsets
}

/** Utf8View and BinaryView: 16 bytes per row, either 12 bytes in place or where the rest is. */
function views(data: Data): Buffers {
  const { length } = data
  const entries = fixed(data, 16)
  const words = typedView(Int32Array, entries, length * 4)
  const column = { length, ...nullsOf(data) }
  const offsets = new Int32Array(length + 1)
  for (let index = 0; index < length; index++) {
    const size = isValid(column, index) ? words[index * 4]! : 0
    check(size >= 0)
    offsets[index + 1] = offsets[index]! + size
    if (offsets[index + 1]! < 0)
      throw new LakefrontError(
        'UNSUPPORTED',
        'An Arrow column has more than 2 GiB in one batch: split it into several.',
      )
  }
  const values = new Uint8Array(offsets[length]!)
  for (let index = 0; index < length; index++) {
    const size = offsets[index + 1]! - offsets[index]!
    const inline = size <= 12
    const source = inline ? entries : data.variadicBuffers[words[index * 4 + 2]!]
    const start = inline ? index * 16 + 4 : words[index * 4 + 3]!
    check(source !== undefined && start >= 0 && start + size <= source.byteLength)
    values.set(source!.subarray(start, start + size), offsets[index])
  }
  return { offsets, values }
}

function dictionaryColumn(type: LogicalType, data: Data): ColumnData {
  const { length } = data
  const vector = data.dictionary!
  const { bitWidth, isSigned } = (data.type as unknown as { indices: { bitWidth: number; isSigned: boolean } }).indices
  const nulls = nullsOf(data)
  const given = indicesOf(fixed(data, bitWidth / 8), bitWidth, isSigned, length)
  const parts = vector.data.map((part) => columnFromArrow(type.kind === 'enum' ? { kind: 'varchar' } : type, part))
  const only = parts.length === 1 ? parts[0] : undefined
  const size = vector.length
  const column = { length, ...nulls }
  for (let index = 0; index < length; index++) {
    if (given[index]! < 0 || given[index]! >= size) check(!isValid(column, index))
  }
  const isText = type.kind === 'varchar' || type.kind === 'json' || type.kind === 'blob'
  if (isText && only !== undefined && only.nullCount === 0 && only.dictionary === undefined) {
    return {
      ...column,
      values: bytesOf(Int32Array.from(given, (code) => (code >= 0 && code < size ? code : 0))),
      dictionary: only,
    }
  }
  const readers = parts.map((part) => valueReader(type.kind === 'enum' ? { kind: 'varchar' } : type, part))
  const values = readers.flatMap((read, part) => Array.from({ length: parts[part]!.length }, (_, index) => read(index)))
  return columnFromValues(
    type,
    Array.from({ length }, (_, index) => (isValid(column, index) ? values[given[index]!] : null)),
  )
}

function indicesOf(
  bytes: Uint8Array,
  bitWidth: number,
  isSigned: boolean,
  length: number,
): ArrayLike<number> & Iterable<number> {
  switch (bitWidth) {
    case 8:
      return isSigned ? typedView(Int8Array, bytes, length) : typedView(Uint8Array, bytes, length)
    case 16:
      return isSigned ? typedView(Int16Array, bytes, length) : typedView(Uint16Array, bytes, length)
    case 32:
      return isSigned ? typedView(Int32Array, bytes, length) : typedView(Uint32Array, bytes, length)
    default:
      return Float64Array.from(typedView(BigInt64Array, bytes, length), Number)
  }
}

function unionColumn(type: LogicalType & { kind: 'union' }, data: Data): ColumnData {
  const { length } = data
  const { typeIds } = data.type as unknown as { typeIds: ArrayLike<number> }
  const positions = new Map(Array.from(typeIds, (id, position) => [id, position]))
  const members = unionMembers(data.type).length
  const given = (data.typeIds as Int8Array | undefined) ?? new Int8Array(0)
  check(given.length >= length)
  const tags = new Uint8Array(length)
  const validity = new Uint8Array((length + 7) >> 3)
  let nullCount = 0
  for (let index = 0; index < length; index++) {
    const position = positions.get(given[index]!)
    check(position !== undefined)
    if (position! >= members) nullCount++
    else {
      tags[index] = position!
      validity[index >> 3]! |= 1 << (index & 7)
    }
  }
  const isDense = DataType.isDenseUnion(data.type)
  const children = type.members.map((member, position) => {
    const child = data.children[position]!
    if (!isDense) return columnFromArrow(member.type, trimmed(child, length))
    return spread(
      member.type,
      child,
      data.valueOffsets as Int32Array,
      (index) => positions.get(given[index]!) === position,
      length,
    )
  })
  return { length, nullCount, ...(nullCount === 0 ? {} : { validity }), values: tags, children }
}

/** The member of a dense union, which has its own rows only, as a column of all rows. */
function spread(
  type: LogicalType,
  child: Data,
  offsets: Int32Array,
  isHeld: (index: number) => boolean,
  length: number,
): ColumnData {
  const read = valueReader(type, columnFromArrow(type, child))
  return columnFromValues(
    type,
    Array.from({ length }, (_, index) => {
      if (!isHeld(index)) return null
      check(offsets[index]! >= 0 && offsets[index]! < child.length)
      return read(offsets[index]!)
    }),
  )
}
