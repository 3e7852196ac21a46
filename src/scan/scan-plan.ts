import type { RowGroup } from '../format/parquet/footer.ts'
import type { PageLocations } from '../format/parquet/page-index.ts'
import { selectPages, storedBytes } from '../format/parquet/page-selection.ts'
import type { PageSelection } from '../format/parquet/page-selection.ts'
import { countRows, nthRows, splitRanges } from '../format/parquet/row-ranges.ts'
import type { RowRanges } from '../format/parquet/row-ranges.ts'
import type { ReadOptions } from '../storage/storage.ts'
import type { Schema } from '../types/logical-type.ts'
import { assembleBatches } from './assemble.ts'
import type { ColumnPart } from './assemble.ts'
import type { IndexPart } from './file-index.ts'
import type { ParquetFile } from './parquet-table.ts'
import type { ColumnFacts } from './outcomes.ts'
import { isPartitionOut } from './partition-columns.ts'
import { parsePredicate } from './predicate.ts'
import type { Predicate } from './predicate.ts'
import { RowGroupFilter } from './row-group-filter.ts'
import type { FileColumn } from './row-group-filter.ts'
import { countChosen } from './row-choice.ts'
import type { ScanMetrics, ScanRequest, SkipReason } from './source.ts'
import type { ColumnOrigin, FileColumns } from './table-columns.ts'
import { topPredicate } from './top-predicate.ts'
import { snapshotColumn } from './virtual-columns.ts'

export interface Tables {
  readonly files: readonly ParquetFile[]
  readonly columns: readonly FileColumns[]
  readonly schema: Schema
}

/** A row group to read, and where its columns come from in the order asked for. */
export interface Task {
  readonly file: ParquetFile
  readonly index: number
  readonly rowGroup: RowGroup
  /** The first row's number in the file. */
  readonly firstRow: number
  readonly columns: readonly ColumnOrigin[]
  /** A column beside them that says which rows count: the snapshot each came with. */
  readonly sieve?: number
  readonly filter: RowGroupFilter | undefined
  /** Rows that are left when others were read before. */
  readonly rest?: RowRanges
}

/** Which rows of a row group are needed, and the pages of the columns (by their index in the file) that need not be read whole. */
export interface Selection {
  readonly rows: RowRanges
  readonly pages: ReadonlyMap<number, PageSelection>
  /** Rows that are needed only if those are not enough. */
  readonly rest?: RowRanges
}

/** Row groups whose indexes are read together, and how many bytes of them. */
const groupsTogether = 64
const bytesTogether = 1024 * 1024

/** Fewest rows of a first read; each that follows has this many times as many. */
const firstRows = 2048
const growth = 4

/** Most rows of which each is tried against a filter, which takes about a microsecond. */
const mostRowsTried = 50_000

/** Fewest bytes that are worth to be told apart, and most that are read along to save a request. */
const leastWorthwhile = 4 * 1024
const mostReadAlong = 512 * 1024

/** A column of which this share is needed is read whole, so that it can be kept whole. */
const nearlyAll = 0.9

/** Which row groups, and which pages of them, a request cannot do without. */
export class ScanPlan {
  readonly tasks: readonly Task[]
  readonly #request: ScanRequest
  readonly #metrics: ScanMetrics
  readonly #parts = new Map<Task, readonly IndexPart[]>()
  readonly #loading = new Map<Task, Promise<void>>()
  #nextRows: number

  constructor(tables: Tables, request: ScanRequest, metrics: ScanMetrics) {
    this.#request = request
    this.#metrics = metrics
    this.#nextRows = Math.max(firstRows, request.limit ?? Infinity)
    const started = performance.now()
    this.tasks = this.#plan(tables)
    metrics.planMilliseconds += performance.now() - started
  }

  /** Whether indexes are worth a look before `task` is read; without them all of it is. */
  usesIndex(task: Task): boolean {
    return this.#partsOf(task).length > 0
  }

  /** The rows of `task` that may pass the filter; undefined when there are none. */
  async select(task: Task, read: ReadOptions): Promise<Selection | undefined> {
    const started = performance.now()
    try {
      await this.#load(task, read)
      return this.#select(task)
    } finally {
      this.#metrics.planMilliseconds += performance.now() - started
    }
  }

