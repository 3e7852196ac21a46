import { nullColumn } from '../format/null-column.ts'
import type { RowGroup } from '../format/parquet/footer.ts'
import type { ParquetColumn } from '../format/parquet/schema.ts'
import { readRanges } from '../storage/coalesce.ts'
import type { Traffic } from '../storage/storage.ts'
import type { ColumnBatch, ColumnData } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { closedReader, emptyMetrics } from './batches-table.ts'
import type { ColumnCache } from './column-cache.ts'
import type { DecodePool } from './decode-pool.ts'
import type { FileColumns, ParquetFile } from './parquet-table.ts'
import { rowGroupFilter } from './row-group-filter.ts'
import type { ScanMetrics, ScanReader, ScanRequest } from './source.ts'

export interface ReadContext {
  readonly decoder: DecodePool
  readonly cache: ColumnCache
}

interface Tables {
  readonly files: readonly ParquetFile[]
  readonly columns: readonly FileColumns[]
  readonly schema: Schema
}

/** A row group to read, and which of its file's columns in the order asked for. */
interface Task {
  readonly file: ParquetFile
  readonly index: number
  readonly rowGroup: RowGroup
  readonly columns: readonly (number | undefined)[]
}

/** A row group that is being read, or was. */
interface Slot {
  batches: readonly ColumnBatch[] | undefined
  next: number
}

/** Row groups worked on beside the one being consumed. */
const ahead = 2

/** Opens a reader over the row groups that `request` cannot do without. */
export function openParquetReader(tables: Tables, request: ScanRequest, context: ReadContext): ScanReader {
  return new ParquetReader(tables, request, context)
}

class ParquetReader implements ScanReader {
  readonly metrics: ScanMetrics
  readonly #tasks: readonly Task[]
  readonly #context: ReadContext
  readonly #schema: Schema
  readonly #controller = new AbortController()
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#fail(this.#signal?.reason)
  #slots: Slot[] = []
  #nextTask = 0
  #keepAll = false
  #failure: { readonly error: unknown } | undefined
  #waiting: PromiseWithResolvers<void> | undefined
  #fetching = { active: 0, since: 0 }

  constructor(tables: Tables, request: ScanRequest, context: ReadContext) {
    this.#context = context
    this.#schema = { fields: request.columns.map((column) => tables.schema.fields[column]!) }
    this.metrics = emptyMetrics(nameOf(tables.files))
    this.metrics.files = tables.files.length
    this.#tasks = this.#plan(tables, request)
    this.#signal = request.signal
    if (request.signal?.aborted === true) this.#onAbort()
    else request.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  poll(): ColumnBatch | 'pending' | 'done' {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#fill()
      const slot = this.#slots[0]
      if (slot === undefined) return 'done'
      if (slot.batches === undefined) return 'pending'
      const batch = slot.batches[slot.next++]
      if (batch !== undefined) {
        this.metrics.rows += batch.length
        return batch
      }
      this.#slots.shift()
    }
  }

  async ready(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#fill()
      if (this.#slots[0] === undefined || this.#slots[0].batches !== undefined) return
      await this.#change()
    }
  }

  async load(): Promise<void> {
    this.#keepAll = true
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#fill()
      if (this.#nextTask === this.#tasks.length && this.#slots.every((slot) => slot.batches !== undefined)) return
      await this.#change()
    }
  }

  close(): void {
    this.#fail(closedReader(this.metrics.source))
  }

