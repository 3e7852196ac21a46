import { compareBounds } from '../format/parquet/statistics.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import { domainOf } from './domain.ts'
import type { ColumnFacts } from './outcomes.ts'
import type { Predicate } from './predicate.ts'
import type { TopRows } from './source.ts'

/**
 * What the first rows in the order of a column have to be, given what is known of every row group: once some groups surely hold
 * enough values up to a bound, no value beyond it is among the first. Undefined when nothing is certain.
 */
export function topPredicate(
  { direction, rows }: TopRows,
  column: string,
  groups: readonly (ColumnFacts | undefined)[],
): Predicate | undefined {
  const sign = direction === 'up' ? 1 : -1
  const candidates = groups.flatMap((facts) => {
    const furthest = direction === 'up' ? facts?.max : facts?.min
    // NaN is a value, the greatest, that statistics leave out.
    const domain = facts && domainOf(facts.type)
    const isOrdered = domain !== undefined && domain.kind !== 'double' && domain.kind !== 'float'
    return facts?.nulls === undefined || furthest === undefined || !isOrdered
      ? []
      : [{ furthest, values: Math.max(0, facts.rows - facts.nulls - (facts.deleted ?? 0)) }]
  })
  candidates.sort((a, b) => compareBounds(a.furthest, b.furthest) * sign)
  let values = 0
  let bound: Bound | undefined
  for (const candidate of candidates) {
    values += candidate.values
    bound = candidate.furthest
    if (values >= rows) return { kind: 'within', operand: { column, casts: [] }, direction, bound }
  }
  return undefined
}
