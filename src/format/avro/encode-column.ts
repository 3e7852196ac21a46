import type { ColumnData } from '../../types/column-data.ts'
import { ConversionFailure } from '../../types/conversion-failure.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { typedView } from '../../types/typed-view.ts'
import { inField, located, unfitValue } from '../unfit-value.ts'
import { avroNames } from './avro-schema-of.ts'
import { valueBranches } from './logical-type-of.ts'
import type { AvroRecord, AvroType, Logical } from './schema.ts'
import type { Sink } from './sink.ts'

/** Writes the value of one row. */
export type Encode = (row: number) => void

/** A column and what its values are. */
interface Typed {
  readonly type: LogicalType
  readonly column: ColumnData
}

/** Compiles what writes values of a column as the Avro type `avro`. Throws a `ConversionFailure` when they cannot be that. */
function encodeOf({ type, column }: Typed, avro: AvroType, sink: Sink): Encode {
  if (avro.kind === 'union') return encodeUnion({ type, column }, avro, sink)
  const encode = encodeValue({ type, column }, avro, sink)
  const { validity, nullCount } = column
  if (nullCount === 0 || avro.kind === 'null') return encode
  return (row) => {
    if (validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0) throw noNull()
    encode(row)
  }
}

function noNull(): ConversionFailure {
  return new ConversionFailure('INVALID_VALUE', 'it is NULL, which its field in the schema does not allow')
}

/** Compiles what writes rows of `columns` as a record: fields by the names their columns have in Avro. */
export function encodeRecord(
  columns: readonly (Typed & { readonly name: string })[],
  avro: AvroRecord,
  sink: Sink,
): Encode {
  const names = avroNames(columns.map(({ name }) => name))
  const fields = avro.fields.map((field) => {
    const at = names.indexOf(field.name)
    if (at < 0)
      throw new ConversionFailure('TYPE_MISMATCH', `the schema has a field "${field.name}", which no column is called`)
    const { name } = columns[at]!
    return { name, encode: inField(name, () => encodeOf(columns[at]!, field.type, sink)) }
  })
  const extra = names.findIndex((name) => !avro.fields.some((field) => field.name === name))
  if (extra >= 0) {
    throw new ConversionFailure(
      'TYPE_MISMATCH',
      `the schema has no field for the column "${columns[extra]!.name}"; select the columns that it has`,
    )
  }
  return (row) => {
    let index = 0
    try {
      for (; index < fields.length; index++) fields[index]!.encode(row)
    } catch (error) {
      throw located(error, fields[index]!.name)
    }
  }
}

function encodeUnion({ type, column }: Typed, avro: AvroType & { kind: 'union' }, sink: Sink): Encode {
  const { validity, nullCount } = column
  const nullBranch = avro.branches.findIndex(({ kind }) => kind === 'null')
  const encode = encodeBranch({ type, column }, avro, sink)
  if (type.kind === 'null') {
    return () => {
      if (nullBranch < 0) throw noNull()
      sink.int(nullBranch)
    }
  }
  if (nullCount === 0 || validity === undefined) return encode
  return (row) => {
    if ((validity[row >> 3]! >> (row & 7)) & 1) encode(row)
    else if (nullBranch < 0) throw noNull()
    else sink.int(nullBranch)
  }
}

/** A value and the number of its branch. */
function encodeBranch(typed: Typed, avro: AvroType & { kind: 'union' }, sink: Sink): Encode {
  const { type, column } = typed
  const branches = valueBranches(avro)
  if (type.kind === 'union') {
    const members = type.members.map((member, index) => {
      const branch = avro.branches.indexOf(branches[index]!)
      if (branch < 0) throw new ConversionFailure('TYPE_MISMATCH', `the schema has no branch for "${member.name}"`)
      const inner = { type: member.type, column: column.children![index]! }
      return prefixed(branch, encodeOf(inner, avro.branches[branch]!, sink), sink)
    })
    const tags = column.values!
    return (row) => members[tags[row]!]!(row)
  }
  let failure: unknown
  for (const branch of branches) {
    try {
      return prefixed(avro.branches.indexOf(branch), encodeValue(typed, branch, sink), sink)
    } catch (error) {
      failure ??= error
    }
  }
  if (type.kind === 'null') return () => {}
  throw failure ?? mismatch(type, avro)
}

function prefixed(branch: number, encode: Encode, sink: Sink): Encode {
  const byte = branch * 2
  return (row) => {
    sink.byte(byte)
    encode(row)
  }
}

