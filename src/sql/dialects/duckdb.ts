import { LakefrontError } from '../../errors.ts'
import type { Value } from '../../expr/expression.ts'
import { type Dialect, wholeType } from './dialect.ts'
import { aggregate } from './duckdb/aggregate.ts'
import { collection } from './duckdb/collection.ts'
import { datetime } from './duckdb/datetime.ts'
import { numeric } from './duckdb/numeric.ts'
import { string } from './duckdb/string.ts'

/** DuckDB 1.5, with only its core functions: neither icu nor json is needed. */
export const duckdb: Dialect = Object.freeze<Dialect>({
  name: 'duckdb',
  types: 'of the engine',
  identifier,
  literal,
  binds: (value) =>
    typeof value === 'string'
      ? value.length > 1024 || value.includes('\0')
      : value instanceof Uint8Array && value.length > 64,
  placeholder: (position) => `$${position}`,
  namedPlaceholder: (name) => `$${name}`,
  sample: (fraction) => `USING SAMPLE ${fraction * 100} PERCENT (bernoulli)`,
  joins: {
    inner: 'JOIN',
    left: 'LEFT JOIN',
    right: 'RIGHT JOIN',
    full: 'FULL JOIN',
    semi: 'SEMI JOIN',
    anti: 'ANTI JOIN',
    cross: 'CROSS JOIN',
    asof: 'ASOF JOIN',
    asofLeft: 'ASOF LEFT JOIN',
  },
  hasGroupingSets: true,
  operators: {
    add: (a, b) => `${a} + ${b}`,
    sub: (a, b) => `${a} - ${b}`,
    mul: (a, b) => `${a} * ${b}`,
    div: (a, b) => `${a} / ${b}`,
    mod: (a, b) => `${a} % ${b}`,
    eq: (a, b) => `${a} = ${b}`,
    ne: (a, b) => `${a} <> ${b}`,
    gt: (a, b) => `${a} > ${b}`,
    ge: (a, b) => `${a} >= ${b}`,
    lt: (a, b) => `${a} < ${b}`,
    le: (a, b) => `${a} <= ${b}`,
    eqNullSafe: (a, b) => `${a} IS NOT DISTINCT FROM ${b}`,
    like: (a, b, pattern) => `${a} LIKE ${b}${escape(pattern)}`,
    ilike: (a, b, pattern) => `${a} ILIKE ${b}${escape(pattern)}`,
  },
  functions: Object.freeze({ ...aggregate, ...string, ...numeric, ...datetime, ...collection }),
  cast: (operand, type, safe, from) => {
    // DuckDB rounds the fraction of a text; it is cut off, as that of a number is. Looking for a point first takes a quarter of the time.
    const isText = wholeType.test(type) && from()?.kind === 'varchar'
    const value = isText
      ? `CASE WHEN contains(${operand}, '.') THEN regexp_replace(${operand}, '^(\\s*[-+]?)(\\d*)\\.\\d+\\s*$', '\\10\\2') ELSE ${operand} END`
      : operand
    return `${safe ? 'TRY_CAST' : 'CAST'}(${value} AS ${type})`
  },
  field: (operand, name, from) =>
    ['list', 'array'].includes(from()?.kind ?? '')
      ? `list_transform(${operand}, lambda lf_v: struct_extract(lf_v, ${text(name)}))`
      : `struct_extract(${operand}, ${text(name)})`,
  item: (operand, key) => `${operand}[${typeof key === 'number' ? key + 1 : text(key)}]`,
  lambda: (parameters, body) => `lambda ${parameters.join(', ')}: ${body}`,
  hasLists: true,
  scan: (id) => `lf_scan(${text(id)})`,
  setOperator: (operation, all) => `${operation.toUpperCase()}${all ? ' ALL' : ''}`,
  bracketsBranches: true,
  namesColumns: true,
  groupOfAll: 'GROUP BY ()',
  limit: (count, offset) => [
    ...(count === undefined ? [] : [`LIMIT ${count}`]),
    ...(offset === 0 ? [] : [`OFFSET ${offset}`]),
  ],
})

function identifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `DuckDB cannot have a column or table named ${JSON.stringify(name)}. Rename it with as().`,
    )
  }
  return `"${name.replaceAll('"', '""')}"`
}

function literal(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'TRUE' : 'FALSE'
    case 'number':
      return number(value)
    case 'bigint':
      return value < 0n ? `(${value})` : String(value)
    case 'string':
      return text(value)
    default:
      if (value === null) return 'NULL'
      return value instanceof Date ? timestamp(value) : blob(value)
  }
}

/** With an exponent DuckDB reads a DOUBLE, exactly; without one a DECIMAL. */
function number(value: number): string {
  if (!Number.isFinite(value))
    return `CAST('${Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'}' AS DOUBLE)`
  const digits = Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : value.toExponential()
  if (Object.is(value, -0)) return '(-0e0)'
  return value < 0 ? `(${digits})` : digits
}

/** A NUL ends DuckDB's SQL text, so it is spelled as a function. */
function text(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`
  return value.includes('\0') ? `(${quoted.split('\0').join("' || chr(0) || '")})` : quoted
}

function timestamp(value: Date): string {
  const year = value.getUTCFullYear()
  if (year < 1 || year > 9999) return `make_timestamp(${BigInt(value.getTime()) * 1000n})`
  return `TIMESTAMP '${value
    .toISOString()
    .replace('T', ' ')
    .slice(0, -1)
    .replace(/(:00)?\.000$/, '$1')}'`
}

function blob(value: Uint8Array): string {
  return `'${Array.from(value, (byte) => `\\x${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')}'::BLOB`
}

function escape(pattern: { readonly kind: string; readonly value?: unknown }): string {
  return pattern.kind === 'Literal' && !String(pattern.value).includes('\\') ? '' : " ESCAPE '\\'"
}
