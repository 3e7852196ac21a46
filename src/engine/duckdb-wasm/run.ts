import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { breathe } from '../../scan/breathe.ts'
import type { ScanMetrics, ScanTable } from '../../scan/source.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Field, Schema } from '../../types/logical-type.ts'
import type { ExecuteOptions, QueryMetrics, ResultStream, Statement } from '../engine.ts'
import type { Connection, Duckdb } from './boot.ts'
import { rawExport, resultSize } from './capi.ts'
import type { Pointer } from './capi.ts'
import { duckdbError, engineFailure } from './duckdb-error.ts'
import { scanHints } from './explain-hints.ts'
import type { ScanHint } from './explain-hints.ts'
import type { Gate } from './gate.ts'
import type { LogicalTypes } from './logical-types.ts'
import { bindParameters } from './parameters.ts'
import type { OpenScan, ScanContext, ScanFunction } from './scan-function.ts'
import { VectorReader } from './vector-read.ts'

/** What every statement of one engine shares. */
export interface RunParts {
  readonly duckdb: Duckdb
  readonly types: LogicalTypes
  readonly scan: ScanFunction
  readonly gate: Gate
  readonly suspends: boolean
  readonly steps: Steps
  /** The table behind a name in `lf_scan` or behind files in `read_parquet`. */
  loadTable(name: string, files: readonly string[], signal: AbortSignal | undefined): Promise<ScanTable>
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

/** `DUCKDB_STATEMENT_TYPE` of statements that `EXPLAIN` takes. */
const explainable: ReadonlySet<number> = new Set([1, 2, 3, 5, 7, 11])

/**
 * One SQL text from prepare to the last row. It is tried again from the start as long as scans say that something is not loaded
 * yet: tables (footers) while it is prepared, and, where the platform cannot suspend, rows when it begins to run.
 */
export class Run implements ScanContext, ResultStream {
  readonly #parts: RunParts
  readonly #connection: Connection
  readonly #statement: Statement
  readonly #options: ExecuteOptions
  readonly #release: () => void
  readonly #vectors: VectorReader
  readonly #started = performance.now()
  readonly #tables = new Map<string, ScanTable>()
  readonly #missing = new Map<string, readonly string[]>()
  readonly #loaded = new Map<string, OpenScan[]>()
  readonly #unloaded: OpenScan[] = []
  readonly #scanMetrics = new Set<ScanMetrics>()
  readonly #drained: ColumnBatch[] = []
  #expectedRows = 0
  #hints: readonly ScanHint[] = []
  #failure: { error: unknown } | undefined
  #fields: readonly Field[] = []
  #extracted: Pointer = 0
  readonly #taken = new Set<number>()
  #prepared: Pointer = 0
  #pending: Pointer = 0
  #result: Pointer = 0
  #rows = 0
  #position = { index: 0, count: 1 }
  #isExhausted = false
  #rowsScanned = 0
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
    this.#parts = parts
    this.#connection = connection
    this.#statement = statement
    this.#options = options
    this.#release = release
    this.#vectors = new VectorReader(parts.duckdb.capi, parts.duckdb.heap)
    options.signal?.addEventListener('abort', this.#interrupt)
  }

