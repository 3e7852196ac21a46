import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { breathe } from '../../scan/breathe.ts'
import { fetchScope } from '../../storage/fetch-scope.ts'
import type { FetchLimit } from '../../storage/fetch-scope.ts'
import type { FetchScope } from '../../storage/storage.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Field, Schema } from '../../types/logical-type.ts'
import type { ExecuteOptions, QueryMetrics, ResultStream, Statement } from '../engine.ts'
import type { Connection, Duckdb } from './boot.ts'
import { rawExport } from './capi.ts'
import type { Pointer } from './capi.ts'
import { duckdbError, engineFailure } from './duckdb-error.ts'
import { scanHints } from './explain-hints.ts'
import type { Gate } from './gate.ts'
import type { LogicalTypes } from './logical-types.ts'
import { NativeStatement } from './native-statement.ts'
import { RunScans } from './run-scans.ts'
import type { LoadTable } from './run-scans.ts'
import type { ScanFunction } from './scan-function.ts'
import { VectorReader } from './vector-read.ts'

/** What every statement of one engine shares. */
export interface RunParts {
  readonly duckdb: Duckdb
  readonly types: LogicalTypes
  readonly scan: ScanFunction
  readonly gate: Gate
  readonly suspends: boolean
  readonly steps: Steps
  readonly loadTable: LoadTable
  /** What statements may fetch that have no limit of their own. */
  readonly fetchLimit: FetchLimit
}

/** The calls in which a scan may run, and so suspend. */
export interface Steps {
  readonly task: (pending: Pointer) => number | Promise<number>
  readonly finish: (pending: Pointer, result: Pointer) => number | Promise<number>
  readonly fetch: (result: Pointer) => Pointer | Promise<Pointer>
}

export function makeSteps(exports: WebAssembly.Exports, suspends: boolean): Steps {
  const { promising } = WebAssembly as unknown as { promising: <T>(fn: T) => T }
  const step = (method: 'pendingExecuteTask' | 'executePending' | 'fetchChunk'): unknown => {
    const raw = rawExport(exports, method)
    return suspends ? promising(raw) : raw
  }
  return {
    task: step('pendingExecuteTask') as Steps['task'],
    finish: step('executePending') as Steps['finish'],
    fetch: step('fetchChunk') as Steps['fetch'],
  }
}

/** Result cells gathered into one batch at most, and rows. */
const batchCells = 4_000_000
const batchRows = 122_880

/** How long rows are held back to make a batch fuller, and how long work goes on without letting messages in. */
const batchMilliseconds = 50
const sliceMilliseconds = 20

/** Least time between two reports of progress. */
const progressMilliseconds = 100

/** `DUCKDB_STATEMENT_TYPE` of statements that `EXPLAIN` takes. */
const explainable: ReadonlySet<number> = new Set([1, 2, 3, 5, 7, 11])

/**
 * One SQL text from prepare to the last row. It is tried again from the start as long as scans say that something is not loaded
 * yet: tables (footers) while it is prepared, and, where the platform cannot suspend, rows when it begins to run.
 */
