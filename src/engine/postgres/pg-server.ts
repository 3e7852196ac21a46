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
  const pool: Pool = new pg.Pool({ connectionString: address, max: connections, allowExitOnIdle: true })
  // An idle connection that breaks is dropped by the pool; whoever needs one next gets another, or hears why not.
  pool.on('error', () => {})
  const pinned = new WeakSet<PoolClient>()
  return {
    isOne: false,
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
      return new PgConnection(client, canceller, () => client.off('error', broken))
    },
    close: () => pool.end(),
  }
}

/** The connection inside of `pg`'s client: the messages of the protocol's extended queries. */
interface WireConnection {
  parse(message: { text: string; types: readonly number[] }): void
  bind(message: { values: readonly (string | null)[] }): void
  describe(message: { type: 'P' | 'S'; name?: string }): void
  execute(message: { rows?: number }): void
  flush(): void
  sync(): void
  close(message: { type: 'P' }): void
  once(event: 'noData', listener: () => void): void
  off(event: 'noData', listener: () => void): void
}

class PgConnection implements PostgresConnection {
  readonly session: object
  readonly #client: PoolClient
  readonly #canceller: () => Client
  readonly #released: () => void
  #running: PgQuery | undefined

  constructor(client: PoolClient, canceller: () => Client, released: () => void) {
    this.session = client
    this.#client = client
    this.#canceller = canceller
    this.#released = released
  }

  async describe(query: PostgresQuery): Promise<readonly PostgresField[]> {
    const running = this.#submit(new PgQuery(query, true))
    await running.finished
    return running.fields
  }

  async open(query: PostgresQuery): Promise<PostgresCursor> {
    const running = this.#submit(new PgQuery(query, false))
    await running.described
    return running
  }

  async cancel(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    const canceller = this.#canceller() as Client & { cancel(client: PoolClient, query: Submittable): void }
    canceller.on('error', () => {})
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

/** One extended query: `pg` hands it the messages that answer it. */
class PgQuery implements Submittable, PostgresCursor {
  fields: readonly PostgresField[] = []
  readonly described: Promise<void>
  readonly finished: Promise<void>
  readonly #query: PostgresQuery
  readonly #describesOnly: boolean
  readonly #isDescribed = deferred<void>()
  readonly #isFinished = deferred<void>()
  #wire: WireConnection | undefined
  #rows: PostgresRow[] = []
  #chunk: Deferred<{ rows: readonly PostgresRow[]; command?: string }> | undefined
  #state: 'open' | 'complete' | 'over' = 'open'
  #failed: { readonly error: unknown } | undefined

  constructor(query: PostgresQuery, describesOnly: boolean) {
    this.#query = query
    this.#describesOnly = describesOnly
    this.described = this.#isDescribed.promise
    this.finished = this.#isFinished.promise
    this.described.catch(() => {})
    this.finished.catch(() => {})
  }

  submit(connection: unknown): void {
    const wire = connection as WireConnection
    this.#wire = wire
    wire.once('noData', this.#noData)
    wire.parse({ text: this.#query.sql, types: this.#query.types })
    if (this.#describesOnly) {
      wire.describe({ type: 'S' })
      wire.sync()
      return
    }
    wire.bind({ values: this.#query.values })
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
