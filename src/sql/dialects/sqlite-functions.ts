import type { Expression } from '../../expr/expression.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { isFloat, isInteger } from '../types.ts'
import type { Spelling, TypeOfOperand } from './dialect.ts'
import { sqliteCast } from './sqlite-cast.ts'
import { asText, failure } from './sqlite-values.ts'
import { sqliteScalars } from './sqlite-scalars.ts'
import { unsupported } from './unsupported.ts'

/** Functions of a number that SQLite answers with NULL where others fail. */
const failing = (name: string, fails: string): Spelling => ({
  call: ([value]) => `CASE WHEN ${value} ${fails} THEN ${failure} ELSE ${name}(${value}) END`,
})
const integer = (from: number, size: number): Spelling => ({
  call: ([value], _, __, type) => {
    temporal(type(0))
    return `CAST(substr(${value}, ${from}, ${size}) AS INTEGER)`
  },
})
const day = (value: string, type: LogicalType | undefined): string => {
  temporal(type)
  return type?.kind === 'date' ? value : `substr(${value}, 1, 10)`
}
const ofNumbers = (operation: string, type: LogicalType | undefined): void => {
  if (!isInteger(type) && !isFloat(type))
    throw unsupported('sqlite', `${operation}() of what is not known to be a number`, 'cast() it first.')
}
const extreme = (name: 'min' | 'max'): Spelling => ({
  call: (operands) => {
    const [a, b] = operands
    if (operands.length === 1) return a!
    if (operands.length === 2) return `coalesce(${name}(${a}, ${b}), ${a}, ${b})`
    return `(SELECT ${name}(v) FROM (${operands.map((operand) => `SELECT ${operand} AS v`).join(' UNION ALL ')}))`
  },
})

function temporal(type: LogicalType | undefined): void {
  if (type?.kind !== 'date' && type?.kind !== 'timestamp')
    throw unsupported('sqlite', 'A part of what is not known to be a date or a timestamp', 'cast() it first.')
}

/** How SQLite spells our functions. What is absent cannot be said. */
export const sqliteFunctions: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  ...sqliteScalars,
  count: {
    call: (operands, distinct) => {
      if (operands.length > 1) throw unsupported('sqlite', 'countDistinct() of several columns')
      return `count(${distinct ? 'DISTINCT ' : ''}${operands[0]})`
    },
  },
  sum: 'sum',
  avg: 'avg',
  min: 'min',
  max: 'max',
  length: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind !== 'varchar') throw unsupported('sqlite', 'length() of what is not known to be text')
      return `length(${value})`
    },
  },
  trim: 'trim',
  ltrim: 'ltrim',
  rtrim: 'rtrim',
  substring: 'substr',
  concat: {
    call: (operands, _, __, type) => `(${operands.map((operand, at) => asText(operand, type(at))).join(' || ')})`,
  },
  concatWs: {
    call: ([separator, ...operands], _, __, type) =>
      `concat_ws(${[separator, ...operands.map((operand, at) => asText(operand, type(at + 1)))].join(', ')})`,
  },
  replace: 'replace',
  startsWith: { call: ([value, start]) => `(substr(${value}, 1, length(${start})) = ${start})` },
  endsWith: {
    call: ([value, end]) =>
      `(length(${value}) >= length(${end}) AND substr(${value}, length(${value}) - length(${end}) + 1) = ${end})`,
  },
  contains: { call: ([value, part]) => `(instr(${value}, ${part}) > 0)` },
  abs: 'abs',
  round: { call: round },
  floor: {
    call: ([value], _, __, type) => {
      ofNumbers('floor', type(0))
      return isInteger(type(0)) ? value! : `floor(${value})`
    },
  },
  ceil: {
    call: ([value], _, __, type) => {
      ofNumbers('ceil', type(0))
      return isInteger(type(0)) ? value! : `ceil(${value})`
    },
  },
  sqrt: failing('sqrt', '< 0'),
  pow: { call: ([base, exponent]) => `pow(${base}, ${exponent})` },
  exp: 'exp',
  ln: 'CASE WHEN {1} > 0 THEN ln({1}) END',
  log10: 'CASE WHEN {1} > 0 THEN log10({1}) END',
  sign: 'sign',
  year: integer(1, 4),
  quarter: {
    call: ([value], _, __, type) => {
      temporal(type(0))
      return `((CAST(substr(${value}, 6, 2) AS INTEGER) + 2) / 3)`
    },
  },
  month: integer(6, 2),
  dayofmonth: integer(9, 2),
  dayofyear: { call: ([value], _, __, type) => `CAST(strftime('%j', ${day(value!, type(0))}) AS INTEGER)` },
  dayofweek: { call: ([value], _, __, type) => `(CAST(strftime('%w', ${day(value!, type(0))}) AS INTEGER) + 1)` },
  hour: integer(12, 2),
  minute: integer(15, 2),
  second: integer(18, 2),
  dateTrunc: { call: dateTrunc },
  currentDate: { call: () => `date('now')` },
  currentTimestamp: { call: () => `rtrim(rtrim(strftime('%Y-%m-%d %H:%M:%f', 'now'), '0'), '.')` },
  toDate: {
    call: ([value, format], _, __, type) => {
      if (format !== undefined) throw unsupported('sqlite', 'toDate() with a format')
      return sqliteCast(value!, 'DATE', false, type(0))
    },
  },
  toTimestamp: {
    call: ([value, format], _, __, type) => {
      if (format !== undefined) throw unsupported('sqlite', 'toTimestamp() with a format')
      return sqliteCast(value!, 'TIMESTAMP', false, type(0))
    },
  },
  dateAdd: { call: ([value, days], _, __, type) => `date(${day(value!, type(0))}, ${days} || ' days')` },
  dateSub: { call: ([value, days], _, __, type) => `date(${day(value!, type(0))}, (-${days}) || ' days')` },
  dateDiff: {
    call: ([end, start], _, __, type) =>
      `CAST(julianday(${day(end!, type(0))}) - julianday(${day(start!, type(1))}) AS INTEGER)`,
  },
  coalesce: { call: (operands) => (operands.length === 1 ? operands[0]! : `coalesce(${operands.join(', ')})`) },
  nullif: 'nullif',
  greatest: extreme('max'),
  least: extreme('min'),
  rowNumber: 'row_number',
  rank: 'rank',
  denseRank: 'dense_rank',
  percentRank: 'percent_rank',
  ntile: 'ntile',
  lag: 'lag',
  lead: 'lead',
})

