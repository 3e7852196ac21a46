import type { Expression } from '../../expr/expression.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { isFloat, isInteger } from '../types.ts'
import type { Spelling, TypeOfOperand } from './dialect.ts'
import { asText } from './postgres-types.ts'
import { postgresPattern } from './postgres-values.ts'
import { postgresScalars } from './postgres-scalars.ts'
import { unsupported } from './unsupported.ts'

const double = (operand: string): string => `CAST(${operand} AS double precision)`
const integer = (operand: string): string => `CAST(${operand} AS integer)`
const asDouble = (name: string): Spelling => ({
  call: ([value], distinct) => `${name}(${distinct ? 'DISTINCT ' : ''}${value})`,
  then: double,
})
const ofDouble = (name: string): Spelling => ({
  call: (operands, _, __, type) =>
    `${name}(${operands.map((each, at) => (isFloat(type(at)) ? each : double(each))).join(', ')})`,
})
/** A function of some numbers; of others it is `otherwise`, where PostgreSQL fails. */
const partial = (name: string, where: string, otherwise?: string): Spelling => ({
  call: ([value], _, __, type) => {
    const call = `${name}(${isFloat(type(0)) ? value : double(value!)})`
    const other = otherwise === undefined ? '' : ` WHEN ${value} IS NOT NULL THEN ${otherwise}`
    return `CASE WHEN ${value} ${where} THEN ${call}${other} END`
  },
})
const asInteger = (name: string): Spelling => ({ call: (operands) => `${name}(${operands.join(', ')})`, then: integer })
const part = (name: string): Spelling => ({
  call: ([value]) => `CAST(extract(${name} FROM ${value}) AS integer)`,
})
const clock = (name: string): Spelling => ({
  call: ([value], _, __, type) =>
    integer(`floor(extract(${name} FROM ${type(0)?.kind === 'date' ? `CAST(${value} AS timestamp)` : value}))`),
})
/** Text is compared by code points. */
const collated = (value: string, type: LogicalType | undefined): string =>
  type?.kind === 'varchar' ? `${value} COLLATE "C"` : value
const extreme = (name: 'min' | 'max', ofBooleans: string): Spelling => ({
  call: ([value], _, __, type) =>
    type(0)?.kind === 'boolean' ? `${ofBooleans}(${value})` : `${name}(${collated(value!, type(0))})`,
})
const choice = (name: string): Spelling => ({
  call: ([value, ...rest], _, __, type) => `${name}(${[collated(value!, type(0)), ...rest].join(', ')})`,
})
const known = (type: LogicalType | undefined, operation: string): LogicalType => {
  if (type !== undefined) return type
  throw unsupported('postgres', `${operation}() of a column of unknown type`, 'cast() it first.')
}
const isList = (type: LogicalType | undefined): boolean => type?.kind === 'list' || type?.kind === 'array'
const noList = (operation: string, type: LogicalType | undefined): void => {
  if (isList(type)) throw unsupported('postgres', `${operation}() of lists`)
}
/** One of the values that are not NULL. */
const present = (place: 1 | 'last'): Spelling => ({
  call: ([value], _, __, type) => {
    noList('first', known(type(0), 'first'))
    return `array_agg(${value}) FILTER (WHERE ${value} IS NOT NULL)`
  },
  then: (call) => `(${call})[${place === 1 ? 1 : `cardinality(${call})`}]`,
})
const extremeBy = (name: string, direction: 'ASC' | 'DESC'): Spelling => ({
  call: ([value, key], _, __, type) => {
    noList(name, known(type(0), name))
    return `array_agg(${value} ORDER BY ${collated(key!, known(type(1), name))} ${direction}) FILTER (WHERE ${key} IS NOT NULL)`
  },
  then: (call) => `(${call})[1]`,
  hasWindows: false,
})

