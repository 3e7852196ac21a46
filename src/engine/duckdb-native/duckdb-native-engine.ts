import type {
  DuckDBConnection,
  DuckDBInstance,
  DuckDBPreparedStatement,
  DuckDBResult,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api'
import type * as DuckdbLibrary from '@duckdb/node-api'
import { LakefrontError } from '../../errors.ts'
import type { Source } from '../../scan/source.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Schema } from '../../types/logical-type.ts'
import { parseType } from '../../types/type-names.ts'
import { duckdbError } from '../duckdb-wasm/duckdb-error.ts'
import { changesRows, isRepeatable, leavesState, onlyReads, partsOf } from '../duckdb-wasm/script.ts'
import type {
  Engine,
  EngineInfo,
  EngineOptions,
  ExecuteOptions,
  Parameter,
  ResultStream,
  Statement,
} from '../engine.ts'
import { KeptStatements } from '../kept-statements.ts'
import { serverLibrary } from '../optional-library.ts'
import { plainStream } from '../plain-stream.ts'
import { type TextLists, dropSource, makeSource } from './native-sources.ts'
import { nativeValue } from './native-values.ts'

type Library = typeof DuckdbLibrary

/** A statement whose rows are read from a connection. */
interface Running {
  /** Takes the rows that are left out of the connection. */
  drain(): Promise<void>
}

/**
 * DuckDB itself, in the process. Statements run on one main connection, which holds settings, temporary objects and transactions;
 * a read that comes while rows of another are unread gets a connection of its own as long as there are none of those.
 */
export class DuckdbNativeEngine implements Engine {
  readonly info: EngineInfo
  readonly #library: Library
  readonly #instance: DuckDBInstance
  readonly #main: DuckDBConnection
  readonly #kept = new KeptStatements<DuckDBPreparedStatement>((statement) => statement.destroySync())
  readonly #streams = new Set<ResultStream>()
  #running: Running | undefined
  #isStateful = false
  #turn: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  private constructor(library: Library, instance: DuckDBInstance, main: DuckDBConnection, info: EngineInfo) {
    this.#library = library
    this.#instance = instance
    this.#main = main
    this.info = info
  }

  static async open({ memoryLimitBytes }: EngineOptions = {}): Promise<DuckdbNativeEngine> {
    const started = performance.now()
    const library = await serverLibrary<Library>('@duckdb/node-api', "engine: 'duckdb-native'")
    const instance = await library.DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      ...(memoryLimitBytes === undefined ? {} : { memory_limit: `${Math.floor(memoryLimitBytes)}B` }),
    })
    const main = await instance.connect()
    await main.run("SET GLOBAL TimeZone = 'UTC'; SET GLOBAL errors_as_json = true")
    await main.run(`CREATE MACRO lf_scan(id) AS TABLE FROM query_table('"lf ' || replace(id, '"', '') || '"')`)
    return new DuckdbNativeEngine(library, instance, main, {
      name: 'duckdb-native',
      dialect: 'duckdb',
      version: library.version(),
      bootMilliseconds: performance.now() - started,
    })
  }

  async register(source: Source): Promise<void> {
    this.#assertOpen()
    await this.#aside((connection) => makeSource(connection, source, this.#texts()))
  }

  async unregister(id: string): Promise<void> {
    if (this.#closed === undefined) await this.#aside((connection) => dropSource(connection, id))
  }

  async describe(statement: Statement, options: ExecuteOptions = {}): Promise<Schema> {
    const sql = `SELECT * FROM (${partsOf(statement.sql).at(-1)?.sql ?? ''}\n) LIMIT 0`
    const reads = partsOf(statement.sql).every(onlyReads)
    const stream = await this.execute(reads ? { ...statement, sql } : statement, options)
    await stream.close()
    return stream.schema
  }

  execute(statement: Statement, options: ExecuteOptions = {}): Promise<ResultStream> {
    this.#assertOpen()
    const turn = this.#turn.then(() => this.#start(statement, options))
    this.#turn = turn.catch(() => {})
    return turn
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(statement: Statement, { signal }: ExecuteOptions): Promise<ResultStream> {
    signal?.throwIfAborted()
    const started = performance.now()
    const script = partsOf(statement.sql)
    const isAside = this.#running !== undefined && !this.#isStateful && script.every(onlyReads)
    if (!isAside) await this.#running?.drain()
    const connection = isAside ? await this.#instance.connect() : this.#main
    const interrupt = (): void => connection.interrupt()
    signal?.addEventListener('abort', interrupt)
    const release = (): void => {
      signal?.removeEventListener('abort', interrupt)
      if (isAside) connection.closeSync()
    }
    try {
      for (const { sql } of script.slice(0, -1)) await connection.run(sql)
      const values = this.#values(statement.parameters) as DuckDBValue[]
      const last = script.at(-1)?.sql ?? ''
      const changesMore = !script.every((part) => onlyReads(part) || changesRows(part))
      if (changesMore) this.#kept.clear()
      const { age } = this.#kept
      let prepared: DuckDBPreparedStatement | undefined
      if (!isAside && script.length === 1 && isRepeatable(script[0]!)) {
        prepared = this.#kept.take(last) ?? (await connection.prepare(last))
        prepared.bind(values)
      }
      const result = await (prepared?.stream() ?? connection.stream(last, values))
      if (changesMore) this.#kept.clear()
      if (script.some(leavesState)) this.#isStateful = true
      const schema = schemaOf(result)
      const unread = batchesOf(result, schema)
      const drained: ColumnBatch[] = []
      const running: Running = {
        drain: async () => {
          for await (const batch of unread) drained.push(batch)
          this.#running = undefined
        },
      }
      if (!isAside) this.#running = running
      const rest = async function* (): AsyncGenerator<ColumnBatch> {
        for (;;) {
          const batch = drained.shift() ?? (await unread.next()).value
          if (batch === undefined) return
          yield batch
        }
      }
      const stream = plainStream(schema, failing(rest(), statement.sql), {
        started,
        ...(signal === undefined ? {} : { signal }),
        close: () => {
          this.#streams.delete(stream)
          if (this.#running === running) this.#running = undefined
          if (prepared !== undefined) this.#kept.keep(last, prepared, age)
          release()
        },
      })
      this.#streams.add(stream)
      return stream
    } catch (error) {
      release()
      signal?.throwIfAborted()
      throw failure(error, statement.sql)
    }
  }

  /** Work on a connection of its own; where there may be a transaction, on the main one. */
  async #aside(work: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
    // A transaction would not see what is made beside it.
    if (this.#isStateful) await this.#running?.drain()
    const connection = this.#isStateful ? this.#main : await this.#instance.connect()
    try {
      await work(connection)
    } catch (error) {
      throw failure(error, '')
    } finally {
      if (connection !== this.#main) connection.closeSync()
    }
  }

  #texts(): TextLists {
    const { listValue, LIST, VARCHAR } = this.#library
    return { type: LIST(VARCHAR), listOf: (texts) => listValue([...texts]) }
  }

  #values(parameters: Statement['parameters'] = []): DuckDBValue[] | Record<string, DuckDBValue> {
    const value = (each: Parameter): DuckDBValue => {
      if (each instanceof Date) return this.#library.timestampValue(BigInt(each.getTime()) * 1000n)
      return each instanceof Uint8Array ? this.#library.blobValue(each) : each
    }
    if (Array.isArray(parameters)) return parameters.map(value)
    return Object.fromEntries(Object.entries(parameters).map(([name, each]) => [name, value(each as Parameter)]))
  }

  async #close(): Promise<void> {
    await this.#turn
    await Promise.allSettled([...this.#streams].map((stream) => stream.close()))
    this.#kept.clear()
    this.#main.closeSync()
    this.#instance.closeSync()
  }

  #assertOpen(): void {
    if (this.#closed !== undefined)
      throw new LakefrontError('CLOSED', 'The session is closed. Connect again for a new one.')
  }
}

function schemaOf(result: DuckDBResult): Schema {
  return {
    fields: result.columnNames().map((name, index) => ({
      name,
      type: parseType(nameOfType(result.columnType(index))),
      nullable: true,
    })),
  }
}

function nameOfType(type: DuckDBType): string {
  return type.alias ?? type.toString()
}

async function* batchesOf(result: DuckDBResult, schema: Schema): AsyncGenerator<ColumnBatch, undefined> {
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) return undefined
    const columns = schema.fields.map(({ type }, index) =>
      chunk.getColumnValues(index).map((value) => nativeValue(value, type)),
    )
    const rows = Array.from({ length: chunk.rowCount }, (_, row) => columns.map((column) => column[row]))
    yield batchFromRows(rows as unknown as object[], schema)
  }
}

async function* failing(batches: AsyncGenerator<ColumnBatch>, sql: string): AsyncGenerator<ColumnBatch> {
  try {
    yield* batches
  } catch (error) {
    throw failure(error, sql)
  }
}

function failure(error: unknown, sql: string): unknown {
  if (!(error instanceof Error)) return error
  const message = error.message.replace(/^Failed to [a-z ]+: /, '').replace(/^(?=\{"exception_type")/, 'DuckDB Error: ')
  return /^[A-Za-z ]+ Error: /.test(message) ? duckdbError(message, { sql }) : error
}