/** Values that are there. */
function encodeValue(typed: Typed, avro: AvroType, sink: Sink): Encode {
  const { type, column } = typed
  const logical = 'logical' in avro ? avro.logical : undefined
  const encode = logical === undefined ? encodePlain(typed, avro, sink) : encodeLogical(typed, { avro, logical }, sink)
  if (encode === undefined) throw mismatch(type, avro)
  if (column.dictionary === undefined) return encode
  const indices = typedView(Int32Array, column.values, column.length)
  const inner = encodeValue({ type, column: column.dictionary }, avro, sink)
  return (row) => inner(indices[row]!)
}

function mismatch(type: LogicalType, avro: AvroType): ConversionFailure {
  const name = 'logical' in avro && avro.logical !== undefined ? `${avro.kind} (${avro.logical.as})` : avro.kind
  return new ConversionFailure('TYPE_MISMATCH', `${typeName(type)} cannot be written as Avro's ${name}`)
}

function encodePlain(typed: Typed, avro: AvroType, sink: Sink): Encode | undefined {
  const { type, column } = typed
  switch (avro.kind) {
    case 'null':
      return type.kind === 'null' ? () => {} : undefined
    case 'boolean': {
      if (type.kind !== 'boolean') return undefined
      const bits = column.values!
      return (row) => sink.byte((bits[row >> 3]! >> (row & 7)) & 1)
    }
    case 'int': {
      const values = smallIntegers(typed)
      return values && ((row) => sink.int(values[row]!))
    }
    case 'long':
      return encodeLong(typed, sink)
    case 'float':
      return type.kind === 'float'
        ? encodeFloats(typedView(Float32Array, column.values, column.length), sink)
        : undefined
    case 'double': {
      const values =
        type.kind === 'double'
          ? typedView(Float64Array, column.values, column.length)
          : type.kind === 'float'
            ? typedView(Float32Array, column.values, column.length)
            : smallIntegers(typed)
      return values && ((row) => sink.double(values[row]!))
    }
    case 'string':
      if (type.kind === 'enum') return encodeEnumText(typed, sink)
      return type.kind === 'varchar' || type.kind === 'json' ? encodeBytes(column, sink) : undefined
    case 'bytes':
      return type.kind === 'blob' || type.kind === 'varchar' ? encodeBytes(column, sink) : undefined
    case 'fixed':
      return type.kind === 'blob' ? encodeFixed(typed, avro.size, sink) : undefined
    case 'enum':
      return type.kind === 'enum' ? encodeSymbols(typed, avro.symbols, sink) : undefined
    case 'array':
      return encodeItems(typed, avro.items, sink)
    case 'map':
      return encodeEntries(typed, avro.values, sink)
    case 'record':
      return encodeStruct(typed, avro, sink)
    default:
      return undefined
  }
}

function encodeFloats(values: Float32Array, sink: Sink): Encode {
  return (row) => sink.float(values[row]!)
}

type Numbers = { readonly [index: number]: number }

/** Integers that are ints. */
function smallIntegers({ type, column }: Typed): Numbers | undefined {
  switch (type.kind) {
    case 'tinyint':
      return typedView(Int8Array, column.values, column.length)
    case 'smallint':
      return typedView(Int16Array, column.values, column.length)
    case 'integer':
      return typedView(Int32Array, column.values, column.length)
    case 'utinyint':
      return typedView(Uint8Array, column.values, column.length)
    case 'usmallint':
      return typedView(Uint16Array, column.values, column.length)
    default:
      return undefined
  }
}

function encodeLong(typed: Typed, sink: Sink): Encode | undefined {
  const { type, column } = typed
  const small = smallIntegers(typed)
  if (small !== undefined) return (row) => sink.int(small[row]!)
  if (type.kind === 'uinteger') {
    const values = typedView(Uint32Array, column.values, column.length)
    return (row) => sink.number(values[row]!)
  }
  return type.kind === 'bigint' ? encodeHalves(column, sink) : undefined
}

/** Longs as they are. */
function encodeHalves(column: ColumnData, sink: Sink): Encode {
  const halves = typedView(Int32Array, column.values, column.length * 2)
  return (row) => sink.long(halves[row * 2]!, halves[row * 2 + 1]!)
}

function encodeBytes({ offsets, values }: ColumnData, sink: Sink): Encode {
  if (offsets === undefined) return () => {}
  const bytes = values!
  return (row) => {
    const start = offsets[row]!
    const end = offsets[row + 1]!
    sink.int(end - start)
    sink.copy(bytes, start, end)
  }
}

function encodeFixed({ type, column }: Typed, size: number, sink: Sink): Encode {
  const { offsets, values } = column
  return (row) => {
    const start = offsets![row]!
    const length = offsets![row + 1]! - start
    if (length !== size)
      throw unfitValue(type, column, row, `has ${length} bytes, where the schema has a fixed size of ${size}`)
    sink.copy(values!, start, start + size)
  }
}

