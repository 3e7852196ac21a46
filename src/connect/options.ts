import { byteSize } from '../config/byte-size.ts'
import type { EngineOptions, Progress } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import type { FetchLimit } from '../storage/fetch-scope.ts'
import { checkNames } from './check-names.ts'
import { storageOptions } from './storage-options.ts'
import type { FileOptions, RangeCacheOptions } from './storage-options.ts'

/** How to open a session; every field has a default. */
export interface ConnectOptions {
  /**
   * What runs the queries: DuckDB-WASM (`'auto'`, the default, takes it everywhere), or `'duckdb-native'`, DuckDB in this process by
   * the optional package `@duckdb/node-api`: on servers, for files of this machine.
   */
  readonly engine?: 'auto' | 'duckdb-wasm' | 'duckdb-native'
  /**
   * The engine file: `'slim'` (default), the small one of this package; `'full'`, the official one of `@duckdb/duckdb-wasm`, which
   * can load extensions; or the address of a file, such as the official one on a site of yours.
   */
  readonly engineBinary?: 'slim' | 'full' | (string & {}) | URL
  /**
   * What the session may hold, bytes or text such as `'2GB'`: DuckDB's heap, decoded columns, and what is fetched and decoded now. DuckDB
   * may use three quarters of it; the rest has what DuckDB's heap has not grown into. Queries that need more fail with
   * `OUT_OF_MEMORY`. One row group of the needed columns is read however small it is. Default: half of the machine's
   * memory where that is told, at most 4 GiB, else 2 GiB.
   */
  readonly memoryLimit?: number | string
  /** A lake to open, or to make where there is none: `session.lake()`, and `lake` in SQL. See `session.openLake()` for more choices. */
  readonly lake?: string | URL
  /** What of files on other computers is kept as it was fetched. */
  readonly rangeCache?: RangeCacheOptions
  /** What each statement may fetch over the network that has no limit of its own; past it, it fails with `BUDGET_EXCEEDED`. */
  readonly fetchLimit?: FetchLimit
  /** How files are fetched. */
  readonly storage?: FileOptions
  /** `false` runs the engine in this thread, where there are the modules of Node: a query then blocks everything else. Default true. */
  readonly worker?: boolean
  /** Where the script of the engine's worker is, when it is not beside the package's code. */
  readonly workerUrl?: string | URL
  /**
   * Milliseconds that the worker may be silent after a statement was aborted; while it answers, the statement has ten times as long to
   * end. Then the worker is ended, everything else that runs in it fails with `WORKER_LOST`, and the next call starts a new one.
   * Default 2,000.
   */
  readonly stopWithin?: number
  /** Gives up opening. */
  readonly signal?: AbortSignal
  /** Hears the progress of every statement that has no listener of its own. */
  readonly onProgress?: (progress: Progress) => void
}

const knownOptions: Readonly<Record<keyof ConnectOptions, true>> = {
  engine: true,
  engineBinary: true,
  memoryLimit: true,
  lake: true,
  rangeCache: true,
  fetchLimit: true,
  storage: true,
  worker: true,
  workerUrl: true,
  stopWithin: true,
  signal: true,
  onProgress: true,
}

/** Throws `INVALID_ARGUMENT` for options that do not exist, and `UNSUPPORTED` for engines that are not there. */
export function checkOptions(options: ConnectOptions): void {
  checkNames('connect()', options, Object.keys(knownOptions))
  const { engine = 'auto', stopWithin = 0 } = options
  if (engine !== 'auto' && engine !== 'duckdb-wasm' && engine !== 'duckdb-native') {
    throw new LakefrontError(
      'UNSUPPORTED',
      `There is no engine ${JSON.stringify(engine)}. Engines: 'auto', 'duckdb-wasm', 'duckdb-native'; PostgreSQL and SQLite by a connection string.`,
    )
  }
  if (typeof stopWithin !== 'number' || !(stopWithin >= 0)) {
    throw new LakefrontError('INVALID_ARGUMENT', 'stopWithin: give a number of milliseconds, such as 2000.')
  }
}

/** The part of `options` that the engine needs, as plain data. `baseUrl` is what relative addresses are relative to. */
export function engineOptions(options: ConnectOptions, baseUrl: string | undefined): EngineOptions {
  const { engineBinary, memoryLimit } = options
  return {
    ...(engineBinary === undefined ? {} : { binary: binaryOf(engineBinary, baseUrl) }),
    ...(memoryLimit === undefined ? {} : { memoryLimitBytes: byteSize(memoryLimit, 'memoryLimit') }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    storage: storageOptions(options),
  }
}

function binaryOf(binary: string | URL, baseUrl: string | undefined): string {
  if (binary === 'slim' || binary === 'full') return binary
  try {
    return new URL(binary, baseUrl).href
  } catch (cause) {
    throw new LakefrontError('INVALID_ARGUMENT', `engineBinary: give 'slim', 'full', or the URL of an engine file.`, {
      cause,
    })
  }
}

/** What can be said of a session of a connection string. */
export interface TargetOptions extends Pick<ConnectOptions, 'signal' | 'onProgress' | 'storage'> {
  /** Connections to a PostgreSQL server at most. Default 10. */
  readonly connections?: number
}

/** Throws `INVALID_ARGUMENT` for options that a connection string does not take. */
export function checkTargetOptions(options: TargetOptions): void {
  checkNames('connect() with a connection string', options, ['signal', 'onProgress', 'storage', 'connections'])
  const { connections = 1, storage } = options
  if (storage !== undefined) storageOptions({ storage })
  if (!Number.isSafeInteger(connections) || connections < 1)
    throw new LakefrontError('INVALID_ARGUMENT', 'connections: give a whole number of at least 1.')
}
