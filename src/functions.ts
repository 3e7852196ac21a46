export {
  avg,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  last,
  max,
  mean,
  median,
  min,
  stddev,
  stddevPop,
  sum,
  sumDistinct,
  variance,
  varPop,
} from './expr/functions/aggregate.ts'
export { coalesce, greatest, ifnull, least, nullif, nvl } from './expr/functions/conditional.ts'
export {
  currentDate,
  currentTimestamp,
  dateAdd,
  dateDiff,
  dateSub,
  dateTrunc,
  dayofmonth,
  dayofweek,
  dayofyear,
  hour,
  minute,
  month,
  quarter,
  second,
  toDate,
  toTimestamp,
  year,
} from './expr/functions/datetime.ts'
export { explode, explodeOuter, inline, inlineOuter, posexplode, posexplodeOuter } from './expr/functions/generator.ts'
export { abs, ceil, exp, floor, ln, log10, pow, round, sign, sqrt } from './expr/functions/numeric.ts'
export {
  concat,
  concatWs,
  length,
  lower,
  ltrim,
  regexpReplace,
  replace,
  rtrim,
  split,
  substring,
  trim,
  upper,
} from './expr/functions/string.ts'
export { denseRank, lag, lead, ntile, percentRank, rank, rowNumber } from './expr/functions/window.ts'
export { col } from './expr/col.ts'
export { lit } from './expr/lit.ts'
export { when } from './expr/when.ts'
