import { isInteger } from '../../types.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { asInteger, collated, double, known, noList, notANumber } from './words.ts'

const asDouble = (name: string): Spelling => ({
  call: ([value], distinct) => `${name}(${distinct ? 'DISTINCT ' : ''}${value})`,
  then: double,
})
const extreme = (name: 'min' | 'max', ofBooleans: string): Spelling => ({
  call: ([value], _, __, type) =>
    type(0)?.kind === 'boolean' ? `${ofBooleans}(${value})` : `${name}(${collated(value!, type(0))})`,
})
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
/** A function of two numbers. */
const ofPairs = (name: string): Spelling => `${name}(${double('{1}')}, ${double('{2}')})`
/** Where PostgreSQL says NULL of values that do not vary, and others NaN. */
const ofVaryingPairs = (name: string): Spelling => {
  const pair = `${double('{1}')}, ${double('{2}')}`
  return `CASE WHEN regr_count(${pair}){over} > 0 THEN coalesce(${name}(${pair}){over}, ${notANumber}) END`
}
const ordered = (name: string, write: (value: string) => string): Spelling => ({
  call: ([value, fraction], _, __, type) =>
    `${name}(${fraction ?? ''}) WITHIN GROUP (ORDER BY ${collated(write(value!), type(0))})`,
  hasWindows: false,
})

/** Aggregates and window functions. */
export const aggregate: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
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
  percentile: ordered('percentile_cont', double),
  percentileDisc: ordered('percentile_disc', String),
  percentileApprox: ordered('percentile_disc', String),
  mode: ordered('mode', String),
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
  firstPresentOver: present(1),
  lastPresentOver: present('last'),
  maxBy: extremeBy('maxBy', 'DESC'),
  minBy: extremeBy('minBy', 'ASC'),
  collectList: {
    call: ([value], distinct, _, type) => {
      noList('collectList', type(0))
      return `array_agg(${distinct ? 'DISTINCT ' : ''}${value}) FILTER (WHERE ${value} IS NOT NULL)`
    },
    then: (call) => `coalesce(${call}, '{}')`,
  },
  approxCountDistinct: 'count(DISTINCT {1})',
  bitAnd: 'bit_and',
  bitOr: 'bit_or',
  bitXor: 'bit_xor',
  boolAnd: 'bool_and',
  boolOr: 'bool_or',
  countIf: 'count(CASE WHEN {1} THEN 1 END)',
  listagg: 'string_agg({distinct}{1}, {2})',
  corr: ofVaryingPairs('corr'),
  covarPop: ofPairs('covar_pop'),
  covarSamp: ofPairs('covar_samp'),
  regrAvgx: ofPairs('regr_avgx'),
  regrAvgy: ofPairs('regr_avgy'),
  regrSxx: ofPairs('regr_sxx'),
  regrSxy: ofPairs('regr_sxy'),
  regrSyy: ofPairs('regr_syy'),
  regrCount: ofPairs('regr_count'),
  regrR2: ofPairs('regr_r2'),
  regrSlope: ofVaryingPairs('regr_slope'),
  regrIntercept: ofPairs('regr_intercept'),
  wideRowNumber: 'row_number',
  rowNumber: asInteger('row_number'),
  rank: asInteger('rank'),
  denseRank: asInteger('dense_rank'),
  percentRank: 'percent_rank',
  cumeDist: 'cume_dist',
  ntile: asInteger('ntile'),
  lag: 'lag',
  lead: 'lead',
  nthValue: 'nth_value',
  nthPresentValue: '(array_agg({1}) FILTER (WHERE {1} IS NOT NULL){over})[{2}]',
})
