import type { ParquetEncoder } from '../format/parquet/parquet-writer.ts'
import type { CallLake } from '../lake/lake-calls.ts'
import type { MemoryUse } from '../scan/memory-budget.ts'
import type { LakeTables, ScanMetrics, Source } from '../scan/source.ts'
import type { FetchLimit } from '../storage/fetch-scope.ts'
import type { SessionStorage, StorageOptions } from '../storage/open-storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { LogicalType, Schema } from '../types/logical-type.ts'
import type { WriteResult, WriteTask } from '../write/write-task.ts'
import type { FunctionDefinition } from './function-definition.ts'

/** A value bound to a parameter of a statement. Numbers bind as INTEGER, BIGINT or DOUBLE by value; a `Date` as TIMESTAMP in UTC. */
export type Parameter = null | boolean | number | bigint | string | Date | Uint8Array

/** SQL text and what it needs. Plain data that survives `structuredClone`. */
export interface Statement {
  readonly sql: string
  /** Positional (`?`, `$1`) or named (`$name`) values. */
  readonly parameters?: readonly Parameter[] | Readonly<Record<string, Parameter>>
  /** Ids of the sources it reads, for engines that have to put them where the statement runs. */
  readonly sources?: readonly string[]
  /** The types of the columns, where the plan tells them: for engines whose values do not know theirs. */
  readonly types?: readonly (LogicalType | undefined)[]
  /**
   * By ids of sources, the columns they are believed to have (`columnsText`). DuckDB-WASM fails with `SOURCE_CHANGED` before the first row
   * when one has others.
   */
  readonly expects?: Readonly<Record<string, string>>
}

export interface ExecuteOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** What the statement may fetch over the network; past it, it fails with `BUDGET_EXCEEDED`. Default: the session's. */
  readonly fetchLimit?: FetchLimit
  /** Tables of lakes are only wanted for their columns, as where views of them are made. */
  readonly columnsOnly?: boolean
}

/** How far a statement has come; sent at most about ten times a second. */
export interface Progress {
  /** 0 to 1, or undefined when nothing is known. */
  readonly fraction?: number
  readonly rowsScanned: number
  readonly bytesFetched: number
  /** Of a write: rows and bytes given to files. */
  readonly rowsWritten?: number
  readonly bytesWritten?: number
}

/** What a finished statement cost. */
export interface QueryMetrics {
  readonly rows: number
  readonly totalMilliseconds: number
  readonly planMilliseconds: number
  /** The engine's own work on rows, without being fed by scans and waiting for them; absent where that cannot be told apart. */
  readonly computeMilliseconds?: number
  readonly scans: readonly ScanMetrics[]
  /** What the session held when it was over; absent where the memory is another system’s. */
  readonly memory?: MemoryUse
}

/** Rows of a running statement. Closing early stops the statement. */
export interface ResultStream extends AsyncDisposable {
  readonly schema: Schema
  /** The next batch, or undefined after the last. Buffers belong to the caller. */
  next(): Promise<ColumnBatch | undefined>
  /** Complete once {@link next} has returned undefined; before that, what is known so far. */
  metrics(): Promise<QueryMetrics>
  close(): Promise<void>
}

/** A database of its own beside the session's: a file in memory, on a connection of its own. Statements run one after another. */
export interface Database extends AsyncDisposable {
  /** What its own connection calls it: `FROM "name".main.t`. */
  readonly name: string
  /** Runs a text and answers all rows of its last statement. Transactions may span several calls. */
  query(statement: Statement, options?: ExecuteOptions): Promise<readonly ColumnBatch[]>
  /**
   * The same without letting anything else happen meanwhile: of statements on few rows most of the time goes into being able to. It reads the tables of databases only.
   */
  queryAtOnce(statement: Statement): Promise<readonly ColumnBatch[]>
  /** The file with all that is committed, as DuckDB opens it anywhere. The bytes are the caller's. */
  bytes(): Promise<Uint8Array>
  /** Forgets it; twice is fine. */
  close(): Promise<void>
}

