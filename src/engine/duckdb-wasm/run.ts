import { LakefrontError } from '../../errors.ts'
import { breathe } from '../../scan/breathe.ts'
import type { ScanTable } from '../../scan/source.ts'
import { fetchScope } from '../../storage/fetch-scope.ts'
import type { FetchScope } from '../../storage/storage.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { columnsText } from '../../types/columns-text.ts'
import type { Field, Schema } from '../../types/logical-type.ts'
import type { ExecuteOptions, QueryMetrics, ResultStream, Statement } from '../engine.ts'
import type { Connection } from './boot.ts'
import type { Pointer } from './capi.ts'
import { engineFailure } from './duckdb-error.ts'
import { NativeStatement } from './native-statement.ts'
import { PartRun } from './part-run.ts'
import type { PartOwner } from './part-run.ts'
import type { RunParts } from './run-parts.ts'
import { RunScans } from './run-scans.ts'
import type { LoadTable } from './run-scans.ts'
import { isRepeatable, refuseZero, writesFiles } from './script.ts'
import type { ScriptPart } from './script.ts'
import { VectorReader } from './vector-read.ts'

/** Result cells gathered into one batch at most, and rows. */
const batchCells = 4_000_000
const batchRows = 122_880

/** How long work goes on without letting messages in. */
const sliceMilliseconds = 20

/** Least time between two reports of progress. */
const progressMilliseconds = 100

/** One SQL text from parse to the last row of its last statement. */
export class Run implements ResultStream {
  readonly #parts: RunParts
  readonly #connection: Connection
  readonly #statement: Statement
  readonly #script: readonly ScriptPart[]
  readonly #options: ExecuteOptions
  readonly #release: () => void
  readonly #isMain: boolean
  readonly #scans: RunScans
  readonly #vectors: VectorReader
  readonly #stop = new AbortController()
  readonly #started = performance.now()
  readonly #drained: ColumnBatch[] = []
  #scope: FetchScope
  #part: PartRun | undefined
  #fields: readonly Field[] = []
  #rows = 0
  #planMilliseconds = 0
  #engineMilliseconds = 0
  #totalMilliseconds: number | undefined
  #lastYield = performance.now()
  #lastProgress = 0
  #state: 'starting' | 'open' | 'done' | 'closed' = 'starting'
  #turn: Promise<unknown> = Promise.resolve()

