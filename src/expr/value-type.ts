import type { LogicalType } from '../types/logical-type.ts'
import { typeName } from '../types/type-names.ts'

/**
 * What is known of the type of a value before anything runs: the type itself, that it is a number of some kind, or
 * nothing. Parts of lists, maps and structs may be known less than the whole.
 */
export type ValueType =
  | LogicalType
  | { readonly kind: 'unknown' }
  | { readonly kind: 'number' }
  | { readonly kind: 'list'; readonly element: ValueType }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: ValueType }[] }
  | { readonly kind: 'map'; readonly key: ValueType; readonly value: ValueType }

/** Kinds of values as messages and signatures name them. */
export type TypeClass =
  | 'boolean'
  | 'number'
  | 'string'
  | 'temporal'
  | 'time'
  | 'interval'
  | 'binary'
  | 'list'
  | 'map'
  | 'struct'
  | 'other'

export const unknownType: ValueType = Object.freeze({ kind: 'unknown' })
export const someNumber: ValueType = Object.freeze({ kind: 'number' })

/** Integers by how much they hold; a position in it is a width. */
const signed = ['tinyint', 'smallint', 'integer', 'bigint', 'hugeint']
const unsigned = ['utinyint', 'usmallint', 'uinteger', 'ubigint', 'uhugeint']

/** The class of `type`; undefined when it may be any: nothing is known of it, or it is NULL's. */
export function classOf(type: ValueType): TypeClass | undefined {
  switch (type.kind) {
    case 'unknown':
    case 'null':
      return undefined
    case 'boolean':
    case 'number':
    case 'interval':
    case 'map':
    case 'struct':
      return type.kind
    case 'decimal':
    case 'float':
    case 'double':
      return 'number'
    case 'varchar':
    case 'json':
    case 'enum':
      return 'string'
    case 'date':
    case 'timestamp':
    case 'timestamp_s':
    case 'timestamp_ms':
    case 'timestamp_ns':
    case 'timestamptz':
      return 'temporal'
    case 'time':
    case 'time_ns':
    case 'timetz':
      return 'time'
    case 'blob':
      return 'binary'
    case 'list':
    case 'array':
      return 'list'
    case 'uuid':
    case 'bit':
    case 'union':
      return 'other'
    default:
      return isInteger(type) ? 'number' : 'other'
  }
}

export function isInteger(type: ValueType): boolean {
  return signed.includes(type.kind) || unsigned.includes(type.kind)
}

/** The type that holds values of both, as DuckDB widens; undefined when there is none that both fit by themselves. */
export function commonType(a: ValueType, b: ValueType): ValueType | undefined {
  if (a.kind === 'null' || sameType(a, b)) return b
  if (b.kind === 'null') return a
  if (a.kind === 'unknown' || b.kind === 'unknown') return unknownType
  const [left, right] = [classOf(a), classOf(b)]
  if (left !== right) return undefined
  if (left === 'number') return commonNumber(a, b)
  if (left === 'string') return { kind: 'varchar' }
  if (left === 'temporal') return a.kind === 'date' ? b : b.kind === 'date' ? a : unknownType
  if ((a.kind === 'list' || a.kind === 'array') && (b.kind === 'list' || b.kind === 'array')) {
    const element = commonType(a.element, b.element)
    return element === undefined ? undefined : { kind: 'list', element }
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const [key, value] = [commonType(a.key, b.key), commonType(a.value, b.value)]
    return key === undefined || value === undefined ? undefined : { kind: 'map', key, value }
  }
  return unknownType
}

/** The type of numbers of both types. */
export function commonNumber(a: ValueType, b: ValueType): ValueType {
  if (sameType(a, b)) return a
  const kinds = [a.kind, b.kind]
  if (kinds.includes('double')) return { kind: 'double' }
  if (!isInteger(a) || !isInteger(b)) return someNumber
  for (const family of [signed, unsigned]) {
    const widths = [family.indexOf(a.kind), family.indexOf(b.kind)]
    if (!widths.includes(-1)) return widths[0]! > widths[1]! ? a : b
  }
  return someNumber
}

/** Whether the two are known to be one type. */
function sameType(a: ValueType, b: ValueType): boolean {
  if (a.kind !== b.kind) return false
  return a === b || (typeof a === 'object' && Object.keys(a).length === 1) || typeText(a) === typeText(b)
}

/** The name of `type` in a message. */
export function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'unknown':
      return 'unknown'
    case 'number':
      return 'a number'
    case 'list':
      return `${typeText(type.element)}[]`
    case 'map':
      return `MAP(${typeText(type.key)}, ${typeText(type.value)})`
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${field.name} ${typeText(field.type)}`).join(', ')})`
    default:
      return typeName(type)
  }
}
