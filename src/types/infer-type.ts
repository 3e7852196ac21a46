import { ConversionFailure, describeValue } from './conversion-failure.ts'
import type { Field, LogicalType } from './logical-type.ts'
import { isPlain } from './plain-object.ts'
import { typeName } from './type-names.ts'

const listElements: readonly [new (length: number) => ArrayBufferView, LogicalType][] = [
  [Int8Array, { kind: 'tinyint' }],
  [Int16Array, { kind: 'smallint' }],
  [Int32Array, { kind: 'integer' }],
  [BigInt64Array, { kind: 'bigint' }],
  [Uint8ClampedArray, { kind: 'utinyint' }],
  [Uint16Array, { kind: 'usmallint' }],
  [Uint32Array, { kind: 'uinteger' }],
  [BigUint64Array, { kind: 'ubigint' }],
  [Float32Array, { kind: 'float' }],
  [Float64Array, { kind: 'double' }],
]

/** The type of numbers, as opposed to bigints, that are whole and beyond 32 bits: known by identity, they also fit a double. */
const safeInteger: LogicalType = Object.freeze({ kind: 'bigint' })

/** The type of the elements of a typed array; undefined for a `Uint8Array`, which stands for bytes, and a `DataView`. */
export function elementType(view: ArrayBufferView): LogicalType | undefined {
  return listElements.find(([constructor]) => view instanceof constructor)?.[1]
}

/**
 * The smallest type that holds every one of `values`: integers widen to bigint, hugeint or double, structs to all fields
 * met, nulls to anything. Throws a `ConversionFailure` that knows the row at the first value that does not go with those
 * before it.
 */
export function inferType(values: readonly unknown[]): LogicalType {
  let type: LogicalType = { kind: 'null' }
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (value === null || value === undefined || isCovered(type, value)) continue
    try {
      type = widened(type, typeOf(value), value)
    } catch (error) {
      if (error instanceof ConversionFailure) error.index = index
      throw error
    }
  }
  return type
}

/** The common cases, quickly: a value that needs no look at its type. */
function isCovered(type: LogicalType, value: unknown): boolean {
  switch (type.kind) {
    case 'varchar':
      return typeof value === 'string'
    case 'double':
      return typeof value === 'number'
    case 'integer':
      return typeof value === 'number' && (value | 0) === value && (value !== 0 || !Object.is(value, -0))
    case 'boolean':
      return typeof value === 'boolean'
    default:
      return false
  }
}

function typeOf(value: unknown): LogicalType {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'boolean' }
    case 'string':
      return { kind: 'varchar' }
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) return { kind: 'double' }
      return (value | 0) === value ? { kind: 'integer' } : safeInteger
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return { kind: 'bigint' }
      if (BigInt.asIntN(128, value) === value) return { kind: 'hugeint' }
      throw new ConversionFailure(
        'INVALID_VALUE',
        'A bigint is out of the range of HUGEINT. Give a schema with UHUGEINT or VARCHAR.',
      )
    case 'object':
      if (value !== null) return objectType(value)
  }
  throw new ConversionFailure('TYPE_MISMATCH', `No column can hold ${describeValue(value)}.`)
}

function objectType(value: object): LogicalType {
  if (value instanceof Date) return { kind: 'timestamp' }
  if (value instanceof ArrayBuffer) return { kind: 'blob' }
  if (ArrayBuffer.isView(value)) {
    const element = elementType(value)
    return element === undefined ? { kind: 'blob' } : { kind: 'list', element }
  }
  if (Array.isArray(value)) return { kind: 'list', element: inferNested(value, '[]') }
  if (value instanceof Map) {
    const key = inferNested([...value.keys()], '.key')
    return { kind: 'map', key, value: inferNested([...value.values()], '.value') }
  }
  if (!isPlain(value)) throw new ConversionFailure('TYPE_MISMATCH', `No column can hold ${describeValue(value)}.`)
  const fields = Object.keys(value).map((name) => ({
    name,
    type: inferNested([value[name]], `.${name}`),
    nullable: true,
  }))
  if (fields.length === 0) throw new ConversionFailure('TYPE_MISMATCH', 'An object without properties has no type.')
  return { kind: 'struct', fields }
}

function inferNested(values: readonly unknown[], path: string): LogicalType {
  try {
    return inferType(values)
  } catch (error) {
    if (error instanceof ConversionFailure) error.path = path + error.path
    throw error
  }
}

function widened(known: LogicalType, next: LogicalType, value?: unknown): LogicalType {
  if (known.kind === 'null') return next
  if (next.kind === 'null') return known
  if (known.kind === 'list' && next.kind === 'list') {
    return { kind: 'list', element: widened(known.element, next.element) }
  }
  if (known.kind === 'struct' && next.kind === 'struct')
    return { kind: 'struct', fields: widenedFields(known.fields, next.fields) }
  if (known.kind === 'map' && next.kind === 'map') {
    return { kind: 'map', key: widened(known.key, next.key), value: widened(known.value, next.value) }
  }
  if ((known === safeInteger && next.kind === 'double') || (known.kind === 'double' && next === safeInteger)) {
    return { kind: 'double' }
  }
  if (known.kind === next.kind) return known === safeInteger ? next : known
  const both = widening.get(`${known.kind} ${next.kind}`)
  if (both !== undefined)
    return known === safeInteger || next === safeInteger ? wider(known, next, both) : { kind: both }
  const got = value === undefined ? typeName(next) : describeValue(value)
  throw new ConversionFailure(
    'TYPE_MISMATCH',
    `${typeName(known)} so far, then ${got}. Give a schema, or values of one type.`,
  )
}

function wider(known: LogicalType, next: LogicalType, both: 'bigint' | 'hugeint' | 'double'): LogicalType {
  return both === 'bigint' && (known.kind === 'integer' || next.kind === 'integer') ? safeInteger : { kind: both }
}

/** What holds both types exactly. A bigint and a fraction have no such type. */
const widening: ReadonlyMap<string, 'bigint' | 'hugeint' | 'double'> = new Map(
  (
    [
      ['integer', 'bigint', 'bigint'],
      ['integer', 'hugeint', 'hugeint'],
      ['bigint', 'hugeint', 'hugeint'],
      ['integer', 'double', 'double'],
      ['integer', 'float', 'double'],
      ['float', 'double', 'double'],
    ] as const
  ).flatMap(([one, other, both]) => [
    [`${one} ${other}`, both],
    [`${other} ${one}`, both],
  ]),
)

function widenedFields(known: readonly Field[], next: readonly Field[]): Field[] {
  const fields = new Map(known.map((field) => [field.name, field]))
  for (const field of next) {
    const before = fields.get(field.name)
    fields.set(field.name, before === undefined ? field : { ...field, type: widened(before.type, field.type) })
  }
  return [...fields.values()]
}