  /**
   * The columns to read before the others, to see which rows pass; none unless that may spare pages of the others that are worth a
   * request more.
   */
  tested(task: Task, { rows, pages }: Selection): readonly number[] {
    const { filter, file } = task
    if (filter === undefined || countRows(rows) > mostRowsTried) return []
    const columns = presentColumns(task)
    const tested = columns.filter((column) => filter.tested.includes(file.footer.columns[column]!))
    if (tested.length === 0) return []
    const others = columns.filter((column) => !tested.includes(column)).flatMap((column) => pages.get(column) ?? [])
    const bytes = others.reduce((sum, selection) => sum + pageBytes(selection), 0)
    return bytes > Math.max(leastWorthwhile, Math.min(mostReadAlong, file.source.gapBytes)) ? tested : []
  }

  /** What is left of `selection` when the values of the columns {@link tested} are known; undefined when no row passes. */
  narrow(task: Task, selection: Selection, parts: ReadonlyMap<number, ColumnPart>): Selection | undefined {
    const { file, filter, rowGroup } = task
    const columns = [...parts.keys()].map((index) => file.footer.columns[index]!)
    const schema = { fields: columns.map(({ field }) => field) }
    const values = [...parts.values()].map((part, at) => ({
      part,
      type: columns[at]!.field.type,
      fit: { kind: 'same' } as const,
    }))
    const started = performance.now()
    const numbers = filter!.passing(columns, assembleBatches(schema, selection.rows, values))
    this.#metrics.planMilliseconds += performance.now() - started
    if (numbers.length === 0) return undefined
    const rows = nthRows(selection.rows, numbers)
    const pages = new Map<number, PageSelection>()
    for (const column of presentColumns(task)) {
      const known = selection.pages.get(column)
      if (known === undefined || parts.has(column)) {
        if (known !== undefined) pages.set(column, known)
        continue
      }
      const locations = leavesOf(task, column).map((leaf) => file.index.locations(task.index, leaf)!)
      const chosen = selectPages(file.footer.columns[column]!, rowGroup, { locations, wanted: rows })
      this.#metrics.pagesRead -= known.pages - chosen.pages
      this.#metrics.pagesSkipped += known.pages - chosen.pages
      pages.set(column, chosen)
    }
    return { ...selection, rows, pages }
  }

  /** Books row groups that nobody came to need. */
  skipRest(tasks: readonly Task[]): void {
    for (const task of tasks) if (task.rest === undefined) this.#skip('limit')
  }

  #plan(tables: Tables): Task[] {
    const { files, columns, schema } = tables
    const predicate = predicateOf(this.#request, schema, (column) => factsOfGroups(tables, column))
    const keys = keysOf(this.#request, schema)
    const whole = allOf(predicate, keys)
    const tasks: Task[] = []
    files.forEach((file, at) => {
      const wanted = this.#request.columns.map((column) => columns[at]![column]!)
      const isOut = isPartitionOut(predicate, columns[at]!, schema)
      let firstRow = 0
      const own = fileColumns({ file, columns: columns[at]! }, schema)
      const filter = whole && new RowGroupFilter(whole, own)
      const sieve = file.listed?.only && snapshotColumn(file)
      const withoutKeys = keys === undefined || predicate === undefined ? undefined : new RowGroupFilter(predicate, own)
      file.footer.rowGroups.forEach((rowGroup, index) => {
        this.#metrics.rowGroups++
        if (rowGroup.rows === 0) return
        const task = {
          file,
          index,
          rowGroup,
          firstRow,
          columns: wanted,
          filter,
          ...(sieve === undefined ? {} : { sieve }),
        }
        const chosen = rowsChosen(file, firstRow, firstRow + rowGroup.rows)
        firstRow += rowGroup.rows
        if (chosen === 0) this.#skip('deleted')
        else if (isOut) this.#skip('partition')
        else if (filter?.mayMatch(rowGroup) ?? true) tasks.push(task)
        else if (keys !== undefined && withoutKeys?.mayMatch(rowGroup) !== false) this.#skip('join')
        else this.#skip(predicate?.kind === 'within' ? 'limit' : 'statistics')
      })
    })
    return tasks
  }

  #skip(reason: SkipReason): void {
    this.#metrics.rowGroupsSkipped++
    this.#metrics.rowGroupsSkippedBy[reason]++
  }

