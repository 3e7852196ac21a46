import type { RowGroup } from '../format/parquet/footer.ts'
import type { PageLocations } from '../format/parquet/page-index.ts'
import { selectPages, storedBytes } from '../format/parquet/page-selection.ts'
import type { PageSelection } from '../format/parquet/page-selection.ts'
import { countRows } from '../format/parquet/row-ranges.ts'
import type { RowRanges } from '../format/parquet/row-ranges.ts'
import type { ReadOptions } from '../storage/storage.ts'
import type { Schema } from '../types/logical-type.ts'
import type { IndexPart } from './file-index.ts'
import type { FileColumns, ParquetFile } from './parquet-table.ts'
import { parsePredicate } from './predicate.ts'
import { RowGroupFilter } from './row-group-filter.ts'
import type { FileColumn } from './row-group-filter.ts'
import type { ScanMetrics, ScanRequest, SkipReason } from './source.ts'

export interface Tables {
  readonly files: readonly ParquetFile[]
  readonly columns: readonly FileColumns[]
  readonly schema: Schema
}

/** A row group to read, and which of its file's columns in the order asked for. */
export interface Task {
  readonly file: ParquetFile
  readonly index: number
  readonly rowGroup: RowGroup
  readonly columns: readonly (number | undefined)[]
  readonly filter: RowGroupFilter | undefined
}

/** Which rows of a row group are needed, and the pages of the columns (by their index in the file) that need not be read whole. */
export interface Selection {
  readonly rows: RowRanges
  readonly pages: ReadonlyMap<number, PageSelection>
}

/** Row groups whose indexes are read together, and how many bytes of them. */
const groupsTogether = 64
const bytesTogether = 1024 * 1024

/** A column of which this share is needed is read whole, so that it can be kept whole. */
const nearlyAll = 0.9

/** Which row groups, and which pages of them, a request cannot do without. */
export class ScanPlan {
  readonly tasks: readonly Task[]
  readonly #request: ScanRequest
  readonly #metrics: ScanMetrics
  readonly #parts = new Map<Task, readonly IndexPart[]>()
  readonly #loading = new Map<Task, Promise<void>>()

  constructor(tables: Tables, request: ScanRequest, metrics: ScanMetrics) {
    this.#request = request
    this.#metrics = metrics
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

  #plan({ files, columns, schema }: Tables): Task[] {
    const { filter } = this.#request
    const names = schema.fields.map((field) => field.name)
    const predicate = filter === undefined ? undefined : parsePredicate(filter, names)
    const tasks: Task[] = []
    files.forEach((file, at) => {
      const wanted = this.#request.columns.map((column) => columns[at]![column])
      const rowFilter =
        predicate && new RowGroupFilter(predicate, new Map(names.map((name, index) => [name, columnOf(index)])))
      function columnOf(index: number): FileColumn {
        const column = columns[at]![index]
        return column === undefined
          ? { type: schema.fields[index]!.type, value: null }
          : { stored: file.footer.columns[column]! }
      }
      file.footer.rowGroups.forEach((rowGroup, index) => {
        this.#metrics.rowGroups++
        if (rowGroup.rows === 0) return
        const mayMatch = rowFilter?.mayMatch(rowGroup) ?? true
        if (mayMatch) tasks.push({ file, index, rowGroup, columns: wanted, filter: rowFilter })
        else this.#skip('statistics')
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
    if (filter !== undefined) {
      const columns = presentColumns(task)
      const needed = columns.reduce((bytes, column) => bytes + storedBytes(file.footer.columns[column]!, rowGroup), 0)
      const isWorth = (some: readonly IndexPart[]): boolean => {
        const cost = file.index.cost(some)
        return cost === 0 || (cost * 4 <= needed && needed * 4 > file.source.gapBytes)
      }
      const blooms = filter.bloomParts(index, rowGroup)
      if (isWorth(blooms)) parts.push(...blooms)
      const pages = filter.pageParts(index, rowGroup)
      if (pages.length > 0) {
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

  #select(task: Task): Selection | undefined {
    const { file, filter, index, rowGroup } = task
    const all = [{ start: 0, end: rowGroup.rows }]
    if (filter === undefined) return { rows: all, pages: new Map() }
    if (!filter.mayMatchBloom(index, rowGroup, file.index)) {
      this.#skip('bloom')
      return undefined
    }
    const rows = filter.rows(index, rowGroup, file.index)
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
    this.#metrics.pages += pagesKnown
    this.#metrics.pagesRead += pagesRead
    this.#metrics.pagesSkipped += pagesKnown - pagesRead
    if (rows.length > 0) return { rows, pages }
    this.#skip('pages')
    return undefined
  }
}

/** The columns that the file of `task` has, each once. */
export function presentColumns({ columns }: Task): number[] {
  return [...new Set(columns)].filter((column) => column !== undefined)
}

function leavesOf({ file }: Task, column: number): number[] {
  const { firstLeaf, endLeaf } = file.footer.columns[column]!
  return Array.from({ length: endLeaf - firstLeaf }, (_, index) => firstLeaf + index)
}
