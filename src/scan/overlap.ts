import { compareBounds } from '../format/parquet/statistics.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import type { ColumnFacts } from './outcomes.ts'

/** The share of `groups` that a value of the column lies in on average, given what is known of the column in each. */
export function overlap(groups: readonly (ColumnFacts | undefined)[]): number {
  const known = groups.flatMap((facts) =>
    facts?.min === undefined || facts.max === undefined ? [] : [{ min: facts.min, max: facts.max }],
  )
  if (known.length === 0) return 1
  const mins = known.map(({ min }) => min).sort(compareBounds)
  const maxes = known.map(({ max }) => max).sort(compareBounds)
  const nulls = groups.filter((facts) => facts !== undefined && facts.nulls === facts.rows).length
  const unknown = groups.length - known.length - nulls
  let inside = 0
  for (const bound of mins) inside += countUpTo(mins, bound) - countBelow(maxes, bound)
  return (inside / known.length + unknown) / groups.length
}

function countUpTo(sorted: readonly Bound[], bound: Bound): number {
  return partition(sorted, (other) => compareBounds(other, bound) <= 0)
}

function countBelow(sorted: readonly Bound[], bound: Bound): number {
  return partition(sorted, (other) => compareBounds(other, bound) < 0)
}

/** How many of `sorted` come before the first that is not `isBefore`. */
function partition(sorted: readonly Bound[], isBefore: (bound: Bound) => boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(sorted[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}
