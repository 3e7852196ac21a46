import { LakefrontError } from '../../errors.ts'
import { orAborted } from '../../storage/or-aborted.ts'
import type { Source } from '../../scan/source.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Schema } from '../../types/logical-type.ts'
import type { Engine, EngineInfo, ExecuteOptions, Parameter, ResultStream, Statement } from '../engine.ts'
import { plainStream } from '../plain-stream.ts'
import { refuseFiles } from '../refuse-files.ts'
import { statementsOf } from '../statements.ts'
import { Activity } from './activity.ts'
import { postgresError } from './postgres-error.ts'
import type {
  PostgresConnection,
  PostgresCursor,
  PostgresField,
  PostgresQuery,
  PostgresRow,
  PostgresServer,
} from './postgres-server.ts'
import { type BatchesSource, fillTable, sourceTable } from './postgres-sources.ts'
import { columnType, valueParser } from './postgres-types.ts'
import { Turns } from './turns.ts'

const batchRows = 4096

/** What engines on connections of one server share. */
interface Shared {
  readonly sources: Map<string, BatchesSource>
  /** The sources that lie in temporary tables of a session of the server. */
  readonly tables: WeakMap<object, Map<string, BatchesSource>>
  /** The last filling of a session: statements that share it wait for one another there. */
  readonly fillings: WeakMap<object, Promise<void>>
  readonly activity: Activity
}

/** Something that waits or runs, until `over`. */
interface Running {
  readonly signal: AbortSignal
  readonly abort: (reason: unknown) => void
  readonly over: () => void
}

/** PostgreSQL behind a server's connections; each statement has one of its own until its last row is read. */
export class PostgresEngine implements Engine {
  readonly info: EngineInfo
  readonly #server: PostgresServer
  readonly #shared: Shared
  readonly #isOneConnection: boolean
  readonly #streams = new Set<ResultStream>()
  readonly #transactions = new Set<Engine>()
  /** How many transactions there may be at a time: one connection is left for the statements that they wait for outside of them. */
  readonly #mostTransactions: number
  readonly #turns: Turns
  /** What waits or runs, to be stopped when the session closes. */
  readonly #running = new Set<AbortController>()
  #closed: Promise<void> | undefined

  private constructor(server: PostgresServer, info: EngineInfo, shared: Shared, isOneConnection: boolean) {
    this.#server = server
    this.info = info
    this.#shared = shared
    this.#isOneConnection = isOneConnection
    this.#mostTransactions = Math.max(1, server.connections - 1)
    this.#turns = new Turns(this.#mostTransactions)
  }

  /**
   * Asks the server for its version, so that what is wrong with the address is known at once. `server` is closed with the engine.
   *
   * @param patience How many milliseconds a statement waits for a connection while nothing happens on any.
   */
  static async open(server: PostgresServer, patience = 30_000): Promise<PostgresEngine> {
    const started = performance.now()
    const info: EngineInfo = { name: 'postgres', dialect: 'postgres', version: '', bootMilliseconds: 0 }
    const engine = new PostgresEngine(
      server,
      info,
      {
        sources: new Map(),
        tables: new WeakMap(),
        fillings: new WeakMap(),
        activity: new Activity(patience),
      },
      false,
    )
    try {
      const stream = await engine.execute({ sql: 'SHOW server_version' })
      const batch = await stream.next()
      await stream.close()
      const version = new TextDecoder().decode(batch!.columns[0]!.values)
      Object.assign(info, { version, bootMilliseconds: performance.now() - started })
      return engine
    } catch (error) {
      await engine.close()
      throw error
    }
  }

  async register(source: Source): Promise<void> {
    this.#assertOpen()
    if (source.format !== 'batches') throw refuseFiles('PostgreSQL')
    // Its types are checked now, its rows go where and when a statement reads them.
    fillTable(source).next()
    this.#shared.sources.set(source.id, { ...source })
  }

  async unregister(id: string): Promise<void> {
    this.#shared.sources.delete(id)
  }

