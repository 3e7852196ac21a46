import type { LogicalType } from '../../types/logical-type.ts'
import { promotes } from '../commit/promotion.ts'

/** Digits that each whole type has at most. */
const digits: Readonly<Partial<Record<LogicalType['kind'], number>>> = {
  tinyint: 3,
  utinyint: 3,
  smallint: 5,
  usmallint: 5,
  integer: 10,
  uinteger: 10,
  bigint: 19,
  ubigint: 20,
}

/** Whether every value of `given` is one of `wanted`, so that rows may be cast without losing anything. With `castToVarchar` every value is a text, too. */
export function fits(given: LogicalType, wanted: LogicalType, castToVarchar = false): boolean {
  if (given.kind === 'null' || promotes(given, wanted)) return true
  const whole = digits[given.kind]
  switch (wanted.kind) {
    case 'double':
      return (whole !== undefined && whole <= 10) || (given.kind === 'decimal' && given.precision <= 15)
    case 'float':
      return whole !== undefined && whole <= 5
    case 'hugeint':
      return whole !== undefined
    case 'decimal':
      return whole !== undefined && wanted.precision - wanted.scale >= whole
    case 'varchar':
      return castToVarchar || given.kind === 'enum' || given.kind === 'json'
    case 'timestamp':
      return given.kind === 'date' || given.kind === 'timestamp_s' || given.kind === 'timestamp_ms'
    case 'timestamp_ms':
      return given.kind === 'date' || given.kind === 'timestamp_s'
    case 'timestamp_s':
      return given.kind === 'date'
    case 'list':
      return (given.kind === 'list' || given.kind === 'array') && fits(given.element, wanted.element, castToVarchar)
    case 'map':
      return (
        given.kind === 'map' &&
        fits(given.key, wanted.key, castToVarchar) &&
        fits(given.value, wanted.value, castToVarchar)
      )
    case 'struct':
      return (
        given.kind === 'struct' &&
        given.fields.every((field) => {
          const own = wanted.fields.find(({ name }) => name.toLowerCase() === field.name.toLowerCase())
          return own !== undefined && fits(field.type, own.type, castToVarchar)
        })
      )
    default:
      return false
  }
}
