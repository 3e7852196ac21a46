import type { LogicalType } from '../../../types/logical-type.ts'
import type { Spelling } from '../dialect.ts'

type StructType = Extract<LogicalType, { readonly kind: 'struct' }>

/**
 * A measure of how values spread, which DuckDB refuses where one is NaN or infinite: it is NaN then, as in PySpark. Zero stands for such
 * a value. Without arithmetic, whose many overloads would take a plan of a thousand columns three times as long to be made. Where
 * values that do not differ make it NaN, `ofEqual` is NULL.
 */
function spread(template: string, ofEqual: 'NULL' | 'known' = 'known'): Spelling {
  const filled = (operands: readonly string[], over: string): string =>
    template.replace(/\{(\d|over)\}/g, (_, slot: string) => (slot === 'over' ? over : operands[Number(slot) - 1]!))
  const known = (measure: string): string =>
    ofEqual === 'NULL' ? `nullif(${measure}, CAST('NaN' AS DOUBLE))` : measure
  return {
    hasWindows: 'within',
    call: (operands, _, __, type, over) => {
      const mayBeNaN = operands.map((_, index) => ['double', 'float'].includes(type(index)?.kind ?? ''))
      if (!mayBeNaN.includes(true)) return known(filled(operands, over))
      const finite = operands.map((x, index) =>
        mayBeNaN[index] === true ? `CASE WHEN isfinite(${x}) THEN ${x} WHEN ${x} IS NOT NULL THEN 0 END` : x,
      )
      const measure = filled(finite, over)
      return `CASE WHEN bool_and(isfinite(${operands.join(' + ')}))${over} THEN ${known(measure)} WHEN ${measure} IS NOT NULL THEN CAST('NaN' AS DOUBLE) END`
    },
  }
}

/** Of structs, a field that is NULL is the least, as in PySpark; DuckDB has it for the greatest. */
function extreme(name: string): Spelling {
  return {
    hasWindows: 'within',
    call: ([value], _, __, type, over) => {
      const struct = type(0)
      if (struct?.kind !== 'struct') return `${name}(${value})${over}`
      const parts = [...orderOf(value!, struct), value].map((part, index) => `'${index}': ${part}`)
      const last = parts.length - 1
      return `struct_extract(${name}(CASE WHEN ${value} IS NOT NULL THEN {${parts.join(', ')}} END)${over}, '${last}')`
    },
  }
}

/** What to compare structs by, one after the other. */
function orderOf(value: string, { fields }: StructType): readonly string[] {
  return fields.flatMap(({ name, type }) => {
    const field = `struct_extract(${value}, '${name.replaceAll("'", "''")}')`
    return [`${field} IS NOT NULL`, ...(type.kind === 'struct' ? orderOf(field, type) : [field])]
  })
}

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
  sum: 'sum',
  avg: 'avg',
  min: extreme('min'),
  max: extreme('max'),
  stddev: spread('stddev_samp({1}){over}'),
  stddevPop: spread('stddev_pop({1}){over}'),
  variance: spread('var_samp({1}){over}'),
  varPop: spread('var_pop({1}){over}'),
  median: 'median',
  first: 'first',
  last: 'last',
  collectList: 'coalesce(list({distinct}{1}) FILTER (WHERE {1} IS NOT NULL){over}, [])',
  approxCountDistinct: 'approx_count_distinct',
  anyValue: 'any_value',
  bitAnd: 'bit_and',
  bitOr: 'bit_or',
  bitXor: 'bit_xor',
  boolAnd: 'bool_and',
  boolOr: 'bool_or',
  countIf: 'count(CASE WHEN {1} THEN 1 END)',
  maxBy: 'arg_max_null',
  minBy: 'arg_min_null',
  product: 'product',
  listagg: 'string_agg({distinct}{1}, {2})',
  firstPresentOver: 'first_value({1} IGNORE NULLS)',
  lastPresentOver: 'last_value({1} IGNORE NULLS)',
  firstPresent: 'first({1}) FILTER (WHERE {1} IS NOT NULL)',
  lastPresent: 'last({1}) FILTER (WHERE {1} IS NOT NULL)',
  grouping: 'grouping',
  groupingId: 'grouping_id',
  corr: spread('corr({1}, {2}){over}', 'NULL'),
  covarPop: 'covar_pop',
  covarSamp: 'covar_samp',
  regrAvgx: 'regr_avgx',
  regrAvgy: 'regr_avgy',
  regrIntercept: spread('regr_intercept({1}, {2}){over}'),
  regrR2: spread('regr_r2({1}, {2}){over}'),
  regrSlope: spread('regr_slope({1}, {2}){over}', 'NULL'),
  regrSxx: 'regr_sxy(CASE WHEN {1} IS NOT NULL THEN {2} END, {2}){over}',
  regrSxy: 'regr_sxy',
  regrSyy: 'regr_sxy({1}, CASE WHEN {2} IS NOT NULL THEN {1} END){over}',
  regrCount: 'CAST(regr_count({1}, {2}){over} AS BIGINT)',
  kurtosis: spread('kurtosis_pop({1}){over}'),
  skewness: spread(
    'coalesce(skewness({1}){over} * (count({1}){over} - 2) / sqrt(count({1}){over} * (count({1}){over} - 1)), 0 * nullif(var_pop({1}){over}, 0))',
    'NULL',
  ),
  mode: 'mode',
  percentileDisc: 'quantile_disc',
  percentile: 'quantile_cont(CAST({1} AS DOUBLE), {2})',
  percentileApprox: ['', '', '', 'quantile_disc({1}, {2})'],
  wideRowNumber: 'row_number',
  rowNumber: 'CAST(row_number(){over} AS INTEGER)',
  rank: 'CAST(rank(){over} AS INTEGER)',
  denseRank: 'CAST(dense_rank(){over} AS INTEGER)',
  percentRank: 'percent_rank',
  ntile: 'CAST(ntile({1}){over} AS INTEGER)',
  lag: 'lag',
  lead: 'lead',

  cumeDist: 'cume_dist',
  nthValue: 'nth_value',
  nthPresentValue: 'nth_value({1}, {2} IGNORE NULLS)',
})
