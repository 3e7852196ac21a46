import { compareBounds } from '../format/parquet/statistics.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { domainOf, isSameDomain, literal, throughCasts } from './domain.ts'
import type { Domain } from './domain.ts'
import type { ColumnOperand, Comparison, Predicate } from './predicate.ts'

/** What is certain about the values of a column in some rows. */
export interface ColumnFacts {
  readonly type: LogicalType
  readonly rows: number
  readonly nulls?: number
  readonly min?: Bound
  readonly max?: Bound
  /** Of numbers with a fraction: it is certain that none is NaN, which bounds leave out. */
  readonly hasNoNaN?: boolean
  /** Rows that are deleted, and may have any of the values. */
  readonly deleted?: number
  /** Whether it is certain that no value equals `value`. */
  readonly excludes?: (value: Bound) => boolean
}

/** Facts by the name of a column; undefined where nothing is known. */
export type Facts = (column: string) => ColumnFacts | undefined

/** What a predicate may be for some row; for a row where it is null it is neither. */
export interface Outcomes {
  readonly mayBeTrue: boolean
  readonly mayBeFalse: boolean
}

const anything: Outcomes = { mayBeTrue: true, mayBeFalse: true }

/** What `predicate` may be for rows of which `facts` are known; anything where that is not certain. */
export function outcomes(predicate: Predicate, facts: Facts): Outcomes {
  switch (predicate.kind) {
    case 'and': {
      const parts = predicate.parts.map((part) => outcomes(part, facts))
      return { mayBeTrue: parts.every((part) => part.mayBeTrue), mayBeFalse: parts.some((part) => part.mayBeFalse) }
    }
    case 'or': {
      const parts = predicate.parts.map((part) => outcomes(part, facts))
      return { mayBeTrue: parts.some((part) => part.mayBeTrue), mayBeFalse: parts.every((part) => part.mayBeFalse) }
    }
    case 'not': {
      const { mayBeTrue, mayBeFalse } = outcomes(predicate.part, facts)
      return { mayBeTrue: mayBeFalse, mayBeFalse: mayBeTrue }
    }
    case 'isNull':
      return nullOutcomes(predicate.operand, facts)
    case 'isTrue':
      return compareOutcomes(predicate.operand, '=', facts, (domain) => (domain.kind === 'boolean' ? true : undefined))
    case 'compare':
      return compareOutcomes(predicate.operand, predicate.comparison, facts, (domain) =>
        literal(predicate.constant, domain),
      )
    case 'between':
      return betweenOutcomes(predicate, facts)
    case 'prefix':
      return prefixOutcomes(predicate, facts)
    case 'within':
      return withinOutcomes(predicate, facts)
    case 'among':
      return amongOutcomes(predicate, facts)
    case 'unknown':
      return anything
    default:
      throw predicate satisfies never
  }
}

/** Casts that succeed keep nulls and make none. */
function nullOutcomes({ column }: ColumnOperand, facts: Facts): Outcomes {
  const known = facts(column)
  return known?.nulls === undefined ? anything : { mayBeTrue: known.nulls > 0, mayBeFalse: known.nulls < known.rows }
}

function withinOutcomes({ operand, direction, bound }: Predicate & { kind: 'within' }, facts: Facts): Outcomes {
  const known = facts(operand.column)
  const nearest = direction === 'up' ? known?.min : known?.max
  const isBeyond = nearest !== undefined && compareBounds(nearest, bound) * (direction === 'up' ? 1 : -1) > 0
  return { mayBeTrue: known?.nulls !== 0 || !isBeyond, mayBeFalse: true }
}

interface Range {
  readonly domain: Domain
  readonly min?: Bound
  readonly max?: Bound
  readonly hasNoNaN?: boolean
}

/** The range of an operand, `'nulls'` when it has no other values, undefined when nothing is known. */
function rangeOf({ column, casts }: ColumnOperand, facts: Facts): Range | 'nulls' | undefined {
  const known = facts(column)
  if (known === undefined) return undefined
  const { nulls, rows, type, min, max } = known
  if (nulls === rows) return 'nulls'
  const domain = domainOf(type)
  const range =
    domain &&
    throughCasts({ domain, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }, casts)
  return range && known.hasNoNaN === true ? { ...range, hasNoNaN: true } : range
}

