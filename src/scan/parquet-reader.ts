import { LakefrontError } from '../errors.ts'
import type { DecodeRequest } from '../format/parquet/decode.ts'
import type { RowGroup } from '../format/parquet/footer.ts'
import { countRows } from '../format/parquet/row-ranges.ts'
import type { RowRanges } from '../format/parquet/row-ranges.ts'
import type { ByteRange } from '../storage/coalesce.ts'
import type { FetchScope, ReadOptions, Traffic } from '../storage/storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { assembleBatches } from './assemble.ts'
import type { BatchColumn, ColumnPart } from './assemble.ts'
import { closedReader, emptyMetrics } from './batches-table.ts'
import { readColumns } from './column-bytes.ts'
import type { CacheUser, ColumnCache } from './column-cache.ts'
import { constantColumn, countingColumn } from './constant-column.ts'
import type { DecodePool } from './decode-pool.ts'
import { decodedBytes, storedBytes } from './decoded-bytes.ts'
import { heldBytes } from '../types/held-bytes.ts'
import type { MemoryBudget } from './memory-budget.ts'
import type { ParquetFile } from './parquet-table.ts'
import { chooseRows, deletionColumn } from './chosen-rows.ts'
import { presentColumns, ScanPlan } from './scan-plan.ts'
import type { Selection, Tables, Task } from './scan-plan.ts'
import type { ScanMetrics, ScanReader, ScanRequest } from './source.ts'
import { megabytes, tooMuchAtOnce } from './too-much-at-once.ts'

export interface ReadContext {
  readonly decoder: DecodePool
  readonly cache: ColumnCache
  readonly memory: MemoryBudget
  /** The statement that reads. */
  readonly scope?: FetchScope
}

/** A row group that is being read, or was. */
interface Slot {
  batches: readonly ColumnBatch[] | undefined
  next: number
  /** Gives back what it holds. */
  readonly holds: ((isOver?: boolean) => void)[]
  isOver: boolean
}

/** A column that is to be decoded. */
interface ColumnRead {
  readonly column: number
  readonly request: DecodeRequest
  /** What fetching it took, as far as that can be told. */
  readonly fetchMilliseconds: number
  readonly slot: Slot
}

/** Row groups worked on beside the one being consumed, where there are no workers; each worker brings one more. */
const leastAhead = 1

/** Opens a reader over the row groups that `request` cannot do without. */
export function openParquetReader(
  tables: Tables,
  request: ScanRequest,
  context: ReadContext & { metrics?: ScanMetrics },
): ScanReader {
  return new ParquetReader(tables, request, context)
}

class ParquetReader implements ScanReader {
  readonly metrics: ScanMetrics
  readonly #plan: ScanPlan
  readonly #tasks: Task[]
  readonly #ahead: number
  readonly #context: ReadContext
  readonly #schema: Schema
  readonly #controller = new AbortController()
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#fail(this.#signal?.reason)
  readonly #rowGroups = new Set<RowGroup>()
  readonly #user: CacheUser
  #slots: Slot[] = []
  readonly #consumed: Slot[] = []
  readonly #frees: boolean
  #nextTask = 0
  #keepAll = false
  #failure: { readonly error: unknown } | undefined
  #waiting: PromiseWithResolvers<void> | undefined
  #fetching = { active: 0, since: 0 }

