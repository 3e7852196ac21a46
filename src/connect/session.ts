import type { Engine, EngineInfo, Parameter, Progress, QueryMetrics } from '../engine/engine.ts'
import { observedEngine } from '../engine/observed-engine.ts'
import type { QueryEvent } from '../engine/observed-engine.ts'
import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import { type ArrowData, type RowOf, createDataFrame } from '../frame/create-data-frame.ts'
import type { DataFrame } from '../frame/dataframe.ts'
import { engineExecutor } from '../frame/engine-executor.ts'
import { Lake } from '../frame/lake.ts'
import { filesOf, Reader } from '../frame/reader.ts'
import type { RowRead } from '../frame/row-types.ts'
import { sqlFrame } from '../frame/sql-frame.ts'
import { Table } from '../frame/table.ts'
import type { SqlSlot } from '../frame/sql-frame.ts'
import { table } from '../plan/leaf.ts'
import { functionCaller, functionDefinition } from './register-function.ts'
import type {
  AggregateFunction,
  ColumnFunction,
  FunctionModule,
  FunctionOptions,
  RegisteredFunction,
  RowFunction,
} from './register-function.ts'
import type { MemoryUse } from '../scan/memory-budget.ts'
import type { FileReference } from '../scan/source.ts'
import type { ColumnValues, SchemaLike } from '../types/batch-from-rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { Catalog } from './catalog.ts'
import { checkNames } from './check-names.ts'
import type { Tables } from './tables.ts'
import { TransactionGate, gatedEngine, transactionEngine } from './transaction.ts'

/** How a lake is opened. */
export interface OpenLakeOptions {
  /** What SQL calls it. Default `lake`. */
  readonly name?: string
  /** Makes one where there is none. Default false. */
  readonly create?: boolean
  /** Changes nothing, and asks for no right to. Default false. */
  readonly readOnly?: boolean
  /** Where its data files are, when not where its catalog says. */
  readonly dataPath?: string
  readonly signal?: AbortSignal
}

/** What a session tells its listeners, by the name to listen for. */
export interface SessionEvents {
  /** A query ended: it was read to its last row, closed before, or failed. */
  readonly query: QueryEvent
  /** What the session holds, told after each query that was read to its last row. */
  readonly memory: MemoryUse
}

type Listeners = { readonly [Name in keyof SessionEvents]: Set<(event: SessionEvents[Name]) => void> }

/** Queries whose cost a session remembers. */
const rememberedQueries = 100

/** An engine and what was told it: files, tables, settings. Made by `connect()`; `close()` it, or say `await using`. */
export class Session implements AsyncDisposable {
  /** Makes DataFrames of files: `db.read.parquet(url)`. */
  readonly read: Reader
  /** Which tables and views there are. */
  readonly catalog: Catalog
  readonly #engine: Engine
  readonly #executor: ReturnType<typeof engineExecutor>
  readonly #gate: TransactionGate
  readonly #isTransaction: boolean
  readonly #listeners: Listeners = { query: new Set(), memory: new Set() }
  readonly #metrics: QueryMetrics[] = []
  readonly #lakes = new Map<string, Lake>()