  get schema(): Schema {
    return { fields: this.#fields }
  }

  // Called by the scan function.

  bind(name: string, files: readonly string[]): ScanTable | undefined {
    const table = this.#tables.get(name)
    if (table === undefined) this.#missing.set(name, files)
    return table
  }

  open(table: ScanTable, columns: readonly number[]): OpenScan | undefined {
    const loaded = this.#loaded.get(this.#scanKey(table, columns))?.shift()
    if (loaded !== undefined) return loaded
    const scan = this.#openScan(table, columns)
    if (this.#parts.suspends) return scan
    this.#unloaded.push(scan)
    return undefined
  }

  starved(scan: OpenScan): void {
    this.#unloaded.push(this.#openScan(scan.table, scan.columns))
  }

  failed(error: unknown): void {
    this.#failure ??= { error }
  }

  scanned(rows: number): void {
    this.#rowsScanned += rows
    this.#reportProgress()
  }

  // Called by the engine.

  /** Runs all statements but the last, and starts that. */
  start(): Promise<this> {
    return this.#inTurn(() => this.#start())
  }

  async #start(): Promise<this> {
    try {
      const count = await this.#extract()
      for (let index = 0; index < count; index++) {
        await this.#begin(index, count)
        if (index < count - 1) {
          while ((await this.#collect(batchRows)).length > 0);
          this.#free()
        }
      }
      this.#state = 'open'
      return this
    } catch (error) {
      throw this.#end(error)
    }
  }

  /** The columns the text would return; nothing is run. Undefined when that depends on the types of parameters. */
  describe(): Promise<Schema | undefined> {
    return this.#inTurn(() => this.#describe())
  }

  async #describe(): Promise<Schema | undefined> {
    try {
      const count = await this.#extract()
      await this.#prepare(count - 1)
      return this.#parts.duckdb.capi.nparams(this.#prepared) > 0 ? undefined : { fields: this.#preparedFields() }
    } catch (error) {
      throw this.#end(error)
    } finally {
      this.#end()
    }
  }

  next(): Promise<ColumnBatch | undefined> {
    return this.#inTurn(async () => this.#drained.shift() ?? (await this.#nextBatch()))
  }

  /** Takes all that is left out of the engine, so that another statement may use the connection. */
  async drain(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#state !== 'open') return
      for (let batch = await this.#nextBatch(); batch !== undefined; batch = await this.#nextBatch())
        this.#drained.push(batch)
    })
  }

  async metrics(): Promise<QueryMetrics> {
    return {
      rows: this.#rows,
      totalMilliseconds: this.#totalMilliseconds ?? performance.now() - this.#started,
      planMilliseconds: this.#planMilliseconds,
      scans: structuredClone([...this.#scanMetrics]),
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #extract(): Promise<number> {
    const { capi, heap } = this.#parts.duckdb
    const { sql } = this.#statement
    this.#options.signal?.throwIfAborted()
    this.#destroyExtracted()
    const [count, error] = await this.#enter(() =>
      heap.withWords(1, (slot) => {
        const found = heap.withText(sql, (text) => capi.extractStatements(this.#connection.pointer, text, slot))
        this.#extracted = heap.pointerAt(slot)
        return [found, found > 0 ? '' : heap.text(capi.extractStatementsError(this.#extracted))] as const
      }),
    )
    if (count > 0) return count
    if (error !== '') throw duckdbError(error, sql)
    throw new LakefrontError('SYNTAX_ERROR', 'The SQL text holds no statement. Write one, such as SELECT 42.', {
      details: { position: 0 },
    })
  }

  /** Prepares statement `index`, loading the tables it names. An extracted statement can be prepared once only. */
  async #prepare(index: number): Promise<void> {
    const { capi, heap } = this.#parts.duckdb
    for (;;) {
      if (this.#taken.has(index)) await this.#extract()
      this.#taken.add(index)
      this.#missing.clear()
      const error = await this.#enter(() =>
        heap.withWords(1, (slot) => {
          const failed = capi.prepareExtractedStatement(this.#connection.pointer, this.#extracted, index, slot) !== 0
          this.#prepared = heap.pointerAt(slot)
          return failed ? heap.text(capi.prepareError(this.#prepared)) : undefined
        }),
      )
      if (error === undefined) return
      if (this.#missing.size === 0 || this.#failure !== undefined) throw this.#explainFailure(error)
      this.#destroyPrepared()
      const { signal } = this.#options
      await Promise.all(
        [...this.#missing].map(async ([name, files]) =>
          this.#tables.set(name, await this.#parts.loadTable(name, files, signal)),
        ),
      )
      signal?.throwIfAborted()
    }
  }

  /** Prepares statement `index` and runs it until its first rows are there. */
  async #begin(index: number, count: number): Promise<void> {
    this.#position = { index, count }
    this.#isExhausted = false
    for (;;) {
      const planning = performance.now()
      await this.#prepare(index)
      await this.#enter(() => this.#bindParameters(this.#prepared))
      if (this.#tables.size > 0 && this.#hints.length === 0 && count === 1) await this.#plan()
      this.#planMilliseconds += performance.now() - planning
      const error = await this.#execute()
      if (error === undefined) return
      if (!(await this.#loadUnloaded())) throw this.#explainFailure(error)
      this.#free()
    }
  }

  #bindParameters(prepared: Pointer): void {
    bindParameters(this.#parts.duckdb.capi, this.#parts.duckdb.heap, prepared, this.#statement.parameters)
  }

  /** Runs the prepared statement up to its first rows; answers DuckDB's message when it failed. */
  async #execute(): Promise<string | undefined> {
    const { duckdb, steps } = this.#parts
    const { capi, heap } = duckdb
    const refused = await this.#enter(() =>
      heap.withWords(1, (slot) => {
        const failed = capi.pendingPreparedStreaming(this.#prepared, slot) !== 0
        this.#pending = heap.pointerAt(slot)
        return failed ? heap.text(capi.pendingError(this.#pending)) : undefined
      }),
    )
    if (refused !== undefined) return refused
    for (;;) {
      const state = await this.#enter(() => steps.task(this.#pending))
      if (state === 2) return heap.text(capi.pendingError(this.#pending))
      if (state !== 1) break
      await this.#breathe()
    }
    this.#result = heap.allocate(resultSize)
    heap.bytes.fill(0, this.#result, this.#result + resultSize)
    const failed = (await this.#enter(() => steps.finish(this.#pending, this.#result))) !== 0
    if (failed) return heap.text(capi.resultError(this.#result))
    this.#fields = Array.from({ length: capi.columnCount(this.#result) }, (_, column) => {
      const name = heap.text(capi.columnName(this.#result, column))
      return { name, type: this.#parts.types.take(capi.columnLogicalType(this.#result, column), name), nullable: true }
    })
    return undefined
  }

  /** Asks DuckDB which columns its optimised plan needs of every scan and what it filters by; decodes ahead where it must. */
  async #plan(): Promise<void> {
    const { duckdb, suspends } = this.#parts
    const sql = this.#statement.sql.replace(/^\s*explain\s+analyze\s+/i, '')
    if (sql === this.#statement.sql && !explainable.has(duckdb.capi.preparedStatementType(this.#prepared))) return
    const explained = await this.#enter(() => this.#explain(`EXPLAIN (FORMAT json) ${sql}`))
    this.#hints = scanHints(explained)
    if (suspends) return
    const readers = this.#hints.flatMap((hint) =>
      [...new Set(this.#tables.values())].flatMap((table) => {
        const columns = hint.columns.map((name) => table.schema.fields.findIndex((field) => field.name === name))
        return columns.includes(-1) ? [] : [this.#openScan(table, columns)]
      }),
    )
    await this.#load(
      readers,
      this.#hints.every((hint) => hint.stopsEarly),
    )
  }

  async #load(scans: readonly OpenScan[], onlyFirst = false): Promise<void> {
    for (const scan of scans) this.#loaded.set(scan.key, [...(this.#loaded.get(scan.key) ?? []), scan])
    await Promise.all(scans.map(({ reader }) => (onlyFirst ? reader.ready() : reader.load())))
  }

  #explain(sql: string): string {
    const { capi, heap } = this.#parts.duckdb
    const slots = heap.allocate(12 + resultSize)
    heap.bytes.fill(0, slots, slots + 12 + resultSize)
    const result = slots + 12
    try {
      if (heap.withText(sql, (text) => capi.extractStatements(this.#connection.pointer, text, slots)) !== 1) return ''
      if (capi.prepareExtractedStatement(this.#connection.pointer, heap.pointerAt(slots), 0, slots + 4) !== 0) return ''
      this.#bindParameters(heap.pointerAt(slots + 4))
      if (capi.pendingPreparedStreaming(heap.pointerAt(slots + 4), slots + 8) !== 0) return ''
      if (capi.executePending(heap.pointerAt(slots + 8), result) !== 0) return ''
      const chunk = capi.fetchChunk(result)
      if (chunk === 0) return ''
      const { offsets, values } = this.#vectors.column([chunk], 1, { kind: 'varchar' })
      heap.withPointer(chunk, capi.destroyDataChunk)
      return new TextDecoder().decode(values!.subarray(0, offsets![1]))
    } finally {
      if (heap.pointerAt(result) !== 0 || heap.pointerAt(slots + 8) !== 0) capi.destroyResult(result)
      capi.destroyPending(slots + 8)
      capi.destroyPrepare(slots + 4)
      capi.destroyExtracted(slots)
      heap.free(slots)
    }
  }

  #openScan(table: ScanTable, columns: readonly number[]): OpenScan {
    const names = new Set(columns.map((column) => table.schema.fields[column]!.name))
    const hints = this.#hints.filter(
      (hint) => hint.columns.length === names.size && hint.columns.every((name) => names.has(name)),
    )
    const filters = new Set(hints.map((hint) => hint.filter))
    const [filter] = filters
    const countsOnly = hints.length > 0 && hints.every((hint) => hint.countsOnly)
    const { signal } = this.#options
    const reader = table.open({
      columns: countsOnly ? [] : columns,
      ...(filters.size === 1 && filter !== undefined ? { filter } : {}),
      ...(signal === undefined ? {} : { signal }),
    })
    this.#scanMetrics.add(reader.metrics)
    this.#expectedRows += table.rowCount ?? 0
    return { key: this.#scanKey(table, columns), table, columns, reader, columnsRead: countsOnly ? [] : columns }
  }

  #scanKey(table: ScanTable, columns: readonly number[]): string {
    const name = [...this.#tables].find(([, candidate]) => candidate === table)?.[0] ?? ''
    return JSON.stringify([name, ...columns])
  }

  /** Decodes what a failed attempt asked for; false when it failed for another reason. */
  async #loadUnloaded(): Promise<boolean> {
    const scans = this.#unloaded.splice(0)
    if (scans.length === 0 || this.#failure !== undefined) return false
    await this.#load(scans)
    return true
  }

  /** Begins the statement anew in the middle of its rows and passes over those that were delivered. */
  async #restart(): Promise<void> {
    const { capi, heap } = this.#parts.duckdb
    this.#free()
    await this.#begin(this.#position.index, this.#position.count)
    for (let skipped = 0; skipped < this.#rows;) {
      const [chunk] = await this.#collect(1)
      if (chunk === undefined)
        throw new LakefrontError('INTERNAL', 'A restarted statement returned fewer rows than before.')
      skipped += capi.dataChunkGetSize(chunk)
      heap.withPointer(chunk, capi.destroyDataChunk)
    }
  }

  async #nextBatch(): Promise<ColumnBatch | undefined> {
    if (this.#state === 'done') return undefined
    if (this.#state === 'closed')
      throw new LakefrontError('CLOSED', 'The result was closed before its last row was read.')
    try {
      const limit = Math.min(batchRows, Math.max(2048, Math.floor(batchCells / Math.max(1, this.#fields.length))))
      const chunks = await this.#collect(limit).catch(async (error: unknown) => {
        if (!(await this.#loadUnloaded())) throw error
        await this.#restart()
        return this.#collect(limit)
      })
      if (chunks.length === 0) {
        this.#end()
        this.#state = 'done'
        return undefined
      }
      return this.#batchOf(chunks)
    } catch (error) {
      throw this.#end(error)
    }
  }

  #batchOf(chunks: readonly Pointer[]): ColumnBatch {
    const { capi, heap } = this.#parts.duckdb
    try {
      const columns = this.#fields.map((field, index) => this.#vectors.column(chunks, index, field.type))
      const length = chunks.reduce((sum, chunk) => sum + capi.dataChunkGetSize(chunk), 0)
      this.#rows += length
      return { schema: this.schema, length, columns }
    } finally {
      for (const chunk of chunks) heap.withPointer(chunk, capi.destroyDataChunk)
    }
  }

  /** Fetches chunks up to `limit` rows, fewer when rows come slowly; none means the end. */
  async #collect(limit: number): Promise<Pointer[]> {
    const { duckdb, steps } = this.#parts
    const { capi, heap } = duckdb
    const chunks: Pointer[] = []
    const started = performance.now()
    try {
      for (
        let rows = 0;
        !this.#isExhausted && rows < limit && (rows === 0 || performance.now() - started < batchMilliseconds);
      ) {
        const chunk = await this.#enter(() => steps.fetch(this.#result))
        if (chunk === 0) {
          const message = heap.text(capi.resultError(this.#result))
          if (message !== '' || this.#failure !== undefined) throw this.#explainFailure(message)
          this.#isExhausted = true
          break
        }
        chunks.push(chunk)
        rows += capi.dataChunkGetSize(chunk)
        await this.#breathe()
      }
      return chunks
    } catch (error) {
      for (const chunk of chunks) heap.withPointer(chunk, capi.destroyDataChunk)
      throw error
    }
  }

  /** Runs `work` alone in the engine, with callbacks coming here. */
  #enter<T>(work: () => T | Promise<T>): Promise<T> {
    const { gate, scan } = this.#parts
    return gate.enter(() => {
      scan.context = this
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
    if (onProgress === undefined || performance.now() - this.#lastProgress < 100) return
    this.#lastProgress = performance.now()
    const bytesFetched = [...this.#scanMetrics].reduce((sum, scan) => sum + scan.bytesFetched, 0)
    const rowsScanned = this.#rowsScanned
    onProgress({
      rowsScanned,
      bytesFetched,
      ...(this.#expectedRows > 0 ? { fraction: Math.min(1, rowsScanned / this.#expectedRows) } : {}),
    })
  }

  /** The error to throw for DuckDB's `message`: what a callback failed with comes before DuckDB's words for it. */
  #explainFailure(message: string): unknown {
    const { signal } = this.#options
    if (signal?.aborted === true) return signal.reason
    if (this.#failure !== undefined) return this.#failure.error
    return duckdbError(message, this.#statement.sql)
  }

  #preparedFields(): Field[] {
    const { capi, heap } = this.#parts.duckdb
    return Array.from({ length: capi.preparedStatementColumnCount(this.#prepared) }, (_, column) => {
      const name = heap.takeText(capi.preparedStatementColumnName(this.#prepared, column))
      const type = this.#parts.types.take(capi.preparedStatementColumnLogicalType(this.#prepared, column), name)
      return { name, type, nullable: true }
    })
  }

  /** Gives everything back; answers the error that ended the run as the caller should see it. */
  #end(error?: unknown): unknown {
    if (this.#state !== 'closed' && this.#state !== 'done') {
      this.#state = 'closed'
      this.#totalMilliseconds = performance.now() - this.#started
      this.#options.signal?.removeEventListener('abort', this.#interrupt)
      this.#free()
      this.#destroyExtracted()
      for (const scans of this.#loaded.values()) for (const { reader } of scans) reader.close()
      this.#loaded.clear()
      this.#release()
    }
    if (this.#options.signal?.aborted === true) return this.#options.signal.reason
    return error === undefined || isLakefrontError(error) ? error : engineFailure(error)
  }

  #destroyExtracted(): void {
    if (this.#extracted !== 0)
      this.#parts.duckdb.heap.withPointer(this.#extracted, this.#parts.duckdb.capi.destroyExtracted)
    this.#extracted = 0
    this.#taken.clear()
  }

  #free(): void {
    const { capi, heap } = this.#parts.duckdb
    if (this.#result !== 0) {
      capi.destroyResult(this.#result)
      heap.free(this.#result)
    }
    if (this.#pending !== 0) heap.withPointer(this.#pending, capi.destroyPending)
    this.#destroyPrepared()
    this.#result = this.#pending = 0
  }

  #destroyPrepared(): void {
    if (this.#prepared !== 0)
      this.#parts.duckdb.heap.withPointer(this.#prepared, this.#parts.duckdb.capi.destroyPrepare)
    this.#prepared = 0
  }
}
