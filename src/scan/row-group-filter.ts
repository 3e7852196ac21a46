import type { ParquetFooter, RowGroup } from '../format/parquet/footer.ts'
import type { ParquetColumn } from '../format/parquet/schema.ts'
import { columnBounds, compareBounds } from '../format/parquet/statistics.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import { domainOf, literal, throughCasts } from './domain.ts'
import type { Domain } from './domain.ts'
import { parsePredicate } from './predicate.ts'
import type { ColumnOperand, Comparison, Predicate } from './predicate.ts'

/** Whether a row group may hold rows that pass `filter`; true whenever that is not certain. */
export function rowGroupFilter(filter: string | undefined, footer: ParquetFooter): (rowGroup: RowGroup) => boolean {
  if (filter === undefined) return () => true
  const predicate = parsePredicate(
    filter,
    footer.columns.map((column) => column.field.name),
  )
  const columns = new Map(footer.columns.map((column) => [column.field.name, column]))
  return (rowGroup) => outcomes(predicate, { columns, rowGroup }).mayBeTrue
}

/** What a predicate may be for some row; for a row where it is null it is neither. */
interface Outcomes {
  readonly mayBeTrue: boolean
  readonly mayBeFalse: boolean
}

interface Scope {
  readonly columns: ReadonlyMap<string, ParquetColumn>
  readonly rowGroup: RowGroup
}

const anything: Outcomes = { mayBeTrue: true, mayBeFalse: true }

function outcomes(predicate: Predicate, scope: Scope): Outcomes {
  switch (predicate.kind) {
    case 'and': {
      const parts = predicate.parts.map((part) => outcomes(part, scope))
      return { mayBeTrue: parts.every((part) => part.mayBeTrue), mayBeFalse: parts.some((part) => part.mayBeFalse) }
    }
    case 'or': {
      const parts = predicate.parts.map((part) => outcomes(part, scope))
      return { mayBeTrue: parts.some((part) => part.mayBeTrue), mayBeFalse: parts.every((part) => part.mayBeFalse) }
    }
    case 'not': {
      const { mayBeTrue, mayBeFalse } = outcomes(predicate.part, scope)
      return { mayBeTrue: mayBeFalse, mayBeFalse: mayBeTrue }
    }
    case 'isNull':
      return nullOutcomes(predicate.operand, scope)
    case 'isTrue':
      return compareOutcomes(predicate.operand, '=', scope, (domain) => (domain.kind === 'boolean' ? true : undefined))
    case 'compare':
      return compareOutcomes(predicate.operand, predicate.comparison, scope, (domain) =>
        literal(predicate.constant, domain),
      )
    case 'between':
      return betweenOutcomes(predicate, scope)
    case 'prefix':
      return prefixOutcomes(predicate, scope)
    case 'unknown':
      return anything
    default:
      throw predicate satisfies never
  }
}

/** Casts that succeed keep nulls and make none. */
function nullOutcomes({ column }: ColumnOperand, scope: Scope): Outcomes {
  const found = scope.columns.get(column)
  if (found === undefined) return anything
  const { nulls } = columnBounds(found, scope.rowGroup.chunks[found.firstLeaf]!)
  return nulls === undefined ? anything : { mayBeTrue: nulls > 0, mayBeFalse: nulls < scope.rowGroup.rows }
}

interface Range {
  readonly domain: Domain
  readonly min?: Bound
  readonly max?: Bound
}

/** The range of an operand, `'nulls'` when it has no other values, undefined when nothing is known. */
function rangeOf({ column, casts }: ColumnOperand, { columns, rowGroup }: Scope): Range | 'nulls' | undefined {
  const found = columns.get(column)
  if (found === undefined) return undefined
  const { nulls, min, max } = columnBounds(found, rowGroup.chunks[found.firstLeaf]!)
  if (nulls === rowGroup.rows) return 'nulls'
  const domain = domainOf(found.field.type)
  return domain === undefined
    ? undefined
    : throughCasts({ domain, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }, casts)
}

function compareOutcomes(
  operand: ColumnOperand,
  comparison: Comparison,
  scope: Scope,
  constantIn: (domain: Domain) => Bound | undefined,
): Outcomes {
  const range = rangeOf(operand, scope)
  if (range === 'nulls') return { mayBeTrue: false, mayBeFalse: false }
  const constant = range === undefined ? undefined : constantIn(range.domain)
  if (range === undefined || constant === undefined) return anything
  return {
    mayBeTrue: mayHold(range, comparison, constant),
    mayBeFalse: mayHold(range, negations[comparison], constant),
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
function mayHold({ domain, min, max }: Range, comparison: Comparison, constant: Bound): boolean {
  const hasNaN = domain.kind === 'double' || domain.kind === 'float'
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
function betweenOutcomes({ operand, low, high }: Predicate & { kind: 'between' }, scope: Scope): Outcomes {
  const range = rangeOf(operand, scope)
  if (range === 'nulls') return { mayBeTrue: false, mayBeFalse: false }
  const [first, last] = range === undefined ? [] : [literal(low, range.domain), literal(high, range.domain)]
  if (range === undefined || first === undefined || last === undefined) return anything
  const isBelow = range.max !== undefined && compareBounds(range.max, first) < 0
  const isAbove = range.min !== undefined && compareBounds(range.min, last) > 0
  return { mayBeTrue: !isBelow && !isAbove, mayBeFalse: true }
}

function prefixOutcomes({ operand, prefix }: Predicate & { kind: 'prefix' }, scope: Scope): Outcomes {
  const range = rangeOf(operand, scope)
  if (range === 'nulls') return { mayBeTrue: false, mayBeFalse: false }
  if (range === undefined || range.domain.kind !== 'bytes' || range.domain.type !== 'varchar') return anything
  const wanted = new TextEncoder().encode(prefix)
  const { min, max } = range
  const isBelow = max instanceof Uint8Array && compareBounds(max, wanted) < 0
  const isAbove = min instanceof Uint8Array && compareBounds(min.subarray(0, wanted.length), wanted) > 0
  return { mayBeTrue: !isBelow && !isAbove, mayBeFalse: true }
}
