import type { LogicalType } from '../../types/logical-type.ts'
import { isInteger } from '../types.ts'
import type { Spelling } from './dialect.ts'
import { unsupported } from './unsupported.ts'

const ofIntegers = (operation: string, write: (a: string, b: string) => string): Spelling => ({
  call: ([a, b], _, nodes, type) => {
    if (!nodes.every((_, index) => isInteger(type(index))))
      throw unsupported('sqlite', `${operation}() of what is not known to be whole numbers`, 'cast() it first.')
    return write(a!, b!)
  },
})
const ofDate = (operation: string, write: (day: string, other: string) => string): Spelling => ({
  call: ([value, other], _, __, type) => {
    const kind = type(0)?.kind
    if (kind !== 'date' && kind !== 'timestamp')
      throw unsupported('sqlite', `${operation}() of what is not known to be a date or a timestamp`, 'cast() it first.')
    return write(kind === 'date' ? value! : `substr(${value}, 1, 10)`, other!)
  },
})
const isodow = (day: string): string => `((CAST(strftime('%w', ${day}) AS INTEGER) + 6) % 7 + 1)`
const compares = (a: LogicalType | undefined, b: LogicalType | undefined): boolean =>
  a?.kind === 'null' || b?.kind === 'null' || (a !== undefined && a.kind === b?.kind) || (isInteger(a) && isInteger(b))

/** How SQLite spells more functions of one row, and aggregates. */
export const sqliteScalars: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  nvl2: 'CASE WHEN {1} IS NOT NULL THEN {2} ELSE {3} END',
  nullifzero: 'nullif({1}, 0)',
  zeroifnull: 'coalesce({1}, 0)',
  isnull: '({1} IS NULL)',
  isnotnull: '({1} IS NOT NULL)',
  equalNull: {
    call: ([a, b], _, __, type) => {
      if (!compares(type(0), type(1))) throw unsupported('sqlite', 'equalNull() of values of different types')
      return `(${a} IS NOT DISTINCT FROM ${b})`
    },
  },
  bitwiseNot: ofIntegers('bitwiseNot', (a) => `(~${a})`),
  bitwiseAnd: ofIntegers('bitwiseAnd', (a, b) => `(${a} & ${b})`),
  bitwiseOr: ofIntegers('bitwiseOr', (a, b) => `(${a} | ${b})`),
  bitwiseXor: ofIntegers('bitwiseXor', (a, b) => `((${a} | ${b}) - (${a} & ${b}))`),
  btrim: 'trim',
  elt: {
    call: ([position, ...values]) =>
      `CASE ${position}${values.map((value, at) => ` WHEN ${at + 1} THEN ${value}`).join('')} END`,
  },
  instr: 'instr',
  left: 'substr({1}, 1, CASE WHEN {2} < 0 THEN 0 ELSE {2} END)',
  right: "CASE WHEN {2} > 0 THEN substr({1}, -{2}) WHEN {2} <= 0 AND {1} IS NOT NULL THEN '' END",
  ascii: "CASE WHEN {1} = '' THEN 0 ELSE unicode({1}) END",
  octetLength: 'octet_length',
  bitLength: '(8 * octet_length({1}))',
  expm1: '(exp({1}) - 1)',
  log1p: 'CASE WHEN {1} > -1 THEN ln(1 + {1}) END',
  log2: 'CASE WHEN {1} > 0 THEN log2({1}) END',
  log: 'CASE WHEN {1} > 0 AND {2} > 0 THEN ln({2}) / ln({1}) END',
  negative: '(-{1})',
  positive: '(+{1})',
  pmod: ofIntegers('pmod', (a, b) => `(((${a} % ${b}) + ${b}) % ${b})`),
  isnan: '(FALSE)',
  nanvl: '{1}',
  atan: 'atan',
  sinh: 'sinh',
  cosh: 'cosh',
  tanh: 'tanh',
  asinh: 'asinh',
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  sec: '(1 / cos({1}))',
  atan2: 'atan2',
  degrees: 'degrees',
  radians: 'radians',
  pi: 'pi()',
  e: 'exp(1)',
  hypot: 'sqrt(CAST({1} AS REAL) * {1} + CAST({2} AS REAL) * {2})',
  weekday: ofDate('weekday', (day) => `(${isodow(day)} - 1)`),
  weekofyear: ofDate('weekofyear', (day) => `CAST(strftime('%V', ${day}) AS INTEGER)`),
  isoyear: ofDate('isoyear', (day) => `CAST(strftime('%G', ${day}) AS INTEGER)`),
  isodow: ofDate('isodow', isodow),
  lastDay: ofDate('lastDay', (day) => `date(${day}, 'start of month', '+1 month', '-1 day')`),
  nextDay: ofDate('nextDay', (day, weekday) => `date(${day}, ((${weekday} - ${isodow(day)} + 6) % 7 + 1) || ' days')`),
  unixDate: ofDate('unixDate', (day) => `CAST(julianday(${day}) - 2440587.5 AS INTEGER)`),
  boolAnd: 'min',
  boolOr: 'max',
  countIf: 'count(CASE WHEN {1} THEN 1 END)',
  listagg: {
    call: ([value, separator], distinct) => {
      if (distinct) throw unsupported('sqlite', 'listaggDistinct()')
      return `group_concat(${value}, ${separator})`
    },
  },
})
