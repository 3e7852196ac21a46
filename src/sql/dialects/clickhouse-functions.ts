import type { Expression } from '../../expr/expression.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { isFloat, isInteger } from '../types.ts'
import type { Spelling, TypeOfOperand } from './dialect.ts'
import { unsupported } from './unsupported.ts'

const integer = (name: string): Spelling => ({
  call: (operands) => `${name}(${operands.join(', ')})`,
  then: (call) => `toInt32(${call})`,
})
/** Where ClickHouse says NaN or infinity of too few values. */
const orNull = (name: string): Spelling => ({
  call: ([value], distinct) => `${name}(${distinct ? 'DISTINCT ' : ''}${value})`,
  then: (call) => `if(isFinite(${call}), ${call}, NULL)`,
})
const clock = (name: string): Spelling => ({
  call: ([value], _, __, type) =>
    `toInt32(${name}(${type(0)?.kind === 'date' ? `toDateTime64(${value}, 6, 'UTC')` : value}))`,
})
/** RE2, as DuckDB has it, but for a dot, which takes line breaks unless it is told not to. */
const pattern = (operand: string, node: Expression | undefined): string => {
  if (node?.kind !== 'Literal') throw unsupported('clickhouse', 'A regular expression that is computed')
  return operand.replace(/^'/, "'(?-s)")
}
const text = (operation: string, type: LogicalType | undefined): void => {
  if (type !== undefined && type.kind !== 'varchar') throw unsupported('clickhouse', `${operation}() of ${type.kind}`)
}

/** How ClickHouse spells our functions. What is absent cannot be said. */
export const clickhouseFunctions: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  count: {
    call: (operands, distinct) => {
      if (operands.length > 1) throw unsupported('clickhouse', 'countDistinct() of several columns')
      if (operands[0] === '*') return 'count()'
      return distinct ? `count(DISTINCT ${operands[0]})` : `countIf(isNotNull(${operands[0]}))`
    },
  },
  sum: {
    call: ([value], distinct, _, type) =>
      `sum(${distinct ? 'DISTINCT ' : ''}${isInteger(type(0)) ? `CAST(${value} AS Nullable(Int128))` : value})`,
  },
  avg: 'avg',
  min: 'min',
  max: 'max',
  stddev: orNull('stddevSampStable'),
  stddevPop: 'stddevPopStable',
  variance: orNull('varSampStable'),
  varPop: 'varPopStable',
  median: { call: ([value]) => `quantileExactInclusive(0.5)(${value})` },
  collectList: { call: ([value], distinct) => `${distinct ? 'groupUniqArray' : 'groupArray'}(${value})` },
  upper: 'upperUTF8',
  lower: 'lowerUTF8',
  length: {
    call: ([value], _, __, type) => {
      text('length', type(0))
      return `toInt32(lengthUTF8(${value}))`
    },
  },
  trim: 'trimBoth',
  ltrim: 'trimLeft',
  rtrim: 'trimRight',
  substring: 'substringUTF8',
  concat: {
    call: (operands, _, __, type) => {
      operands.forEach((_, at) => text('concat', type(at)))
      return `concat(${operands.join(', ')})`
    },
  },
  replace: 'replaceAll',
  regexpReplace: {
    call: ([value, expression, replacement], _, nodes) =>
      `replaceRegexpAll(${value}, ${pattern(expression!, nodes[1])}, ${replacement})`,
  },
  rlike: { call: ([value, expression], _, nodes) => `match(${value}, ${pattern(expression!, nodes[1])})` },
  startsWith: 'startsWith',
  endsWith: 'endsWith',
  contains: { call: ([value, part]) => `(position(${value}, ${part}) > 0)` },
  abs: 'abs',
  round: { call: round },
  floor: 'floor',
  ceil: 'ceil',
  pow: 'pow',
  exp: 'exp',
  sign: 'sign',
  year: integer('toYear'),
  quarter: integer('toQuarter'),
  month: integer('toMonth'),
  dayofmonth: integer('toDayOfMonth'),
  dayofyear: integer('toDayOfYear'),
  dayofweek: { call: ([value]) => `toInt32(toDayOfWeek(${value}) % 7 + 1)` },
  hour: clock('toHour'),
  minute: clock('toMinute'),
  second: clock('toSecond'),
  dateAdd: { call: ([value, days]) => `addDays(toDate32(${value}), ${days})` },
  dateSub: { call: ([value, days]) => `subtractDays(toDate32(${value}), ${days})` },
  dateDiff: { call: ([end, start]) => `toInt32(dateDiff('day', toDate32(${start}), toDate32(${end})))` },
  coalesce: 'coalesce',
  nullif: 'nullIf',
  greatest: 'greatest',
  least: 'least',
  rowNumber: integer('row_number'),
  rank: integer('rank'),
  denseRank: integer('dense_rank'),
  percentRank: 'percent_rank',
  ntile: integer('ntile'),
})

/** Halves away from zero; ClickHouse rounds them to the even one. */
function round([value]: readonly string[], _: boolean, nodes: readonly Expression[], type: TypeOfOperand): string {
  const digits = nodes[1]?.kind === 'Literal' ? Number(nodes[1].value) : 0
  if (isInteger(type(0)) && digits >= 0) return value!
  if (!isFloat(type(0))) throw unsupported('clickhouse', 'round() of what is not known to be a DOUBLE')
  const scale = `toFloat64(1e${Math.abs(digits)})`
  const scaled = digits === 0 ? value : digits > 0 ? `(${value} * ${scale})` : `(${value} / ${scale})`
  const rounded = `if(abs(${scaled} - trunc(${scaled})) >= 0.5, trunc(${scaled}) + sign(${scaled}), trunc(${scaled}))`
  if (digits === 0) return rounded
  return digits > 0 ? `(${rounded} / ${scale})` : `(${rounded} * ${scale})`
}
