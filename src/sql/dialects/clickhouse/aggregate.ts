import { isInteger } from '../../types.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'

const integer = (name: string): Spelling => ({
  call: (operands) => `${name}(${operands.join(', ')})`,
  then: (call) => `toInt32(${call})`,
})
/** Where ClickHouse says NaN or infinity of too few values. */
const orNull = (name: string): Spelling => ({
  call: ([value], distinct) => `${name}(${distinct ? 'DISTINCT ' : ''}${value})`,
  then: (call) => `if(isFinite(${call}), ${call}, NULL)`,
})
const both = 'isNotNull({1}) AND isNotNull({2})'
const exactQuantile: Spelling = {
  call: ([value, fraction = '0.5']) => `quantileExactInclusive(${fraction})(toFloat64(${value}))`,
}

/** Aggregates and window functions. */
export const aggregate: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  count: {
    call: (operands, distinct, nodes) => {
      if (operands[0] === '*') return 'count()'
      if (!distinct) return `countIf(isNotNull(${operands[0]}))`
      if (operands.length === 1) return `count(DISTINCT ${operands[0]})`
      const there = operands.filter((_, at) => nodes[at]!.kind !== 'Literal').map((each) => `isNotNull(${each})`)
      return `uniqExactIf(tuple(${operands.join(', ')}), ${there.join(' AND ') || '1'})`
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
  median: exactQuantile,
  percentile: exactQuantile,
  approxCountDistinct: 'uniqExact',
  boolAnd: 'min',
  boolOr: 'max',
  countIf: 'countIf(ifNull({1}, 0))',
  regrCount: `countIf(${both})`,
  regrAvgx: `avgIf({2}, ${both})`,
  regrAvgy: `avgIf({1}, ${both})`,
  covarPop: `covarPopStable({1}, {2})`,
  first: 'first_value_respect_nulls',
  last: 'last_value_respect_nulls',
  anyValue: 'any',
  firstPresent: 'any',
  lastPresent: 'anyLast',
  firstPresentOver: 'any',
  lastPresentOver: 'anyLast',
  listagg: {
    call: ([value, separator], distinct) =>
      `if(count(${value}) = 0, NULL, arrayStringConcat(${distinct ? 'groupUniqArray' : 'groupArray'}(${value}), ${separator}))`,
    hasWindows: false,
  },
  collectList: {
    call: ([value], distinct) => `${distinct ? 'groupUniqArray' : 'groupArray'}(${value})`,
  },
  bitAnd: {
    call: ([value], _, __, type) => {
      if (!isInteger(type(0))) throw unsupported('clickhouse', 'bitAnd() of what is not known to be whole numbers')
      return `groupBitAnd(${value})`
    },
  },
  bitOr: 'groupBitOr',
  bitXor: 'groupBitXor',
  wideRowNumber: 'toInt64(row_number(){over})',
  rowNumber: integer('row_number'),
  rank: integer('rank'),
  denseRank: integer('dense_rank'),
  percentRank: 'percent_rank',
  cumeDist: 'cume_dist',
  ntile: integer('ntile'),
})
