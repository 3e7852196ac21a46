import type { ColumnData } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'

/** `length` nulls of `type`: what a file that lacks a column has for it. */
export function nullColumn(type: LogicalType, length: number): ColumnData {
  if (length === 0 || type.kind === 'null') return { ...emptyShape(type, length), length, nullCount: length }
  return { ...emptyShape(type, length), length, nullCount: length, validity: new Uint8Array((length + 7) >> 3) }
}

type Buffers = Pick<ColumnData, 'offsets' | 'values' | 'children'>

function emptyShape(type: LogicalType, length: number): Buffers {
  switch (type.kind) {
    case 'null':
      return {}
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit':
      return { offsets: new Int32Array(length + 1), values: new Uint8Array() }
    case 'list':
      return { offsets: new Int32Array(length + 1), children: [nullColumn(type.element, 0)] }
    case 'map': {
      const entry = {
        kind: 'struct',
        fields: [
          { name: 'key', type: type.key, nullable: false },
          { name: 'value', type: type.value, nullable: true },
        ],
      } as const
      return { offsets: new Int32Array(length + 1), children: [nullColumn(entry, 0)] }
    }
    case 'array':
      return { children: [nullColumn(type.element, length * type.size)] }
    case 'struct':
      return { children: type.fields.map((field) => nullColumn(field.type, length)) }
    case 'union':
      return { values: new Uint8Array(length), children: type.members.map((member) => nullColumn(member.type, length)) }
    default:
      return { values: new Uint8Array(byteWidth(type, length)) }
  }
}

type FixedType = Exclude<LogicalType, { kind: 'list' | 'map' | 'array' | 'struct' | 'union' }>

function byteWidth(type: FixedType, length: number): number {
  switch (type.kind) {
    case 'boolean':
      return (length + 7) >> 3
    case 'tinyint':
    case 'utinyint':
      return length
    case 'smallint':
    case 'usmallint':
      return length * 2
    case 'integer':
    case 'uinteger':
    case 'float':
    case 'date':
      return length * 4
    case 'hugeint':
    case 'uhugeint':
    case 'uuid':
    case 'interval':
      return length * 16
    case 'decimal':
      return length * (type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16)
    case 'enum':
      return length * (type.values.length <= 256 ? 1 : type.values.length <= 65_536 ? 2 : 4)
    default:
      return length * 8
  }
}