function enumCodes({ type, column }: Typed): Numbers {
  const count = type.kind === 'enum' ? type.values.length : 0
  if (count <= 256) return typedView(Uint8Array, column.values, column.length)
  return count <= 65_536
    ? typedView(Uint16Array, column.values, column.length)
    : typedView(Uint32Array, column.values, column.length)
}

function encodeEnumText(typed: Typed, sink: Sink): Encode {
  const codes = enumCodes(typed)
  const texts = typed.type.kind === 'enum' ? typed.type.values.map((value) => new TextEncoder().encode(value)) : []
  return (row) => {
    const text = texts[codes[row]!]!
    sink.int(text.length)
    sink.copy(text, 0, text.length)
  }
}

function encodeSymbols(typed: Typed, symbols: readonly string[], sink: Sink): Encode {
  const codes = enumCodes(typed)
  const positions = typed.type.kind === 'enum' ? typed.type.values.map((value) => symbols.indexOf(value)) : []
  return (row) => {
    const position = positions[codes[row]!]!
    if (position < 0) throw unfitValue(typed.type, typed.column, row, `is none of the symbols ${symbols.join(', ')}`)
    sink.int(position)
  }
}

function encodeItems({ type, column }: Typed, items: AvroType, sink: Sink): Encode | undefined {
  if (type.kind !== 'list' && type.kind !== 'array' && type.kind !== 'map') return undefined
  const element: LogicalType =
    type.kind === 'map'
      ? {
          kind: 'struct',
          fields: [
            { name: 'key', type: type.key, nullable: false },
            { name: 'value', type: type.value, nullable: true },
          ],
        }
      : type.element
  const encode = encodeOf({ type: element, column: column.children![0]! }, items, sink)
  const size = type.kind === 'array' ? type.size : 0
  const offsets = column.offsets
  return (row) => {
    const start = offsets === undefined ? row * size : offsets[row]!
    const end = offsets === undefined ? start + size : offsets[row + 1]!
    if (end > start) {
      sink.int(end - start)
      for (let item = start; item < end; item++) encode(item)
    }
    sink.byte(0)
  }
}

function encodeEntries({ type, column }: Typed, values: AvroType, sink: Sink): Encode | undefined {
  if (type.kind !== 'map' || type.key.kind !== 'varchar') return undefined
  const [keys, held] = column.children![0]!.children as [ColumnData, ColumnData]
  const key = encodeValue({ type: type.key, column: keys }, { kind: 'string' }, sink)
  const value = encodeOf({ type: type.value, column: held }, values, sink)
  const offsets = column.offsets!
  return (row) => {
    const start = offsets[row]!
    const end = offsets[row + 1]!
    if (end > start) {
      sink.int(end - start)
      for (let entry = start; entry < end; entry++) {
        key(entry)
        value(entry)
      }
    }
    sink.byte(0)
  }
}

function encodeStruct({ type, column }: Typed, avro: AvroRecord, sink: Sink): Encode | undefined {
  if (type.kind !== 'struct') return undefined
  const fields = type.fields.map((field, index) => ({ ...field, column: column.children![index]! }))
  return encodeRecord(fields, avro, sink)
}

function encodeLogical(
  typed: Typed,
  { avro, logical }: { avro: AvroType; logical: Logical },
  sink: Sink,
): Encode | undefined {
  const { type, column } = typed
  switch (logical.as) {
    case 'decimal':
      return encodeDecimal(typed, { logical, ...(avro.kind === 'fixed' ? { size: avro.size } : {}) }, sink)
    case 'uuid':
      return type.kind === 'uuid' ? encodeUuid(column, avro.kind === 'fixed', sink) : undefined
    case 'date': {
      if (type.kind !== 'date') return undefined
      const days = typedView(Int32Array, column.values, column.length)
      return (row) => sink.int(days[row]!)
    }
    case 'duration':
      return type.kind === 'interval' ? encodeDuration(typed, sink) : undefined
    case 'time':
      if (type.kind !== 'time') return undefined
      return encodeUnits(typed, { from: 6, to: logical.unit === 'millis' ? 3 : 6 }, sink)
    case 'timestamp':
    case 'local-timestamp': {
      const from = { timestamp_s: 0, timestamp_ms: 3, timestamp: 6, timestamptz: 6, timestamp_ns: 9 }[
        type.kind as string
      ]
      const isInstant = type.kind === 'timestamptz'
      if (from === undefined || (from !== 9 && isInstant !== (logical.as === 'timestamp'))) return undefined
      return encodeUnits(typed, { from, to: { millis: 3, micros: 6, nanos: 9 }[logical.unit] }, sink)
    }
    default:
      return logical satisfies never
  }
}

