import { LakefrontError } from '../../errors.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Database, ExecuteOptions, Statement } from '../engine.ts'
import type { Connection } from './boot.ts'
import { emptyDatabase } from './empty-database.ts'
import type { RunParts } from './run-parts.ts'
import { Run } from './run.ts'
import { partsOf } from './script.ts'

/** A database in a buffer, attached beside the session's and hidden from its lists, on a connection of its own. */
export class WasmDatabase implements Database {
  readonly name: string
  readonly #parts: RunParts
  readonly #connection: Connection
  readonly #file: string
  readonly #log: string
  readonly #onClose: (database: WasmDatabase) => void
  #turn: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  private constructor(parts: RunParts, name: string, onClose: (database: WasmDatabase) => void) {
    this.#parts = parts
    this.name = name
    this.#file = `${name}.db`
    this.#log = `${name}.db.wal`
    this.#connection = parts.duckdb.connect()
    this.#onClose = onClose
  }

  /** Opens the database whose file `bytes` are, or an empty one. `name` must be new to the engine. */
  static async open(
    parts: RunParts,
    name: string,
    { bytes, onClose }: { readonly bytes?: Uint8Array; readonly onClose: (database: WasmDatabase) => void },
  ): Promise<WasmDatabase> {
    const database = new WasmDatabase(parts, name, onClose)
    const { bindings } = parts.duckdb
    // The bindings detach what they are given; a log that is not registered they would make on the disk.
    bindings.registerFileBuffer(database.#file, bytes?.slice() ?? emptyDatabase())
    bindings.registerFileBuffer(database.#log, new Uint8Array())
    try {
      await database.#run({ sql: `ATTACH '${database.#file}' AS "${name}" (HIDDEN)` })
      return database
    } catch (error) {
      database.#give()
      throw error
    }
  }

  query(statement: Statement, options: ExecuteOptions = {}): Promise<readonly ColumnBatch[]> {
    return this.#inTurn(() => this.#run(statement, options))
  }

  bytes(): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      await this.#run({ sql: `CHECKPOINT "${this.name}"` })
      return this.#parts.duckdb.bindings.copyFileToBuffer(this.#file)
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#turn.then(async () => {
      if (this.#parts.health.isBroken) return
      await this.#run({ sql: `DETACH "${this.name}"` }).catch(() => undefined)
      this.#give()
    })
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #give(): void {
    this.#connection.close()
    for (const file of [this.#file, this.#log]) this.#parts.duckdb.bindings.dropFile(file)
    this.#onClose(this)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(new LakefrontError('CLOSED', 'The database is closed.'))
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #run(statement: Statement, options: ExecuteOptions = {}): Promise<readonly ColumnBatch[]> {
    const script = partsOf(statement.sql)
    const run = new Run(
      this.#parts,
      { connection: this.#connection, isMain: false },
      { statement, script },
      options,
      () => {},
    )
    const batches: ColumnBatch[] = []
    await run.start()
    for (let batch = await run.next(); batch !== undefined; batch = await run.next()) batches.push(batch)
    return batches
  }
}
