import type Pg from 'pg'
import type { Client, Pool, PoolClient, Submittable } from 'pg'
import { serverLibrary } from '../optional-library.ts'
import {
  type PostgresConnection,
  type PostgresCursor,
  type PostgresField,
  type PostgresQuery,
  type PostgresRow,
  type PostgresServer,
  pinnedSettings,
} from './postgres-server.ts'

/** A server by its address, through `pg` and a pool of connections. The address may say how TLS is used (`?sslmode=require`). */
export async function pgServer(address: string, connections: number): Promise<PostgresServer> {
  const { default: pg } = await serverLibrary<{ readonly default: typeof Pg }>('pg', 'PostgreSQL')
  const pool: Pool = new pg.Pool({ connectionString: address, max: connections, allowExitOnIdle: canLetGo() })
  // An idle connection that breaks is dropped by the pool; whoever needs one next gets another, or hears why not.
  pool.on('error', () => {})
  const pinned = new WeakSet<PoolClient>()
  const named = new WeakMap<PoolClient, NamedStatements>()
  return {
    isOne: false,
    connections,
    async acquire() {
      const client = await pool.connect()
      const broken = (): void => {}
      client.on('error', broken)
      try {
        if (!pinned.has(client)) await client.query(pinnedSettings)
        pinned.add(client)
      } catch (error) {
        client.release(true)
        throw error
      }
      const canceller = (): Client => new pg.Client({ connectionString: address })
      const names = named.get(client) ?? new NamedStatements()
      named.set(client, names)
      return new PgConnection(client, { canceller, names, released: () => client.off('error', broken) })
    },
    close: () => pool.end(),
  }
}

/** Whether timers can be told to keep no process alive. In Workers, where none waits, they are numbers. */
function canLetGo(): boolean {
  const timer: unknown = setTimeout(() => {}, 0)
  clearTimeout(timer as number)
  return typeof (timer as { unref?: unknown }).unref === 'function'
}

/** The connection inside of `pg`'s client: the messages of the protocol's extended queries. */
interface WireConnection {
  parse(message: { name?: string; text: string; types: readonly number[] }): void
  bind(message: { statement?: string; values: readonly (string | null)[] }): void
  describe(message: { type: 'P' | 'S'; name?: string }): void
  execute(message: { rows?: number }): void
  flush(): void
  sync(): void
  close(message: { type: 'P' | 'S'; name?: string }): void
  once(event: 'noData', listener: () => void): void
  off(event: 'noData', listener: () => void): void
}

/** How many statements the server keeps for a connection, and how many texts are remembered until they come again. */
const mostNamed = 64
const mostSeen = 256
const longestNamed = 10_000

/**
 * The statements that the server keeps prepared for one connection. A text gets a name when it comes for the second time; the name
 * unused for longest is given back. The server itself plans them anew when the schema changed.
 */
class NamedStatements {
  readonly #names = new Map<string, string>()
  readonly #seen = new Set<string>()
  #count = 0

  /** How to send a query: under a name that is known, or is made, and what is to be forgotten for it. */
  nameFor({ sql, types }: PostgresQuery): {
    readonly name?: string
    readonly isKnown: boolean
    readonly dropped?: string
  } {
    if (sql.length > longestNamed) return { isKnown: false }
    const key = `${types.join()} ${sql}`
    const known = this.#names.get(key)
    if (known !== undefined) {
      this.#names.delete(key)
      this.#names.set(key, known)
      return { name: known, isKnown: true }
    }
    if (!this.#seen.delete(key)) {
      this.#seen.add(key)
      const [oldest] = this.#seen
      if (this.#seen.size > mostSeen) this.#seen.delete(oldest!)
      return { isKnown: false }
    }
    const name = `lf_${++this.#count}`
    this.#names.set(key, name)
    const [oldest] = this.#names
    if (this.#names.size <= mostNamed) return { name, isKnown: false }
    this.#names.delete(oldest![0])
    return { name, isKnown: false, dropped: oldest![1] }
  }

  /** Of a statement that failed: whether it was not even parsed is not known. */
  forget({ sql, types }: PostgresQuery): void {
    this.#names.delete(`${types.join()} ${sql}`)
  }
}

/** What is used of a client of `pg` that asks the server to stop what another one runs. */
interface Canceller {
  readonly connection: { on(event: string, listener: () => void): void; cancel(process: number, key: number): void }
  on(event: 'error', listener: () => void): void
  cancel(client: PoolClient, query: Submittable): void
}

interface PgConnectionParts {
  readonly canceller: () => Client
  readonly names: NamedStatements
  readonly released: () => void
}

class PgConnection implements PostgresConnection {
  readonly session: object
  readonly #client: PoolClient
  readonly #canceller: () => Client
  readonly #names: NamedStatements
  readonly #released: () => void
  #running: PgQuery | undefined

  constructor(client: PoolClient, { canceller, names, released }: PgConnectionParts) {
    this.session = client
    this.#client = client
    this.#canceller = canceller
    this.#names = names
    this.#released = released
  }

  async describe(query: PostgresQuery): Promise<readonly PostgresField[]> {
    const running = this.#submit(new PgQuery(query, { describesOnly: true, isKnown: false }))
    await running.finished
    return running.fields
  }

  async open(query: PostgresQuery, isAlone = true): Promise<PostgresCursor> {
    // What fails in a transaction ends it, so there nothing is tried that may have to be tried again.
    if (!isAlone) return this.#opened(query, { isKnown: false })
    const how = this.#names.nameFor(query)
    try {
      return await this.#opened(query, how)
    } catch (error) {
      this.#names.forget(query)
      const { code = '' } = error as { readonly code?: string }
      // "cached plan must not change result type", "prepared statement does not exist"
      if (!how.isKnown || (code !== '0A000' && code !== '26000')) throw error
      return this.#opened(query, { isKnown: false })
    }
  }

  async #opened(query: PostgresQuery, how: QueryOptions): Promise<PostgresCursor> {
    const running = this.#submit(new PgQuery(query, how))
    await running.described
    return running
  }

  async cancel(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    const canceller = this.#canceller() as unknown as Canceller
    canceller.on('error', () => {})
    // `pg` itself waits for "connect", which does not come by TLS.
    const { processID, secretKey } = this.#client as unknown as { processID: number; secretKey: number }
    canceller.connection.on('sslconnect', () => canceller.connection.cancel(processID, secretKey))
    canceller.cancel(this.#client, running)
  }

  release(isBroken: boolean): void {
    this.#released()
    this.#client.release(isBroken)
  }

  #submit(query: PgQuery): PgQuery {
    this.#running = query
    this.#client.query(query)
    return query
  }
}

interface WireField {
  readonly name: string
  readonly dataTypeID: number
  readonly dataTypeModifier: number
}

interface QueryOptions {
  readonly describesOnly?: boolean
  /** The name of the statement on the server. */
  readonly name?: string
  /** Whether it was parsed before. */
  readonly isKnown: boolean
  /** The name of a statement that the server may forget. */
  readonly dropped?: string
}

/** One extended query: `pg` hands it the messages that answer it. */
class PgQuery implements Submittable, PostgresCursor {
  fields: readonly PostgresField[] = []
  readonly described: Promise<void>
  readonly finished: Promise<void>
  readonly #query: PostgresQuery
  readonly #options: QueryOptions
  readonly #isDescribed = deferred<void>()
  readonly #isFinished = deferred<void>()
  #wire: WireConnection | undefined
  #rows: PostgresRow[] = []
  #chunk: Deferred<{ rows: readonly PostgresRow[]; command?: string }> | undefined
  #state: 'open' | 'complete' | 'over' = 'open'
  #failed: { readonly error: unknown } | undefined

