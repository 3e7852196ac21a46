import { LakefrontError } from '../../errors.ts'
import type { Value } from '../../expr/expression.ts'
import type { Dialect, Spelling } from './dialect.ts'

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
  functions: Object.freeze<Record<string, Spelling>>({
    count: {
      call: (operands, distinct, nodes) => {
        if (!distinct) return `count(${operands[0]})`
        if (operands.length === 1) return `count(DISTINCT ${operands[0]})`
        const present = operands.map((operand, index) =>
          nodes[index]!.kind === 'Literal' ? 'TRUE' : `${operand} IS NOT NULL`,
        )
        return `count(DISTINCT (${operands.join(', ')})) FILTER (WHERE ${present.join(' AND ')})`
      },
    },
    sum: 'sum',
    avg: 'avg',
    min: 'min',
    max: 'max',
    stddev: 'stddev_samp',
    stddevPop: 'stddev_pop',
    variance: 'var_samp',
    varPop: 'var_pop',
    median: 'median',
    first: 'first',
    last: 'last',
    collectList: {
      call: ([value], distinct) => `list(${distinct ? 'DISTINCT ' : ''}${value}) FILTER (WHERE ${value} IS NOT NULL)`,
      then: (call) => `coalesce(${call}, [])`,
    },
    upper: 'upper',
    lower: 'lower',
    length: integer('length'),
    trim: 'trim',
    ltrim: 'ltrim',
    rtrim: 'rtrim',
    substring: 'substring',
    concat: { call: (operands) => `(${operands.join(' || ')})` },
    concatWs: 'concat_ws',
    replace: 'replace',
    regexpReplace: { call: (operands) => `regexp_replace(${operands.join(', ')}, 'g')` },
    split: 'regexp_split_to_array',
    rlike: 'regexp_matches',
    startsWith: 'starts_with',
    endsWith: 'ends_with',
    contains: 'contains',
    abs: 'abs',
    round: { call: ([value, digits]) => (digits === '0' ? `round(${value})` : `round(${value}, ${digits})`) },
    floor: 'floor',
    ceil: 'ceil',
    sqrt: 'sqrt',
    pow: 'pow',
    exp: 'exp',
    ln: 'ln',
    log10: 'log10',
    sign: 'sign',
    year: integer('year'),
    quarter: integer('quarter'),
    month: integer('month'),
    dayofmonth: integer('day'),
    dayofyear: integer('dayofyear'),
    dayofweek: { call: ([value]) => `CAST(dayofweek(${value}) + 1 AS INTEGER)` },
    hour: integer('hour'),
    minute: integer('minute'),
    second: integer('second'),
    dateTrunc: { call: (operands) => `CAST(date_trunc(${operands.join(', ')}) AS TIMESTAMP)` },
    currentDate: { call: () => 'CAST(make_timestamp(epoch_us(now())) AS DATE)' },
    currentTimestamp: { call: () => 'make_timestamp(epoch_us(now()))' },
    toDate: {
      call: ([value, format]) => `CAST(${format === undefined ? value : `strptime(${value}, ${format})`} AS DATE)`,
    },
    toTimestamp: {
      call: ([value, format]) =>
        format === undefined ? `CAST(${value} AS TIMESTAMP)` : `strptime(${value}, ${format})`,
    },
    dateAdd: { call: ([value, days]) => `(CAST(${value} AS DATE) + CAST(${days} AS INTEGER))` },
    dateSub: { call: ([value, days]) => `(CAST(${value} AS DATE) - CAST(${days} AS INTEGER))` },
    dateDiff: {
      call: ([end, start]) => `CAST(date_diff('day', CAST(${start} AS DATE), CAST(${end} AS DATE)) AS INTEGER)`,
    },
    itemAt: '{1}[{2}]',
    coalesce: 'coalesce',
    nullif: 'nullif',
    greatest: 'greatest',
    least: 'least',
    rowNumber: integer('row_number'),
    rank: integer('rank'),
    denseRank: integer('dense_rank'),
    percentRank: 'percent_rank',
    ntile: integer('ntile'),
    lag: 'lag',
    lead: 'lead',
    array: { call: (operands) => `[${operands.join(', ')}]` },
    mapKeys: 'map_keys',
    mapValues: 'map_values',
    rand: { call: () => 'random()' },
    hashUnit: { call: ([value, seed]) => `(hash(${value}, ${seed}) / 18446744073709551616.0)` },
    percentileDisc: 'quantile_disc',
    range: 'range',
    unnest: 'unnest',
    unnestOuter: { call: ([list]) => `unnest(CASE WHEN len(${list}) > 0 THEN ${list} ELSE [NULL] END)` },
    unnestPositions: { call: ([list]) => `unnest(CAST(range(len(${list})) AS INTEGER[]))` },
    unnestOuterPositions: {
      call: ([list]) =>
        `unnest(CASE WHEN len(${list}) > 0 THEN CAST(range(len(${list})) AS INTEGER[]) ELSE [NULL] END)`,
    },
  }),
  cast: (operand, type, safe) => `${safe ? 'TRY_CAST' : 'CAST'}(${operand} AS ${type})`,
  field: (operand, name) => `struct_extract(${operand}, ${text(name)})`,
  item: (operand, key) => `${operand}[${typeof key === 'number' ? key + 1 : text(key)}]`,
  lambda: (parameters, body) => `lambda ${parameters.join(', ')}: ${body}`,
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

function integer(name: string): Spelling {
  return { call: (operands) => `${name}(${operands.join(', ')})`, then: (call) => `CAST(${call} AS INTEGER)` }
}

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
