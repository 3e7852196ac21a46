import { ConversionFailure } from './conversion-failure.ts'
import type { ColumnData } from './column-data.ts'
import type { Field, LogicalType } from './logical-type.ts'
import { isPlain, ownValue } from './plain-object.ts'
import {
  encodeDate,
  encodeDecimal,
  encodeFloat,
  encodeInteger,
  encodeSmallInteger,
  encodeTime,
  encodeTimestamp,
  encodeTimetz,
  encodeJson,
  mismatch,
  parseBit,
  parsed,
  parseUuid,
} from './scalar-encoding.ts'
import { parseInterval } from './temporal-parse.ts'
import { encodeTexts, encodeVariable } from './text-encoding.ts'
import { isUnnamed, typeName } from './type-names.ts'
import { bytesOf } from './typed-view.ts'
import { uniqueNames } from './unique-names.ts'

/**
 * Builds a column of `type` from JavaScript values, the inverse of `valueReader`; null and undefined are null. Throws a
 * `ConversionFailure` that knows the row.
 */
export function columnFromValues(type: LogicalType, values: readonly unknown[]): ColumnData {
  const length = values.length
  let nullCount = 0
  for (let index = 0; index < length; index++) if (values[index] === null || values[index] === undefined) nullCount++
  if (type.kind === 'null') return nullColumn(values, nullCount)
  const nulls = nullCount === 0 ? {} : { validity: validityOf(values) }
  return { length, nullCount, ...nulls, ...buffersOf(type, values) }
}

function nullColumn(values: readonly unknown[], nullCount: number): ColumnData {
  if (nullCount === values.length) return { length: values.length, nullCount }
  const index = values.findIndex((value) => value !== null && value !== undefined)
  const failure = mismatch({ kind: 'null' }, values[index], 'nulls only')
  failure.index = index
  throw failure
}

function validityOf(values: readonly unknown[]): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3)
  for (let index = 0; index < values.length; index++) {
    if (values[index] !== null && values[index] !== undefined) bits[index >> 3]! |= 1 << (index & 7)
  }
  return bits
}

type Buffers = Pick<ColumnData, 'offsets' | 'values' | 'children'>

