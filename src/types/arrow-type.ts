import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Dictionary,
  Field as ArrowField,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  IntervalMonthDayNano,
  List,
  Map_,
  Null,
  Schema as ArrowSchema,
  SparseUnion,
  Struct,
  TimeMicrosecond,
  TimeNanosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
} from 'apache-arrow'
import type { Field, LogicalType, Schema } from './logical-type.ts'
import { typeName } from './type-names.ts'

/** The key of a field's metadata that holds its type as `typeName` spells it. */
export const typeKey = 'lakefront:type'
export const extensionNameKey = 'ARROW:extension:name'
export const extensionMetadataKey = 'ARROW:extension:metadata'

/**
 * The Arrow schema of `schema`. Every field says its type in its metadata (`lakefront:type`); what Arrow has no type for
 * carries the extension name that DuckDB itself gives it, so that DuckDB reads it back.
 */
export function arrowSchema(schema: Schema, isDictionary: (index: number) => boolean): ArrowSchema {
  const ids = new DictionaryIds()
  return new ArrowSchema(schema.fields.map((field, index) => arrowField(field, ids, isDictionary(index))))
}

/** Numbers dictionaries in the order of their fields, so that equal schemas have equal numbers. */
export class DictionaryIds {
  #last = -1
  next(): number {
    this.#last++
    return this.#last
  }
}

export function arrowField({ name, type, nullable }: Field, ids: DictionaryIds, isDictionary: boolean): ArrowField {
  const plain = arrowType(type, ids)
  const stored = isDictionary ? new Dictionary(plain as Utf8, new Int32(), ids.next()) : plain
  return new ArrowField(name, stored, nullable, new Map([[typeKey, typeName(type)], ...extensionOf(type)]))
}

function arrowType(type: LogicalType, ids: DictionaryIds): DataType {
  const child = (field: Field): ArrowField => arrowField(field, ids, false)
  const element = (name: string, of: LogicalType, nullable = true): ArrowField => child({ name, type: of, nullable })
  switch (type.kind) {
    case 'null':
      return new Null()
    case 'boolean':
      return new Bool()
    case 'tinyint':
      return new Int8()
    case 'smallint':
      return new Int16()
    case 'integer':
      return new Int32()
    case 'bigint':
    case 'timetz':
      return new Int64()
    case 'utinyint':
      return new Uint8()
    case 'usmallint':
      return new Uint16()
    case 'uinteger':
      return new Uint32()
    case 'ubigint':
      return new Uint64()
    case 'hugeint':
    case 'uhugeint':
    case 'uuid':
      return new FixedSizeBinary(16)
    case 'float':
      return new Float32()
    case 'double':
      return new Float64()
    case 'decimal':
      return new Decimal(type.scale, type.precision, 128)
    case 'varchar':
    case 'json':
      return new Utf8()
    case 'blob':
    case 'bit':
      return new Binary()
    case 'date':
      return new DateDay()
    case 'time':
      return new TimeMicrosecond()
    case 'time_ns':
      return new TimeNanosecond()
    case 'timestamp':
      return new TimestampMicrosecond()
    case 'timestamp_s':
      return new TimestampSecond()
    case 'timestamp_ms':
      return new TimestampMillisecond()
    case 'timestamp_ns':
      return new TimestampNanosecond()
    case 'timestamptz':
      return new TimestampMicrosecond('UTC')
    case 'interval':
      return new IntervalMonthDayNano()
    case 'enum':
      return new Dictionary(new Utf8(), enumIndexType(type.values.length), ids.next())
    case 'list':
      return new List(element('item', type.element))
    case 'array':
      return new FixedSizeList(type.size, element('item', type.element))
    case 'struct':
      return new Struct(type.fields.map(child))
    case 'map': {
      const fields = [element('key', type.key, false), element('value', type.value)]
      const entries = new ArrowField('entries', new Struct(fields), false)
      return new Map_(entries as ArrowField<Struct<{ key: DataType; value: DataType }>>, false)
    }
    case 'union': {
      const members = [...type.members.map(child), new ArrowField('', new Null(), true)]
      return new SparseUnion(
        members.map((_, index) => index),
        members,
      )
    }
    default:
      return type satisfies never
  }
}

function enumIndexType(valueCount: number): Uint8 | Uint16 | Uint32 {
  return valueCount <= 0x100 ? new Uint8() : valueCount <= 0x1_0000 ? new Uint16() : new Uint32()
}

function extensionOf(type: LogicalType): [string, string][] {
  switch (type.kind) {
    case 'uuid':
      return [
        [extensionNameKey, 'arrow.uuid'],
        [extensionMetadataKey, ''],
      ]
    case 'json':
      return [
        [extensionNameKey, 'arrow.json'],
        [extensionMetadataKey, ''],
      ]
    case 'hugeint':
    case 'uhugeint':
    case 'bit':
      return opaque(type.kind)
    case 'timetz':
      return opaque('time_tz')
    default:
      return []
  }
}

function opaque(name: string): [string, string][] {
  return [
    [extensionNameKey, 'arrow.opaque'],
    [extensionMetadataKey, JSON.stringify({ type_name: name, vendor_name: 'DuckDB' })],
  ]
}