  #plan({ files, columns }: Tables, request: ScanRequest): Task[] {
    const tasks: Task[] = []
    files.forEach((file, at) => {
      const mayMatch = rowGroupFilter(request.filter, file.footer)
      const wanted = request.columns.map((column) => columns[at]![column])
      file.footer.rowGroups.forEach((rowGroup, index) => {
        this.metrics.rowGroups++
        if (rowGroup.rows === 0) return
        if (mayMatch(rowGroup)) tasks.push({ file, index, rowGroup, columns: wanted })
        else this.metrics.rowGroupsSkipped++
      })
    })
    return tasks
  }

  /** Starts what may be started: a few row groups ahead, or all of them, a few at a time. */
  #fill(): void {
    while (this.#nextTask < this.#tasks.length) {
      const pending = this.#slots.filter((slot) => slot.batches === undefined).length
      if (pending > ahead || (!this.#keepAll && this.#slots.length > ahead)) return
      this.#start(this.#tasks[this.#nextTask++]!)
    }
  }

  #start(task: Task): void {
    const slot: Slot = { batches: undefined, next: 0 }
    this.#slots.push(slot)
    const cached = task.columns.map((column) =>
      column === undefined ? [] : this.#context.cache.get(keyOf(task, column)),
    )
    if (cached.every((column) => column !== undefined)) {
      this.metrics.cacheHits += task.columns.filter((column) => column !== undefined).length
      slot.batches = this.#assemble(task, cached)
      return
    }
    this.metrics.rowGroupsRead++
    this.#read(task, cached)
      .then((columns) => {
        slot.batches = this.#assemble(task, columns)
        this.#changed()
      })
      .catch((error: unknown) => this.#fail(error))
  }

  async #read(task: Task, cached: readonly (readonly ColumnData[] | undefined)[]): Promise<(readonly ColumnData[])[]> {
    const missing = [...new Set(task.columns.filter((_, index) => cached[index] === undefined))] as number[]
    this.metrics.cacheHits += task.columns.filter(
      (column, index) => column !== undefined && cached[index] !== undefined,
    ).length
    const [bytes] = await Promise.all([this.#fetch(task, missing), this.#context.decoder.ready()])
    const decoded = new Map<number, readonly ColumnData[]>()
    const decode = async (index: number, position: number): Promise<void> => {
      decoded.set(index, await this.#decode(task, index, bytes[position]!))
    }
    await Promise.all(missing.map(decode))
    return task.columns.map((column, index) => cached[index] ?? decoded.get(column!)!)
  }

  async #fetch({ file, rowGroup }: Task, missing: readonly number[]): Promise<Uint8Array[][]> {
    const columns = missing.map((index) => file.footer.columns[index]!)
    const chunks = columns.map((column) => chunksOf(column, rowGroup))
    const meter: Traffic = { requests: 0, bytes: 0 }
    if (this.#fetching.active++ === 0) this.#fetching.since = performance.now()
    try {
      const { etag } = file.footer
      const read = { signal: this.#controller.signal, meter, ...(etag === undefined ? {} : { ifMatch: etag }) }
      const bytes = await readRanges(file.source, chunks.flat(), read)
      return chunks.map((group) => bytes.splice(0, group.length))
    } finally {
      if (--this.#fetching.active === 0) this.metrics.fetchMilliseconds += performance.now() - this.#fetching.since
      this.metrics.requests += meter.requests
      this.metrics.bytesFetched += meter.bytes
      this.#warn(file.source)
    }
  }

  async #decode(task: Task, index: number, bytes: readonly Uint8Array[]): Promise<readonly ColumnData[]> {
    const { signal } = this.#controller
    const column = task.file.footer.columns[index]!
    const request = { column, rowGroup: task.rowGroup, bytes }
    const { batches, milliseconds } = await this.#context.decoder.decode(request, { signal })
    this.metrics.decodeMilliseconds += milliseconds
    this.#warn(this.#context.decoder)
    this.#context.cache.set(keyOf(task, index), batches)
    return batches
  }

  #assemble(task: Task, columns: readonly (readonly ColumnData[])[]): ColumnBatch[] {
    const present = task.columns.findIndex((column) => column !== undefined)
    const lengths = present < 0 ? [task.rowGroup.rows] : columns[present]!.map((batch) => batch.length)
    return lengths.map((length, batch) => ({
      schema: this.#schema,
      length,
      columns: columns.map((column, index) =>
        task.columns[index] === undefined ? nullColumn(this.#schema.fields[index]!.type, length) : column[batch]!,
      ),
    }))
  }

  #warn({ warnings }: { readonly warnings: readonly string[] }): void {
    for (const warning of warnings) if (!this.metrics.warnings.includes(warning)) this.metrics.warnings.push(warning)
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort(error)
    this.#slots = []
    this.#changed()
  }

  #change(): Promise<void> {
    if (this.#waiting === undefined) {
      this.#waiting = withResolvers()
      this.#context.decoder.lend(this.#waiting.promise)
    }
    return this.#waiting.promise
  }

  #changed(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

function withResolvers(): PromiseWithResolvers<void> {
  let resolve!: () => void
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function chunksOf(column: ParquetColumn, rowGroup: RowGroup): RowGroup['chunks'] {
  return rowGroup.chunks.slice(column.firstLeaf, column.endLeaf)
}

function keyOf({ file, index }: Task, column: number): string {
  return `${file.key}\n${index}\n${column}`
}

function nameOf(files: readonly ParquetFile[]): string {
  const first = files[0]?.source.label ?? 'no file'
  return files.length < 2 ? first : `${first} and ${files.length - 1} more`
}
