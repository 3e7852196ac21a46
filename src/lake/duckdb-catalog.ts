import type { Database } from '../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import { safeStorage } from '../storage/probe-conditions.ts'
import type { Storage } from '../storage/storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type {
  Catalog,
  CatalogCopies,
  CatalogReader,
  CatalogRow,
  CatalogTransaction,
  CatalogValue,
  Published,
} from './catalog.ts'
import { createLakeSql } from './catalog-schema.ts'
import { CatalogVersion, transactionOn } from './catalog-version.ts'
import { openCatalogFile } from './open-catalog-file.ts'
import { isSwapped, markSwap, type SwapMark } from './swap-mark.ts'

/** Where a catalog is kept, and what opens its file. */
export interface DuckdbCatalogOptions {
  readonly storage: Storage
  /** Of the file, below `storage`. */
  readonly key: string
  readonly openDatabase: (bytes?: Uint8Array) => Promise<Database>
  readonly readOnly?: boolean
  readonly signal?: AbortSignal
}

interface Abort {
  readonly signal?: AbortSignal
}

/** Races that may be lost before a publication gives up. */
const defaultRetries = 10

/** Longest wait before the second try, in milliseconds; each further one may be half as long again. */
const firstWait = 50

/** One caller of {@link Catalog.publish}. */
interface Publication {
  readonly apply: (transaction: CatalogTransaction, attempt: number) => Promise<unknown>
  readonly retries: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (published: Published<unknown>) => void
  readonly reject: (reason: unknown) => void
}

/** A publication that was applied to a copy which is not swapped in yet. */
interface Applied {
  readonly publication: Publication
  readonly value: unknown
}

/** Opens the catalog in a DuckDB file. */
export async function openDuckdbCatalog(options: DuckdbCatalogOptions): Promise<Catalog> {
  return new DuckdbCatalog(options, await loadVersion(options, options))
}

/** Makes the catalog of a new lake. When somebody else makes one meanwhile, it is theirs that is opened. */
export async function createDuckdbCatalog(options: DuckdbCatalogOptions): Promise<Catalog> {
  const { key, signal } = options
  const own = signal === undefined ? {} : { signal }
  const storage = await keepingConditions(options.storage, own)
  const database = await options.openDatabase()
  try {
    await transactionOn(database).run(`BEGIN; ${createLakeSql()}; COMMIT`)
    const bytes = await database.bytes()
    const { etag } = await storage.write(key, bytes, { ifNoneMatch: '*', ...own })
    return new DuckdbCatalog({ ...options, storage }, new CatalogVersion(database, { etag, bytes: bytes.length }))
  } catch (error) {
    await database.close()
    if (isLakefrontError(error, 'PRECONDITION_FAILED') || isLakefrontError(error, 'CONFLICT'))
      return openDuckdbCatalog(options)
    throw error
  }
}

/**
 * A DuckDB file that is swapped as a whole under the condition that it is still the one that was read. Versions are copies in the engine's
 * memory: readers keep theirs, and a publication works on a copy of its own, which becomes the current version once the store has it.
 *
 * Publications that come while a swap is under way go into the next one together, each in a transaction of its own.
 */
class DuckdbCatalog implements Catalog {
  readonly label: string
  readonly isReadOnly: boolean
  readonly #options: DuckdbCatalogOptions
  #current: CatalogVersion
  #generation = 0
  #storage: Promise<Storage> | undefined
  #waiting: Publication[] = []
  #publishing: Promise<void> | undefined
  #looking: Promise<boolean> | undefined
  #nextLook: Promise<boolean> | undefined
  #isClosed = false

  constructor(options: DuckdbCatalogOptions, current: CatalogVersion) {
    const { storage, key, readOnly = false } = options
    this.#options = options
    this.#current = current
    this.label = storage.label + key
    this.isReadOnly = readOnly || !storage.abilities.writes || !storage.abilities.conditions
  }

  get bytes(): number {
    return this.#current.bytes
  }

  get generation(): number {
    return this.#generation
  }

  async reading<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T> {
    this.#assertOpen()
    return this.#current.use(work)
  }

  read(sql: string, values?: readonly CatalogValue[]): Promise<readonly CatalogRow[]> {
    return this.reading((reader) => reader.read(sql, values))
  }

