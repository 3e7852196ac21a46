import { LakefrontError } from '../../errors.ts'
import type { LogicalType, SimpleKind } from '../../types/logical-type.ts'
import type { PhysicalType } from './schema.ts'
import type { ThriftStruct } from './thrift.ts'

/**
 * How the values of a physical column become those of its logical type. Widths are bytes.
 *
 * | conversion | from → to |
 * |---|---|
 * | bits | bitmap, as is |
 * | copy | fixed-width values, as is |
 * | resize | integers of 4 or 8 bytes cut or sign-extended to `to` bytes |
 * | scale | integers × `multiply` ÷ `divide` → int64 |
 * | timetz | integers × `multiply` ÷ `divide` → DuckDB's packed time with zone UTC |
 * | text, bytes | variable or fixed-length byte strings → offsets and values |
 * | decimal | big-endian two's complement → integer of `to` bytes |
 * | decimal-double | the same → double, for precisions DuckDB has no decimal for |
 * | interval | months, days, milliseconds → months, days, microseconds |
 * | float16 | half → float |
 * | null | all null, whatever is stored |
 */
export type Conversion =
  | { readonly as: 'bits' | 'text' | 'bytes' | 'interval' | 'float16' | 'null' }
  | { readonly as: 'copy'; readonly width: number }
  | { readonly as: 'resize'; readonly to: number }
  | { readonly as: 'scale' | 'timetz'; readonly multiply: number; readonly divide: number }
  | { readonly as: 'decimal'; readonly to: number }
  | { readonly as: 'decimal-double'; readonly scale: number }

interface Leaf {
  readonly name: string
  readonly physical: PhysicalType
  readonly typeLength: number
}

interface Mapping {
  readonly type: LogicalType
  readonly conversion: Conversion
}

/** Type and conversion of a physical column, by DuckDB's rules: the logical type first, then the older converted type. */
export function leafMapping(element: ThriftStruct, leaf: Leaf): Mapping {
  const logical = element[10] as ThriftStruct | undefined
  const converted = typeof element[6] === 'number' ? element[6] : undefined
  const mapping =
    (logical === undefined ? undefined : logicalMapping(logical, element, leaf)) ??
    (converted === undefined ? undefined : convertedMapping(converted, element, leaf))
  return mapping ?? plainMapping(leaf)
}

function plainMapping({ physical }: Leaf): Mapping {
  switch (physical) {
    case 'boolean':
      return simple('boolean', { as: 'bits' })
    case 'int32':
      return simple('integer', { as: 'copy', width: 4 })
    case 'int64':
      return simple('bigint', { as: 'copy', width: 8 })
    case 'int96':
      return simple('timestamp', { as: 'copy', width: 8 })
    case 'float':
      return simple('float', { as: 'copy', width: 4 })
    case 'double':
      return simple('double', { as: 'copy', width: 8 })
    case 'byte_array':
    case 'fixed_len_byte_array':
      return simple('blob', { as: 'bytes' })
    default:
      throw physical satisfies never
  }
}

function logicalMapping(logical: ThriftStruct, element: ThriftStruct, leaf: Leaf): Mapping | undefined {
  const parameters = (id: number): ThriftStruct => logical[id] as ThriftStruct
  if (logical[1] !== undefined || logical[4] !== undefined) return bytesMapping('varchar', leaf)
  if (logical[5] !== undefined) {
    const { 1: scale, 2: precision } = parameters(5)
    if ((element[7] ?? scale) !== scale || (element[8] ?? precision) !== precision) throw invalidDecimal(leaf)
    return decimalMapping(precision, scale, leaf)
  }
  if (logical[6] !== undefined) return convertedMapping(6, element, leaf)
  if (logical[7] !== undefined) return timeMapping(parameters(7), leaf)
  if (logical[8] !== undefined) return timestampMapping(parameters(8), leaf)
  if (logical[10] !== undefined) return integerMapping(Number(parameters(10)[1]), parameters(10)[2] === true, leaf)
  if (logical[11] !== undefined) return { ...plainMapping(leaf), conversion: { as: 'null' } }
  if (logical[12] !== undefined) return bytesMapping('json', leaf)
  if (logical[14] !== undefined && leaf.physical === 'fixed_len_byte_array' && leaf.typeLength === 16) {
    return simple('uuid', { as: 'copy', width: 16 })
  }
  if (logical[15] !== undefined && leaf.physical === 'fixed_len_byte_array' && leaf.typeLength === 2) {
    return simple('float', { as: 'float16' })
  }
  return undefined
}

