import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { engineShare } from '../../scan/memory-budget.ts'
import type { MemoryBudget } from '../../scan/memory-budget.ts'
import type { FileReference, ScanProvider, ScanTable, Source, TableOptions } from '../../scan/source.ts'
import type { Schema } from '../../types/logical-type.ts'
import type { Database, Engine, EngineInfo, EngineOptions, ExecuteOptions, ResultStream, Statement } from '../engine.ts'
import type { FunctionDefinition } from '../function-definition.ts'
import { bootDuckdb } from './boot.ts'
import type { Connection, Duckdb, EngineHost } from './boot.ts'
import { CsvRejects } from './csv/csv-rejects.ts'
import { DuckdbCsvParser } from './csv/duckdb-csv-parser.ts'
import { takeOverCsv } from './csv/take-over-csv.ts'
import { EngineHealth } from './engine-health.ts'
import { Gate } from './gate.ts'
import { LogicalTypes } from './logical-types.ts'
import { UserFunctions } from './natives/udf/user-functions.ts'
import { NativeFunctions } from './natives/native-functions.ts'
import { registerNatives } from './natives/register-natives.ts'
import { PlanPositions } from './plan-positions.ts'
import { makeSteps } from './run-parts.ts'
import { KeptStatements } from '../kept-statements.ts'
import type { RunParts } from './run-parts.ts'
import type { NamedTable } from './run-scans.ts'
import { Run } from './run.ts'
import { ScanFunction } from './scan-function.ts'
import { changesRows, leavesState, onlyReads, partsOf } from './script.ts'
import { WasmDatabase } from './wasm-database.ts'

/** What WebAssembly can address. */
const heapLimit = 4 * 2 ** 30

/** What an engine shares with what reads its files. */
export interface EngineShares {
  readonly scans: ScanProvider
  readonly memory: MemoryBudget
}

/** Connections kept for reads that come while a result is unread. */
const spareConnections = 8

/**
 * DuckDB-WASM in this thread. Statements run on one main connection, which holds temporary objects, settings and transactions; as long as
 * there are none, a read that comes while a result is still unread gets a connection of its own. Otherwise the unread rows are taken out
 * of the engine first.
 */
export class DuckdbWasmEngine implements Engine {
  readonly info: EngineInfo
  readonly #parts: RunParts
  readonly #scans: ScanProvider
  readonly #sources = new Map<string, Source>()
  readonly #main: Connection
  readonly #spare: Connection[] = []
  readonly #functions: UserFunctions
  /** Why functions could not be registered, by their names. */
  readonly #refused = new Map<string, unknown>()
  readonly #runs = new Map<Run, Connection>()
  readonly #databases = new Set<WasmDatabase>()
  #databaseNames = 0
  readonly #csv: DuckdbCsvParser
  readonly #rejects: CsvRejects
  #stateful = false
  #leasing: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  private constructor(info: EngineInfo, duckdb: Duckdb, { scans, memory }: EngineShares, { storage }: EngineOptions) {
    const types = new LogicalTypes(duckdb.capi, duckdb.heap)
    this.info = info
    this.#scans = scans
    const suspends = info.suspends === true
    this.#rejects = new CsvRejects()
    this.#csv = new DuckdbCsvParser(duckdb, types, this.#rejects)
    const scan = new ScanFunction(duckdb, types, {
      suspends,
      isSource: (name) => this.#sources.has(name) || this.#rejects.has(name),
    })
    this.#main = duckdb.connect()
    const functions = new NativeFunctions(duckdb, types, duckdb.connect())
    memory.watch('engine', () => duckdb.heap.byteLength)
    let heapBytes = 0
    const settle = (): void => {
      if (heapBytes === duckdb.heap.byteLength) return
      heapBytes = duckdb.heap.byteLength
      scans.trim()
    }
    this.#parts = {
      duckdb,
      memory,
      settle,
      types,
      scan,
      positions: new PlanPositions(duckdb),
      zone: registerNatives(functions, this.#main),
      gate: new Gate(),
      prepared: new KeptStatements((statement) => statement.close()),
      health: new EngineHealth(duckdb),
      suspends,
      steps: makeSteps(duckdb, suspends),
      fetchLimit: storage?.fetchLimit ?? {},
      loadTable: (named, forWhom) => this.#loadTable(named, forWhom),
    }
    scan.register(this.#main, (replacing) => takeOverCsv(functions, replacing))
    this.#functions = new UserFunctions(functions)
  }