  readColumns(sql: string, values?: readonly CatalogValue[]): Promise<readonly ColumnBatch[]> {
    return this.reading((reader) => reader.readColumns(sql, values))
  }

  /** Those that ask while one looks share the next look, which begins after they asked. */
  async refresh(options: Abort = {}): Promise<boolean> {
    this.#assertOpen()
    if (this.#looking === undefined) return this.#beginLook(options)
    this.#nextLook ??= this.#looking
      .catch(() => false)
      .then(() => {
        this.#nextLook = undefined
        return this.#beginLook()
      })
    return this.#nextLook
  }

  publish<T>(
    apply: (transaction: CatalogTransaction, attempt: number) => Promise<T>,
    options: Abort & { readonly retries?: number } = {},
  ): Promise<Published<T>> {
    const { signal, retries = defaultRetries } = options
    return new Promise<Published<T>>((resolve, reject) => {
      this.#assertOpen()
      if (this.isReadOnly) throw readOnlyLake(this.label)
      signal?.throwIfAborted()
      const answer = resolve as (published: Published<unknown>) => void
      this.#waiting.push({ apply, retries, signal, resolve: answer, reject })
      this.#publishing ??= this.#publishAll()
    })
  }

  async copies(): Promise<CatalogCopies> {
    this.#assertOpen()
    const current = this.#current
    const bytes = await current.use(() => current.database.bytes())
    return {
      open: async () =>
        new CatalogVersion(await this.#options.openDatabase(bytes), { etag: undefined, bytes: bytes.length }),
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#publishing
    await this.#current.retire()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #beginLook(options: Abort = {}): Promise<boolean> {
    const looking = this.#look(options).finally(() => {
      if (this.#looking === looking) this.#looking = undefined
    })
    this.#looking = looking
    return looking
  }

  async #look(options: Abort): Promise<boolean> {
    const { storage, key } = this.#options
    const before = this.#current
    const { etag } = await storage.stat(key, options)
    if (etag !== undefined && etag === before.etag) return false
    return this.#reload(options)
  }

  /** Reads what is current in the store, again when something was published from here meanwhile: what was read may be older then. */
  async #reload(options: Abort = {}): Promise<boolean> {
    for (;;) {
      const before = this.#current
      const version = await loadVersion(this.#options, options)
      if (this.#current === before) {
        await this.#install(version)
        return true
      }
      await version.retire()
    }
  }

  async #install(version: CatalogVersion): Promise<void> {
    const before = this.#current
    this.#current = version
    this.#generation++
    // What cannot be closed is no failure of the commit that came after it.
    await before.retire().catch(() => undefined)
  }

  async #publishAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#publishTogether(this.#waiting.splice(0))
    this.#publishing = undefined
  }

  async #publishTogether(group: readonly Publication[]): Promise<void> {
    let pending = group
    try {
      for (let attempt = 1; ; attempt++) {
        const { applied, version } = await this.#attempt(pending, attempt)
        pending = applied.map(({ publication }) => publication)
        if (version !== undefined) {
          await this.#install(version)
          const facts = { attempts: attempt, roundTrips: attempt * 2 - 1, catalogBytes: version.bytes }
          for (const { publication, value } of applied) publication.resolve({ value, ...facts })
          return
        }
        pending = pending.filter((publication) => !gaveUp(publication, attempt, this.label))
        if (pending.length === 0) return
        await pause(firstWait * 1.5 ** (attempt - 1) * (0.5 + Math.random() / 2))
        await this.#reload()
      }
    } catch (error) {
      for (const publication of pending) if (!this.#waiting.includes(publication)) publication.reject(error)
    }
  }

  /** Applies what is pending to a copy and tries to make that the current version; without one the race was lost. */
  async #attempt(
    pending: readonly Publication[],
    attempt: number,
  ): Promise<{ applied: readonly Applied[]; version?: CatalogVersion }> {
    const base = this.#current
    this.#storage ??= keepingConditions(this.#options.storage)
    const storage = await this.#storage
    const database = await this.#options.openDatabase(await base.database.bytes())
    let version: CatalogVersion | undefined
    try {
      const { applied, unsure } = await applyAll(database, pending, attempt)
      this.#waiting.unshift(...unsure)
      if (applied.length === 0) return { applied }
      version = await this.#swap(storage, database, base)
      return { applied, ...(version === undefined ? {} : { version }) }
    } finally {
      if (version?.database !== database) await database.close()
    }
  }

  async #swap(storage: Storage, database: Database, base: CatalogVersion): Promise<CatalogVersion | undefined> {
    const swap = await markSwap(database)
    const bytes = await database.bytes()
    if (base.etag === undefined) throw readOnlyLake(this.label)
    try {
      const { etag } = await storage.write(this.#options.key, bytes, { ifMatch: base.etag })
      return new CatalogVersion(database, { etag, bytes: bytes.length })
    } catch (error) {
      if (isLakefrontError(error, 'PRECONDITION_FAILED') || isLakefrontError(error, 'CONFLICT')) return undefined
      // An error that is not the store's own word says nothing of what became of the file.
      if (isLakefrontError(error) && error.code !== 'WRITE_STATE_UNKNOWN') throw error
      return this.#afterSilence(swap, base)
    }
  }

  /**
   * What became of a swap that got no answer: it happened when its mark is there, and can happen no more when another one did. As long as
   * the file is what it was, the request may still be on its way.
   */
  async #afterSilence(swap: SwapMark, base: CatalogVersion): Promise<CatalogVersion | undefined> {
    const there = await loadVersion(this.#options).catch((cause: unknown) => {
      throw unknownState(this.label, cause)
    })
    const found = await isSwapped(there.database, swap).catch((cause: unknown) => {
      throw unknownState(this.label, cause)
    })
    if (found === true) return there
    await there.retire().catch(() => undefined)
    if (there.etag === base.etag || found === undefined) throw unknownState(this.label)
    return undefined
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LakefrontError('CLOSED', `The lake "${this.label}" was closed. Open it again.`)
  }
}

