import {
  DataType,
  type Decimal,
  type Field as ArrowField,
  type Float,
  type Int,
  TimeUnit,
  type Timestamp,
  Type,
} from 'apache-arrow'
import { LakefrontError } from '../errors.ts'
import { arrowField, DictionaryIds, extensionMetadataKey, extensionNameKey, typeKey } from './arrow-type.ts'
import type { Field, LogicalType, SimpleKind } from './logical-type.ts'
import { parseType } from './type-names.ts'

/**
 * The field that an Arrow field means: what its metadata says (`lakefront:type`) when the Arrow type agrees, else what its
 * extension name and Arrow type say. Throws `UNSUPPORTED`, naming the column, for types without a counterpart.
 */
export function fieldFromArrow(field: ArrowField, path: string = nameOf(field)): Field {
  return { name: nameOf(field), type: declaredType(field) ?? derivedType(field, path), nullable: field.nullable }
}

/** An empty name comes out of apache-arrow's IPC reader as null. */
function nameOf(field: ArrowField): string {
  return (field.name as string | null) ?? ''
}

/** The null marker at the end of the unions we write (see `arrow-encode.ts`) is no member. */
export function unionMembers(type: DataType): readonly ArrowField[] {
  const members = type.children as readonly ArrowField[]
  const last = members.at(-1)
  return last !== undefined && nameOf(last) === '' && DataType.isNull(last.type) ? members.slice(0, -1) : members
}

function declaredType(field: ArrowField): LogicalType | undefined {
  const declared = field.metadata.get(typeKey)
  if (declared === undefined) return undefined
  let type: LogicalType
  try {
    type = parseType(declared)
  } catch {
    return undefined
  }
  const expected = arrowField({ name: nameOf(field), type, nullable: true }, new DictionaryIds(), false)
  return isSameLayout(expected.type, field.type) ? type : undefined
}

function isSameLayout(expected: DataType, given: DataType): boolean {
  if (DataType.isDictionary(given)) {
    return isSameLayout(DataType.isDictionary(expected) ? expected.dictionary : expected, given.dictionary)
  }
  if (DataType.isDictionary(expected) || expected.typeId !== given.typeId) return false
  for (const property of [
    'bitWidth',
    'isSigned',
    'precision',
    'scale',
    'unit',
    'byteWidth',
    'listSize',
    'mode',
  ] as const) {
    const [one, other] = [expected, given].map((type) => (type as unknown as Record<string, unknown>)[property])
    if (one !== other) return false
  }
  if (DataType.isTimestamp(expected) && Boolean(expected.timezone) !== Boolean((given as Timestamp).timezone))
    return false
  const [children, others] = [expected.children ?? [], given.children ?? []] as [ArrowField[], ArrowField[]]
  const named = DataType.isStruct(expected) || DataType.isUnion(expected)
  return (
    children.length === others.length &&
    children.every((child, index) => {
      const other = others[index]!
      return (!named || nameOf(child) === nameOf(other)) && isSameLayout(child.type, other.type)
    })
  )
}

function derivedType(field: ArrowField, path: string): LogicalType {
  const { type } = field
  const extension = extensionKind(field)
  if (extension !== undefined) return { kind: extension }
  const child = (of: ArrowField, suffix: string): LogicalType => fieldFromArrow(of, path + suffix).type
  switch (type.typeId as Type) {
    case Type.Null:
      return { kind: 'null' }
    case Type.Bool:
      return { kind: 'boolean' }
    case Type.Int: {
      const { bitWidth, isSigned } = type as Int
      const kinds = isSigned
        ? ({ 8: 'tinyint', 16: 'smallint', 32: 'integer', 64: 'bigint' } as const)
        : ({ 8: 'utinyint', 16: 'usmallint', 32: 'uinteger', 64: 'ubigint' } as const)
      return { kind: kinds[bitWidth as 8 | 16 | 32 | 64] }
    }
    case Type.Float:
      return { kind: (type as Float).precision === 2 ? 'double' : 'float' }
    case Type.Decimal: {
      const { precision, scale } = type as Decimal
      if (precision < 1 || precision > 38 || scale < 0 || scale > precision) throw unsupported(path, type)
      return { kind: 'decimal', precision, scale }
    }
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { kind: 'varchar' }
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
    case Type.FixedSizeBinary:
      return { kind: 'blob' }
    case Type.Date:
      return { kind: 'date' }
    case Type.Time:
      return { kind: (type as unknown as { unit: TimeUnit }).unit === TimeUnit.NANOSECOND ? 'time_ns' : 'time' }
    case Type.Timestamp: {
      const { unit, timezone } = type as Timestamp
      if (timezone) return { kind: 'timestamptz' }
      return { kind: (['timestamp_s', 'timestamp_ms', 'timestamp', 'timestamp_ns'] as const)[unit]! }
    }
    case Type.Interval:
    case Type.Duration:
      return { kind: 'interval' }
    case Type.List:
    case Type.LargeList:
      return { kind: 'list', element: child(type.children[0]!, '[]') }
    case Type.FixedSizeList:
      return {
        kind: 'array',
        element: child(type.children[0]!, '[]'),
        size: (type as unknown as { listSize: number }).listSize,
      }
    case Type.Struct: {
      if (type.children.length === 0) throw unsupported(path, type)
      return {
        kind: 'struct',
        fields: (type.children as ArrowField[]).map((of) => fieldFromArrow(of, `${path}.${nameOf(of)}`)),
      }
    }
    case Type.Map: {
      const [key, value] = (type.children[0] as ArrowField).type.children as [ArrowField, ArrowField]
      return { kind: 'map', key: child(key, '.key'), value: child(value, '.value') }
    }
    case Type.Union:
      return { kind: 'union', members: unionMembers(type).map((of) => fieldFromArrow(of, `${path}.${nameOf(of)}`)) }
    case Type.Dictionary:
      return fieldFromArrow(
        field.clone({ type: (type as unknown as { dictionary: DataType }).dictionary }) as ArrowField,
        path,
      ).type
    default:
      throw unsupported(path, type)
  }
}

function extensionKind({ type, metadata }: ArrowField): SimpleKind | undefined {
  const name = metadata.get(extensionNameKey)
  const is16Bytes = DataType.isFixedSizeBinary(type) && type.byteWidth === 16
  if (name === 'arrow.uuid' && is16Bytes) return 'uuid'
  if (name === 'arrow.json' && (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type)))
    return 'json'
  if (name !== 'arrow.opaque') return undefined
  const declared = /"type_name"\s*:\s*"(\w+)"/.exec(metadata.get(extensionMetadataKey) ?? '')?.[1]
  if ((declared === 'hugeint' || declared === 'uhugeint') && is16Bytes) return declared
  if (declared === 'bit' && DataType.isBinary(type)) return 'bit'
  return declared === 'time_tz' && DataType.isInt(type) && type.bitWidth === 64 ? 'timetz' : undefined
}

function unsupported(path: string, type: DataType): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `Column "${path}" has the Arrow type ${type}, which has no counterpart here. Cast it, or leave it out.`,
    {
      details: { column: path, arrowType: String(type) },
    },
  )
}