  async describe(statement: Statement, options: ExecuteOptions = {}): Promise<Schema> {
    return this.#with(statement, options, async (connection, query, release) => {
      const schema = schemaOf(await connection.describe(query), statement)
      await release(false)
      return schema
    })
  }

  async execute(statement: Statement, options: ExecuteOptions = {}): Promise<ResultStream> {
    const started = performance.now()
    return this.#with(statement, options, async (connection, query, release) => {
      const cursor = await connection.open(query, !this.#isOneConnection)
      const counted = cursor.fields.length === 0 ? await changes(cursor, query.sql) : undefined
      const schema = counted === undefined ? schemaOf(cursor.fields, statement) : countSchema(counted)
      const found = counted ?? rows(cursor, schema, (error) => this.#failure(error))
      // Where there is one connection, unread rows would keep it from the next statement.
      const batches = this.#isOneConnection ? await all(found) : found
      const stream = plainStream(schema, batches, {
        started,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        close: async () => {
          this.#streams.delete(stream)
          await cursor.close()
          await release(false)
        },
      })
      this.#streams.add(stream)
      return stream
    })
  }

  async connection(): Promise<Engine | undefined> {
    this.#assertOpen()
    if (this.#server.isOne) return undefined
    const running = this.#starting()
    const connection = await this.#waiting(running, this.#mostTransactions, this.#turns.take(running.signal))
      .then(() =>
        this.#acquire(running).catch((error: unknown) => {
          this.#turns.give()
          throw error
        }),
      )
      .finally(running.over)
    const held: PostgresServer = {
      isOne: true,
      connections: 1,
      acquire: async () => ({ ...methodsOf(connection), release: () => {} }),
      close: async () => {
        this.#transactions.delete(transaction)
        // What a transaction made may be gone with it.
        this.#shared.tables.delete(connection.session)
        connection.release(this.#closed !== undefined)
        this.#turns.give()
      },
    }
    const transaction = new PostgresEngine(held, this.info, this.#shared, true)
    this.#transactions.add(transaction)
    return transaction
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // What runs is cancelled once this session counts as closed.
    await Promise.resolve()
    for (const running of this.#running) running.abort()
    await Promise.allSettled([...this.#streams, ...this.#transactions].map((each) => each.close()))
    if (!this.#isOneConnection) this.#shared.sources.clear()
    await this.#server.close()
  }

  /** Runs `work` on a connection where the sources of the statement are. `work` releases it, unless it fails. */
  async #with<T>(
    statement: Statement,
    { signal }: ExecuteOptions,
    work: (
      connection: PostgresConnection,
      query: PostgresQuery,
      release: (broken: boolean) => Promise<void>,
    ) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen()
    signal?.throwIfAborted()
    const running = this.#starting(signal)
    const { signal: stop, over } = running
    const connection = await this.#acquire(running).catch((error: unknown) => {
      over()
      throw error
    })
    const cancel = (): void => void connection.cancel().catch(() => {})
    stop.addEventListener('abort', cancel)
    let isReleased = false
    const release = async (isBroken: boolean): Promise<void> => {
      if (isReleased) return
      isReleased = true
      stop.removeEventListener('abort', cancel)
      over()
      connection.release(isBroken)
    }
    try {
      stop.throwIfAborted()
      await this.#fill(connection, statement.sources ?? [])
      const texts = statementsOf(statement.sql)
      for (const sql of texts.slice(0, -1)) await run(connection, { sql, values: [], types: [] })
      return await work(connection, queryOf(texts.at(-1) ?? '', statement.parameters), release)
    } catch (error) {
      const failure = postgresError(error)
      await release(failure.code === 'NETWORK' || failure.code === 'ENGINE_FAILED')
      signal?.throwIfAborted()
      throw this.#failure(failure)
    }
  }

  /** A signal for something that waits or runs until `over`: it is aborted as `signal` is, and when the session closes. */
  #starting(signal?: AbortSignal): Running {
    const running = new AbortController()
    const abort = (): void => running.abort(signal!.reason)
    signal?.addEventListener('abort', abort)
    this.#running.add(running)
    const over = (): void => {
      signal?.removeEventListener('abort', abort)
      this.#running.delete(running)
    }
    return { signal: running.signal, abort: (reason) => running.abort(reason), over }
  }

  /** What a statement fails with: after the session was closed, with that. */
  #failure(error: unknown): LakefrontError {
    return this.#closed === undefined ? postgresError(error) : closed()
  }

  /** A connection, when one is free. Who stops waiting for it gives it back when it comes. */
  async #acquire(running: Running): Promise<PostgresConnection> {
    const acquired = this.#server.acquire()
    try {
      const connection = await this.#waiting(running, this.#server.connections, acquired)
      return this.#isOneConnection ? connection : this.#shared.activity.observed(connection)
    } catch (error) {
      if (running.signal.aborted)
        acquired.then(
          (connection) => connection.release(false),
          () => {},
        )
      throw error
    }
  }

  /** What `waited` becomes, unless it is aborted, or waits for a connection while `held` are held by those that do nothing. */
  async #waiting<T>(running: Running, held: number, waited: Promise<T>): Promise<T> {
    const unwatch = this.#shared.activity.watch(held, running.abort)
    try {
      return await orAborted(waited, running.signal)
    } catch (error) {
      if (!running.signal.aborted) throw postgresError(error)
      throw this.#closed === undefined ? running.signal.reason : closed()
    } finally {
      unwatch()
    }
  }

  #fill(connection: PostgresConnection, ids: readonly string[]): Promise<void> {
    const { fillings } = this.#shared
    const before = fillings.get(connection.session) ?? Promise.resolve()
    const filling = before.catch(() => {}).then(() => this.#fillNow(connection, ids))
    fillings.set(connection.session, filling)
    return filling
  }

  async #fillNow(connection: PostgresConnection, ids: readonly string[]): Promise<void> {
    const { sources, tables } = this.#shared
    const there = tables.get(connection.session) ?? new Map<string, BatchesSource>()
    tables.set(connection.session, there)
    for (const id of [...there.keys()].filter((id) => !sources.has(id))) {
      await run(connection, { sql: `DROP TABLE IF EXISTS ${sourceTable(id)}`, values: [], types: [] })
      there.delete(id)
    }
    for (const id of ids) {
      const source = sources.get(id)
      if (source === undefined || there.get(id) === source) continue
      for (const query of fillTable(source)) await run(connection, query)
      there.set(id, source)
    }
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closed()
  }
}

