import type { FetchScope, Traffic } from '../storage/storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { closedReader, emptyMetrics } from './batches-table.ts'
import { constantColumn, countingColumn } from './constant-column.ts'
import { fitted } from './fit.ts'
import { heldBytes } from '../types/held-bytes.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { isPartitionOut } from './partition-columns.ts'
import { allOf, keysOf, predicateOf } from './scan-plan.ts'
import { tooMuchAtOnce } from './too-much-at-once.ts'
import type { ScanMetrics, ScanReader, ScanRequest } from './source.ts'
import type { StreamedFile } from './streamed-table.ts'
import type { FileColumns } from './table-columns.ts'

/** Files of rows and the columns their table has. */
interface StreamedTables {
  readonly files: readonly StreamedFile[]
  readonly columns: readonly FileColumns[]
  readonly schema: Schema
}

/** What the two ranges take that reading holds of a file. */
const bytesOfRanges = 8_000_000

/** A batch that waits for whoever pulls. */
interface Waiting {
  readonly batch: ColumnBatch
  readonly release: () => void
}

/**
 * Reads files one after the other. One batch is decoded ahead of those pulled, unless the receiver may stop early or there is no memory for it.
 * All that is held is booked, the batch pulled last until the next is asked for.
 */
export class StreamedReader implements ScanReader {
  readonly metrics: ScanMetrics
  readonly #tables: StreamedTables
  readonly #request: ScanRequest
  readonly #schema: Schema
  readonly #controller = new AbortController()
  readonly #batches: AsyncGenerator<ColumnBatch>
  readonly #onAbort = (): void => this.#fail(this.#request.signal?.reason)
  readonly #memory: MemoryBudget
  readonly #scope: FetchScope | undefined
  readonly #readsAhead: boolean
  readonly #ready: Waiting[] = []
  /** What was pulled and is booked still. */
  readonly #taken: Waiting[] = []
  #keepsAll = false
  /** Gives back what reading takes. */
  #reading: (() => void) | undefined
  #pulling: Promise<void> | undefined
  #isDone = false
  #failure: { readonly error: unknown } | undefined

  constructor(
    tables: StreamedTables,
    request: ScanRequest,
    { memory, scope }: { readonly memory: MemoryBudget; readonly scope?: FetchScope },
  ) {
    this.#tables = tables
    this.#request = request
    this.#memory = memory
    this.#scope = scope
    this.#readsAhead = request.stopsEarly !== true && request.limit === undefined
    this.#schema = { fields: request.columns.map((column) => tables.schema.fields[column]!) }
    const [first, ...others] = tables.files.map(({ source }) => source.label)
    this.metrics = emptyMetrics(others.length === 0 ? first! : `${first} and ${others.length} more`)
    this.metrics.files = tables.files.length
    this.#batches = this.#read()
    if (request.signal?.aborted === true) this.#onAbort()
    else request.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  poll(): ColumnBatch | 'pending' | 'done' {
    if (this.#failure !== undefined) throw this.#failure.error
    if (!this.#keepsAll) releaseAll(this.#taken.splice(0))
    const next = this.#ready.shift()
    if (next !== undefined) this.#taken.push(next)
    if (next === undefined && this.#isDone) return 'done'
    const readsAhead = this.#readsAhead && this.#ready.length === 0 && this.#memory.free > 0
    if (next === undefined || readsAhead) void this.#pull()
    if (next === undefined) return 'pending'
    this.metrics.rows += next.batch.length
    return next.batch
  }

  async ready(): Promise<void> {
    while (this.#failure === undefined && !this.#isDone && this.#ready.length === 0) await this.#pull()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async load(): Promise<void> {
    this.#keepsAll = true
    for (let bytes = 0; this.#failure === undefined && !this.#isDone;) {
      const before = this.#ready.length
      await this.#pull()
      bytes += heldBytes(this.#ready.slice(before).flatMap(({ batch }) => batch.columns))
      if (bytes > this.#memory.outside) this.#fail(tooMuchAtOnce(this.metrics.source, bytes, this.#memory.limit))
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  close(): void {
    this.#fail(closedReader(this.metrics.source))
  }

  /** Gets one batch more; one at a time. Never rejects. */
  #pull(): Promise<void> {
    if (this.#isDone || this.#failure !== undefined) return Promise.resolve()
    return (this.#pulling ??= this.#next().finally(() => {
      this.#pulling = undefined
    }))
  }

  async #next(): Promise<void> {
    const started = performance.now()
    // Beside its ranges there is the batch that is being made.
    this.#reading ??= this.#memory.reserve(bytesOfRanges + this.#memory.batchBytes)
    try {
      const { done, value } = await this.#batches.next()
      if (this.#failure !== undefined) return
      if (done !== true) {
        this.#ready.push({ batch: value, release: this.#memory.reserve(heldBytes(value.columns)) })
        return
      }
      this.#isDone = true
      this.#reading()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.metrics.decodeMilliseconds += performance.now() - started
    }
  }

  async *#read(): AsyncGenerator<ColumnBatch> {
    const { files, columns, schema } = this.#tables
    const { columns: asked, filter } = this.#request
    const wanted = predicateOf({ columns: asked, ...(filter === undefined ? {} : { filter }) }, schema, () => [])
    const predicate = allOf(wanted, keysOf(this.#request, schema))
    for (const [at, file] of files.entries()) {
      if (isPartitionOut(predicate, columns[at]!, schema)) this.metrics.filesSkipped++
      else yield* this.#readFile(file, columns[at]!)
    }
  }

  async *#readFile(file: StreamedFile, origins: FileColumns): AsyncGenerator<ColumnBatch> {
    const wanted = [
      ...new Set(
        this.#request.columns.flatMap((column) => {
          const origin = origins[column]!
          return origin.kind === 'stored' ? [origin.index] : []
        }),
      ),
    ]
    const meter: Traffic = { requests: 0, bytes: 0 }
    const counted = { ...meter }
    let row = 0
    const rows = file.read(wanted, {
      readsAhead: this.#readsAhead,
      batchBytes: this.#memory.batchBytes,
      signal: this.#controller.signal,
      meter,
      ...(this.#scope === undefined ? {} : { scope: this.#scope }),
    })
    for await (const { length, columns } of rows) {
      this.#count(meter, counted)
      const first = row
      row += length
      yield {
        schema: this.#schema,
        length,
        columns: this.#request.columns.map((column, position) => {
          const origin = origins[column]!
          if (origin.kind === 'stored') return fitted(columns[wanted.indexOf(origin.index)]!, origin.fit)
          if (origin.kind === 'rowNumber') return countingColumn(first, length)
          return constantColumn(
            this.#schema.fields[position]!.type,
            origin.kind === 'value' ? origin.value : null,
            length,
          )
        }),
      }
    }
    this.#count(meter, counted)
    for (const warning of file.source.warnings)
      if (!this.metrics.warnings.includes(warning)) this.metrics.warnings.push(warning)
  }

  #count(meter: Traffic, counted: Traffic): void {
    this.metrics.requests += meter.requests - counted.requests
    this.metrics.bytesFetched += meter.bytes - counted.bytes
    this.metrics.bytesNeeded += meter.bytes - counted.bytes
    Object.assign(counted, meter)
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    releaseAll(this.#ready.splice(0))
    releaseAll(this.#taken.splice(0))
    this.#reading?.()
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort(error)
    void this.#batches.return(undefined)
  }
}

function releaseAll(waiting: readonly Waiting[]): void {
  for (const { release } of waiting) release()
}
