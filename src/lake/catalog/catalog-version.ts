import type { Database, Statement } from '../../engine/engine.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { CatalogMark } from './foreign-changes.ts'
import type { CatalogCopy, CatalogReader, CatalogTransaction, CatalogValue } from './catalog.ts'

/** One version of a catalog, open in the engine for as long as anybody reads it. */
export class CatalogVersion implements CatalogCopy {
  readonly database: Database
  /** Of the file it is. */
  readonly mark: CatalogMark
  /** Of the file. */
  readonly bytes: number
  #users = 0
  #isRetired = false

  constructor(database: Database, { mark, bytes }: { readonly mark: CatalogMark; readonly bytes: number }) {
    this.database = database
    this.mark = mark
    this.bytes = bytes
  }

  /** Runs `work`; the version stays open until then. That it cannot be closed afterwards is no failure of `work`. */
  async use<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await work(transactionOn(this.database))
    } finally {
      this.#users--
      await this.#closeUnused().catch(() => undefined)
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

/** A statement with `schema` in place of `{M}`, which in a name or a text of a user is just that. */
function placed(sql: string, schema: string): string {
  return sql.replaceAll(/'[^']*'|"[^"]*"|\{M\}/g, (part) => (part === '{M}' ? schema : part))
}

/** The metadata tables in a database of the engine. */
export function transactionOn(database: Database): CatalogTransaction {
  const statement = (sql: string, values: readonly CatalogValue[] = []): Statement => ({
    sql: placed(sql, `"${database.name}".main`),
    ...(values.length === 0 ? {} : { parameters: values }),
  })
  return {
    readColumns: (sql, values) => database.query(statement(sql, values)),
    read: async (sql, values) => (await database.queryAtOnce(statement(sql, values))).flatMap(rowsFromBatch),
    run: async (sql, values) => void (await database.queryAtOnce(statement(sql, values))),
  }
}
