import { isInteger } from '../../types.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { failure } from './values.ts'
import { ofNumbers, storable } from './words.ts'

const one = (operation: string, distinct: boolean): void => {
  if (distinct) throw unsupported('sqlite', `${operation}() of distinct values`)
}
/** The values that are not NULL, as JSON. */
const gathered = (value: string): string => `json_group_array(${value}) FILTER (WHERE ${value} IS NOT NULL)`
/** The items of what an aggregate made; within the call of json_each() itself SQLite does not find whose aggregate it is. */
const itemsOf = (list: string): string => `(SELECT ${list} AS lf_l), json_each(lf_l)`
/** A number of all values, by how far each is from the mean: the values are gone through twice. */
const spread = (name: string, result: string): Spelling => ({
  call: ([value], distinct, _, type) => {
    one(name, distinct)
    ofNumbers(name, type(0))
    return `(SELECT ${result} FROM (SELECT value - avg(value) OVER () AS lf_d FROM ${itemsOf(gathered(value!))}))`
  },
  hasWindows: false,
})
/** A number of all pairs of which both are there, by how far each is from its mean. */
const ofPairs = (name: string, result: string): Spelling => ({
  call: ([y, x], distinct, _, type) => {
    one(name, distinct)
    ofNumbers(name, type(0))
    ofNumbers(name, type(1))
    const pairs = `json_group_array(json_array(${y}, ${x})) FILTER (WHERE ${y} IS NOT NULL AND ${x} IS NOT NULL)`
    const rows = `SELECT value ->> 0 AS lf_y, value ->> 1 AS lf_x FROM ${itemsOf(pairs)}`
    const deviations = `SELECT lf_y - avg(lf_y) OVER () AS lf_v, lf_x - avg(lf_x) OVER () AS lf_w, lf_y, lf_x FROM (${rows})`
    const sums =
      'count(*) AS lf_n, sum(lf_v * lf_w) AS lf_xy, sum(lf_w * lf_w) AS lf_xx, sum(lf_v * lf_v) AS lf_yy, avg(lf_y) AS lf_y, avg(lf_x) AS lf_x'
    return `(SELECT ${result} FROM (SELECT ${sums} FROM (${deviations})))`
  },
  hasWindows: false,
})
/** The mean of one of two numbers where both are there. */
const meanOf = (which: 0 | 1): Spelling => ({
  call: (pair) => `avg(CASE WHEN ${pair[1 - which]} IS NOT NULL THEN ${pair[which]} END)`,
})
/** Whole numbers bit by bit: what aggregates the bits of one place. */
const bits = (name: string, ofPlace: string): Spelling => ({
  call: ([value], _, __, type) => {
    if (!isInteger(type(0))) throw unsupported('sqlite', `${name}() of what is not known to be whole numbers`)
    const places = 'WITH RECURSIVE lf_p(lf_i) AS (SELECT 0 UNION ALL SELECT lf_i + 1 FROM lf_p WHERE lf_i < 63)'
    const each = `SELECT lf_i, ${ofPlace.replaceAll('{}', '(value >> lf_i) & 1')} AS lf_b FROM ${itemsOf(gathered(value!))}, lf_p GROUP BY lf_i`
    return `(${places} SELECT sum(lf_b << lf_i) FROM (${each}))`
  },
  hasWindows: false,
})
/** The value in a place among all, or what lies between two of them. */
const placed = (name: string, write: (values: string, fraction: string) => string): Spelling => ({
  call: ([value, fraction = '0.5'], distinct, _, type) => {
    one(name, distinct)
    ofNumbers(name, type(0))
    const rows = `SELECT value AS lf_v, row_number() OVER (ORDER BY value) - 1 AS lf_i, count(*) OVER () - 1 AS lf_n FROM ${itemsOf(gathered(value!))}`
    return write(rows, fraction)
  },
  hasWindows: false,
})
const between = (rows: string, fraction: string): string => {
  const place = `lf_n * ${fraction}`
  return `(SELECT min(lf_v) + (max(lf_v) - min(lf_v)) * (max(${place}) - trunc(max(${place}))) FROM (${rows}) WHERE lf_i IN (floor(${place}), ceil(${place})))`
}
/** The first of the rows' values, or the last: out of all of them, as JSON. */
const first = (name: string, where: string, place: string): Spelling => ({
  call: ([value], _, __, type) => {
    storable(name, type(0))
    return `json_group_array(${value})${where.replaceAll('{}', value!)}`
  },
  then: (call) => `(${call} ->> ${place})`,
})
const present = ' FILTER (WHERE {} IS NOT NULL)'
const extremeBy = (name: string, direction: 'ASC' | 'DESC'): Spelling => ({
  call: ([value, key], _, __, type) => {
    storable(name, type(0))
    return `json_group_array(${value} ORDER BY ${key} ${direction}) FILTER (WHERE ${key} IS NOT NULL)`
  },
  then: (call) => `(${call} ->> 0)`,
  hasWindows: false,
})