function convertedMapping(converted: number, element: ThriftStruct, leaf: Leaf): Mapping | undefined {
  switch (converted) {
    case 0:
    case 4:
      return bytesMapping('varchar', leaf)
    case 5:
      return decimalMapping(element[8], element[7] ?? 0, leaf)
    case 6:
      return leaf.physical === 'int32' ? simple('date', { as: 'copy', width: 4 }) : undefined
    case 7:
      return timeMapping({ 2: { 1: {} } }, leaf)
    case 8:
      return timeMapping({ 2: { 2: {} } }, leaf)
    case 9:
      return timestampMapping({ 2: { 1: {} } }, leaf)
    case 10:
      return timestampMapping({ 2: { 2: {} } }, leaf)
    case 11:
    case 12:
    case 13:
    case 14:
      return integerMapping(8 << (converted - 11), false, leaf)
    case 15:
    case 16:
    case 17:
    case 18:
      return integerMapping(8 << (converted - 15), true, leaf)
    case 19:
      return bytesMapping('json', leaf)
    case 21:
      return leaf.physical === 'fixed_len_byte_array' && leaf.typeLength === 12
        ? simple('interval', { as: 'interval' })
        : undefined
    case 24:
      return simple('null', { as: 'null' })
    default:
      return undefined
  }
}

function bytesMapping(kind: 'varchar' | 'json', { physical }: Leaf): Mapping | undefined {
  if (physical !== 'byte_array' && physical !== 'fixed_len_byte_array') return undefined
  return simple(kind, { as: 'text' })
}

function integerMapping(bits: number, isSigned: boolean, { physical }: Leaf): Mapping | undefined {
  const from = physical === 'int32' ? 4 : physical === 'int64' ? 8 : 0
  const name = ({ 8: 'tinyint', 16: 'smallint', 32: 'integer', 64: 'bigint' } as const)[bits]
  if (from === 0 || name === undefined || (bits === 64) !== (from === 8)) return undefined
  return simple(isSigned ? name : `u${name}`, resized(from, bits / 8))
}

function timeMapping(parameters: ThriftStruct, { physical }: Leaf): Mapping | undefined {
  const unit = unitOf(parameters)
  const from = physical === 'int32' ? 4 : physical === 'int64' ? 8 : 0
  if (from === 0 || unit === undefined) return undefined
  const toMicroseconds = { multiply: unit === 'ms' ? 1000 : 1, divide: unit === 'ns' ? 1000 : 1 }
  if (parameters[1] === true) return simple('timetz', { as: 'timetz', ...toMicroseconds })
  if (unit === 'ns') return simple('time_ns', resized(from, 8))
  return simple('time', unit === 'us' ? resized(from, 8) : { as: 'scale', ...toMicroseconds })
}

function timestampMapping(parameters: ThriftStruct, { physical }: Leaf): Mapping | undefined {
  const unit = unitOf(parameters)
  if (physical !== 'int64' || unit === undefined) return undefined
  const isAdjusted = parameters[1] === true
  const kind = isAdjusted ? 'timestamptz' : unit === 'ns' ? 'timestamp_ns' : 'timestamp'
  if (unit === 'us' || kind === 'timestamp_ns') return simple(kind, { as: 'copy', width: 8 })
  return simple(kind, { as: 'scale', multiply: unit === 'ms' ? 1000 : 1, divide: unit === 'ns' ? 1000 : 1 })
}

function unitOf(parameters: ThriftStruct): 'ms' | 'us' | 'ns' | undefined {
  const unit = parameters[2] as ThriftStruct | undefined
  if (unit?.[1] !== undefined) return 'ms'
  if (unit?.[2] !== undefined) return 'us'
  return unit?.[3] === undefined ? undefined : 'ns'
}

function decimalMapping(precision: unknown, scale: unknown, leaf: Leaf): Mapping | undefined {
  const { physical, typeLength } = leaf
  const isNumber = physical === 'int32' || physical === 'int64'
  const isWhole = typeof precision === 'number' && typeof scale === 'number'
  if (!isWhole || precision < 1 || scale < 0 || scale > precision || (isNumber && precision > 38)) {
    throw invalidDecimal(leaf)
  }
  if (precision > 38) return simple('double', { as: 'decimal-double', scale })
  const type: LogicalType = { kind: 'decimal', precision, scale }
  const to = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16
  if (physical === 'int32') return { type, conversion: resized(4, to) }
  if (physical === 'int64') return { type, conversion: resized(8, to) }
  if (physical === 'byte_array' || (physical === 'fixed_len_byte_array' && typeLength > 0)) {
    return { type, conversion: { as: 'decimal', to } }
  }
  return undefined
}

function invalidDecimal({ name }: Leaf): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `Parquet metadata gives column "${name}" an invalid decimal type.`)
}

function resized(from: number, to: number): Conversion {
  return from === to ? { as: 'copy', width: to } : { as: 'resize', to }
}

function simple(kind: SimpleKind, conversion: Conversion): Mapping {
  return { type: { kind }, conversion }
}