function buffersOf(type: LogicalType, values: readonly unknown[]): Buffers {
  const { length } = values
  const bigints = (view: BigInt64Array | BigUint64Array, encode: (value: unknown) => bigint): Buffers =>
    filled(values, view, (value, index) => (view[index] = encode(value)))
  const numbers = (view: ArrayBufferView & { [index: number]: number }, encode: (value: unknown) => number): Buffers =>
    filled(values, view, (value, index) => (view[index] = encode(value)))
  const small = (view: ArrayBufferView & { [index: number]: number }, low: number, high: number): Buffers =>
    numbers(view, (value) => encodeSmallInteger(type, value, low, high))
  switch (type.kind) {
    case 'null':
      return {}
    case 'boolean': {
      const bits = new Uint8Array((length + 7) >> 3)
      return filled(values, bits, (value, index) => {
        if (typeof value !== 'boolean') throw mismatch(type, value, 'true or false')
        if (value) bits[index >> 3]! |= 1 << (index & 7)
      })
    }
    case 'tinyint':
      return small(new Int8Array(length), -0x80, 0x7f)
    case 'smallint':
      return small(new Int16Array(length), -0x8000, 0x7fff)
    case 'integer':
      return small(new Int32Array(length), -0x8000_0000, 0x7fff_ffff)
    case 'utinyint':
      return small(new Uint8Array(length), 0, 0xff)
    case 'usmallint':
      return small(new Uint16Array(length), 0, 0xffff)
    case 'uinteger':
      return small(new Uint32Array(length), 0, 0xffff_ffff)
    case 'float':
      return numbers(new Float32Array(length), (value) => encodeFloat(type, value))
    case 'double':
      return numbers(new Float64Array(length), (value) => encodeFloat(type, value))
    case 'bigint':
      return bigints(new BigInt64Array(length), (value) => encodeInteger(type, value, -(2n ** 63n), 2n ** 63n - 1n))
    case 'ubigint':
      return bigints(new BigUint64Array(length), (value) => encodeInteger(type, value, 0n, 2n ** 64n - 1n))
    case 'hugeint':
      return wide(values, (value) => encodeInteger(type, value, -(2n ** 127n), 2n ** 127n - 1n))
    case 'uhugeint':
      return wide(values, (value) => encodeInteger(type, value, 0n, 2n ** 128n - 1n))
    case 'decimal': {
      const encode = (value: unknown): bigint => encodeDecimal(type, value)
      if (type.precision <= 4) return numbers(new Int16Array(length), (value) => Number(encode(value)))
      if (type.precision <= 9) return numbers(new Int32Array(length), (value) => Number(encode(value)))
      return type.precision <= 18 ? bigints(new BigInt64Array(length), encode) : wide(values, encode)
    }
    case 'varchar':
      return encodeTexts(values, (value) => {
        if (typeof value !== 'string') throw mismatch(type, value, 'a string')
        return value
      })
    case 'json':
      return encodeTexts(values, encodeJson)
    case 'blob':
      return encodeVariable(values, (value) => {
        if (ArrayBuffer.isView(value)) return bytesOf(value)
        if (value instanceof ArrayBuffer) return new Uint8Array(value)
        throw mismatch(type, value, 'a Uint8Array')
      })
    case 'bit':
      return encodeVariable(values, (value) => parsed(type, value, parseBit, "text of 0 and 1 such as '0101'"))
    case 'uuid': {
      const bytes = new Uint8Array(length * 16)
      return filled(values, bytes, (value, index) => {
        const hexadecimal = parsed(type, value, parseUuid, "text such as '550e8400-e29b-41d4-a716-446655440000'")
        for (let byte = 0; byte < 16; byte++)
          bytes[index * 16 + byte] = Number.parseInt(hexadecimal.slice(byte * 2, byte * 2 + 2), 16)
      })
    }
    case 'date':
      return numbers(new Int32Array(length), (value) => encodeDate(type, value))
    case 'time':
      return bigints(new BigInt64Array(length), (value) => encodeTime(type, value, 6))
    case 'time_ns':
      return bigints(new BigInt64Array(length), (value) => encodeTime(type, value, 9))
    case 'timetz':
      return bigints(new BigUint64Array(length), (value) => encodeTimetz(type, value))
    case 'timestamp':
    case 'timestamptz':
      return bigints(new BigInt64Array(length), (value) => encodeTimestamp(type, value, 6))
    case 'timestamp_s':
      return bigints(new BigInt64Array(length), (value) => encodeTimestamp(type, value, 0))
    case 'timestamp_ms':
      return bigints(new BigInt64Array(length), (value) => encodeTimestamp(type, value, 3))
    case 'timestamp_ns':
      return bigints(new BigInt64Array(length), (value) => encodeTimestamp(type, value, 9))
    case 'interval': {
      const bytes = new DataView(new ArrayBuffer(length * 16))
      return filled(values, bytes, (value, index) => {
        const interval = parsed(type, value, parseInterval, "text such as '1 year 2 days 04:05:06'")
        bytes.setInt32(index * 16, interval.months, true)
        bytes.setInt32(index * 16 + 4, interval.days, true)
        bytes.setBigInt64(index * 16 + 8, interval.microseconds, true)
      })
    }
    case 'enum':
      return enumBuffers(type.values, values)
    case 'list':
      return listBuffers(type, values)
    case 'array':
      return arrayBuffers(type, values)
    case 'struct':
      return { children: structChildren(type, values) }
    case 'map':
      return mapBuffers(type, values)
    case 'union':
      return unionBuffers(type, values)
    default:
      return type satisfies never
  }
}

/** Calls `put` for each value that is not null; failures learn their row. */
function each(values: readonly unknown[], put: (value: unknown, index: number) => void): void {
  let index = 0
  try {
    for (; index < values.length; index++) {
      const value = values[index]
      if (value !== null && value !== undefined) put(value, index)
    }
  } catch (error) {
    if (error instanceof ConversionFailure && error.index < 0) error.index = index
    throw error
  }
}

function filled(
  values: readonly unknown[],
  view: ArrayBufferView,
  put: (value: unknown, index: number) => void,
): Buffers {
  each(values, put)
  return { values: bytesOf(view) }
}

function wide(values: readonly unknown[], encode: (value: unknown) => bigint): Buffers {
  const words = new BigUint64Array(values.length * 2)
  return filled(values, words, (value, index) => {
    const encoded = encode(value)
    words[index * 2] = BigInt.asUintN(64, encoded)
    words[index * 2 + 1] = BigInt.asUintN(64, encoded >> 64n)
  })
}

function enumBuffers(names: readonly string[], values: readonly unknown[]): Buffers {
  const { length } = values
  const codes = new Map(names.map((name, code) => [name, code]))
  const view =
    names.length <= 0x100
      ? new Uint8Array(length)
      : names.length <= 0x1_0000
        ? new Uint16Array(length)
        : new Uint32Array(length)
  return filled(values, view, (value, index) => {
    const code = codes.get(value as string)
    if (code !== undefined) view[index] = code
    else if (typeof value !== 'string') throw mismatch({ kind: 'enum', values: names.slice(0, 20) }, value, 'a string')
    else
      throw new ConversionFailure(
        'INVALID_VALUE',
        `A text is not one of the values of the enum: ${names.slice(0, 20).join(', ')}.`,
      )
  })
}

/** Children of a nested column; a failure inside is told with the row of the parent and the way to it. */
function child(
  type: LogicalType,
  values: readonly unknown[],
  path: string,
  parentOf: (index: number) => number,
): ColumnData {
  try {
    return columnFromValues(type, values)
  } catch (error) {
    if (error instanceof ConversionFailure) {
      error.index = parentOf(error.index)
      error.path = path + error.path
    }
    throw error
  }
}

