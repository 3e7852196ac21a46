import { LakefrontError } from '../../errors.ts'
import type { Field } from '../../types/logical-type.ts'
import type { Statement } from '../engine.ts'
import type { Connection } from './boot.ts'
import type { Pointer } from './capi.ts'
import { duckdbError } from './duckdb-error.ts'
import { scanHints } from './explain-hints.ts'
import { joinHints } from './join-hints.ts'
import { NativeStatement } from './native-statement.ts'
import type { RunParts } from './run-parts.ts'
import type { RunScans } from './run-scans.ts'
import type { ScriptPart } from './script.ts'
import { VectorReader } from './vector-read.ts'

/** What a part needs of the run it belongs to. */
export interface PartOwner {
  readonly parts: RunParts
  readonly connection: Connection
  readonly scans: RunScans
  readonly signal: AbortSignal
  readonly values: Statement['parameters']
  /** Whether the values are all for this part. */
  readonly isOnly: boolean
  /** Whether the statement may be kept prepared: it is the only one, and runs on the main connection. */
  readonly isKeepable: boolean
  /** Lets messages in now and then. */
  breathe(): Promise<void>
  /** Hears how long planning took. */
  planned(milliseconds: number): void
  /** Hears how long the engine worked on rows, or was kept from it by scans. */
  computed(milliseconds: number): void
}

/** How long rows are held back to make a batch fuller. */
const batchMilliseconds = 50

/** `DUCKDB_STATEMENT_TYPE` of statements that `EXPLAIN` takes. */
const explainable: ReadonlySet<number> = new Set([1, 2, 3, 5, 7, 11])
const selectType = 1

/** First words of statements that change settings. */
const setting: ReadonlySet<string> = new Set(['set', 'reset', 'pragma'])

/**
 * One statement of a text from parse to the last row. It is tried again from the start as long as scans say that something is not
 * loaded yet: tables (footers) while it is prepared, and, where the platform cannot suspend, rows when it runs.
 *
 * DuckDB makes several statements of some (`PIVOT`: a type, then a query that names it). They are run again together, as the names are
 * new every time the text is parsed.
 */
export class PartRun {
  readonly #owner: PartOwner
  readonly #part: ScriptPart
  readonly #native: NativeStatement
  readonly #vectors: VectorReader
  readonly #age: number
  /** Whether the statement is prepared already, from the last time. */
  #isKept: boolean
  #isSound = false
  #isExhausted = false
  #delivered = 0
  #fields: readonly Field[] = []

  constructor(owner: PartOwner, part: ScriptPart) {
    const { duckdb, types } = owner.parts
    this.#owner = owner
    this.#part = part
    const { prepared } = owner.parts
    this.#age = prepared.age
    const kept = owner.isKeepable ? prepared.take(part.sql) : undefined
    this.#isKept = kept !== undefined
    this.#native = kept ?? new NativeStatement(duckdb, types, owner.connection, part)
    this.#vectors = new VectorReader(duckdb.capi, duckdb.heap)
    owner.scans.beginStatement()
  }

  /** Columns of the result. */
  get fields(): readonly Field[] {
    return this.#fields
  }