export class Run implements ResultStream {
  readonly #parts: RunParts
  readonly #native: NativeStatement
  readonly #scans: RunScans
  readonly #vectors: VectorReader
  readonly #connection: Connection
  readonly #statement: Statement
  readonly #options: ExecuteOptions
  readonly #release: () => void
  #scope: FetchScope
  readonly #started = performance.now()
  readonly #drained: ColumnBatch[] = []
  #fields: readonly Field[] = []
  #position = { index: 0, count: 1 }
  #rows = 0
  #isExhausted = false
  #planMilliseconds = 0
  #totalMilliseconds: number | undefined
  #lastYield = performance.now()
  #lastProgress = 0
  #state: 'starting' | 'open' | 'done' | 'closed' = 'starting'
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    parts: RunParts,
    connection: Connection,
    statement: Statement,
    options: ExecuteOptions,
    release: () => void,
  ) {
    const { duckdb, types, loadTable, suspends } = parts
    this.#parts = parts
    this.#connection = connection
    this.#statement = statement
    this.#options = options
    this.#release = release
    this.#scope = fetchScope(options.fetchLimit ?? parts.fetchLimit)
    this.#native = new NativeStatement(duckdb, types, connection, statement.sql)
    const load: LoadTable = (named, forWhom) => loadTable(named, { ...forWhom, scope: this.#scope })
    this.#scans = new RunScans(load, suspends, options.signal, () => this.#reportProgress())
    this.#vectors = new VectorReader(duckdb.capi, duckdb.heap)
    options.signal?.addEventListener('abort', this.#interrupt)
  }

  get schema(): Schema {
    return { fields: this.#fields }
  }

  /** Runs all statements but the last, and starts that. */
  start(): Promise<this> {
    return this.#inTurn(async () => {
      try {
        await this.#start()
        return this
      } catch (error) {
        throw this.#end(error)
      }
    })
  }

  /** The columns the text would return; nothing is run. Undefined when that depends on the types of parameters. */
  describe(): Promise<Schema | undefined> {
    return this.#inTurn(async () => {
      try {
        this.#scope = fetchScope(this.#options.fetchLimit ?? this.#parts.fetchLimit, true)
        const count = await this.#enter(() => this.#native.extract())
        await this.#prepare(count - 1)
        return this.#native.hasParameters ? undefined : { fields: this.#native.preparedFields() }
      } catch (error) {
        throw this.#end(error)
      } finally {
        this.#end()
      }
    })
  }

  next(): Promise<ColumnBatch | undefined> {
    return this.#inTurn(async () => this.#drained.shift() ?? (await this.#nextBatch()))
  }

  /** Takes all that is left out of the engine, so that another statement may use the connection. */
  drain(): Promise<void> {
    return this.#inTurn(async () => {
      while (this.#state === 'open') {
        const batch = await this.#nextBatch().catch((error: unknown) => this.#drainFailed(error))
        if (batch !== undefined) this.#drained.push(batch)
      }
    })
  }

  async metrics(): Promise<QueryMetrics> {
    return {
      rows: this.#rows,
      totalMilliseconds: this.#totalMilliseconds ?? performance.now() - this.#started,
      planMilliseconds: this.#planMilliseconds,
      scans: structuredClone(this.#scans.metrics) as QueryMetrics['scans'],
    }
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return
    this.#interrupt()
    await this.#inTurn(async () => this.#end())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly #interrupt = (): void => this.#parts.duckdb.capi.interrupt(this.#connection.pointer)

  #drainError: { readonly error: unknown } | undefined

  /** A failure met while draining belongs to the reader of the rows, not to the statement that waits for the connection. */
  #drainFailed(error: unknown): undefined {
    this.#drainError = { error }
    return undefined
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #start(): Promise<void> {
    const count = await this.#enter(() => this.#native.extract())
    for (let index = 0; index < count; index++) {
      await this.#begin(index, count)
      if (index === count - 1) break
      for (let chunks = await this.#collect(batchRows); chunks.length > 0; chunks = await this.#collect(batchRows)) {
        this.#destroyChunks(chunks)
      }
    }
    this.#state = 'open'
  }

  /** Prepares statement `index`, loading the tables it names. */
  async #prepare(index: number): Promise<void> {
    for (;;) {
      const error = await this.#bindingTo(() => this.#native.prepare(index))
      if (error === undefined) return
      if (!(await this.#scans.loadMissing())) throw this.#explainFailure(error)
    }
  }

  /** Prepares statement `index` and runs it until its first rows are there. */
  async #begin(index: number, count: number): Promise<void> {
    this.#position = { index, count }
    this.#isExhausted = false
    for (;;) {
      const planning = performance.now()
      await this.#prepare(index)
      await this.#enter(() => this.#native.bind(this.#statement.parameters))
      if (this.#scans.wantsHints && count === 1) await this.#plan()
      this.#planMilliseconds += performance.now() - planning
      const error = await this.#execute()
      if (error === undefined) return
      if (!(await this.#scans.loadUnloaded())) throw this.#explainFailure(error)
    }
  }

  /** Runs the prepared statement up to its first rows; answers DuckDB's message when it failed. */
  async #execute(): Promise<string | undefined> {
    const { steps } = this.#parts
    const refused = await this.#bindingTo(() => this.#native.begin())
    if (refused !== undefined) return refused
    for (;;) {
      const state = await this.#enter(() => steps.task(this.#native.pending))
      if (state === 2) return this.#native.pendingError()
      if (state !== 1) break
      await this.#breathe()
    }
    const failed = await this.#enter(() => steps.finish(this.#native.pending, this.#native.reserveResult()))
    if (failed !== 0) return this.#native.resultError()
    this.#fields = this.#native.resultFields()
    return undefined
  }

  /** Asks DuckDB which columns its optimised plan needs of every scan and what it filters by. */
  async #plan(): Promise<void> {
    const sql = this.#statement.sql.replace(/^\s*explain\s+analyze\s+/i, '')
    const isExplainable = sql !== this.#statement.sql || explainable.has(this.#native.type)
    const explained = isExplainable ? await this.#enter(() => this.#explain(`EXPLAIN (FORMAT json) ${sql}`)) : ''
    await this.#scans.plan(scanHints(explained, sql))
  }

  /** The text of the plan; empty when there is none. */
  #explain(sql: string): string {
    const { duckdb, types } = this.#parts
    const { capi } = duckdb
    const explain = new NativeStatement(duckdb, types, this.#connection, sql)
    try {
      if (explain.extract() !== 1) return ''
      this.#scans.beginBinding()
      if (explain.prepare(0) !== undefined) return ''
      explain.bind(this.#statement.parameters)
      this.#scans.beginBinding()
      if (explain.begin() !== undefined || capi.executePending(explain.pending, explain.reserveResult()) !== 0)
        return ''
      const chunk = capi.fetchChunk(explain.result)
      if (chunk === 0) return ''
      const { offsets, values } = this.#vectors.column([chunk], 1, { kind: 'varchar' })
      this.#destroyChunks([chunk])
      return new TextDecoder().decode(values!.subarray(0, offsets![1]))
    } finally {
      explain.close()
    }
  }

  async #nextBatch(): Promise<ColumnBatch | undefined> {
    if (this.#drainError !== undefined) throw this.#drainError.error
    if (this.#state === 'done') return undefined
    if (this.#state === 'closed')
      throw new LakefrontError('CLOSED', 'The result was closed before its last row was read.')
    try {
      const limit = Math.min(batchRows, Math.max(2048, Math.floor(batchCells / Math.max(1, this.#fields.length))))
      const chunks = await this.#collect(limit).catch(async (error: unknown) => {
        if (!(await this.#scans.loadUnloaded())) throw error
        await this.#restart()
        return this.#collect(limit)
      })
      if (chunks.length > 0) return this.#batchOf(chunks)
      this.#end()
      this.#state = 'done'
      return undefined
    } catch (error) {
      throw this.#end(error)
    }
  }

  /** Begins the statement anew in the middle of its rows and passes over those that were delivered. */
  async #restart(): Promise<void> {
    await this.#begin(this.#position.index, this.#position.count)
    for (let skipped = 0; skipped < this.#rows;) {
      const chunks = await this.#collect(1)
      if (chunks.length === 0)
        throw new LakefrontError('INTERNAL', 'A restarted statement returned fewer rows than before.')
      skipped += this.#rowsIn(chunks)
      this.#destroyChunks(chunks)
    }
  }

  #batchOf(chunks: readonly Pointer[]): ColumnBatch {
    try {
      const columns = this.#fields.map((field, index) => this.#vectors.column(chunks, index, field.type))
      const length = this.#rowsIn(chunks)
      this.#rows += length
      return { schema: this.schema, length, columns }
    } finally {
      this.#destroyChunks(chunks)
    }
  }

  /** Fetches chunks up to `limit` rows, fewer when rows come slowly; none means the end. */
  async #collect(limit: number): Promise<Pointer[]> {
    const { duckdb, steps } = this.#parts
    const chunks: Pointer[] = []
    const started = performance.now()
    try {
      for (let rows = 0; !this.#isExhausted && rows < limit;) {
        if (rows > 0 && performance.now() - started > batchMilliseconds) break
        const chunk = await this.#enter(() => steps.fetch(this.#native.result))
        if (chunk === 0) {
          const message = this.#native.resultError()
          if (message !== '' || this.#scans.failure !== undefined) throw this.#explainFailure(message)
          this.#isExhausted = true
          break
        }
        chunks.push(chunk)
        rows += duckdb.capi.dataChunkGetSize(chunk)
        await this.#breathe()
      }
      return chunks
    } catch (error) {
      this.#destroyChunks(chunks)
      throw error
    }
  }

  #rowsIn(chunks: readonly Pointer[]): number {
    return chunks.reduce((sum, chunk) => sum + this.#parts.duckdb.capi.dataChunkGetSize(chunk), 0)
  }

  #destroyChunks(chunks: readonly Pointer[]): void {
    const { capi, heap } = this.#parts.duckdb
    for (const chunk of chunks) heap.withPointer(chunk, capi.destroyDataChunk)
  }

  /** Runs `work` alone in the engine, with callbacks coming to the scans of this run. */
  #enter<T>(work: () => T | Promise<T>): Promise<T> {
    const { gate, scan } = this.#parts
    return gate.enter(() => {
      scan.context = this.#scans
      return work()
    })
  }

  /** Like {@link #enter}, for work in which DuckDB binds the statement. */
  #bindingTo<T>(work: () => T): Promise<T> {
    return this.#enter(() => {
      this.#scans.beginBinding()
      return work()
    })
  }

  /** Lets messages in now and then, so that an abort is heard, and stops when there was one. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#lastYield > sliceMilliseconds) {
      await breathe()
      this.#lastYield = performance.now()
      this.#reportProgress()
    }
    this.#options.signal?.throwIfAborted()
  }

  #reportProgress(): void {
    const { onProgress } = this.#options
    if (onProgress === undefined || performance.now() - this.#lastProgress < progressMilliseconds) return
    this.#lastProgress = performance.now()
    onProgress(this.#scans.progress())
  }

  /** The error to throw for DuckDB's `message`: what a callback failed with comes before DuckDB's words for it. */
  #explainFailure(message: string): unknown {
    const { signal } = this.#options
    if (signal?.aborted === true) return signal.reason
    return this.#scans.failure === undefined ? duckdbError(message, this.#statement.sql) : this.#scans.failure.error
  }

  /** Gives everything back; answers the error that ended the run as the caller should see it. */
  #end(error?: unknown): unknown {
    const { signal } = this.#options
    if (this.#state !== 'closed' && this.#state !== 'done') {
      this.#state = 'closed'
      this.#totalMilliseconds = performance.now() - this.#started
      signal?.removeEventListener('abort', this.#interrupt)
      this.#native.close()
      this.#scans.close()
      this.#release()
    }
    if (signal?.aborted === true) return signal.reason
    return error === undefined || isLakefrontError(error) ? error : engineFailure(error)
  }
}