/** How PostgreSQL spells our functions. What is absent cannot be said. */
export const postgresFunctions: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  ...postgresScalars,
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
  sum: {
    call: ([value], distinct, _, type) =>
      `sum(${distinct ? 'DISTINCT ' : ''}${type(0)?.kind === 'float' ? double(value!) : value})`,
  },
  avg: asDouble('avg'),
  min: extreme('min', 'bool_and'),
  max: extreme('max', 'bool_or'),
  stddev: asDouble('stddev_samp'),
  stddevPop: asDouble('stddev_pop'),
  variance: asDouble('var_samp'),
  varPop: asDouble('var_pop'),
  median: {
    call: ([value], _, __, type) => {
      const { kind } = known(type(0), 'median')
      if (!isInteger(type(0)) && kind !== 'double') throw unsupported('postgres', `median() of ${kind}`)
      return `percentile_cont(0.5) WITHIN GROUP (ORDER BY ${value})`
    },
    hasWindows: false,
  },
  first: {
    call: ([value], _, __, type) => {
      noList('first', type(0))
      return `array_agg(${value})`
    },
    then: (call) => `(${call})[1]`,
  },
  last: {
    call: ([value], _, __, type) => {
      noList('last', type(0))
      return `array_agg(${value})`
    },
    then: (call) => `(${call})[cardinality(${call})]`,
  },
  anyValue: present(1),
  firstPresent: present(1),
  lastPresent: present('last'),
  maxBy: extremeBy('maxBy', 'DESC'),
  minBy: extremeBy('minBy', 'ASC'),
  collectList: {
    call: ([value], distinct, _, type) => {
      noList('collectList', type(0))
      return `array_agg(${distinct ? 'DISTINCT ' : ''}${value}) FILTER (WHERE ${value} IS NOT NULL)`
    },
    then: (call) => `coalesce(${call}, '{}')`,
  },
  upper: 'upper',
  lower: 'lower',
  length: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind === 'blob') return `octet_length(${value})`
      return isList(type(0)) ? `cardinality(${value})` : `char_length(${value})`
    },
  },
  trim: 'btrim',
  ltrim: 'ltrim',
  rtrim: 'rtrim',
  substring: {
    call: ([value, start, size], _, nodes) => {
      const from = valueOf(nodes[1])
      if (from === undefined) throw unsupported('postgres', 'substring() from a start that is computed')
      const first = from < 0 ? `char_length(${value}) + 1 - ${-from}` : start
      if (from < 0 && size === undefined) return `right(${value}, ${-from})`
      return `substring(${value} FROM ${first}${size === undefined ? '' : ` FOR ${size}`})`
    },
  },
  concat: {
    call: (operands, _, __, type) => {
      operands.forEach((_, at) => noList('concat', type(at)))
      return `(${operands.map((operand, at) => asText(operand, type(at))).join(' || ')})`
    },
  },
  concatWs: {
    call: ([separator, ...operands], _, __, type) =>
      `concat_ws(${[separator, ...operands.map((operand, at) => asText(operand, type(at + 1)))].join(', ')})`,
  },
  replace: 'replace',
  regexpReplace: {
    call: ([value, , replacement], _, nodes) =>
      `regexp_replace(${value}, ${postgresPattern(nodes[1], 'regexpReplace', true)}, ${replacement}, 'g')`,
  },
  split: {
    call: ([value], _, nodes) => `regexp_split_to_array(${value}, ${postgresPattern(nodes[1], 'split', true)})`,
  },
  rlike: { call: ([value], _, nodes) => `(${value} ~ ${postgresPattern(nodes[1], 'rlike')})` },
  startsWith: 'starts_with',
  endsWith: { call: ([value, end]) => `(right(${value}, char_length(${end})) = ${end})` },
  contains: {
    call: ([value, part], _, __, type) => {
      noList('contains', type(0))
      return `(strpos(${value}, ${part}) > 0)`
    },
  },
  abs: 'abs',
  round: { call: round },
  floor: whole('floor'),
  ceil: whole('ceil'),
  sqrt: partial('sqrt', '>= 0', `CAST('NaN' AS double precision)`),
  pow: ofDouble('power'),
  exp: ofDouble('exp'),
  ln: partial('ln', '> 0'),
  log10: partial('log', '> 0'),
  sign: { call: ([value]) => `CAST(sign(${value}) AS smallint)` },
  year: part('YEAR'),
  quarter: part('QUARTER'),
  month: part('MONTH'),
  dayofmonth: part('DAY'),
  dayofyear: part('DOY'),
  dayofweek: { call: ([value]) => `CAST(extract(DOW FROM ${value}) + 1 AS integer)` },
  hour: clock('HOUR'),
  minute: clock('MINUTE'),
  second: clock('SECOND'),
  dateTrunc: { call: ([unit, value]) => `date_trunc(${unit}, CAST(${value} AS timestamp))` },
  currentDate: { call: () => `CAST(now() AT TIME ZONE 'UTC' AS date)` },
  currentTimestamp: { call: () => `(now() AT TIME ZONE 'UTC')` },
  toDate: {
    call: ([value, format]) => {
      if (format !== undefined) throw unsupported('postgres', 'toDate() with a format')
      return `CAST(${value} AS date)`
    },
  },
  toTimestamp: {
    call: ([value, format]) => {
      if (format !== undefined) throw unsupported('postgres', 'toTimestamp() with a format')
      return `CAST(${value} AS timestamp)`
    },
  },
  dateAdd: { call: ([value, days]) => `(CAST(${value} AS date) + CAST(${days} AS integer))` },
  dateSub: { call: ([value, days]) => `(CAST(${value} AS date) - CAST(${days} AS integer))` },
  dateDiff: { call: ([end, start]) => `(CAST(${end} AS date) - CAST(${start} AS date))` },
  coalesce: 'coalesce',
  nullif: 'nullif',
  greatest: choice('greatest'),
  least: choice('least'),
  rowNumber: asInteger('row_number'),
  rank: asInteger('rank'),
  denseRank: asInteger('dense_rank'),
  percentRank: 'percent_rank',
  ntile: asInteger('ntile'),
  lag: 'lag',
  lead: 'lead',
})

/** Halves away from zero; PostgreSQL rounds doubles to the even one. */
function round(operands: readonly string[], _: boolean, nodes: readonly Expression[], type: TypeOfOperand): string {
  const [value] = operands as [string]
  const digits = valueOf(nodes[1]) ?? 0
  const { kind } = known(type(0), 'round')
  if (kind === 'decimal') return `round(${value}, ${digits})`
  if (kind !== 'double') {
    if (!isInteger(type(0))) throw unsupported('postgres', `round() of ${kind}`)
    return digits >= 0 ? value : `CAST(round(CAST(${value} AS numeric), ${digits}) AS ${kind})`
  }
  const scale = double(`'1e${Math.abs(digits)}'`)
  const scaled = digits === 0 ? value : digits > 0 ? `(${value} * ${scale})` : `(${value} / ${scale})`
  const rounded = `CASE WHEN abs(${scaled} - trunc(${scaled})) >= 0.5 THEN trunc(${scaled}) + sign(${scaled}) ELSE trunc(${scaled}) END`
  if (digits === 0) return `(${rounded})`
  return digits > 0 ? `((${rounded}) / ${scale})` : `((${rounded}) * ${scale})`
}

function whole(name: string): Spelling {
  return { call: ([value], _, __, type) => (isInteger(type(0)) ? value! : `${name}(${value})`) }
}

function valueOf(node: Expression | undefined): number | undefined {
  return node?.kind === 'Literal' && typeof node.value === 'number' ? node.value : undefined
}