async function loadVersion(
  { storage, key, openDatabase }: DuckdbCatalogOptions,
  { signal }: Abort = {},
): Promise<CatalogVersion> {
  const { bytes, etag } = await storage.read(key, signal === undefined ? {} : { signal })
  const database = await openCatalogFile(storage.label + key, () => openDatabase(bytes))
  return new CatalogVersion(database, { etag, bytes: bytes.length })
}

/**
 * Runs each in a transaction of its own; what one fails with is its own. One that failed on what others of the group did is unsure: that is not
 * published yet, so it is to try again once it is, or is not.
 */
async function applyAll(
  database: Database,
  publications: readonly Publication[],
  attempt: number,
): Promise<{ readonly applied: readonly Applied[]; readonly unsure: readonly Publication[] }> {
  const transaction = transactionOn(database)
  const applied: Applied[] = []
  const unsure: Publication[] = []
  for (const publication of publications) {
    try {
      publication.signal?.throwIfAborted()
      await transaction.run('BEGIN')
      const value = await publication.apply(transaction, attempt)
      publication.signal?.throwIfAborted()
      await transaction.run('COMMIT')
      applied.push({ publication, value })
    } catch (error) {
      await transaction.run('ROLLBACK').catch(() => undefined)
      if (applied.length > 0 && publication.signal?.aborted !== true) unsure.push(publication)
      else publication.reject(error)
    }
  }
  return { applied, unsure }
}

/** Refuses a publication that has lost as many races as it may. */
function gaveUp({ retries, reject }: Publication, attempts: number, label: string): boolean {
  if (attempts <= retries) return false
  reject(
    new LakefrontError(
      'COMMIT_CONFLICT',
      `The lake "${label}" was changed by others ${attempts} times while this commit tried to come in. Nothing was changed. Try again later, allow more retries, or commit less often with more rows.`,
      { details: { attempts } },
    ),
  )
  return true
}

/** Stores on other machines show that they keep conditions before anything depends on it. */
function keepingConditions(storage: Storage, options: Abort = {}): Promise<Storage> {
  return /^(?:s3|az|https?):/i.test(storage.label) ? safeStorage(storage, options) : Promise.resolve(storage)
}

function readOnlyLake(label: string): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `The lake "${label}" is open for reading only. Open it without readOnly, in a store that can be written to and keeps the conditions of writes.`,
  )
}

function unknownState(label: string, cause?: unknown): LakefrontError {
  return new LakefrontError(
    'COMMIT_STATE_UNKNOWN',
    `The store gave no answer to a commit to "${label}", and what is there now does not tell whether it happened. Look at the newest snapshots before you commit it again.`,
    cause === undefined ? {} : { cause },
  )
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