  /** Sessions are made by `connect()`. The engine is closed with the session. */
  constructor(
    engine: Engine,
    options: { readonly onProgress?: (progress: Progress) => void } = {},
    isTransaction: boolean = false,
  ) {
    this.#isTransaction = isTransaction
    this.#engine = observedEngine(engine, { ...options, onQuery: (event) => this.#onQuery(event) })
    this.#gate = new TransactionGate()
    this.#executor = engineExecutor(gatedEngine(this.#engine, this.#gate))
    this.read = new Reader(this.#executor)
    this.catalog = new Catalog(this.#executor, () => this.#engine.info.dialect)
  }

  /** Which engine runs the queries, its version, and what it can do here. */
  get engine(): EngineInfo {
    return this.#engine.info
  }

  /** What the last hundred finished queries cost, the latest last. */
  get metrics(): readonly QueryMetrics[] {
    return [...this.#metrics]
  }

  /**
   * A DataFrame of SQL text. In a template, DataFrames and values can stand between: `` db.sql`FROM ${flights} WHERE delay > ${60}` ``; in
   * plain text, values are `?`, `$1` or `$name`. Text may name files: `FROM 'flights.parquet'`, and may be several statements, of
   * which the last gives the rows. Nothing is run before an action.
   */
  sql<Row extends object = AnyRow>(text: TemplateStringsArray, ...slots: readonly SqlSlot[]): DataFrame<Row>
  sql<Row extends object = AnyRow>(
    text: string,
    parameters?: readonly Parameter[] | Readonly<Record<string, Parameter>>,
  ): DataFrame<Row>
  sql<Row extends object = AnyRow>(text: string | TemplateStringsArray, ...values: readonly unknown[]): DataFrame<Row> {
    return sqlFrame<Row>(this.#executor, text, ...values)
  }

  /**
   * A table or view by its name, with its schema before a dot where it has one. Its rows are typed once `lakefront typegen` has written
   * down which tables there are.
   */
  table<Name extends keyof Tables & string>(name: Name): Table<Tables[Name] & object>
  table<Row extends object = AnyRow>(name: string): Table<Row>
  table<Row extends object = AnyRow>(name: string): Table<Row> {
    return new Table<Row>(this.#executor, table(name))
  }

  /**
   * Opens a lake: a folder with `catalog.ducklake` and its data, or a `.ducklake` file, on disk, in the browser's own files (`opfs:/lake`), on S3,
   * at an https URL (for reading), or in memory (`memory:lake`). SQL reads it by its name:
   *
   * ```ts
   * const lake = await db.openLake('opfs:/lake', { create: true })
   * const old = lake.table('events', { version: 12 })
   * db.sql('SELECT * FROM lake.events AT (VERSION => 12)')
   * ```
   *
   * @throws LakefrontError `NOT_FOUND` where there is none and `create` is not given, `CORRUPT_FILE`, `UNSUPPORTED` for formats that are newer,
   * and for engines without lakes, `INVALID_ARGUMENT` for a name that is taken.
   */
  async openLake(url: string | URL, options: OpenLakeOptions = {}): Promise<Lake> {
    checkNames('openLake()', options, ['name', 'create', 'readOnly', 'dataPath', 'signal'])
    const { name = 'lake', create = false, readOnly = false, dataPath, signal } = options
    const call = this.#engine.lake
    if (call === undefined) throw noLakes(this.#engine)
    const request = { url: String(url), name, create, readOnly, ...(dataPath === undefined ? {} : { dataPath }) }
    const info = await call('open', request, signal === undefined ? {} : { signal })
    this.#executor.changed()
    const lake = new Lake(this.#executor, call, {
      info,
      onClose: () => {
        if (this.#lakes.get(name.toLowerCase()) === lake) this.#lakes.delete(name.toLowerCase())
        this.#executor.changed()
      },
    })
    this.#lakes.set(name.toLowerCase(), lake)
    return lake
  }

  /** The lake that `connect({ lake })` opened, or the one that `openLake` opened under a name. */
  lake(name: string = 'lake'): Lake {
    const lake = this.#lakes.get(name.toLowerCase())
    if (lake !== undefined) return lake
    const open = [...this.#lakes.values()].map((own) => own.name)
    throw new LakefrontError(
      'NOT_FOUND',
      `No lake "${name}" is open. ${open.length === 0 ? 'Open one: await db.openLake(url).' : `Open lakes: ${open.join(', ')}.`}`,
    )
  }

  /**
   * A DataFrame of rows already there: objects, lists of values with a schema, whole columns by name, or a batch. Types are inferred, or given by `schema`. The
   * data is copied once, now. Of Arrow tables and record batches, and of rows that come asynchronously, it is a promise.
   */
  createDataFrame<const S extends SchemaLike>(rows: Iterable<readonly unknown[]>, schema: S): DataFrame<RowOf<S>>
  createDataFrame<Row extends object>(rows: Iterable<Row>, schema?: SchemaLike): DataFrame<RowRead<Row>>
  createDataFrame<Row extends object = AnyRow>(data: ArrowData): Promise<DataFrame<Row>>
  createDataFrame<Row extends object>(rows: AsyncIterable<Row>, schema?: SchemaLike): Promise<DataFrame<RowRead<Row>>>
  createDataFrame<Row extends object = AnyRow>(data: ColumnValues | ColumnBatch, schema?: SchemaLike): DataFrame<Row>
  createDataFrame(
    data: Iterable<object> | AsyncIterable<object> | ArrowData | ColumnValues | ColumnBatch,
    schema?: SchemaLike,
  ): DataFrame<AnyRow> | Promise<DataFrame<AnyRow>> {
    return createDataFrame(this.#executor, data as Iterable<object>, schema) as DataFrame<AnyRow>
  }

  /**
   * Lets SQL text name a file that has no address: `await db.registerFile('mine.parquet', file)`, then `FROM 'mine.parquet'`. Several
   * files with the same columns are one table. What they are is told by what is in them. A name that is taken is given to the new file.
   */
  async registerFile(name: string, file: FileReference | readonly FileReference[]): Promise<void> {
    if (typeof name !== 'string' || name === '') {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'registerFile() takes a name and a file: registerFile("mine.parquet", file).',
      )
    }
    await this.#engine.register({ id: name, format: 'any', files: filesOf('registerFile()', file) })
    this.#executor.changed()
  }

  /** Forgets a file that was registered, and what was kept of it. A name that was not registered is no error. */
  async unregisterFile(name: string): Promise<void> {
    await this.#engine.unregister(name)
    this.#executor.changed()
  }

  /**
   * Makes a function of yours callable: in SQL by its name, in DataFrames by what this returns.
   *
   * ```ts
   * const slug = db.registerFunction('slug', (title) => title.toLowerCase().replace(/\W+/g, '-'), { args: ['varchar'], returns: 'varchar' })
   * posts.select(slug('title').as('slug'))        // SELECT slug(title) AS slug
   * ```
   *
   * It runs where the engine does: its text is sent there, so it sees its arguments and globals and nothing else around it. With
   * `{ module, export }` it may import others, and no policy has to allow scripts from text. `form: 'columns'` gives it whole columns of up to
   * 2,048 rows; an object of init, step, merge and finish is an aggregate. A name that is taken by another of yours is given to the new one.
   *
   * @throws LakefrontError `INVALID_ARGUMENT` when it uses variables from around it, or types are missing. Statements fail with
   * `UDF_FAILED` when it throws, naming the row.
   */
  registerFunction<
    const Args extends readonly string[],
    const Returns extends string,
    Nulls extends 'skip' | 'pass' = 'skip',
  >(
    name: string,
    fn: RowFunction<Args, Returns, Nulls>,
    options: FunctionOptions<Args, Returns, Nulls> & { readonly form?: 'rows' },
  ): RegisteredFunction<Returns>
  registerFunction<const Args extends readonly string[], const Returns extends string>(
    name: string,
    fn: ColumnFunction,
    options: FunctionOptions<Args, Returns, 'skip' | 'pass'> & { readonly form: 'columns' },
  ): RegisteredFunction<Returns>
  registerFunction<
    State,
    const Args extends readonly string[],
    const Returns extends string,
    Nulls extends 'skip' | 'pass' = 'skip',
  >(
    name: string,
    aggregate: AggregateFunction<Args, Returns, Nulls, State>,
    options: FunctionOptions<Args, Returns, Nulls> & { readonly form?: 'aggregate' },
  ): RegisteredFunction<Returns>
  registerFunction<const Args extends readonly string[], const Returns extends string>(
    name: string,
    module: FunctionModule,
    options: FunctionOptions<Args, Returns, 'skip' | 'pass'> & { readonly form?: 'rows' | 'columns' | 'aggregate' },
  ): RegisteredFunction<Returns>
  registerFunction(
    name: string,
    given: unknown,
    options: FunctionOptions<readonly string[], string, 'skip' | 'pass'>,
  ): RegisteredFunction<string> {
    const definition = functionDefinition(name, given, options)
    const engine = this.#engine
    if (engine.registerFunction === undefined) throw noFunctions(engine)
    const ready = engine.registerFunction(definition)
    // Who does not wait for it hears of it from the statements that call the function.
    ready.catch(() => {})
    this.#executor.changed()
    return functionCaller(definition, ready)
  }

  /** Forgets a function that was registered. A name that was not is no error. */
  async unregisterFunction(name: string): Promise<void> {
    await this.#engine.unregisterFunction?.(name)
    this.#executor.changed()
  }

  /** Calls `listener` when something happens, until the function it returns is called. */
  on<Name extends keyof SessionEvents>(name: Name, listener: (event: SessionEvents[Name]) => void): () => void {
    const listeners = Object.hasOwn(this.#listeners, name) ? this.#listeners[name] : undefined
    if (listeners === undefined) {
      const events = Object.keys(this.#listeners).join(', ')
      throw new LakefrontError('INVALID_ARGUMENT', `A session has no event "${String(name)}". Events: ${events}.`)
    }
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /**
   * Runs `work` in a transaction: its changes happen together when the promise it gives resolves, and not at all when it rejects,
   * with which this rejects then. `tx` is a session of its own, and what belongs to the transaction is said to it. DuckDB and SQLite
   * have one connection: until the end other statements of this session are `INVALID_ARGUMENT`; PostgreSQL runs them beside it.
   */
  async transaction<T>(work: (tx: Session) => Promise<T>): Promise<T> {
    if (this.#isTransaction)
      throw new LakefrontError('UNSUPPORTED', 'There is a transaction already, and none within it. Go on with its tx.')
    const { engine, end } = await transactionEngine(this.#engine, this.#gate)
    const tx = new Session(engine, {}, true)
    let done = false
    try {
      const result = await work(tx)
      done = true
      await end('COMMIT')
      return result
    } catch (error) {
      if (!done) await end('ROLLBACK').catch(() => {})
      throw error
    } finally {
      this.#executor.changed()
    }
  }

  /** Stops what runs, which fails with `CLOSED`, and gives everything back. Twice is fine. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #onQuery(event: QueryEvent): void {
    if (event.metrics !== undefined) this.#metrics.push(event.metrics)
    if (this.#metrics.length > rememberedQueries) this.#metrics.shift()
    tell(this.#listeners.query, event)
    if (event.metrics?.memory !== undefined) tell(this.#listeners.memory, event.metrics.memory)
  }
}

function noFunctions({ info }: Engine): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `The engine ${info.name} runs no JavaScript. Functions of your own need a session with DuckDB-WASM: connect().`,
  )
}

function noLakes({ info }: Engine): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `The engine ${info.name} opens no lakes. Lakes need a session with DuckDB-WASM: connect().`,
  )
}

function tell<Event>(listeners: ReadonlySet<(event: Event) => void>, event: Event): void {
  for (const listener of listeners) {
    try {
      listener(event)
    } catch (error) {
      // As with EventTarget: a listener's failure is the application's, and must not become the query's.
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
