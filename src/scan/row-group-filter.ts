import { bloomExcludes, plainBytes } from '../format/parquet/bloom-filter.ts'
import type { RawStatistics, RowGroup } from '../format/parquet/footer.ts'
import type { PageLocations } from '../format/parquet/page-index.ts'
import { pageOf } from '../format/parquet/page-selection.ts'
import { joinRanges } from '../format/parquet/row-ranges.ts'
import type { RowRange, RowRanges } from '../format/parquet/row-ranges.ts'
import type { ParquetColumn } from '../format/parquet/schema.ts'
import { columnBounds } from '../format/parquet/statistics.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { typeName } from '../types/type-names.ts'
import { boundReader } from './bound-reader.ts'
import { couldPrune, visitTests } from './could-prune.ts'
import type { ColumnTest } from './could-prune.ts'
import { domainOf, throughCasts } from './domain.ts'
import type { FileIndex, IndexPart } from './file-index.ts'
import { fewValues, outcomes } from './outcomes.ts'
import type { ColumnFacts, Facts } from './outcomes.ts'
import type { Predicate } from './predicate.ts'

/** A column of a table in one file: stored, or the same value in every row, which `'unknown'` says nothing about. */
export type FileColumn =
  | { readonly stored: ParquetColumn; /** The table's type, where it is a wider one. */ readonly as?: LogicalType }
  | { readonly type: LogicalType; readonly value: Bound | null | 'unknown' }

/** Predicates that take longer to try on every page than to read more of them. */
const longestWork = 200_000

/** Decides which rows of a file may pass a predicate: all of them, wherever that is not certain. */
export class RowGroupFilter {
  readonly #predicate: Predicate
  readonly #columns: ReadonlyMap<string, FileColumn>
  readonly #tested: readonly ParquetColumn[]
  #tests = 0

  /** `columns` by their names in the table. */
  constructor(predicate: Predicate, columns: ReadonlyMap<string, FileColumn>) {
    this.#predicate = predicate
    this.#columns = columns
    const names = new Set<string>()
    visitTests(predicate, ({ operand }) => {
      names.add(operand.column)
      this.#tests++
    })
    this.#tested = [...names].flatMap((name) => this.#stored(name) ?? [])
  }

  /** What the footer says about a column in `rowGroup`. */
  facts(rowGroup: RowGroup, column: string): ColumnFacts | undefined {
    return this.#factsOf(rowGroup)(column)
  }

