import { LakefrontError } from '../../errors.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Database, ExecuteOptions, Statement } from '../engine.ts'
import type { Connection } from './boot.ts'
import { emptyDatabase } from './empty-database.ts'
import { runAtOnce } from './run-at-once.ts'
import type { RunParts } from './run-parts.ts'
import { RunScans } from './run-scans.ts'
import { Run } from './run.ts'
import { onlyReads, partsOf } from './script.ts'

/**
 * Rows of a row group. The file is written for every change, and with it the last row group of each table that rows were added to: of DuckDB's
 * usual 122,880 rows that takes half a second, of so few some milliseconds, and the file grows by a hundredth.
 */
const rowGroupSize = 8192

/** A database in a buffer, attached beside the session's and hidden from its lists, on a connection of its own. */
export class WasmDatabase implements Database {
  readonly name: string
  readonly #parts: RunParts
  readonly #connection: Connection
  /** Of statements that cannot wait for any. */
  readonly #scans: RunScans
  readonly #file: string
  readonly #log: string
  readonly #onClose: (database: WasmDatabase) => void
  /** Whether the file is what was read of it, or written to it, last. */
  #isClean = false
  #turn: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  private constructor(parts: RunParts, name: string, onClose: (database: WasmDatabase) => void) {
    this.#parts = parts
    this.name = name
    this.#file = `${name}.db`
    this.#log = `${name}.db.wal`
    this.#connection = parts.duckdb.connect()
    this.#scans = new RunScans(parts.loadTable, new AbortController().signal, () => {})
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
      await database.#runAtOnce({
        sql: `ATTACH '${database.#file}' AS "${name}" (HIDDEN, ROW_GROUP_SIZE ${rowGroupSize})`,
      })
      database.#isClean = true
      return database
    } catch (error) {
      database.#give()
      throw error
    }
  }

  query(statement: Statement, options: ExecuteOptions = {}): Promise<readonly ColumnBatch[]> {
    return this.#inTurn(() => this.#run(statement, options))
  }

  queryAtOnce(statement: Statement): Promise<readonly ColumnBatch[]> {
    return this.#inTurn(() => this.#runAtOnce(statement))
  }

  bytes(): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      if (!this.#isClean) await this.#runAtOnce({ sql: `CHECKPOINT "${this.name}"` })
      this.#isClean = true
      return this.#parts.duckdb.bindings.copyFileToBuffer(this.#file)
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#turn.then(async () => {
      if (this.#parts.health.isBroken) return
      await this.#runAtOnce({ sql: `DETACH "${this.name}"` }).catch(() => undefined)
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

  #runAtOnce(statement: Statement): Promise<readonly ColumnBatch[]> {
    this.#isClean &&= partsOf(statement.sql).every(onlyReads)
    return runAtOnce(this.#parts, { connection: this.#connection, scans: this.#scans }, statement)
  }

  async #run(statement: Statement, options: ExecuteOptions = {}): Promise<readonly ColumnBatch[]> {
    const script = partsOf(statement.sql)
    this.#isClean &&= script.every(onlyReads)
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