/** Aggregates and window functions. */
export const aggregate: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  count: {
    call: (operands, distinct, nodes) => {
      if (!distinct) return `count(${operands[0]})`
      if (operands.length === 1) return `count(DISTINCT ${operands[0]})`
      const there = operands.filter((_, at) => nodes[at]!.kind !== 'Literal').map((each) => `${each} IS NOT NULL`)
      return `count(DISTINCT json_array(${operands.join(', ')})) FILTER (WHERE ${there.join(' AND ') || 'TRUE'})`
    },
  },
  sum: 'sum',
  avg: 'avg',
  min: 'min',
  max: 'max',
  approxCountDistinct: 'count(DISTINCT {1})',
  stddev: spread('stddev', 'sqrt(sum(lf_d * lf_d) / nullif(count(*) - 1, 0))'),
  stddevPop: spread('stddevPop', 'sqrt(avg(lf_d * lf_d))'),
  variance: spread('variance', 'sum(lf_d * lf_d) / nullif(count(*) - 1, 0)'),
  varPop: spread('varPop', 'avg(lf_d * lf_d)'),
  covarPop: ofPairs('covarPop', 'lf_xy / nullif(lf_n, 0)'),
  covarSamp: ofPairs('covarSamp', 'lf_xy / nullif(lf_n - 1, 0)'),
  corr: ofPairs(
    'corr',
    `CASE WHEN lf_n > 0 THEN CASE WHEN lf_xx * lf_yy = 0 THEN ${failure} ELSE lf_xy / (sqrt(lf_xx) * sqrt(lf_yy)) END END`,
  ),
  regrAvgx: meanOf(1),
  regrAvgy: meanOf(0),
  regrCount: 'count(CASE WHEN {1} IS NOT NULL THEN {2} END)',
  regrSxx: ofPairs('regrSxx', 'lf_xx'),
  regrSxy: ofPairs('regrSxy', 'lf_xy'),
  regrSyy: ofPairs('regrSyy', 'lf_yy'),
  regrSlope: ofPairs(
    'regrSlope',
    `CASE WHEN lf_n > 0 THEN CASE WHEN lf_xx = 0 THEN ${failure} ELSE lf_xy / lf_xx END END`,
  ),
  regrIntercept: ofPairs('regrIntercept', 'CASE WHEN lf_xx <> 0 THEN lf_y - lf_x * lf_xy / lf_xx END'),
  regrR2: ofPairs(
    'regrR2',
    'CASE WHEN lf_xx <> 0 THEN CASE WHEN lf_yy = 0 THEN 1.0 ELSE lf_xy * lf_xy / (lf_xx * lf_yy) END END',
  ),
  median: placed('median', between),
  percentile: placed('percentile', between),
  percentileDisc: placed(
    'percentile',
    (rows, fraction) => `(SELECT lf_v FROM (${rows}) WHERE lf_i = max(ceil((lf_n + 1) * ${fraction}) - 1, 0))`,
  ),
  percentileApprox: placed(
    'percentileApprox',
    (rows, fraction) => `(SELECT lf_v FROM (${rows}) WHERE lf_i = max(ceil((lf_n + 1) * ${fraction}) - 1, 0))`,
  ),
  mode: {
    call: ([value], _, __, type) => {
      storable('mode', type(0))
      return `(SELECT value FROM ${itemsOf(gathered(value!))} GROUP BY value ORDER BY count(*) DESC, min(key) LIMIT 1)`
    },
    hasWindows: false,
  },
  bitAnd: bits('bitAnd', 'min({})'),
  bitOr: bits('bitOr', 'max({})'),
  bitXor: bits('bitXor', 'sum({}) % 2'),
  boolAnd: 'min',
  boolOr: 'max',
  countIf: 'count(CASE WHEN {1} THEN 1 END)',
  listagg: {
    call: ([value, separator], distinct) => {
      if (!distinct) return `group_concat(${value}, ${separator})`
      return `(SELECT group_concat(value, ${separator}) FROM ${itemsOf(`json_group_array(DISTINCT ${value})`)})`
    },
    hasWindows: false,
  },
  collectList: {
    call: ([value], distinct, _, type) => {
      storable('collectList', type(0))
      return `json_group_array(${distinct ? 'DISTINCT ' : ''}${value}) FILTER (WHERE ${value} IS NOT NULL)`
    },
  },
  first: first('first', '', '0'),
  last: first('last', '', "'$[#-1]'"),
  anyValue: first('anyValue', present, '0'),
  firstPresent: first('first', present, '0'),
  lastPresent: first('last', present, "'$[#-1]'"),
  firstPresentOver: first('first', present, '0'),
  lastPresentOver: first('last', present, "'$[#-1]'"),
  maxBy: extremeBy('maxBy', 'DESC'),
  minBy: extremeBy('minBy', 'ASC'),
  wideRowNumber: 'row_number',
  rowNumber: 'row_number',
  rank: 'rank',
  denseRank: 'dense_rank',
  percentRank: 'percent_rank',
  cumeDist: 'cume_dist',
  ntile: 'ntile',
  lag: 'lag',
  lead: 'lead',
  nthValue: 'nth_value',
  nthPresentValue: '(json_group_array({1}) FILTER (WHERE {1} IS NOT NULL){over} ->> ({2} - 1))',
})