  /** Whether a row group may hold such rows, by what its footer says. */
  mayMatch(rowGroup: RowGroup): boolean {
    return outcomes(this.#predicate, this.#factsOf(rowGroup)).mayBeTrue
  }

  /** The Bloom filters that could tell that `rowGroup` holds no such rows. */
  bloomParts(group: number, rowGroup: RowGroup): IndexPart[] {
    const isKnown = (test: ColumnTest): boolean =>
      (test.kind === 'compare' || (test.kind === 'among' && test.values.length <= fewValues)) &&
      test.operand.casts.length === 0 &&
      bloomOf(this.#unchanged(test.operand.column), rowGroup)
    if (!couldPrune(this.#predicate, isKnown)) return []
    const leaves = new Set<number>()
    visitTests(this.#predicate, (test) => {
      if (isKnown(test)) leaves.add(this.#stored(test.operand.column)!.firstLeaf)
    })
    return [...leaves].map((leaf) => ({ group, leaf, kind: 'bloom' }))
  }

  /** The indexes that could tell that some pages of `rowGroup` hold no such rows. */
  pageParts(group: number, rowGroup: RowGroup): IndexPart[] {
    const isKnown = (test: ColumnTest): boolean => hasPageIndex(this.#stored(test.operand.column), rowGroup)
    if (!couldPrune(this.#predicate, isKnown)) return []
    return this.#tested
      .filter((column) => hasPageIndex(column, rowGroup))
      .flatMap(({ firstLeaf: leaf }): IndexPart[] => [
        { group, leaf, kind: 'pages' },
        { group, leaf, kind: 'statistics' },
      ])
  }

  /** Whether the Bloom filters that `index` has loaded leave a chance. */
  mayMatchBloom(group: number, rowGroup: RowGroup, index: FileIndex): boolean {
    const base = this.#factsOf(rowGroup)
    const facts: Facts = (name) => {
      const [known, column] = [base(name), this.#unchanged(name)]
      const bloom = column?.node.physical === undefined ? undefined : index.bloom(group, column.firstLeaf)
      if (known === undefined || column === undefined || bloom === undefined) return known
      return {
        ...known,
        excludes(value) {
          const plain = plainBytes(column, value)
          return plain !== undefined && bloomExcludes(bloom, plain)
        },
      }
    }
    return outcomes(this.#predicate, facts).mayBeTrue
  }

  /** The rows of the pages that may hold such rows, by the page indexes that `index` has loaded. */
  rows(group: number, rowGroup: RowGroup, index: FileIndex): RowRanges {
    const base = this.#factsOf(rowGroup)
    const paged = new Map<ParquetColumn, { locations: PageLocations; statistics: readonly RawStatistics[] }>()
    const starts = new Set([0])
    for (const column of this.#tested) {
      const locations = column.node.physical === undefined ? undefined : index.locations(group, column.firstLeaf)
      const statistics = locations && index.statistics(group, column.firstLeaf, locations)
      if (locations === undefined || statistics === undefined) continue
      paged.set(column, { locations, statistics })
      for (const row of locations.firstRows) starts.add(row)
    }
    const cuts = [...starts].sort((a, b) => a - b)
    if (cuts.length * this.#tests > longestWork) return [{ start: 0, end: rowGroup.rows }]
    const kept: RowRange[] = []
    cuts.forEach((start, at) => {
      const facts: Facts = (name) => {
        const column = this.#stored(name)
        const pages = column && paged.get(column)
        if (pages === undefined) return base(name)
        const { firstRows } = pages.locations
        const page = pageOf(firstRows, start)
        const rows = (firstRows[page + 1] ?? rowGroup.rows) - firstRows[page]!
        return factsOfStored(this.#columns.get(name) as FileColumn & { stored: ParquetColumn }, rows, {
          statistics: pages.statistics[page]!,
        })
      }
      if (outcomes(this.#predicate, facts).mayBeTrue) kept.push({ start, end: cuts[at + 1] ?? rowGroup.rows })
    })
    return joinRanges(kept)
  }

  /** The stored columns that the predicate tests one value of a row at a time. */
  get tested(): readonly ParquetColumn[] {
    return this.#tested.filter(({ field }) => domainOf(field.type) !== undefined)
  }

  /** Which of the rows in `batches`, values of `columns`, may pass: their numbers, counted on from row to row. */
  passing(columns: readonly ParquetColumn[], batches: readonly ColumnBatch[]): number[] {
    const names = [...this.#columns].filter(([, column]) => 'stored' in column && columns.includes(column.stored))
    const kept: number[] = []
    let before = 0
    for (const batch of batches) {
      let row = 0
      const values = new Map(
        names.flatMap(([name, column]): [string, () => ColumnFacts | undefined][] => {
          const { stored, as } = column as Extract<FileColumn, { stored: unknown }>
          const { type } = stored.field
          const read = as === undefined ? boundReader(type, batch.columns[columns.indexOf(stored)]!) : undefined
          return read === undefined ? [] : [[name, () => factsOfValue(type, read(row), 1)]]
        }),
      )
      const facts: Facts = (name) => values.get(name)?.()
      for (; row < batch.length; row++) if (outcomes(this.#predicate, facts).mayBeTrue) kept.push(before + row)
      before += batch.length
    }
    return kept
  }

  #stored(name: string): ParquetColumn | undefined {
    const column = this.#columns.get(name)
    return column !== undefined && 'stored' in column ? column.stored : undefined
  }

  #unchanged(name: string): ParquetColumn | undefined {
    const column = this.#columns.get(name)
    return column !== undefined && 'stored' in column && column.as === undefined ? column.stored : undefined
  }

  #factsOf(rowGroup: RowGroup): Facts {
    return (name) => {
      const column = this.#columns.get(name)
      if (column === undefined) return undefined
      if (!('stored' in column)) return factsOfValue(column.type, column.value, rowGroup.rows)
      return factsOfStored(column, rowGroup.rows, rowGroup.chunks[column.stored.firstLeaf]!)
    }
  }
}

/** What statistics say of a stored column, as values of the table's type. */
function factsOfStored(
  { stored, as }: { readonly stored: ParquetColumn; readonly as?: LogicalType },
  rows: number,
  chunk: Parameters<typeof columnBounds>[1],
): ColumnFacts {
  const { nulls, ...bounds } = columnBounds(stored, chunk)
  const counts = { rows, ...(nulls === undefined ? {} : { nulls }) }
  if (as === undefined) return { type: stored.field.type, ...counts, ...bounds }
  const domain = domainOf(stored.field.type)
  const { min, max } = (domain && throughCasts({ domain, ...bounds }, [typeName(as)])) ?? {}
  return { type: as, ...counts, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }
}

function factsOfValue(type: LogicalType, value: Bound | null | 'unknown', rows: number): ColumnFacts | undefined {
  if (value === 'unknown') return undefined
  return value === null ? { type, rows, nulls: rows } : { type, rows, nulls: 0, min: value, max: value }
}

function bloomOf(column: ParquetColumn | undefined, rowGroup: RowGroup): boolean {
  return column?.node.physical !== undefined && rowGroup.chunks[column.firstLeaf]!.bloom !== undefined
}

function hasPageIndex(column: ParquetColumn | undefined, rowGroup: RowGroup): boolean {
  if (column?.node.physical === undefined) return false
  const { columnIndex, offsetIndex } = rowGroup.chunks[column.firstLeaf]!
  return columnIndex !== undefined && offsetIndex !== undefined
}