  constructor(query: PostgresQuery, options: QueryOptions) {
    this.#query = query
    this.#options = options
    this.described = this.#isDescribed.promise
    this.finished = this.#isFinished.promise
    this.described.catch(() => {})
    this.finished.catch(() => {})
  }

  submit(connection: unknown): void {
    const wire = connection as WireConnection
    this.#wire = wire
    wire.once('noData', this.#noData)
    const { describesOnly = false, name = '', isKnown, dropped } = this.#options
    if (dropped !== undefined) wire.close({ type: 'S', name: dropped })
    if (!isKnown) wire.parse({ name, text: this.#query.sql, types: this.#query.types })
    if (describesOnly) {
      wire.describe({ type: 'S' })
      wire.sync()
      return
    }
    wire.bind({ statement: name, values: this.#query.values })
    wire.describe({ type: 'P' })
    wire.flush()
  }

  async next(size: number): Promise<{ rows: readonly PostgresRow[]; command?: string }> {
    if (this.#failed !== undefined) throw this.#failed.error
    if (this.#state !== 'open') return { rows: [], command: '' }
    this.#chunk = deferred()
    this.#wire!.execute({ rows: size })
    this.#wire!.flush()
    return this.#chunk.promise
  }

  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'complete'
      this.#wire!.close({ type: 'P' })
      this.#wire!.sync()
    }
    await this.finished.catch(() => {})
  }

  handleRowDescription(message: { readonly fields: readonly WireField[] }): void {
    this.fields = message.fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
      name,
      type: dataTypeID,
      modifier: dataTypeModifier,
    }))
    this.#noData()
  }

  handleDataRow(message: { readonly fields: PostgresRow }): void {
    this.#rows.push(message.fields)
  }

  handlePortalSuspended(): void {
    this.#answer({ rows: this.#rows })
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#complete(message.text)
  }

  handleEmptyQuery(): void {
    this.#complete('')
  }

  handleError(error: unknown): void {
    this.#failed = { error }
    this.#wire?.off('noData', this.#noData)
    this.#state = 'complete'
    this.#isDescribed.reject(error)
    this.#chunk?.reject(error)
    this.#isFinished.reject(error)
    // A connection that broke has nothing left to synchronise.
    if ((error as { readonly code?: string }).code?.length === 5) this.#wire?.sync()
  }

  handleReadyForQuery(): void {
    this.#state = 'over'
    this.#isDescribed.resolve()
    this.#isFinished.resolve()
  }

  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  /** What `pg` does not hand on: that a statement gives no rows. */
  readonly #noData = (): void => {
    this.#wire!.off('noData', this.#noData)
    this.#isDescribed.resolve()
  }

  #complete(command: string): void {
    this.#state = 'complete'
    this.#wire!.sync()
    this.#answer({ rows: this.#rows, command })
  }

  #answer(chunk: { rows: readonly PostgresRow[]; command?: string }): void {
    this.#rows = []
    this.#chunk?.resolve(chunk)
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
