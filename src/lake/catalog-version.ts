import type { Database } from '../engine/engine.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { CatalogCopy, CatalogReader, CatalogRow, CatalogTransaction, CatalogValue } from './catalog.ts'

/** One version of a catalog, open in the engine for as long as anybody reads it. */
export class CatalogVersion implements CatalogCopy {
  readonly database: Database
  /** The validator of the file it is, as the store tells it. */
  readonly etag: string | undefined
  /** Of the file. */
  readonly bytes: number
  #users = 0
  #isRetired = false

  constructor(database: Database, { etag, bytes }: { readonly etag: string | undefined; readonly bytes: number }) {
    this.database = database
    this.etag = etag
    this.bytes = bytes
  }

  /** Runs `work`; the version stays open until then. */
  async use<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await work(transactionOn(this.database))
    } finally {
      this.#users--
      await this.#closeUnused()
    }
  }

  /** The same as {@link use}. */
  reading<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T> {
    return this.use(work)
  }

  async change(apply: (transaction: CatalogTransaction) => Promise<unknown>): Promise<void> {
    const transaction = transactionOn(this.database)
    await transaction.run('BEGIN')
    try {
      await apply(transaction)
      await transaction.run('COMMIT')
    } catch (error) {
      await transaction.run('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  /** Closes it once nobody reads it. */
  async retire(): Promise<void> {
    this.#isRetired = true
    await this.#closeUnused()
  }

  async #closeUnused(): Promise<void> {
    if (this.#isRetired && this.#users === 0) await this.database.close()
  }
}

/** The metadata tables in a database of the engine. */
export function transactionOn(database: Database): CatalogTransaction {
  const query = (sql: string, values: readonly CatalogValue[] = []): ReturnType<Database['query']> =>
    database.query({
      sql: sql.replaceAll('{M}', `"${database.name}".main`),
      ...(values.length === 0 ? {} : { parameters: values }),
    })
  return {
    readColumns: query,
    read: async (sql, values): Promise<readonly CatalogRow[]> => (await query(sql, values)).flatMap(rowsFromBatch),
    run: async (sql, values) => void (await query(sql, values)),
  }
}