/** Times of one unit as another, exactly or not at all. */
function encodeUnits({ type, column }: Typed, { from, to }: { from: number; to: number }, sink: Sink): Encode {
  if (from === to) return encodeHalves(column, sink)
  const values = typedView(BigInt64Array, column.values, column.length)
  const factor = 10n ** BigInt(Math.abs(to - from))
  return (row) => {
    const value = values[row]!
    const converted = to > from ? value * factor : value / factor
    if (BigInt.asIntN(64, converted) !== converted || (to < from && converted * factor !== value))
      throw unfitValue(type, column, row, 'has no exact value in the unit of the schema')
    sink.long(Number(BigInt.asIntN(32, converted)), Number(converted >> 32n))
  }
}

/** Widths of the integers that decimals of a type are kept in. */
function integerWidth(type: LogicalType): number | undefined {
  switch (type.kind) {
    case 'decimal':
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16
    case 'ubigint':
      return 8
    case 'hugeint':
    case 'uhugeint':
      return 16
    default:
      return undefined
  }
}

function encodeDecimal(
  { type, column }: Typed,
  { logical, size }: { logical: Logical & { as: 'decimal' }; size?: number },
  sink: Sink,
): Encode | undefined {
  const width = integerWidth(type)
  if (width === undefined) return undefined
  if (type.kind === 'decimal' && (type.scale !== logical.scale || type.precision > logical.precision)) return undefined
  if (type.kind !== 'decimal' && logical.scale !== 0) return undefined
  const bytes = column.values!
  const isUnsigned = type.kind === 'ubigint' || type.kind === 'uhugeint'
  const limit = type.kind === 'decimal' ? undefined : 10n ** BigInt(logical.precision)
  const limitBytes = Math.ceil((Math.log2(10) * logical.precision) / 8)
  return (row) => {
    const start = row * width
    const isNegative = !isUnsigned && bytes[start + width - 1]! >= 0x80
    const sign = isNegative ? 0xff : 0
    let length = width
    while (length > 1 && bytes[start + length - 1] === sign && bytes[start + length - 2]! >= 0x80 === isNegative)
      length--
    const extra = isUnsigned && bytes[start + length - 1]! >= 0x80 ? 1 : 0
    if (limit !== undefined && length >= limitBytes && magnitude(bytes, start, width, isNegative) >= limit)
      throw unfitValue(type, column, row, `has more than the ${logical.precision} digits of the schema`)
    const total = size ?? length + extra
    if (length + extra > total) throw unfitValue(type, column, row, `needs more than the ${total} bytes of the schema`)
    if (size === undefined) sink.int(total)
    sink.room(total)
    for (let byte = total - 1; byte >= 0; byte--)
      sink.bytes[sink.position++] = byte < length ? bytes[start + byte]! : sign
  }
}

function magnitude(bytes: Uint8Array, start: number, width: number, isNegative: boolean): bigint {
  let value = 0n
  for (let byte = width - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(bytes[start + byte]!)
  return isNegative ? (1n << BigInt(width * 8)) - value : value
}

const digits = new TextEncoder().encode('0123456789abcdef')

function encodeUuid({ values }: ColumnData, isFixed: boolean, sink: Sink): Encode {
  const bytes = values!
  if (isFixed) return (row) => sink.copy(bytes, row * 16, row * 16 + 16)
  return (row) => {
    sink.int(36)
    sink.room(36)
    const target = sink.bytes
    for (let byte = 0; byte < 16; byte++) {
      if (byte === 4 || byte === 6 || byte === 8 || byte === 10) target[sink.position++] = 0x2d
      const value = bytes[row * 16 + byte]!
      target[sink.position++] = digits[value >> 4]!
      target[sink.position++] = digits[value & 15]!
    }
  }
}

function encodeDuration({ type, column }: Typed, sink: Sink): Encode {
  const { values, length } = column
  const words = typedView(Int32Array, values, length * 4)
  const micros = typedView(BigInt64Array, values, length * 2)
  return (row) => {
    const months = words[row * 4]!
    const days = words[row * 4 + 1]!
    const rest = micros[row * 2 + 1]!
    if (months < 0 || days < 0 || rest < 0n || rest % 1000n !== 0n || rest / 1000n > 0xffff_ffffn) {
      const why = 'is negative, or no whole number of milliseconds below 50 days, which a duration of Avro must be'
      throw unfitValue(type, column, row, why)
    }
    const millis = Number(rest / 1000n)
    for (const part of [months, days, millis])
      for (let byte = 0; byte < 4; byte++) sink.byte((part >>> (byte * 8)) & 0xff)
  }
}