  /** `script` is the text of `statement`, taken apart. `release` is called once, when the connection is free again. */
  constructor(
    parts: RunParts,
    { connection, isMain }: { readonly connection: Connection; readonly isMain: boolean },
    { statement, script }: { readonly statement: Statement; readonly script: readonly ScriptPart[] },
    options: ExecuteOptions,
    release: () => void,
  ) {
    const { duckdb, loadTable } = parts
    this.#parts = parts
    this.#connection = connection
    this.#isMain = isMain
    this.#statement = statement
    this.#script = script
    this.#options = options
    this.#release = release
    this.#scope = fetchScope(options.fetchLimit ?? parts.fetchLimit)
    const { columnsOnly = false } = options
    const load: LoadTable = async (named, forWhom) => {
      const table = await loadTable(named, { ...forWhom, scope: this.#scope, columnsOnly })
      checkExpected(table, named.name, statement)
      return table
    }
    this.#scans = new RunScans(load, this.#stop.signal, () => this.#reportProgress())
    this.#vectors = new VectorReader(duckdb.capi, duckdb.heap)
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  get schema(): Schema {
    return { fields: this.#fields }
  }

  /** Runs all statements but the last, and starts that. */
  start(): Promise<this> {
    return this.#inTurn(async () => {
      const script = await this.#parse()
      script.forEach(refuseWrites)
      for (const [index, part] of script.entries()) {
        await this.#begin(part)
        if (index === script.length - 1) break
        for (let chunks = await this.#collect(); chunks.length > 0; chunks = await this.#collect()) {
          this.#part!.destroy(chunks)
        }
      }
      this.#fields = this.#part!.fields
      this.#state = 'open'
      return this
    })
  }

  /** The columns of the last statement. Of what is in the text nothing is run, but what makes the type that a `PIVOT` needs. */
  describe(): Promise<Schema> {
    return this.#inTurn(async () => {
      this.#scope = fetchScope(this.#options.fetchLimit ?? this.#parts.fetchLimit, true)
      const part = (await this.#parse()).at(-1)!
      const fields = await this.#open(part).describe()
      if (fields !== undefined) {
        this.#end()
        return { fields }
      }
      // Types that depend on parameters are known once these are bound, and a query without rows costs nothing.
      const head = 'SELECT * FROM ('
      await this.#begin({ ...part, sql: `${head}${part.sql}\n) LIMIT 0`, lead: head.length })
      this.#end()
      return { fields: this.#part!.fields }
    })
  }

  next(): Promise<ColumnBatch | undefined> {
    return this.#inTurn(async () => this.#drained.shift() ?? (await this.#nextBatch()))
  }

  /** Takes all that is left out of the engine, so that another statement may use the connection, unless that is given up. */
  drain(signal: AbortSignal | undefined): Promise<void> {
    return this.#inTurn(async () => {
      for (;;) {
        if (this.#state !== 'open' || signal?.aborted === true) return
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
      computeMilliseconds: Math.max(0, this.#engineMilliseconds - this.#scans.heldMilliseconds),
      scans: structuredClone(this.#scans.metrics) as QueryMetrics['scans'],
      memory: this.#parts.memory.use,
    }
  }

  /** Stops what runs, which fails with `CLOSED`. */
  async close(): Promise<void> {
    if (this.#isOver) return
    this.#cancel(closedResult())
    await this.#turn
    this.#end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #isOver(): boolean {
    return this.#state === 'done' || this.#state === 'closed'
  }

  readonly #onAbort = (): void => {
    this.#cancel(this.#options.signal!.reason)
    // Nobody may ask for the rows any more, and the connection is wanted.
    void this.#turn.then(() => this.#end())
  }

  #cancel(reason: unknown): void {
    this.#stop.abort(reason)
    if (!this.#parts.health.isBroken) this.#parts.duckdb.capi.interrupt(this.#connection.pointer)
  }

  #drainError: { readonly error: unknown } | undefined

  /** A failure met while draining belongs to the reader of the rows, not to the statement that waits for the connection. */
  #drainFailed(error: unknown): undefined {
    this.#drainError = { error }
    return undefined
  }

  /** Runs `work` after what was asked for before; what fails ends the run. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work).catch((error: unknown) => {
      throw this.#end(error)
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** The statements of the text, once DuckDB has found no fault with it. */
  async #parse(): Promise<readonly ScriptPart[]> {
    const { sql } = this.#statement
    const script = this.#script
    refuseZero(sql)
    if (script.length === 1) return script
    const { gate, health, duckdb, types } = this.#parts
    return gate.enter(() => {
      health.assertWorking()
      const counts = [{ sql }, ...script].map((part) => {
        const native = new NativeStatement(duckdb, types, this.#connection, part)
        try {
          return native.extract()
        } finally {
          native.close()
        }
      })
      if (counts[0] === counts.slice(1).reduce((sum, count) => sum + count, 0)) return script
      throw new LakefrontError(
        'INTERNAL',
        'The statements of the SQL text could not be told apart. Run them one by one.',
      )
    })
  }

  /** Makes `part` the one that is run. */
  #open(part: ScriptPart): PartRun {
    this.#part?.close()
    const owner: PartOwner = {
      parts: this.#parts,
      connection: this.#connection,
      scans: this.#scans,
      signal: this.#stop.signal,
      values: this.#statement.parameters,
      isOnly: this.#script.length === 1,
      isKeepable: this.#isMain && this.#script.length === 1 && this.#script[0] === part && isRepeatable(part),
      breathe: () => this.#breathe(),
      planned: (milliseconds) => void (this.#planMilliseconds += milliseconds),
      computed: (milliseconds) => void (this.#engineMilliseconds += milliseconds),
    }
    this.#part = new PartRun(owner, part)
    return this.#part
  }

  async #begin(part: ScriptPart): Promise<void> {
    this.#stop.signal.throwIfAborted()
    await this.#open(part).begin()
  }

  /** Chunks for one batch; none after the last. */
  #collect(): Promise<Pointer[]> {
    const part = this.#part!
    return part.collect(Math.min(batchRows, Math.max(2048, Math.floor(batchCells / Math.max(1, part.fields.length)))))
  }

  async #nextBatch(): Promise<ColumnBatch | undefined> {
    if (this.#drainError !== undefined) throw this.#drainError.error
    if (this.#state === 'done') return undefined
    this.#stop.signal.throwIfAborted()
    if (this.#state === 'closed') throw closedResult()
    const chunks = await this.#collect()
    if (chunks.length > 0) return this.#batchOf(chunks)
    this.#end()
    this.#state = 'done'
    return undefined
  }

  #batchOf(chunks: readonly Pointer[]): ColumnBatch {
    const part = this.#part!
    try {
      const columns = this.#fields.map((field, index) => this.#vectors.column(chunks, index, field.type))
      const length = part.rowsIn(chunks)
      this.#rows += length
      return { schema: this.schema, length, columns }
    } finally {
      part.destroy(chunks)
    }
  }

  /** Lets messages in now and then, so that an abort is heard, and stops when there was one. */
  async #breathe(): Promise<void> {
    this.#parts.settle()
    if (performance.now() - this.#lastYield > sliceMilliseconds) {
      await breathe()
      this.#lastYield = performance.now()
      this.#reportProgress()
    }
    this.#stop.signal.throwIfAborted()
  }

  #reportProgress(): void {
    const { onProgress } = this.#options
    if (onProgress === undefined || performance.now() - this.#lastProgress < progressMilliseconds) return
    this.#lastProgress = performance.now()
    onProgress(this.#scans.progress())
  }

  /** Gives everything back; answers the error that ended the run as the caller should see it. */
  #end(error?: unknown): unknown {
    const { health, memory } = this.#parts
    const judged = error === undefined ? undefined : health.judge(error, this.#connection)
    if (!this.#isOver) {
      this.#state = 'closed'
      this.#totalMilliseconds = performance.now() - this.#started
      this.#options.signal?.removeEventListener('abort', this.#onAbort)
      if (!health.isBroken) this.#part?.close()
      this.#scans.close()
      this.#release()
    }
    const { signal } = this.#stop
    if (signal.aborted) return signal.reason
    return judged === undefined ? undefined : engineFailure(judged, memory.use)
  }
}

function closedResult(): LakefrontError {
  return new LakefrontError('CLOSED', 'The result was closed before its last row was read.')
}

function checkExpected({ schema }: ScanTable, name: string, { expects = {} }: Statement): void {
  if (!Object.hasOwn(expects, name) || expects[name] === columnsText(schema)) return
  throw new LakefrontError('SOURCE_CHANGED', `The columns of "${name}" are not what they were. Run it again.`, {
    details: { source: name },
  })
}

function refuseWrites(part: ScriptPart): void {
  if (!writesFiles(part)) return
  throw new LakefrontError(
    'UNSUPPORTED',
    'This engine writes no files. Read the rows and write them where they belong, or say: lakefront sql "…" --format csv > file',
    { details: { position: part.before.length + part.sql.search(/\S/) } },
  )
}