function closed(): LakefrontError {
  return new LakefrontError('CLOSED', 'The session is closed. Connect again for a new one.')
}

function methodsOf(connection: PostgresConnection): Omit<PostgresConnection, 'release'> {
  return {
    session: connection.session,
    describe: (query) => connection.describe(query),
    open: (query, isAlone) => connection.open(query, isAlone),
    cancel: () => connection.cancel(),
  }
}

async function run(connection: PostgresConnection, query: PostgresQuery): Promise<void> {
  const cursor = await connection.open(query, false)
  await cursor.next(1)
  await cursor.close()
}

function schemaOf(fields: readonly PostgresField[], { types }: Statement): Schema {
  return {
    fields: fields.map((field, index) => ({
      name: field.name,
      type: columnType(field, types?.[index]),
      nullable: true,
    })),
  }
}

async function* rows(
  cursor: PostgresCursor,
  schema: Schema,
  failure: (error: unknown) => LakefrontError,
): AsyncGenerator<ColumnBatch> {
  const parsers = schema.fields.map(({ type }) => valueParser(type))
  const parsed = (row: PostgresRow): unknown[] =>
    row.map((text, index) => (text === null ? null : parsers[index]!(text)))
  try {
    for (;;) {
      const { rows: found, command } = await cursor.next(batchRows)
      if (found.length > 0) yield batchFromRows(found.map(parsed), schema)
      if (command !== undefined) return
    }
  } catch (error) {
    throw failure(error)
  }
}

async function all(batches: Iterable<ColumnBatch> | AsyncIterable<ColumnBatch>): Promise<ColumnBatch[]> {
  const found: ColumnBatch[] = []
  for await (const batch of batches) found.push(batch)
  return found
}

/** What a statement without rows gives: one row with the number of rows it changed, as DuckDB does, or nothing. */
async function changes(cursor: PostgresCursor, sql: string): Promise<ColumnBatch[]> {
  const { command = '' } = await cursor.next(1)
  // After an error it rolls back instead, and calls that a success.
  if (command === 'ROLLBACK' && /^\s*(?:COMMIT|END)\b/i.test(sql)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'The transaction was rolled back, not committed: a statement in it had failed, after which PostgreSQL keeps nothing of it. Let the error out of transaction(), or set a SAVEPOINT before what may fail.',
    )
  }
  const [, count] = /^(?:INSERT \d+|UPDATE|DELETE|MERGE) (\d+)$/.exec(command) ?? []
  if (count === undefined) return []
  return [batchFromRows([{ Count: BigInt(count) }], { Count: 'bigint' })]
}

function countSchema(batches: readonly ColumnBatch[]): Schema {
  return batches[0]?.schema ?? { fields: [] }
}

function queryOf(sql: string, parameters: Statement['parameters'] = []): PostgresQuery {
  if (!Array.isArray(parameters))
    throw new LakefrontError('INVALID_ARGUMENT', 'PostgreSQL takes values by position: $1, $2 …')
  const values = parameters as readonly Parameter[]
  return { sql, values: values.map(text), types: values.map(typeOf) }
}

function text(value: Parameter): string | null {
  if (value === null) return null
  if (value instanceof Date) return value.toISOString().replace('T', ' ').slice(0, -1)
  if (value instanceof Uint8Array)
    return `\\x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  return String(value)
}

/** The object id of a parameter's type; text may be whatever the statement wants there. */
function typeOf(value: Parameter): number {
  switch (typeof value) {
    case 'boolean':
      return 16
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 20 : 1700
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) return 701
      return Math.abs(value) < 2 ** 31 ? 23 : 20
    default:
      if (value instanceof Date) return 1114
      return value instanceof Uint8Array ? 17 : 0
  }
}
