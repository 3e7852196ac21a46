import { LakefrontError } from '../../errors.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type {
  Catalog,
  CatalogCopies,
  CatalogCopy,
  CatalogReader,
  CatalogRow,
  CatalogTransaction,
  CatalogValue,
} from './catalog.ts'

/** A copy of a catalog with changes in it that nobody else sees: what a transaction reads. */
export class DraftCatalog implements Catalog {
  readonly label: string
  readonly isReadOnly: boolean = true
  readonly bytes: number
  readonly requests = 0
  readonly #copies: CatalogCopies
  #copy: CatalogCopy
  #turn: Promise<unknown> = Promise.resolve()
  #generation = 0
  #isClosed = false

  private constructor(of: Catalog, copies: CatalogCopies, copy: CatalogCopy) {
    this.label = of.label
    this.bytes = of.bytes
    this.#copies = copies
    this.#copy = copy
  }

  /** A copy of the version that is current. */
  static async of(catalog: Catalog): Promise<DraftCatalog> {
    const copies = await catalog.copies()
    return new DraftCatalog(catalog, copies, await copies.open())
  }

  get generation(): number {
    return this.#generation
  }

  /**
   * Makes it the version it is a copy of with what `apply` does, in place of what was done to it before; when that fails, it stays what it was.
   * It is a new copy each time: a transaction that stays open would keep other versions of the catalog in memory.
   */
  restart(apply: (transaction: CatalogTransaction) => Promise<unknown>): Promise<void> {
    const turn = this.#turn.then(async () => {
      const copy = await this.#copies.open()
      try {
        await copy.change(apply)
      } catch (error) {
        await copy.retire()
        throw error
      }
      const before = this.#copy
      this.#copy = copy
      this.#generation++
      await before.retire()
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async reading<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T> {
    if (this.#isClosed)
      throw new LakefrontError('CLOSED', 'The transaction is over; what it read cannot be read any more.')
    return this.#copy.reading(work)
  }

  read(sql: string, values?: readonly CatalogValue[]): Promise<readonly CatalogRow[]> {
    return this.reading((reader) => reader.read(sql, values))
  }

  readColumns(sql: string, values?: readonly CatalogValue[]): Promise<readonly ColumnBatch[]> {
    return this.reading((reader) => reader.readColumns(sql, values))
  }

  async refresh(): Promise<boolean> {
    return false
  }

  async copies(): Promise<CatalogCopies> {
    throw new LakefrontError('UNSUPPORTED', 'There is a transaction already, and none within it. Go on with its tx.')
  }

  async publish(): Promise<never> {
    throw new LakefrontError('INTERNAL', 'A draft of a catalog was published.')
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#turn
    await this.#copy.retire()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