export interface EngineInfo {
  readonly name: 'duckdb-wasm' | 'duckdb-native' | 'postgres' | 'sqlite'
  /** What its SQL is; see `docs/dialects.md`. */
  readonly dialect: 'duckdb' | 'postgres' | 'sqlite'
  /** The engine's own version, such as `v1.5.6` of DuckDB. */
  readonly version: string
  /** Which file of DuckDB-WASM it is. */
  readonly binary?: 'slim' | 'full' | 'custom'
  /** Whether wasm can wait for a scan (JavaScript Promise Integration); elsewhere a statement comes out of wasm while it waits. */
  readonly suspends?: boolean
  readonly bootMilliseconds: number
}

/** What runs SQL. The same interface stands in this thread, in a worker, and on a server. */
export interface Engine extends AsyncDisposable {
  readonly info: EngineInfo
  /** Makes `source` readable in SQL as `lf_scan('<id>')`. Registering an id again replaces it. */
  register(source: Source): Promise<void>
  unregister(id: string): Promise<void>
  /** Makes a function of the application's own callable in SQL; statements asked for later see it. Absent where there is no JavaScript. */
  registerFunction?(definition: FunctionDefinition): Promise<void>
  unregisterFunction?(name: string): Promise<void>
  /** The schema a statement would return; reads footers of files it names but no data. */
  describe(statement: Statement, options?: ExecuteOptions): Promise<Schema>
  /** Starts the first statement of the text and all after it; rows are those of the last. */
  execute(statement: Statement, options?: ExecuteOptions): Promise<ResultStream>
  /**
   * Writes the rows of a statement to files, where the engine is: they do not pass through the caller. When it fails or is aborted, nothing
   * it wrote is to be seen, and what it began is cleaned up before it rejects.
   */
  write?(statement: Statement, task: WriteTask, options?: ExecuteOptions): Promise<WriteResult>
  /** An engine on one connection of this one's, for a transaction; closing it gives the connection back. None where there is only one. */
  connection?(): Promise<Engine | undefined>
  /**
   * Opens the DuckDB file that `bytes` are, or an empty one, beside the session's tables and unseen by its statements. The bytes are
   * copied. Absent where the engine is no DuckDB.
   */
  openDatabase?(bytes?: Uint8Array): Promise<Database>
  /** Asks something of the lakes that are open, or opens one. Absent where there are none. */
  lake?: CallLake
  /** Gives everything back; running statements reject with `CLOSED`; twice is fine. */
  close(): Promise<void>
}

/** What stands beside an engine and uses it: lakes. */
export interface Beside {
  readonly lakes: LakeTables
  /** The engine together with it. */
  around(engine: Engine): Engine
}

/** Makes what stands beside an engine; the engine is there once it is used. */
export type MakeBeside = (parts: {
  readonly storage: SessionStorage
  readonly parquet: ParquetEncoder
  readonly openDatabase: (bytes?: Uint8Array) => Promise<Database>
}) => Beside

/** How to open an engine; every field has a default. */
export interface EngineOptions {
  /** The slim file (default), the official file with room for extensions, or a URL of an engine file. */
  readonly binary?: 'slim' | 'full' | (string & {})
  /** What all of the engine may hold, in bytes (`MemoryBudget`). Default: half of what the machine has, at most 4 GiB. */
  readonly memoryLimitBytes?: number
  /** Bytes of decoded columns kept at most, within that; 0 for none (tests). */
  readonly cacheBytes?: number
  /** Most workers that decode Parquet beside the engine's thread. Default: one core less than there are, 1 to 4; 0 decodes in that thread. */
  readonly decodeWorkers?: number
  /**
   * What relative URLs in SQL and in sources are relative to: the address of the page, as an engine in a worker would take its
   * script's. Not needed where names of files are paths.
   */
  readonly baseUrl?: string
  /** How files are read, and what is kept of them. */
  readonly storage?: StorageOptions
  /** `false` turns suspension off even where the platform has it (tests). */
  readonly suspend?: boolean
}