function compareOutcomes(
  operand: ColumnOperand,
  comparison: Comparison,
  facts: Facts,
  constantIn: (domain: Domain) => Bound | undefined,
): Outcomes {
  const range = rangeOf(operand, facts)
  if (range === 'nulls') return { mayBeTrue: false, mayBeFalse: false }
  const constant = range === undefined ? undefined : constantIn(range.domain)
  if (range === undefined || constant === undefined) return anything
  const isExcluded = operand.casts.length === 0 && facts(operand.column)?.excludes?.(constant) === true
  return {
    mayBeTrue: !(isExcluded && comparison === '=') && mayHold(range, comparison, constant),
    mayBeFalse: !(isExcluded && comparison === '!=') && mayHold(range, negations[comparison], constant),
  }
}

const negations: Readonly<Record<Comparison, Comparison>> = {
  '=': '!=',
  '!=': '=',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
}

/** Whether a value between the bounds may compare so. NaN, which statistics leave out, is greater than everything in DuckDB. */
function mayHold({ domain, min, max, hasNoNaN }: Range, comparison: Comparison, constant: Bound): boolean {
  const hasNaN = (domain.kind === 'double' || domain.kind === 'float') && hasNoNaN !== true
  const low = min === undefined ? -1 : compareBounds(min, constant)
  const high = max === undefined ? 1 : compareBounds(max, constant)
  switch (comparison) {
    case '=':
      return low <= 0 && high >= 0
    case '!=':
      return hasNaN || domain.kind === 'bytes' || low !== 0 || high !== 0
    case '<':
      return low < 0
    case '<=':
      return low <= 0
    case '>':
      return hasNaN || high > 0
    case '>=':
      return hasNaN || high >= 0
    default:
      throw comparison satisfies never
  }
}

/** DuckDB prints half-open ranges the same way: both ends count as inside, and whether all rows are is never certain. */
function betweenOutcomes({ operand, low, high }: Predicate & { kind: 'between' }, facts: Facts): Outcomes {
  const range = rangeOf(operand, facts)
  if (range === 'nulls') return { mayBeTrue: false, mayBeFalse: false }
  const [first, last] = range === undefined ? [] : [literal(low, range.domain), literal(high, range.domain)]
  if (range === undefined || first === undefined || last === undefined) return anything
  const isBelow = range.max !== undefined && compareBounds(range.max, first) < 0
  const isAbove = range.min !== undefined && compareBounds(range.min, last) > 0
  return { mayBeTrue: !isBelow && !isAbove, mayBeFalse: true }
}

/** Values that are asked one by one whether a Bloom filter excludes them. */
export const fewValues = 32

function amongOutcomes({ operand, domain, values }: Predicate & { kind: 'among' }, facts: Facts): Outcomes {
  const range = rangeOf(operand, facts)
  if (range === 'nulls') return { mayBeTrue: false, mayBeFalse: false }
  if (range === undefined || !isSameDomain(range.domain, domain)) return anything
  const { min, max } = range
  const first = min === undefined ? 0 : lowerBound(values, min)
  const isInside = (value: Bound | undefined): value is Bound =>
    value !== undefined && (max === undefined || compareBounds(value, max) <= 0)
  const excludes = operand.casts.length === 0 ? facts(operand.column)?.excludes : undefined
  if (excludes === undefined || values.length > fewValues)
    return { mayBeTrue: isInside(values[first]), mayBeFalse: true }
  return { mayBeTrue: values.slice(first).some((value) => isInside(value) && !excludes(value)), mayBeFalse: true }
}

/** The position of the first of `values`, which are sorted, that is not less than `bound`. */
function lowerBound(values: readonly Bound[], bound: Bound): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBounds(values[middle]!, bound) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function prefixOutcomes({ operand, prefix }: Predicate & { kind: 'prefix' }, facts: Facts): Outcomes {
  const range = rangeOf(operand, facts)
  if (range === 'nulls') return { mayBeTrue: false, mayBeFalse: false }
  if (range === undefined || range.domain.kind !== 'bytes' || range.domain.type !== 'varchar') return anything
  const wanted = new TextEncoder().encode(prefix)
  const { min, max } = range
  const isBelow = max instanceof Uint8Array && compareBounds(max, wanted) < 0
  const isAbove = min instanceof Uint8Array && compareBounds(min.subarray(0, wanted.length), wanted) > 0
  return { mayBeTrue: !isBelow && !isAbove, mayBeFalse: true }
}