function parentByOffsets(offsets: Int32Array): (index: number) => number {
  return (index) => {
    let [low, high] = [0, offsets.length - 1]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (offsets[middle]! <= index) low = middle
      else high = middle
    }
    return low
  }
}

function itemsOf(type: LogicalType, value: unknown): ArrayLike<unknown> {
  if (Array.isArray(value)) return value
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as unknown as ArrayLike<unknown>
  throw mismatch(type, value, 'an array')
}

function listBuffers(type: LogicalType & { kind: 'list' }, values: readonly unknown[]): Buffers {
  const offsets = new Int32Array(values.length + 1)
  const items: unknown[] = []
  each(values, (value, index) => {
    const list = itemsOf(type, value)
    for (let item = 0; item < list.length; item++) items.push(list[item])
    offsets[index + 1] = items.length
  })
  runOn(offsets)
  return { offsets, children: [child(type.element, items, '[]', parentByOffsets(offsets))] }
}

/** Gives rows that were null, and left 0, the offset before them. */
function runOn(offsets: Int32Array): void {
  for (let index = 1; index < offsets.length; index++) {
    if (offsets[index]! < offsets[index - 1]!) offsets[index] = offsets[index - 1]!
  }
}

function arrayBuffers(type: LogicalType & { kind: 'array' }, values: readonly unknown[]): Buffers {
  const items: unknown[] = new Array(values.length * type.size).fill(null)
  each(values, (value, index) => {
    const list = itemsOf(type, value)
    if (list.length !== type.size) {
      throw new ConversionFailure(
        'INVALID_VALUE',
        `${typeName(type)} takes arrays of ${type.size}, not of ${list.length}.`,
      )
    }
    for (let item = 0; item < type.size; item++) items[index * type.size + item] = list[item]
  })
  return { children: [child(type.element, items, '[]', (index) => Math.floor(index / type.size))] }
}

function structChildren(type: LogicalType & { kind: 'struct' }, values: readonly unknown[]): ColumnData[] {
  const same = (index: number): number => index
  if (isUnnamed(type.fields)) {
    each(values, (value) => {
      if (!Array.isArray(value) || value.length !== type.fields.length)
        throw mismatch(type, value, `an array of ${type.fields.length}`)
    })
    const rows = values as readonly (readonly unknown[] | null | undefined)[]
    return type.fields.map((field, at) =>
      child(
        field.type,
        rows.map((row) => row?.[at]),
        `[${at}]`,
        same,
      ),
    )
  }
  const names = uniqueNames(type.fields)
  const known = new Set(names)
  each(values, (value) => {
    if (!isPlain(value)) throw mismatch(type, value, 'an object')
    for (const key of Object.keys(value)) {
      if (!known.has(key))
        throw new ConversionFailure('TYPE_MISMATCH', `${typeName(type)} has no field ${JSON.stringify(key)}.`)
    }
  })
  return type.fields.map((field, at) => {
    const name = names[at]!
    return child(
      field.type,
      values.map((value) => ownValue(value, name)),
      `.${name}`,
      same,
    )
  })
}

function mapBuffers(type: LogicalType & { kind: 'map' }, values: readonly unknown[]): Buffers {
  const offsets = new Int32Array(values.length + 1)
  const keys: unknown[] = []
  const items: unknown[] = []
  each(values, (value, index) => {
    if (!(value instanceof Map) && !isPlain(value)) throw mismatch(type, value, 'a Map')
    for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
      if (key === null || key === undefined)
        throw new ConversionFailure('INVALID_VALUE', 'The keys of a map cannot be NULL.')
      keys.push(key)
      items.push(item)
    }
    offsets[index + 1] = keys.length
  })
  runOn(offsets)
  const parentOf = parentByOffsets(offsets)
  const children = [child(type.key, keys, '.key', parentOf), child(type.value, items, '.value', parentOf)]
  return { offsets, children: [{ length: keys.length, nullCount: 0, children }] }
}

function unionBuffers(type: LogicalType & { kind: 'union' }, values: readonly unknown[]): Buffers {
  const tags = new Uint8Array(values.length)
  const positions = new Map(type.members.map((member, position) => [member.name, position]))
  const held = type.members.map((): unknown[] => new Array(values.length).fill(null))
  each(values, (value, index) => {
    const position = positions.get(ownValue(value, 'tag') as string)
    if (position === undefined) {
      throw mismatch(
        type,
        value,
        `{ tag, value } with a tag of ${type.members.map((member) => member.name).join(', ')}`,
      )
    }
    tags[index] = position
    held[position]![index] = ownValue(value, 'value')
  })
  const children = type.members.map((member: Field, at) =>
    child(member.type, held[at]!, `.${member.name}`, (index) => index),
  )
  return { values: tags, children }
}
