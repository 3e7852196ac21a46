import { bitText, uuidText } from './bytes-text.ts'
import type { ColumnData } from './column-data.ts'
import type { Field, LogicalType } from './logical-type.ts'
import { decimalText } from './number-text.ts'
import { dateText, intervalText, timestampText, timetzText, timeText } from './temporal-text.ts'
import { textReader } from './text-reader.ts'
import { isUnnamed } from './type-names.ts'
import { typedView } from './typed-view.ts'
import { uniqueNames } from './unique-names.ts'

/** Reads the value of a row by its index. */
export type ValueReader = (index: number) => unknown

/**
 * Compiles a reader of JavaScript values for one column. What JavaScript holds exactly comes natural, what it cannot comes
 * as the text DuckDB prints (the table is in `docs/values.md`). Readers keep views of the column's buffers and remember
 * what they decoded last: fastest when rows are read in order.
 */
export function valueReader(type: LogicalType, column: ColumnData): ValueReader {
  const read =
    column.dictionary === undefined ? plainReader(type, column) : dictionaryReader(type, column, column.dictionary)
  const { validity } = column
  if (validity === undefined || column.nullCount === 0) return read
  return (index) => ((validity[index >> 3]! >> (index & 7)) & 1 ? read(index) : null)
}

function dictionaryReader(type: LogicalType, column: ColumnData, dictionary: ColumnData): ValueReader {
  const indices = typedView(Int32Array, column.values, column.length)
  const readValue = valueReader(type, dictionary)
  if (type.kind === 'blob') return (index) => readValue(indices[index]!)
  const known: unknown[] = Array.from({ length: dictionary.length })
  return (index) => {
    const code = indices[index]!
    return (known[code] ??= readValue(code))
  }
}

function plainReader(type: LogicalType, column: ColumnData): ValueReader {
  const { length, values } = column
  switch (type.kind) {
    case 'null':
      return () => null
    case 'boolean': {
      const bits = values ?? new Uint8Array(0)
      return (index) => ((bits[index >> 3]! >> (index & 7)) & 1) === 1
    }
    case 'tinyint':
      return elements(typedView(Int8Array, values, length))
    case 'smallint':
      return elements(typedView(Int16Array, values, length))
    case 'integer':
      return elements(typedView(Int32Array, values, length))
    case 'utinyint':
      return elements(typedView(Uint8Array, values, length))
    case 'usmallint':
      return elements(typedView(Uint16Array, values, length))
    case 'uinteger':
      return elements(typedView(Uint32Array, values, length))
    case 'float':
      return elements(typedView(Float32Array, values, length))
    case 'double':
      return elements(typedView(Float64Array, values, length))
    case 'bigint':
      return elements(typedView(BigInt64Array, values, length))
    case 'ubigint':
      return elements(typedView(BigUint64Array, values, length))
    case 'hugeint':
    case 'uhugeint':
      return wideReader(values, length, type.kind === 'hugeint')
    case 'decimal':
      return decimalReader(type.precision, type.scale, values, length)
    case 'varchar':
    case 'json':
      return textReader(column)
    case 'blob':
      return bytesReader(column, (bytes) => bytes.slice())
    case 'bit':
      return bytesReader(column, bitText)
    case 'uuid': {
      const bytes = values ?? new Uint8Array(0)
      return (index) => uuidText(bytes, index * 16)
    }
    case 'date': {
      const days = typedView(Int32Array, values, length)
      return (index) => dateText(days[index]!)
    }
    case 'time':
    case 'time_ns': {
      const units = safeReader(values, length)
      const digits = type.kind === 'time' ? 6 : 9
      return (index) => timeText(Number(units(index)), digits)
    }
    case 'timetz': {
      const packed = typedView(BigUint64Array, values, length)
      return (index) => timetzText(packed[index]!)
    }
    case 'timestamp':
      return timestampReader(6, '', values, length)
    case 'timestamp_s':
      return timestampReader(0, '', values, length)
    case 'timestamp_ms':
      return timestampReader(3, '', values, length)
    case 'timestamp_ns':
      return timestampReader(9, '', values, length)
    case 'timestamptz':
      return timestampReader(6, '+00', values, length)
    case 'interval': {
      const words = typedView(Int32Array, values, length * 4)
      const microseconds = typedView(BigInt64Array, values, length * 2)
      return (index) => intervalText(words[index * 4]!, words[index * 4 + 1]!, microseconds[index * 2 + 1]!)
    }
    case 'enum': {
      const codes = enumCodes(type.values.length, values, length)
      return (index) => type.values[codes[index]!]
    }
    case 'list': {
      const offsets = column.offsets ?? new Int32Array(1)
      const element = valueReader(type.element, column.children![0]!)
      return (index) => range(element, offsets[index]!, offsets[index + 1]!)
    }
    case 'array': {
      const element = valueReader(type.element, column.children![0]!)
      return (index) => range(element, index * type.size, (index + 1) * type.size)
    }
    case 'struct': {
      const readers = type.fields.map((field, position) => valueReader(field.type, column.children![position]!))
      return isUnnamed(type.fields) ? (index) => readers.map((read) => read(index)) : objectReader(type.fields, readers)
    }
    case 'map':
      return mapReader(type.key, type.value, column)
    case 'union': {
      const tags = typedView(Uint8Array, values, length)
      const members = type.members.map((member, position) => valueReader(member.type, column.children![position]!))
      return (index) => ({ tag: type.members[tags[index]!]!.name, value: members[tags[index]!]!(index) })
    }
    default:
      return type satisfies never
  }
}