  /** Runs until the first rows are there. */
  async begin(): Promise<void> {
    await this.#untilLoaded((count) => this.#runAll(count))
    this.#isSound = true
    // A zone that there is not fails the statement that sets it.
    if (setting.has(this.#part.words[0] ?? '')) await this.#enter(() => {})
    this.#fields = this.#native.resultFields()
  }

  /** The columns it would return; undefined when that depends on the types of parameters. */
  async describe(): Promise<readonly Field[] | undefined> {
    await this.#untilLoaded(async (count) => (await this.#runAll(count - 1)) ?? (await this.#prepare(count - 1)))
    this.#isSound = true
    const isOpen = this.#native.hasParameters && this.#native.type === selectType
    return isOpen ? undefined : this.#native.preparedFields()
  }

  /** Fetches chunks up to `limit` rows, fewer when rows come slowly; none means the end. The caller destroys them. */
  async collect(limit: number): Promise<Pointer[]> {
    for (;;) {
      try {
        const chunks = await this.#fetch(limit)
        this.#delivered += this.rowsIn(chunks)
        return chunks
      } catch (error) {
        if (!(await this.#owner.scans.loadUnloaded())) throw error
        this.#isSound = false
        await this.#restart()
      }
    }
  }

  rowsIn(chunks: readonly Pointer[]): number {
    return chunks.reduce((sum, chunk) => sum + this.#owner.parts.duckdb.capi.dataChunkGetSize(chunk), 0)
  }

  destroy(chunks: readonly Pointer[]): void {
    const { capi, heap } = this.#owner.parts.duckdb
    for (const chunk of chunks) heap.withPointer(chunk, capi.destroyDataChunk)
  }

  close(): void {
    const { parts, scans, isKeepable } = this.#owner
    const isKept = isKeepable && this.#isSound && !scans.hasTables && this.#native.type === selectType
    if (!isKept) {
      this.#native.close()
      return
    }
    this.#native.rest()
    parts.prepared.keep(this.#part.sql, this.#native, this.#age)
  }

  /** Attempts as long as something is found missing and can be loaded. */
  async #untilLoaded(attempt: (count: number) => Promise<string | undefined>): Promise<void> {
    const { scans } = this.#owner
    for (;;) {
      const count = this.#isKept ? 1 : await this.#enter(() => this.#native.extract())
      const error = await attempt(count)
      this.#isKept = false
      if (error === undefined) return
      if (!(await scans.loadMissing()) && !(await scans.loadUnloaded())) throw this.#failure(error)
    }
  }

  /** Runs the first `count` statements, the last of them up to its first rows; answers DuckDB's message when one failed. */
  async #runAll(count: number): Promise<string | undefined> {
    for (let index = 0; index < count; index++) {
      const planning = performance.now()
      const unprepared = await this.#prepare(index)
      if (unprepared !== undefined) return unprepared
      const { scans, values, isOnly } = this.#owner
      await this.#enter(() => this.#native.bind(values, isOnly && count === 1))
      if (scans.wantsHints && count === 1) await this.#plan()
      this.#owner.planned(performance.now() - planning)
      const failed = await this.#execute()
      if (failed !== undefined) return failed
      if (index < count - 1) this.destroy(await this.#fetch(Infinity))
    }
    return undefined
  }

  #prepare(index: number): Promise<string | undefined> {
    if (this.#isKept) return Promise.resolve(undefined)
    return this.#bindingTo(() => this.#native.prepare(index))
  }

  /** Runs the prepared statement up to its first rows. */
  async #execute(): Promise<string | undefined> {
    const { steps } = this.#owner.parts
    this.#isExhausted = false
    const refused = await this.#bindingTo(() => this.#native.begin())
    if (refused !== undefined) return refused
    for (;;) {
      const state = await this.#compute(() => steps.task(this.#native.pending))
      if (state === 2) return this.#native.pendingError()
      if (state !== 1) break
      await this.#pause()
    }
    const failed = await this.#compute(() => steps.finish(this.#native.pending, this.#native.reserveResult()))
    return failed === 0 ? undefined : this.#native.resultError()
  }

  /** Asks DuckDB which columns its optimised plan needs of every scan, what it filters by, and what it joins. */
  async #plan(): Promise<void> {
    const { parts, scans } = this.#owner
    const sql = this.#part.sql.replace(/^\s*explain\s+analyze\s+/i, '')
    const isExplainable = sql !== this.#part.sql || explainable.has(this.#native.type)
    const explain = (): string => parts.positions.with(() => this.#textOf(`EXPLAIN (FORMAT json) ${sql}`, 1)) ?? ''
    const explained = isExplainable ? await this.#enter(explain) : ''
    const hints = scanHints(explained, sql)
    const hasJoins = explained.includes('"HASH_JOIN"') && scans.wantsJoins(hints)
    const joins = hasJoins ? joinHints(await this.#enter(() => this.#withWholeJoins(explain))) : []
    await scans.learn(hints, joins)
    scans.plan(hints, joins)
  }

  /** Runs `explain` while joins hand on all columns of their sides. */
  #withWholeJoins(explain: () => string): string {
    const before = this.#textOf("SELECT current_setting('disabled_optimizers')", 0)
    const set = (names: string): string => this.#textOf(`SET disabled_optimizers = '${names.replaceAll("'", "''")}'`, 0)
    set(before === '' ? 'column_lifetime' : `${before},column_lifetime`)
    try {
      return explain()
    } finally {
      set(before)
    }
  }

  /** The text in the first row of a statement's result; empty when there is none. */
  #textOf(sql: string, column: number): string {
    const { parts, connection, scans, values, isOnly } = this.#owner
    const { capi } = parts.duckdb
    const native = new NativeStatement(parts.duckdb, parts.types, connection, { sql })
    try {
      if (native.extract() !== 1) return ''
      scans.beginBinding()
      if (native.prepare(0) !== undefined) return ''
      if (native.hasParameters) native.bind(values, isOnly)
      scans.beginBinding()
      if (native.begin() !== undefined || capi.executePending(native.pending, native.reserveResult()) !== 0) return ''
      const chunk = capi.fetchChunk(native.result)
      if (chunk === 0) return ''
      const { offsets, values: text } = this.#vectors.column([chunk], column, { kind: 'varchar' })
      this.destroy([chunk])
      return new TextDecoder().decode(text!.subarray(0, offsets![1]))
    } finally {
      native.close()
    }
  }

  async #fetch(limit: number): Promise<Pointer[]> {
    const { parts, scans } = this.#owner
    const chunks: Pointer[] = []
    const started = performance.now()
    try {
      for (let rows = 0; !this.#isExhausted && rows < limit;) {
        if (rows > 0 && limit !== Infinity && performance.now() - started > batchMilliseconds) break
        const chunk = await this.#compute(() => parts.steps.fetch(this.#native.result))
        if (chunk === undefined) {
          await this.#pause()
          continue
        }
        if (chunk === 0) {
          const message = this.#native.resultError()
          if (message !== '' || scans.failure !== undefined) throw this.#failure(message)
          this.#isExhausted = true
          break
        }
        chunks.push(chunk)
        rows += parts.duckdb.capi.dataChunkGetSize(chunk)
        await this.#owner.breathe()
      }
      return chunks
    } catch (error) {
      this.destroy(chunks)
      throw error
    }
  }

  /** Between two steps: waits for what a scan waits for, and lets messages in now and then. */
  async #pause(): Promise<void> {
    await this.#owner.scans.unblocked()
    await this.#owner.breathe()
  }

  /** Begins anew in the middle of the rows and passes over those that were delivered. */
  async #restart(): Promise<void> {
    await this.begin()
    let skipped = 0
    while (skipped < this.#delivered) {
      const chunks = await this.#fetch(1)
      if (chunks.length === 0) break
      skipped += this.rowsIn(chunks)
      this.destroy(chunks)
    }
    if (skipped !== this.#delivered)
      throw new LakefrontError('INTERNAL', 'A statement that was begun anew did not return the same rows as before.')
  }

  /** Runs `work` alone in the engine, with callbacks coming to the scans of this run. */
  #enter<T>(work: () => T | Promise<T>): Promise<T> {
    const { parts, scans, connection } = this.#owner
    return parts.gate.enter(() => {
      parts.health.assertWorking()
      parts.zone.follow(connection)
      parts.scan.context = scans
      return work()
    })
  }

  /** Like {@link #enter}, for work on rows. */
  #compute<T>(step: () => T | Promise<T>): Promise<T> {
    return this.#enter(async () => {
      const started = performance.now()
      try {
        return await step()
      } finally {
        this.#owner.computed(performance.now() - started)
      }
    })
  }

  /** Like {@link #enter}, for work in which DuckDB binds the statement. */
  #bindingTo<T>(work: () => T): Promise<T> {
    return this.#enter(() => {
      this.#owner.parts.zone.settle(this.#owner.connection)
      this.#owner.scans.beginBinding()
      return work()
    })
  }

  /** The error to throw for DuckDB's `message`: an abort, and what a callback failed with, come before DuckDB's words for it. */
  #failure(message: string): unknown {
    const { signal, scans } = this.#owner
    if (signal.aborted) return signal.reason
    return scans.failure === undefined ? duckdbError(message, this.#part) : scans.failure.error
  }
}
