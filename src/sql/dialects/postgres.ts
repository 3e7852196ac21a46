import type { LogicalType } from '../../types/logical-type.ts'
import { parseType, typeName } from '../../types/type-names.ts'
import { isFloat, isInteger } from '../types.ts'
import type { Dialect } from './dialect.ts'
import { aggregate } from './postgres/aggregate.ts'
import { collection } from './postgres/collection.ts'
import { datetime } from './postgres/datetime.ts'
import { numeric } from './postgres/numeric.ts'
import { string } from './postgres/string.ts'
import { asText, postgresType } from './postgres/types.ts'
import { identifier, literal } from './postgres/values.ts'
import { unsupported } from './unsupported.ts'

/** PostgreSQL 15 and later, with the settings our engine pins: `TimeZone` UTC, `standard_conforming_strings` on. */
export const postgres: Dialect = Object.freeze<Dialect>({
  name: 'postgres',
  types: 'of the plan',
  identifier,
  literal,
  binds: (value) =>
    typeof value === 'string' ? value.length > 1024 : value instanceof Uint8Array && value.length > 64,
  placeholder: (position) => `$${position}`,
  joins: {
    inner: 'JOIN',
    left: 'LEFT JOIN',
    right: 'RIGHT JOIN',
    full: 'FULL JOIN',
    cross: 'CROSS JOIN',
  },
  equalityJoins: ['full'],
  operators: {
    add: (a, b) => `${a} + ${b}`,
    sub: (a, b) => `${a} - ${b}`,
    mul: (a, b) => `${a} * ${b}`,
    div: (a, b, _, type) => `${isFloat(type(0)) ? a : `CAST(${a} AS double precision)`} / ${b}`,
    mod: (a, b, _, type) => {
      if (isFloat(type(0)) || isFloat(type(1)))
        throw unsupported('postgres', 'mod() of floating point numbers', 'Cast both sides to a decimal or an integer.')
      return `${a} % ${b}`
    },
    eq: (a, b) => `${a} = ${b}`,
    ne: (a, b) => `${a} <> ${b}`,
    gt: (a, b) => `${a} > ${b}`,
    ge: (a, b) => `${a} >= ${b}`,
    lt: (a, b) => `${a} < ${b}`,
    le: (a, b) => `${a} <= ${b}`,
    eqNullSafe: (a, b) => `${a} IS NOT DISTINCT FROM ${b}`,
    like: (a, b) => `${a} LIKE ${b}`,
    ilike: (a, b) => `${a} ILIKE ${b}`,
  },
  functions: Object.freeze({ ...aggregate, ...string, ...numeric, ...datetime, ...collection }),
  lambda: (_, body) => body,
  ordered: (operand) => `${operand} COLLATE "C"`,
  cast,
  field: () => {
    throw unsupported('postgres', 'A field of a struct')
  },
  item: (operand, key) => {
    if (typeof key === 'string') throw unsupported('postgres', 'An item of a map')
    return `(${operand})[${key + 1}]`
  },
  hasLists: true,
  scan: (id) => identifier(`lf_${id}`),
  setOperator: (operation, all) => `${operation.toUpperCase()}${all ? ' ALL' : ''}`,
  hasGroupingSets: true,
  bracketsBranches: true,
  namesColumns: true,
  groupOfAll: 'GROUP BY ()',
  limit: (count, offset) => [
    ...(count === undefined ? [] : [`LIMIT ${count}`]),
    ...(offset === 0 ? [] : [`OFFSET ${offset}`]),
  ],
})

function cast(operand: string, name: string, safe: boolean, from: () => LogicalType | undefined): string {
  const type = parseType(name)
  const source = from()
  const target = postgresType(type)
  if (target === undefined) throw unsupported('postgres', `The type ${name}`)
  if (safe && !(source !== undefined && typeName(source) === name))
    throw unsupported('postgres', `tryCast('${name}')`, 'PostgreSQL has only casts that fail: use cast().')
  if (type.kind === 'varchar') return asText(operand, source)
  if (type.kind === 'blob' && source?.kind !== 'blob') throw unsupported('postgres', `A cast to ${name}`)
  if (
    type.kind === 'boolean' &&
    source !== undefined &&
    (isFloat(source) || isInteger(source) || source.kind === 'decimal')
  )
    return `(${operand} <> 0)`
  return `CAST(${operand} AS ${target})`
}