  /** The indexes that may pay: those that could skip something, and cost little beside what they could skip. */
  #partsOf(task: Task): readonly IndexPart[] {
    const known = this.#parts.get(task)
    if (known !== undefined) return known
    const { filter, file, index, rowGroup } = task
    const parts: IndexPart[] = []
    if (filter !== undefined || this.#request.limit !== undefined) {
      const columns = presentColumns(task)
      const needed = columns.reduce((bytes, column) => bytes + storedBytes(file.footer.columns[column]!, rowGroup), 0)
      const isWorth = (some: readonly IndexPart[]): boolean => {
        const cost = file.index.cost(some)
        return cost === 0 || (cost * 4 <= needed && needed * 4 > file.source.gapBytes)
      }
      const blooms = filter?.bloomParts(index, rowGroup) ?? []
      if (isWorth(blooms)) parts.push(...blooms)
      const pages = filter?.pageParts(index, rowGroup) ?? []
      if (pages.length > 0 || this.#request.limit !== undefined) {
        for (const column of columns)
          for (const leaf of leavesOf(task, column)) pages.push({ group: index, leaf, kind: 'pages' })
        if (isWorth(pages)) parts.push(...pages)
      }
    }
    this.#parts.set(task, parts)
    return parts
  }

  /** Indexes of the row groups that follow are read along. */
  #load(task: Task, read: ReadOptions): Promise<void> {
    const known = this.#loading.get(task)
    if (known !== undefined) return known
    if (task.rest !== undefined) return task.file.index.load(this.#partsOf(task), read)
    const first = this.tasks.indexOf(task)
    const together: Task[] = []
    const parts: IndexPart[] = []
    for (const next of this.tasks.slice(first, first + (this.#request.stopsEarly === true ? 1 : groupsTogether))) {
      if (next.file !== task.file || this.#loading.has(next)) break
      if (together.length > 0 && task.file.index.cost(parts) > bytesTogether) break
      together.push(next)
      parts.push(...this.#partsOf(next))
    }
    const loading = task.file.index.load(parts, read)
    for (const next of together) this.#loading.set(next, loading)
    return loading
  }

  /** All of them, unless a limit makes fewer worth a read and the pages of all columns are known. */
  #rowsOfOneRead(task: Task): number {
    const { file, index } = task
    const columns = presentColumns(task)
    const isPaged = columns.every((column) =>
      leavesOf(task, column).every((leaf) => file.index.locations(index, leaf) !== undefined),
    )
    if (columns.length === 0 || !isPaged) return Infinity
    const rows = this.#nextRows
    this.#nextRows *= growth
    return rows
  }

  #select(task: Task): Selection | undefined {
    const { file, filter, index, rowGroup } = task
    const isFirst = task.rest === undefined
    if (isFirst && filter?.mayMatchBloom(index, rowGroup, file.index) === false) {
      this.#skip('bloom')
      return undefined
    }
    const all = [{ start: 0, end: rowGroup.rows }]
    const passing = task.rest ?? filter?.rows(index, rowGroup, file.index) ?? all
    const [rows, rest] = splitRanges(passing, this.#rowsOfOneRead(task))
    const pages = new Map<number, PageSelection>()
    let pagesKnown = 0
    let pagesRead = 0
    for (const column of presentColumns(task)) {
      const locations = leavesOf(task, column).map((leaf) => file.index.locations(index, leaf))
      if (!locations.every((leaf): leaf is PageLocations => leaf !== undefined)) continue
      const inAll = locations.reduce((sum, leaf) => sum + leaf.starts.length, 0)
      pagesKnown += inAll
      if (rows.length === 0) continue
      const selection = selectPages(file.footer.columns[column]!, rowGroup, { locations, wanted: rows })
      const isPartial = countRows(selection.rows) < rowGroup.rows * nearlyAll
      pagesRead += isPartial ? selection.pages : inAll
      if (isPartial) pages.set(column, selection)
    }
    if (isFirst) this.#metrics.pages += pagesKnown
    this.#metrics.pagesRead += pagesRead
    this.#metrics.pagesSkipped += (isFirst ? pagesKnown : 0) - pagesRead
    if (rows.length > 0) return { rows, pages, ...(rest.length === 0 ? {} : { rest }) }
    this.#skip('pages')
    return undefined
  }
}

/** What the rows a request needs have to be; `groupsOf` gives the facts of a column in all row groups or files. */
export function predicateOf(
  { columns, filter, top }: Pick<ScanRequest, 'columns' | 'filter' | 'top'>,
  { fields }: Schema,
  groupsOf: (column: number) => readonly (ColumnFacts | undefined)[],
): Predicate | undefined {
  const names = fields.map((field) => field.name)
  if (filter !== undefined)
    return parsePredicate(
      filter,
      names,
      columns.map((column) => names[column]!),
    )
  return top && topPredicate(top, names[top.column]!, groupsOf(top.column))
}

/** What is known of a column, by its index in the schema, in each row group that has rows. */
export function factsOfGroups({ files, columns, schema }: Tables, column: number): (ColumnFacts | undefined)[] {
  const field = schema.fields[column]!
  return files.flatMap((file, at) => {
    const facts = fileColumns({ file, columns: [columns[at]![column]!] }, { fields: [field] })
    const known = new RowGroupFilter({ kind: 'unknown' }, facts)
    const groups = file.footer.rowGroups.filter(({ rows }) => rows > 0)
    let firstRow = 0
    return groups.map((rowGroup) => {
      const chosen = file.listed?.only === undefined ? rowsChosen(file, firstRow, firstRow + rowGroup.rows) : 0
      firstRow += rowGroup.rows
      const facts = known.facts(rowGroup, field.name)
      return facts && chosen < rowGroup.rows ? { ...facts, deleted: rowGroup.rows - chosen } : facts
    })
  })
}

/** How many of the rows `start` to `end` of a file a scan sees, as far as their positions tell. */
function rowsChosen({ listed }: ParquetFile, start: number, end: number): number {
  return listed?.choice === undefined ? end - start : countChosen(listed.choice, start, end)
}

/** What rows have to be that a join needs. */
export function keysOf({ keys = [] }: ScanRequest, { fields }: Schema): Predicate | undefined {
  return allOf(
    ...keys.map(({ column, casts, domain, values }): Predicate => {
      return { kind: 'among', operand: { column: fields[column]!.name, casts }, domain, values }
    }),
  )
}

/** The conjunction of the predicates there are. */
export function allOf(...parts: readonly (Predicate | undefined)[]): Predicate | undefined {
  const given = parts.filter((part) => part !== undefined)
  return given.length < 2 ? given[0] : { kind: 'and', parts: given }
}

/** The columns of a table in one of its files, by name. */
function fileColumns(
  { file, columns }: { file: ParquetFile; columns: FileColumns },
  { fields }: Schema,
): ReadonlyMap<string, FileColumn> {
  return new Map(
    fields.map(({ name, type }, index): [string, FileColumn] => {
      const origin = columns[index]!
      if (origin.kind !== 'stored') return [name, { type, value: origin.kind === 'value' ? origin.bound : 'unknown' }]
      const stored = file.footer.columns[origin.index]!
      return [name, { stored, ...(origin.fit.kind === 'same' ? {} : { as: type }) }]
    }),
  )
}

/** The columns that are stored in the file of `task` and needed, each once. */
export function presentColumns({ columns, sieve }: Task): number[] {
  const asked = columns.flatMap((origin) => (origin.kind === 'stored' ? [origin.index] : []))
  return [...new Set(sieve === undefined ? asked : [...asked, sieve])]
}

function pageBytes({ leaves }: PageSelection): number {
  return leaves.flatMap(({ runs }) => runs).reduce((bytes, { start, end }) => bytes + end - start, 0)
}

function leavesOf({ file }: Task, column: number): number[] {
  const { firstLeaf, endLeaf } = file.footer.columns[column]!
  return Array.from({ length: endLeaf - firstLeaf }, (_, index) => firstLeaf + index)
}