function elements(view: { readonly [index: number]: unknown }): ValueReader {
  return (index) => view[index]
}

function range(read: ValueReader, from: number, to: number): unknown[] {
  const values: unknown[] = []
  for (let index = from; index < to; index++) values.push(read(index))
  return values
}

function bytesReader(column: ColumnData, make: (bytes: Uint8Array) => unknown): ValueReader {
  const offsets = column.offsets ?? new Int32Array(1)
  const bytes = column.values ?? new Uint8Array(0)
  return (index) => make(bytes.subarray(offsets[index]!, offsets[index + 1]!))
}

/** The indices of an enum column as a typed array of the width its number of values asks for. */
function enumCodes(
  valueCount: number,
  values: Uint8Array | undefined,
  length: number,
): Uint8Array | Uint16Array | Uint32Array {
  if (valueCount <= 0x100) return typedView(Uint8Array, values, length)
  return valueCount <= 0x1_0000 ? typedView(Uint16Array, values, length) : typedView(Uint32Array, values, length)
}

/** Reads int64: as a number when that is exact, which is several times faster, else as a bigint. */
function safeReader(values: Uint8Array | undefined, length: number): (index: number) => number | bigint {
  const whole = typedView(BigInt64Array, values, length)
  const halves = typedView(Int32Array, values, length * 2)
  return (index) => {
    const high = halves[index * 2 + 1]!
    return high >= -0x20_0000 && high < 0x20_0000 ? high * 0x1_0000_0000 + (halves[index * 2]! >>> 0) : whole[index]!
  }
}

function timestampReader(
  digits: 0 | 3 | 6 | 9,
  suffix: string,
  values: Uint8Array | undefined,
  length: number,
): ValueReader {
  const units = safeReader(values, length)
  const text = timestampText(digits, suffix)
  return (index) => {
    const value = units(index)
    return typeof value === 'number' ? text.fromNumber(value) : text.fromBigInt(value)
  }
}

function wideReader(values: Uint8Array | undefined, length: number, signed: boolean): (index: number) => bigint {
  const low = typedView(BigUint64Array, values, length * 2)
  const high = signed ? typedView(BigInt64Array, values, length * 2) : low
  return (index) => (high[index * 2 + 1]! << 64n) | low[index * 2]!
}

function decimalReader(precision: number, scale: number, values: Uint8Array | undefined, length: number): ValueReader {
  const scaled = scaledReader(precision, values, length)
  return (index) => decimalText(scaled(index), precision, scale)
}

/** Reads the scaled integers of a decimal column. */
export function scaledReader(
  precision: number,
  values: Uint8Array | undefined,
  length: number,
): (index: number) => number | bigint {
  if (precision <= 4) return elements(typedView(Int16Array, values, length)) as (index: number) => number
  if (precision <= 9) return elements(typedView(Int32Array, values, length)) as (index: number) => number
  return precision <= 18 ? safeReader(values, length) : wideReader(values, length, true)
}

function mapReader(keyType: LogicalType, valueType: LogicalType, column: ColumnData): ValueReader {
  const offsets = column.offsets ?? new Int32Array(1)
  const [keys, values] = column.children![0]!.children! as [ColumnData, ColumnData]
  const key = valueReader(keyType, keys)
  const value = valueReader(valueType, values)
  return (index) => {
    const map = new Map<unknown, unknown>()
    for (let entry = offsets[index]!; entry < offsets[index + 1]!; entry++) map.set(key(entry), value(entry))
    return map
  }
}

/**
 * Reads objects with one property per field. Fields of the same name are told apart as DuckDB does: `a`, `a_1`. A field
 * named `__proto__` is an ordinary property.
 */
export function objectReader(
  fields: readonly Field[],
  readers: readonly ValueReader[],
): (index: number) => Record<string, unknown> {
  const names = uniqueNames(fields)
  const count = names.length
  const template: Record<string, unknown> = {}
  for (const name of names) {
    Object.defineProperty(template, name, { value: null, writable: true, enumerable: true, configurable: true })
  }
  if (names.includes('__proto__')) {
    return (index) => {
      const object = { ...template }
      names.forEach((name, position) => Object.defineProperty(object, name, { value: readers[position]!(index) }))
      return object
    }
  }
  return (index) => {
    const object = { ...template }
    for (let position = 0; position < count; position++) object[names[position]!] = readers[position]!(index)
    return object
  }
}
