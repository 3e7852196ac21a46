import { LakefrontError } from '../../errors.ts'
import type { Value } from '../../expr/expression.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { parseType, typeName } from '../../types/type-names.ts'
import { isFloat, isInteger } from '../types.ts'
import { aggregate } from './clickhouse/aggregate.ts'
import { collection } from './clickhouse/collection.ts'
import { datetime } from './clickhouse/datetime.ts'
import { numeric } from './clickhouse/numeric.ts'
import { string } from './clickhouse/string.ts'
import type { Dialect } from './dialect.ts'
import { unsupported } from './unsupported.ts'

/**
 * ClickHouse 26, with `join_use_nulls` and `aggregate_functions_null_for_empty` on and `session_timezone` UTC, over columns that are
 * Nullable. Its whole numbers wrap beyond 64 bits where others fail.
 */
export const clickhouse: Dialect = Object.freeze<Dialect>({
  name: 'clickhouse',
  types: 'of the plan',
  identifier,
  literal,
  binds: () => false,
  placeholder: () => {
    throw unsupported('clickhouse', 'A bound value')
  },
  joins: {
    inner: 'JOIN',
    left: 'LEFT JOIN',
    right: 'RIGHT JOIN',
    full: 'FULL JOIN',
    semi: 'LEFT SEMI JOIN',
    anti: 'LEFT ANTI JOIN',
    cross: 'CROSS JOIN',
  },
  equalityJoins: ['full', 'semi', 'anti'],
  hasGroupingSets: false,
  operators: {
    add: (a, b) => `${a} + ${b}`,
    sub: (a, b) => `${a} - ${b}`,
    mul: (a, b) => `${a} * ${b}`,
    div: (a, b, _, type) => (type(0)?.kind === 'decimal' ? `toFloat64(${a}) / ${b}` : `${a} / ${b}`),
    mod: (a, b) => `${a} % ${b}`,
    eq: (a, b) => `${a} = ${b}`,
    ne: (a, b) => `${a} <> ${b}`,
    gt: (a, b) => `${a} > ${b}`,
    ge: (a, b) => `${a} >= ${b}`,
    lt: (a, b) => `${a} < ${b}`,
    le: (a, b) => `${a} <= ${b}`,
    eqNullSafe: (a, b) => `isNotDistinctFrom(${a}, ${b})`,
    like: (a, b) => `${a} LIKE ${b}`,
    ilike: (a, b) => `${a} ILIKE ${b}`,
  },
  functions: Object.freeze({ ...aggregate, ...string, ...numeric, ...datetime, ...collection }),
  lambda: (parameters, body) => `(${parameters.join(', ')}) -> ${body}`,
  cast,
  field: () => {
    throw unsupported('clickhouse', 'A field of a struct')
  },
  item: (operand, key) => {
    if (typeof key === 'string') throw unsupported('clickhouse', 'An item of a map')
    return key < 0 ? 'NULL' : `arrayElementOrNull(${operand}, ${key + 1})`
  },
  hasLists: false,
  scan: (id) => identifier(`lf_${id}`),
  setOperator: (operation, all) => {
    if (all) return operation === 'union' ? 'UNION ALL' : undefined
    return `${operation.toUpperCase()} DISTINCT`
  },
  bracketsBranches: true,
  namesColumns: false,
  qualifiesColumns: true,
  groupOfAll: 'HAVING count() >= 0',
  limit: (count, offset) => [
    ...(count === undefined ? [] : [`LIMIT ${count}`]),
    ...(offset === 0 ? [] : [count === undefined ? `OFFSET ${offset} ROWS` : `OFFSET ${offset}`]),
  ],
})

function identifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `ClickHouse cannot have a column or table named ${JSON.stringify(name)}. Rename it with as().`,
    )
  }
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function literal(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'TRUE' : 'FALSE'
    case 'number':
      if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '(-inf)'
      if (Object.is(value, -0)) return 'toFloat64(-0.)'
      if (Number.isSafeInteger(value)) return value < 0 ? `(${value})` : String(value)
      return `toFloat64(${value.toExponential()})`
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) return `toInt128('${value}')`
      return value < 0n ? `toInt64('${value}')` : String(value)
    case 'string':
      return text(value)
    default:
      if (value === null) return 'NULL'
      if (value instanceof Date) return timestamp(value)
      throw unsupported('clickhouse', 'Bytes', 'They would be text.')
  }
}

function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`
}

function timestamp(value: Date): string {
  const year = value.getUTCFullYear()
  if (year < 1900 || year > 2299) throw unsupported('clickhouse', 'A time outside of the years 1900 to 2299')
  return `toDateTime64('${value.toISOString().replace('T', ' ').slice(0, -1)}', 6, 'UTC')`
}

const names: Partial<Record<LogicalType['kind'], string>> = {
  boolean: 'Bool',
  tinyint: 'Int8',
  smallint: 'Int16',
  integer: 'Int32',
  bigint: 'Int64',
  hugeint: 'Int128',
  utinyint: 'UInt8',
  usmallint: 'UInt16',
  uinteger: 'UInt32',
  ubigint: 'UInt64',
  uhugeint: 'UInt128',
  float: 'Float32',
  double: 'Float64',
  varchar: 'String',
  uuid: 'UUID',
  date: 'Date32',
  timestamp: "DateTime64(6, 'UTC')",
}

/** The name of a type in ClickHouse, `undefined` when it has none that holds the same values. Lists are never NULL. */
export function clickhouseType(type: LogicalType): string | undefined {
  if (type.kind === 'list') {
    const element = clickhouseType(type.element)
    return element === undefined
      ? undefined
      : `Array(${type.element.kind === 'list' ? element : `Nullable(${element})`})`
  }
  return type.kind === 'decimal' ? `Decimal(${type.precision}, ${type.scale})` : names[type.kind]
}

function cast(operand: string, name: string, safe: boolean, source: () => LogicalType | undefined): string {
  const type = parseType(name)
  const from = source()
  const target = clickhouseType(type)
  if (target === undefined) throw unsupported('clickhouse', `The type ${name}`)
  const call = safe ? 'accurateCastOrNull' : 'accurateCast'
  const quoted = text(safe ? target : `Nullable(${target})`)
  if (type.kind === 'varchar') {
    if (from === undefined || isFloat(from) || from.kind === 'decimal' || from.kind === 'timestamp')
      throw unsupported('clickhouse', `${from === undefined ? 'A value of unknown type' : typeName(from)} as text`)
    return `CAST(${operand} AS Nullable(String))`
  }
  if (type.kind === 'decimal' && isFloat(from))
    throw unsupported('clickhouse', `A cast of ${typeName(from!)} to ${name}`)
  if (isInteger(type)) {
    if (from?.kind === 'decimal') throw unsupported('clickhouse', `A cast of ${typeName(from)} to ${name}`)
  }
  if (type.kind === 'boolean') return `(${operand} <> 0)`
  if (type.kind === 'date' || type.kind === 'timestamp') return `CAST(${operand} AS Nullable(${target}))`
  if (type.kind === 'double' && !safe && (isInteger(from) || isFloat(from) || from?.kind === 'boolean'))
    return `toFloat64(${operand})`
  return `${call}(${operand}, ${quoted})`
}
