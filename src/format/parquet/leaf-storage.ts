import { LakefrontError } from '../../errors.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { arrowTypes } from '../arrow-message.ts'
import type { FlatSlot } from '../flat-buffer.ts'
import type { PhysicalType } from './schema.ts'
import type { ThriftField } from './thrift.ts'

/** How values of a type without children are stored: as which Arrow type the encoder takes them, and how the file calls them. */
export interface LeafStorage {
  readonly physical: PhysicalType
  readonly typeLength?: number
  /** Names of the type by their number in the format: of the first version, and the field of the union of the second. */
  readonly converted?: number
  readonly logical?: readonly [id: number, field: ThriftField]
  readonly decimal?: { readonly precision: number; readonly scale: number }
  readonly arrow: { readonly code: number; readonly parameters?: readonly (FlatSlot | undefined)[] }
  /** Whether values have an order that minimum and maximum may be told by. */
  readonly isOrdered: boolean
}

const [utf8, decimalType, dateType, timeMicros, timestampMillis, timestampMicros] = [0, 5, 6, 8, 9, 10]
const [jsonType, intervalType] = [19, 21]
const logicalIds = {
  string: 1,
  decimal: 5,
  date: 6,
  time: 7,
  timestamp: 8,
  integer: 10,
  unknown: 11,
  json: 12,
  uuid: 14,
}
const units = { milli: 1, micro: 2, nano: 3 }
const empty: ThriftField = { type: 'struct', value: [] }

/**
 * How `type` is stored, the way DuckDB does it but for what would lose digits: hugeint and uhugeint are DECIMAL(38, 0), not DOUBLE.
 * Unions are not stored at all.
 *
 * Types: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
 */
export function leafStorage(type: LogicalType): LeafStorage {
  switch (type.kind) {
    case 'null':
      return {
        ...integer(32, true),
        logical: [logicalIds.unknown, empty],
        arrow: { code: arrowTypes.null },
        isOrdered: false,
      }
    case 'boolean':
      return { physical: 'boolean', arrow: { code: arrowTypes.boolean }, isOrdered: true }
    case 'tinyint':
      return annotatedInteger(8, true)
    case 'smallint':
      return annotatedInteger(16, true)
    case 'integer':
      return integer(32, true)
    case 'bigint':
      return integer(64, true)
    case 'utinyint':
      return annotatedInteger(8, false)
    case 'usmallint':
      return annotatedInteger(16, false)
    case 'uinteger':
      return annotatedInteger(32, false)
    case 'ubigint':
      return annotatedInteger(64, false)
    case 'hugeint':
    case 'uhugeint':
      return decimal(38, 0)
    case 'decimal':
      return decimal(type.precision, type.scale)
    case 'float':
      return { physical: 'float', arrow: floating(1), isOrdered: true }
    case 'double':
      return { physical: 'double', arrow: floating(2), isOrdered: true }
    case 'varchar':
    case 'enum':
    case 'bit':
      return { ...bytes(arrowTypes.text), converted: utf8, logical: [logicalIds.string, empty] }
    case 'json':
      return { ...bytes(arrowTypes.text), converted: jsonType, logical: [logicalIds.json, empty] }
    case 'blob':
      return bytes(arrowTypes.binary)
    case 'uuid':
      return { ...fixed(16), logical: [logicalIds.uuid, empty] }
    case 'date':
      return { ...integer(32, true), converted: dateType, logical: [logicalIds.date, empty] }
    case 'time':
      return temporal(logicalIds.time, { unit: 'micro', isUtc: false, converted: timeMicros })
    case 'time_ns':
      return temporal(logicalIds.time, { unit: 'nano', isUtc: false })
    case 'timetz':
      return temporal(logicalIds.time, { unit: 'micro', isUtc: true, converted: timeMicros })
    case 'timestamp':
    case 'timestamp_s':
      return temporal(logicalIds.timestamp, { unit: 'micro', isUtc: false, converted: timestampMicros })
    case 'timestamp_ms':
      return temporal(logicalIds.timestamp, { unit: 'milli', isUtc: false, converted: timestampMillis })
    case 'timestamp_ns':
      return temporal(logicalIds.timestamp, { unit: 'nano', isUtc: false })
    case 'timestamptz':
      return temporal(logicalIds.timestamp, { unit: 'micro', isUtc: true, converted: timestampMicros })
    case 'interval':
      return { ...fixed(12), converted: intervalType, isOrdered: false }
    case 'union':
    case 'list':
    case 'array':
    case 'map':
    case 'struct':
      throw new LakefrontError('INTERNAL', `${typeName(type)} is stored as its parts.`)
    default:
      return type satisfies never
  }
}

function integer(bits: 8 | 16 | 32 | 64, isSigned: boolean): LeafStorage {
  const parameters: FlatSlot[] = [
    { bytes: 4, value: bits },
    { bytes: 1, value: isSigned ? 1 : 0 },
  ]
  return { physical: bits === 64 ? 'int64' : 'int32', arrow: { code: arrowTypes.int, parameters }, isOrdered: true }
}

function annotatedInteger(bits: 8 | 16 | 32 | 64, isSigned: boolean): LeafStorage {
  return {
    ...integer(bits, isSigned),
    converted: (isSigned ? 15 : 11) + Math.log2(bits / 8),
    logical: [
      logicalIds.integer,
      {
        type: 'struct',
        value: [
          [1, { type: 'i8', value: bits }],
          [2, { type: 'bool', value: isSigned }],
        ],
      },
    ],
  }
}

function floating(precision: 1 | 2): LeafStorage['arrow'] {
  return { code: arrowTypes.float, parameters: [{ bytes: 2, value: precision }] }
}

function bytes(code: number): LeafStorage {
  return { physical: 'byte_array', arrow: { code }, isOrdered: true }
}

function fixed(typeLength: number): LeafStorage {
  const arrow = { code: arrowTypes.fixedBinary, parameters: [{ bytes: 4, value: typeLength } as const] }
  return { physical: 'fixed_len_byte_array', typeLength, arrow, isOrdered: true }
}

/** Up to 18 digits are stored as the integers they are here too, more as the least bytes that hold them. */
function decimal(precision: number, scale: number): LeafStorage {
  const narrow = precision <= 4 ? integer(16, true) : precision <= 9 ? integer(32, true) : integer(64, true)
  const parameters = [precision, scale, 128].map((value) => ({ bytes: 4, value }) as const)
  const wide = (): LeafStorage => ({
    ...fixed(leastBytes(precision)),
    arrow: { code: arrowTypes.decimal, parameters },
  })
  return {
    ...(precision <= 18 ? narrow : wide()),
    converted: decimalType,
    decimal: { precision, scale },
    logical: [
      logicalIds.decimal,
      {
        type: 'struct',
        value: [
          [1, { type: 'i32', value: scale }],
          [2, { type: 'i32', value: precision }],
        ],
      },
    ],
  }
}

function leastBytes(precision: number): number {
  return Math.ceil((Math.log2(10) * precision + 1) / 8)
}

function temporal(
  id: number,
  { unit, isUtc, converted }: { unit: keyof typeof units; isUtc: boolean; converted?: number },
): LeafStorage {
  return {
    ...integer(64, true),
    ...(converted === undefined ? {} : { converted }),
    logical: [
      id,
      {
        type: 'struct',
        value: [
          [1, { type: 'bool', value: isUtc }],
          [2, { type: 'struct', value: [[units[unit], empty]] }],
        ],
      },
    ],
  }
}