  constructor(tables: Tables, request: ScanRequest, context: ReadContext & { metrics?: ScanMetrics }) {
    this.#context = context
    this.#schema = { fields: request.columns.map((column) => tables.schema.fields[column]!) }
    this.metrics = context.metrics ?? emptyMetrics(nameOf(tables.files.map(({ source }) => source.label)))
    this.metrics.files += tables.files.length
    this.#plan = new ScanPlan(tables, request, this.metrics)
    this.#tasks = [...this.#plan.tasks]
    const stopsEarly = request.stopsEarly === true || request.limit !== undefined
    this.#ahead = stopsEarly ? 0 : Math.max(2, leastAhead + context.decoder.size)
    const bytes = stopsEarly ? 0 : this.#tasks.reduce((sum, task) => sum + decodedBytes(task, presentColumns(task)), 0)
    this.#user = context.cache.user(bytes)
    this.#frees = request.copies === true
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
      if (this.#keepAll) this.#consumed.push(slot)
      else endSlot(slot, this.#frees)
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
    const bytes = this.#tasks.reduce((sum, task) => sum + decodedBytes(task, presentColumns(task)), 0)
    if (bytes > this.#context.memory.outside)
      this.#fail(tooMuchAtOnce(this.metrics.source, bytes, this.#context.memory.limit))
    this.#keepAll = true
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#fill()
      if (this.#nextTask === this.#tasks.length && this.#slots.every((slot) => slot.batches !== undefined)) return
      await this.#change()
    }
  }

  close(): void {
    if (this.#failure === undefined && this.#ahead === 0) this.#plan.skipRest(this.#tasks.slice(this.#nextTask))
    this.#fail(closedReader(this.metrics.source))
  }

  /** Starts what may be started: as many row groups ahead as there are decoders and memory for, or all of them, a few at a time. */
  #fill(): void {
    while (this.#nextTask < this.#tasks.length) {
      const pending = this.#slots.filter((slot) => slot.batches === undefined).length
      if (pending > this.#ahead || (!this.#keepAll && this.#slots.length > this.#ahead)) return
      const task = this.#tasks[this.#nextTask]!
      if (!this.#keepAll && this.#slots.length > 0 && !this.#hasRoomFor(task)) return
      this.#nextTask++
      this.#start(task)
    }
  }

  #hasRoomFor(task: Task): boolean {
    const { cache, memory } = this.#context
    const missing = presentColumns(task).filter((column) => !cache.has(keyOf(task, column)))
    if (missing.length === 0) return true
    const needed = decodedBytes(task, missing) + storedBytes(task, missing)
    return needed <= memory.free
  }

  #start(task: Task): void {
    const slot: Slot = { batches: undefined, next: 0, holds: [], isOver: false }
    this.#slots.push(slot)
    const rows = task.rest ?? [{ start: 0, end: task.rowGroup.rows }]
    const all = { rows, pages: new Map<number, never>() }
    const present = presentColumns(task)
    if (present.every((column) => this.#context.cache.has(keyOf(task, column)))) {
      slot.batches = this.#assemble(task, all, this.#cachedParts(task, all, { columns: present, slot }), slot)
      return
    }
    const read = this.#plan.usesIndex(task) ? this.#readSelected(task, slot) : this.#read(task, all, slot)
    read
      .then((batches) => {
        slot.batches = batches
        this.#changed()
      })
      .catch((error: unknown) => this.#fail(error))
  }

  async #readSelected(task: Task, slot: Slot): Promise<ColumnBatch[]> {
    const selection = await this.#metered(task.file, (read) => this.#plan.select(task, read))
    if (selection === undefined) return []
    if (selection.rest !== undefined) this.#tasks.splice(this.#nextTask, 0, { ...task, rest: selection.rest })
    const tested = this.#plan.tested(task, selection)
    if (tested.length === 0) return this.#read(task, selection, slot)
    const parts = new Map<number, ColumnPart>()
    await this.#readParts(task, selection, { columns: tested, slot, parts })
    const narrowed = slot.isOver ? undefined : this.#plan.narrow(task, selection, parts)
    return narrowed === undefined ? [] : this.#read(task, narrowed, slot, parts)
  }

  async #read(
    task: Task,
    selection: Selection,
    slot: Slot,
    parts = new Map<number, ColumnPart>(),
  ): Promise<ColumnBatch[]> {
    const columns = presentColumns(task).filter((column) => !parts.has(column))
    await this.#readParts(task, selection, { columns, slot, parts })
    return slot.isOver ? [] : this.#assemble(task, selection, parts, slot)
  }

  /** Takes columns from the cache, from other readers that are at them, and from the file. */
  async #readParts(
    task: Task,
    selection: Selection,
    { columns, slot, parts }: { columns: readonly number[]; slot: Slot; parts: Map<number, ColumnPart> },
  ): Promise<void> {
    const { cache } = this.#context
    for (let missing = columns; missing.length > 0; missing = missing.filter((at) => !parts.has(at))) {
      for (const [column, part] of this.#cachedParts(task, selection, { columns: missing, slot }))
        parts.set(column, part)
      const absent = missing.filter((column) => !parts.has(column))
      const keys = absent.map((column) => keyOf(task, column, selection.pages.get(column)?.rows))
      const making = keys.map((key) => cache.making(key))
      const own = absent.filter((_, position) => making[position] === undefined)
      const reading = this.#readMissing(task, selection, { columns: own, slot, parts })
      for (const [position, key] of keys.entries()) if (making[position] === undefined) cache.announce(key, reading)
      await Promise.all([reading, ...making])
      if (slot.isOver) return
    }
  }

  async #readMissing(
    task: Task,
    selection: Selection,
    { columns, slot, parts }: { columns: readonly number[]; slot: Slot; parts: Map<number, ColumnPart> },
  ): Promise<void> {
    if (columns.length === 0) return
    const { cache, memory } = this.#context
    const share = selection.pages.size === 0 ? 1 : countRows(selection.rows) / task.rowGroup.rows
    const needed = (decodedBytes(task, columns) + storedBytes(task, columns)) * share
    if (needed > memory.limit) throw this.#tooLarge(task, needed)
    const release = memory.reserve(needed)
    try {
      cache.trim()
      if (!this.#rowGroups.has(task.rowGroup)) this.metrics.rowGroupsRead++
      this.#rowGroups.add(task.rowGroup)
      const started = performance.now()
      const [requests] = await Promise.all([this.#fetch(task, selection, columns), this.#context.decoder.ready()])
      const fetchMilliseconds = (performance.now() - started) / columns.length
      const decode = async (column: number, position: number): Promise<void> => {
        const request = requests[position]!
        parts.set(column, await this.#decode(task, selection, { column, request, fetchMilliseconds, slot }))
      }
      await Promise.all(columns.map(decode))
    } finally {
      release()
    }
  }

  /** What of the columns asked for is in memory: whole, or the very pages that are needed. */
  #cachedParts(
    task: Task,
    { pages }: Selection,
    { columns, slot }: { columns: readonly number[]; slot: Slot },
  ): Map<number, ColumnPart> {
    const { cache } = this.#context
    const parts = new Map<number, ColumnPart>()
    for (const column of columns) {
      const rows = pages.get(column)?.rows
      const whole = cache.hold(keyOf(task, column), this.#user)
      const held = whole ?? (rows && cache.hold(keyOf(task, column, rows), this.#user))
      if (held === undefined) continue
      hold(slot, held.release)
      const all = [{ start: 0, end: task.rowGroup.rows }]
      parts.set(column, { rows: whole === undefined ? rows! : all, batches: held.columns })
      this.metrics.cacheHits += task.columns.filter((asked) => asked.kind === 'stored' && asked.index === column).length
    }
    return parts
  }

  /** Reads what is stored of the columns `missing`, as requests to the decoder. */
  #fetch({ file, rowGroup }: Task, { pages }: Selection, missing: readonly number[]): Promise<DecodeRequest[]> {
    const wanted = missing.map((index) => ({ column: file.footer.columns[index]!, pages: pages.get(index) }))
    const onNeeded = ({ start, end }: ByteRange): void => void (this.metrics.bytesNeeded += end - start)
    return this.#metered(file, (read) => readColumns(rowGroup, wanted, { source: file.source, read, onNeeded }))
  }

  /** Runs `work` with options to read `file` by, and books what it costs. */
  async #metered<T>(file: ParquetFile, work: (read: ReadOptions) => Promise<T>): Promise<T> {
    const meter: Traffic = { requests: 0, bytes: 0 }
    if (this.#fetching.active++ === 0) this.#fetching.since = performance.now()
    try {
      const { etag } = file.footer
      const { scope } = this.#context
      return await work({
        signal: this.#controller.signal,
        meter,
        ...(scope === undefined ? {} : { scope }),
        ...(etag === undefined ? {} : { ifMatch: etag }),
      })
    } finally {
      if (--this.#fetching.active === 0) this.metrics.fetchMilliseconds += performance.now() - this.#fetching.since
      this.metrics.requests += meter.requests
      this.metrics.bytesFetched += meter.bytes
      this.#warn(file.source)
    }
  }

  async #decode(
    task: Task,
    { pages }: Selection,
    { column, request, fetchMilliseconds, slot }: ColumnRead,
  ): Promise<ColumnPart> {
    const { cache, decoder } = this.#context
    const { signal } = this.#controller
    const { batches, milliseconds } = await decoder.decode(request, { signal })
    this.metrics.decodeMilliseconds += milliseconds
    this.#warn(decoder)
    const rows = pages.get(column)?.rows
    const made = { user: this.#user, cost: milliseconds + fetchMilliseconds }
    const held = cache.add(keyOf(task, column, rows), batches, made)
    hold(slot, held.release)
    return { rows: rows ?? [{ start: 0, end: task.rowGroup.rows }], batches: held.columns }
  }

  #assemble(task: Task, { rows }: Selection, parts: ReadonlyMap<number, ColumnPart>, slot: Slot): ColumnBatch[] {
    const columns = task.columns.map((origin, index): BatchColumn => {
      const { type } = this.#schema.fields[index]!
      switch (origin.kind) {
        case 'stored':
          return {
            part: parts.get(origin.index)!,
            type: task.file.footer.columns[origin.index]!.field.type,
            fit: origin.fit,
          }
        case 'value':
          return (_, length) => constantColumn(type, origin.value, length)
        case 'rowNumber':
          return (start, length) => countingColumn((origin.first ?? 0) + task.firstRow + start, length)
        case 'deletedIn':
          return (start, length) => deletionColumn(task, start, length)
        default:
          throw origin satisfies never
      }
    })
    const choose = chooseRows(task)
    if (task.sieve !== undefined) {
      const { type } = task.file.footer.columns[task.sieve]!.field
      columns.push({ part: parts.get(task.sieve)!, type, fit: { kind: 'same' } })
    }
    const batches = assembleBatches(this.#schema, rows, columns, choose)
    if (choose !== undefined || columns.some((column) => typeof column === 'function' || column.fit.kind !== 'same')) {
      const decoded = [...parts.values()].flatMap((part) => part.batches)
      const made = heldBytes(
        batches.flatMap((batch) => batch.columns),
        decoded,
      )
      hold(slot, this.#context.memory.reserve(made))
    }
    return batches
  }

  #tooLarge({ index }: Task, needed: number): LakefrontError {
    const { source } = this.metrics
    const { limit } = this.#context.memory
    return new LakefrontError(
      'OUT_OF_MEMORY',
      `Row group ${index} of "${source}" needs about ${megabytes(needed)} for the columns asked for, and memoryLimit is ${megabytes(limit)}. ` +
        'Read fewer columns, raise memoryLimit, or write the file with smaller row groups.',
      { details: { source, rowGroup: index, neededBytes: Math.round(needed), limitBytes: limit } },
    )
  }

  #warn({ warnings }: { readonly warnings: readonly string[] }): void {
    for (const warning of warnings) if (!this.metrics.warnings.includes(warning)) this.metrics.warnings.push(warning)
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort(error)
    for (const slot of [...this.#slots, ...this.#consumed]) endSlot(slot)
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

/** Keeps `release` until the slot is over. */
function hold(slot: Slot, release: (isOver?: boolean) => void): void {
  if (slot.isOver) release()
  else slot.holds.push(release)
}

function endSlot(slot: Slot, isOver = false): void {
  slot.isOver = true
  for (const release of slot.holds.splice(0)) release(isOver)
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

/** The key of a column of a row group in the cache, or of some rows of it. */
function keyOf({ file, index }: Task, column: number, rows?: RowRanges): string {
  const some = rows === undefined ? '' : `\n${rows.map(({ start, end }) => `${start}-${end}`).join()}`
  return `${file.key}\n${index}\n${column}${some}`
}

/** What a scan of files is called. */
function nameOf(labels: readonly string[]): string {
  const first = labels[0] ?? 'no file'
  return labels.length < 2 ? first : `${first} and ${labels.length - 1} more`
}