  /** Boots an engine; `shares.scans` is closed with it. */
  static async open(host: EngineHost, shares: EngineShares, options: EngineOptions): Promise<DuckdbWasmEngine> {
    const started = performance.now()
    const binary = options.binary ?? 'slim'
    const duckdb = await bootDuckdb(host, binary)
    const info: EngineInfo = {
      name: 'duckdb-wasm',
      dialect: 'duckdb',
      version: duckdb.heap.text(duckdb.capi.libraryVersion()),
      binary: kindOf(binary),
      suspends: options.suspend !== false && canSuspend(),
      bootMilliseconds: 0,
    }
    const engine = new DuckdbWasmEngine(info, duckdb, shares, options)
    await engine.#configure(shares.memory)
    Object.assign(info, { bootMilliseconds: performance.now() - started })
    return engine
  }

  async register(source: Source): Promise<void> {
    this.#assertOpen()
    if (this.#sources.has(source.id)) this.#scans.drop(source.id)
    // A copy: whether the caller still holds its own source is how it is known that nobody needs it.
    this.#sources.set(source.id, { ...source })
  }

  async unregister(id: string): Promise<void> {
    this.#sources.delete(id)
    this.#scans.drop(id)
  }

  registerFunction(definition: FunctionDefinition): Promise<void> {
    this.#assertOpen()
    const registered = this.#leasing.then(async () => {
      this.#parts.prepared.clear()
      this.#functions.unregister(definition.name)
      const define = await this.#functions.load(definition)
      // Plans in the middle of their rows were made for the types of the function before.
      for (const run of this.#runs.keys()) await run.drain(undefined)
      await this.#parts.gate.enter(() => {
        this.#assertOpen()
        define()
        this.#refused.delete(definition.name.toLowerCase())
      })
    })
    this.#leasing = registered.catch((error: unknown) => void this.#refused.set(definition.name.toLowerCase(), error))
    return registered
  }

  async unregisterFunction(name: string): Promise<void> {
    this.#leasing = this.#leasing.then(() => this.#functions.unregister(name))
    return this.#leasing as Promise<void>
  }

  async describe(statement: Statement, options: ExecuteOptions = {}): Promise<Schema> {
    return this.#lease(statement, options, (run) => run.describe())
  }

  async execute(statement: Statement, options: ExecuteOptions = {}): Promise<ResultStream> {
    return this.#lease(statement, options, (run) => run.start())
  }

  async openDatabase(bytes?: Uint8Array): Promise<Database> {
    this.#assertOpen()
    const database = await WasmDatabase.open(this.#parts, `lakefront ${++this.#databaseNames}`, {
      ...(bytes === undefined ? {} : { bytes }),
      onClose: (closed) => void this.#databases.delete(closed),
    })
    this.#databases.add(database)
    return database
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * Begins a run of `statement` on the connection it has to use. Connections are given one at a time, in the order they were asked for,
   * and the run has begun before the next is given.
   */
  #lease<T>(statement: Statement, options: ExecuteOptions, begin: (run: Run) => Promise<T>): Promise<T> {
    this.#assertOpen()
    const { signal } = options
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => reject(signal!.reason)
      signal?.addEventListener('abort', leave, { once: true })
      this.#leasing = this.#leasing.then(async () => {
        try {
          signal?.throwIfAborted()
          begin(await this.#open(statement, options)).then(resolve, (error: unknown) =>
            reject(this.#reasonFor(error, statement)),
          )
        } catch (error) {
          reject(error)
        } finally {
          signal?.removeEventListener('abort', leave)
        }
      })
    })
  }

  /** Why a function that a statement calls is not there: it could not be registered. */
  #reasonFor(error: unknown, { sql }: Statement): unknown {
    if (!isLakefrontError(error, 'FUNCTION_NOT_FOUND')) return error
    const text = sql.toLowerCase()
    return [...this.#refused].find(([name]) => text.includes(name))?.[1] ?? error
  }

  async #open(statement: Statement, options: ExecuteOptions): Promise<Run> {
    const script = partsOf(statement.sql)
    this.#functions.beginStatement()
    const reads = script.every(onlyReads)
    const connection = await this.#connection(reads && !this.#stateful, options.signal)
    try {
      this.#assertOpen()
      options.signal?.throwIfAborted()
      const isMain = connection === this.#main
      const changesMore = !script.every((part) => onlyReads(part) || changesRows(part))
      if (changesMore) this.#parts.prepared.clear()
      const run = new Run(this.#parts, { connection, isMain }, { statement, script }, options, () => {
        this.#runs.delete(run)
        if (changesMore && !this.#parts.health.isBroken) this.#parts.prepared.clear()
        this.#release(connection)
      })
      this.#runs.set(run, connection)
      if (script.some(leavesState)) this.#stateful = true
      return run
    } catch (error) {
      this.#release(connection)
      throw error
    }
  }

  async #connection(mayBeAny: boolean, signal: AbortSignal | undefined): Promise<Connection> {
    const busy = [...this.#runs].find(([, connection]) => connection === this.#main)?.[0]
    if (busy === undefined) return this.#main
    if (mayBeAny) return this.#spare.pop() ?? this.#parts.duckdb.connect()
    await busy.drain(signal)
    return this.#main
  }

  #release(connection: Connection): void {
    if (connection === this.#main || this.#parts.health.isBroken) return
    if (this.#spare.length < spareConnections) this.#spare.push(connection)
    else connection.close()
  }

  #loadTable({ name, format, files, options }: NamedTable, forWhom: TableOptions): Promise<ScanTable> {
    const source: Source = this.#sources.get(name) ??
      this.#rejects.source(name) ?? {
        id: `${format}:${name}`,
        format,
        files,
        options: { unionByName: false },
      }
    if (!('files' in source)) return this.#scans.table(source, forWhom)
    const found = source.files.flatMap((file) => this.#fileOf(file))
    const given: Source = { ...source, files: found, options: { ...source.options, ...options } }
    return this.#scans.table(given, { ...forWhom, csv: this.#csv })
  }

  /** A registered source's own files where its id stands in a list of files. */
  #fileOf(file: FileReference): readonly FileReference[] {
    const source = typeof file === 'string' ? this.#sources.get(file) : undefined
    return source !== undefined && 'files' in source ? source.files : [file]
  }

  async #configure({ limit }: MemoryBudget): Promise<void> {
    const settings = [
      'SET GLOBAL autoinstall_known_extensions = false',
      'SET GLOBAL autoload_known_extensions = false',
      'SET GLOBAL errors_as_json = true',
      `SET GLOBAL memory_limit = '${Math.floor(Math.min(limit, heapLimit) * engineShare)}B'`,
    ]
    const result = await this.execute({ sql: settings.join(';') })
    await result.next()
    await result.close()
    this.#stateful = false
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#runs.keys()].map((run) => run.close()))
    await this.#leasing
    await Promise.all([...this.#databases].map((database) => database.close()))
    if (!this.#parts.health.isBroken) {
      this.#csv.close()
      this.#parts.prepared.clear()
      for (const connection of [this.#main, ...this.#spare]) connection.close()
    }
    await this.#scans.close()
    this.#sources.clear()
  }

  #assertOpen(): void {
    if (this.#closed !== undefined)
      throw new LakefrontError('CLOSED', 'The session is closed. Connect again for a new one.')
    this.#parts.health.assertWorking()
  }
}

/** Whether wasm may wait for promises here. */
function canSuspend(): boolean {
  return 'Suspending' in WebAssembly && 'promising' in WebAssembly
}

function kindOf(binary: string): NonNullable<EngineInfo['binary']> {
  return binary === 'slim' || binary === 'full' ? binary : 'custom'
}