/** Halves away from zero, by the arithmetic of DuckDB; SQLite's own goes by the digits it would print. */
function round(operands: readonly string[], _: boolean, nodes: readonly Expression[], type: TypeOfOperand): string {
  const [value] = operands as [string]
  const digits = nodes[1]?.kind === 'Literal' ? Number(nodes[1].value) : 0
  ofNumbers('round', type(0))
  if (isInteger(type(0))) {
    if (digits >= 0) return value
    throw unsupported('sqlite', 'round() of whole numbers to tens')
  }
  const scale = `1.0e${Math.abs(digits)}`
  const scaled = digits === 0 ? value : digits > 0 ? `(${value} * ${scale})` : `(${value} / ${scale})`
  const rounded = `CASE WHEN abs(${scaled} - trunc(${scaled})) >= 0.5 THEN trunc(${scaled}) + sign(${scaled}) ELSE trunc(${scaled}) END`
  if (digits === 0) return `(${rounded})`
  return digits > 0 ? `((${rounded}) / ${scale})` : `((${rounded}) * ${scale})`
}

function dateTrunc(operands: readonly string[], _: boolean, nodes: readonly Expression[], type: TypeOfOperand): string {
  const value = operands[1]!
  const date = day(value, type(1))
  const unit = nodes[0]?.kind === 'Literal' ? String(nodes[0].value) : ''
  switch (unit) {
    case 'year':
      return `(substr(${value}, 1, 4) || '-01-01 00:00:00')`
    case 'quarter':
      return `(substr(${value}, 1, 5) || CASE (CAST(substr(${value}, 6, 2) AS INTEGER) + 2) / 3 WHEN 1 THEN '01' WHEN 2 THEN '04' WHEN 3 THEN '07' ELSE '10' END || '-01 00:00:00')`
    case 'month':
      return `(substr(${value}, 1, 7) || '-01 00:00:00')`
    case 'week':
      return `(date(${date}, 'weekday 0', '-6 days') || ' 00:00:00')`
    case 'day':
      return `(${date} || ' 00:00:00')`
    case 'hour':
    case 'minute':
    case 'second': {
      if (type(1)?.kind === 'date') return `(${value} || ' 00:00:00')`
      const kept = { hour: 13, minute: 16, second: 19 }[unit]
      const rest = { hour: " || ':00:00'", minute: " || ':00'", second: '' }[unit]
      return `(substr(${value}, 1, ${kept})${rest})`
    }
    default:
      throw unsupported('sqlite', `dateTrunc('${unit}')`)
  }
}
