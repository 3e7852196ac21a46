import type { Database } from '../../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { safeStorage } from '../../storage/probe-conditions.ts'
import type { Storage } from '../../storage/storage.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type {
  Catalog,
  CatalogCopies,
  CatalogReader,
  CatalogRow,
  CatalogTransaction,
  CatalogValue,
  Published,
} from './catalog.ts'
import { readOnlyLake } from './catalog.ts'
import { createLakeSql } from './catalog-schema.ts'
import { CatalogVersion, transactionOn } from './catalog-version.ts'
import { countedStorage } from './counted-storage.ts'
import { openCatalogFile } from './open-catalog-file.ts'
import { isUnchanged, markOf, openElsewhere } from './foreign-changes.ts'
import { isSwapped, markSwap } from './swap-mark.ts'
import { turnInStore } from './store-line.ts'
import { pause } from '../../storage/pause.ts'

/** Where a catalog is kept, and what opens its file. */
export interface DuckdbCatalogOptions {
  readonly storage: Storage
  /** Of the file, below `storage`. */
  readonly key: string
  readonly openDatabase: (bytes?: Uint8Array) => Promise<Database>
  readonly readOnly?: boolean
  readonly signal?: AbortSignal
}

/** For how long it is believed that nobody else has a catalog open, in milliseconds. */
const toldFor = 100

interface Abort {
  readonly signal?: AbortSignal
}

/** Races that may be lost before a publication gives up. */
const defaultRetries = 30

/** Races that are lost in a store before a publication stands in line. */
const lossesInStore = 3

/** How often a file is read that is changed meanwhile, and the milliseconds between. */
const readTries = 20
const readPause = 50

/** For how long a turn is kept, in milliseconds. */
const longestTurn = 5000

/** Longest wait between two tries, in milliseconds, however long a try takes. */
const longestWait = 5000

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
    const version = new CatalogVersion(database, { mark: markOf(storage, bytes, etag), bytes: bytes.length })
    return new DuckdbCatalog({ ...options, storage }, version)
  } catch (error) {
    await database.close()
    const isLost = isLakefrontError(error, 'PRECONDITION_FAILED') || isLakefrontError(error, 'CONFLICT')
    if (isLost) return openDuckdbCatalog(options)
    // Whoever made what is there: it is a lake, or nothing.
    if (!isLakefrontError(error, 'WRITE_STATE_UNKNOWN')) throw error
    return openDuckdbCatalog(options).catch(() => Promise.reject(error))
  }
}

/**
 * A DuckDB file that is swapped as a whole under the condition that it is still the one that was read. Versions are copies in the engine's
 * memory: readers keep theirs, and a publication works on a copy of its own, which becomes the current version once the store has it.
 *
 * Publications that come while a swap is under way go into the next one together, each in a transaction of its own. Where the store has a line to stand
 * in, those of several processes take turns; else who lost a race waits for a while at random, and from the third on with others that lost as many, in a line beside the catalog.
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
  #inTurn: Promise<void> | undefined
  #looking: Promise<boolean> | undefined
  #nextLook: Promise<boolean> | undefined
  #requests = 0
  #isClosed = false

  constructor(options: DuckdbCatalogOptions, current: CatalogVersion) {
    const { storage, key, readOnly = false } = options
    this.#options = { ...options, storage: countedStorage(storage, () => this.#requests++) }
    this.#current = current
    this.label = storage.label + key
    this.isReadOnly = readOnly || !storage.abilities.writes || !storage.abilities.conditions
  }

  get bytes(): number {
    return this.#current.bytes
  }

  get requests(): number {
    return this.#requests
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
    options: Abort & { readonly retries?: number; readonly hasTurn?: boolean } = {},
  ): Promise<Published<T>> {
    const { signal, retries = defaultRetries, hasTurn = false } = options
    return new Promise<Published<T>>((resolve, reject) => {
      this.#assertOpen()
      if (this.isReadOnly) throw readOnlyLake(this.label)
      signal?.throwIfAborted()
      const answer = resolve as (published: Published<unknown>) => void
      const publication = { apply, retries, signal, resolve: answer, reject }
      if (hasTurn) {
        this.#inTurn = this.#publishTogether([publication], { hasTurn })
        return
      }
      this.#waiting.push(publication)
      this.#publishing ??= this.#publishAll()
    })
  }

  async turn(lost: number, isWanted = () => true): Promise<() => void | Promise<void>> {
    const { storage, key } = this.#options
    if (storage.inTurn === undefined) return turnInStore(await this.#tried(), key, { lost, isWanted })
    return new Promise((resolve, reject) => {
      const kept = (): Promise<void> =>
        new Promise((leave) => {
          const timer = setTimeout(leave, longestTurn)
          resolve(() => {
            clearTimeout(timer)
            leave()
          })
        })
      storage.inTurn!(key, kept).catch(reject)
    })
  }

  async copies(): Promise<CatalogCopies> {
    this.#assertOpen()
    const current = this.#current
    const bytes = await current.use(() => current.database.bytes())
    return {
      open: async () =>
        new CatalogVersion(await this.#options.openDatabase(bytes), { mark: { etag: undefined }, bytes: bytes.length }),
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all([this.#publishing, this.#inTurn])
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
    if (await isUnchanged(storage, key, this.#current.mark, options)) return false
    return this.#reload(options)
  }

  /** Reads what is current in the store, again when something was published from here meanwhile: what was read may be older then. */
  async #reload(options: Abort = {}): Promise<boolean> {
    for (;;) {
      const before = this.#current
      const version = await loadVersion(this.#options, options)
      if (this.#current === before) {
        this.#install(version)
        return true
      }
      await version.retire()
    }
  }

  #install(version: CatalogVersion): void {
    const before = this.#current
    this.#current = version
    this.#generation++
    // What cannot be closed is no failure of the commit that came after it, which need not wait for it either.
    void before.retire().catch(() => undefined)
  }

  async #publishAll(): Promise<void> {
    const { storage, key } = this.#options
    while (this.#waiting.length > 0) {
      const publish = (waited: boolean): Promise<void> => this.#publishTogether(this.#waiting.splice(0), { waited })
      await (storage.inTurn === undefined ? publish(false) : storage.inTurn(key, publish))
    }
    this.#publishing = undefined
  }

  /** Who `waited` for its turn looks first whether there is a newer version. */
  async #publishTogether(group: readonly Publication[], { waited = false, hasTurn = false } = {}): Promise<void> {
    let pending = group
    let leave: (() => void | Promise<void>) | undefined
    try {
      if (waited) await this.#beginLook()
      for (let attempt = 1; ; attempt++) {
        const base = this.#current
        const began = performance.now()
        const { applied, version } = await base.use(() => this.#attempt(pending, { base, attempt }))
        pending = applied.map(({ publication }) => publication)
        if (version !== undefined) {
          // What was read from the store since is this version, or one that came after it.
          if (this.#current === base) this.#install(version)
          else void version.retire().catch(() => undefined)
          const facts = { attempts: attempt, catalogBytes: version.bytes }
          for (const { publication, value } of applied) publication.resolve({ value, ...facts })
          return
        }
        pending = pending.filter((publication) => !gaveUp(publication, attempt, this.label))
        if (pending.length === 0) return
        if (this.#options.storage.inTurn === undefined && !hasTurn && leave === undefined) {
          if (attempt < lossesInStore) await pause(waitAfter(attempt, performance.now() - began))
          else leave = await this.turn(attempt, () => pending.some(({ signal }) => !signal?.aborted))
        }
        await this.#reload()
      }
    } catch (error) {
      for (const publication of pending) if (!this.#waiting.includes(publication)) publication.reject(error)
    } finally {
      await leave?.()
    }
  }

  /** Applies what is pending to a copy and tries to make that the current version; without one the race was lost. */
  async #attempt(
    pending: readonly Publication[],
    { base, attempt }: { readonly base: CatalogVersion; readonly attempt: number },
  ): Promise<{ applied: readonly Applied[]; version?: CatalogVersion }> {
    const storage = await this.#tried()
    const { key } = this.#options
    const began = performance.now()
    // Told while the copy is changed, which takes a small commit as long.
    const told = openElsewhere(storage, key)
    const database = await this.#options.openDatabase(await base.database.bytes())
    let version: CatalogVersion | undefined
    try {
      const { applied, unsure } = await applyAll(database, pending, attempt)
      this.#waiting.unshift(...unsure)
      if (applied.length === 0) return { applied }
      version = await this.#swap(storage, database, {
        base,
        openElsewhere: () => (performance.now() - began < toldFor ? told : openElsewhere(storage, key)),
      })
      return { applied, ...(version === undefined ? {} : { version }) }
    } finally {
      // What cannot be closed is no failure of a commit that happened.
      if (version?.database !== database) await database.close().catch(() => undefined)
    }
  }

  /** The store once it was tried out; one that could not be is tried again by the next commit. */
  #tried(): Promise<Storage> {
    if (this.#storage !== undefined) return this.#storage
    const trying = keepingConditions(this.#options.storage)
    this.#storage = trying
    trying.catch(() => (this.#storage = undefined))
    return trying
  }

  async #swap(
    storage: Storage,
    database: Database,
    {
      base,
      openElsewhere: told,
    }: { readonly base: CatalogVersion; readonly openElsewhere: () => Promise<LakefrontError | undefined> },
  ): Promise<CatalogVersion | undefined> {
    const { key } = this.#options
    const swap = await markSwap(database)
    const bytes = await database.bytes()
    const { mark } = base
    if (mark.etag === undefined) throw readOnlyLake(this.label)
    const [isSame, refusal] = await Promise.all([mark.parts === undefined || isUnchanged(storage, key, mark), told()])
    if (refusal !== undefined) throw refusal
    if (!isSame) return undefined
    try {
      const { etag } = await storage.write(key, bytes, { ifMatch: mark.etag })
      return new CatalogVersion(database, { mark: markOf(storage, bytes, etag), bytes: bytes.length })
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
  async #afterSilence(mark: string, base: CatalogVersion): Promise<CatalogVersion | undefined> {
    const there = await loadVersion(this.#options).catch((cause: unknown) => {
      throw unknownState(this.label, cause)
    })
    const found = await isSwapped(there.database, { mark, base: base.database }).catch((cause: unknown) => {
      throw unknownState(this.label, cause)
    })
    if (found === true) return there
    await there.retire().catch(() => undefined)
    if (there.mark.etag === base.mark.etag || found === undefined) throw unknownState(this.label)
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
  const own = signal === undefined ? {} : { signal }
  for (let tries = 1; ; tries++) {
    const { bytes, etag } = await storage.read(key, own)
    const mark = markOf(storage, bytes, etag)
    // A program that writes into the file may have done so while it was read.
    if (mark.parts !== undefined && !(await isUnchanged(storage, key, mark, own))) {
      if (tries === readTries) throw alwaysChanging(storage.label + key)
      await pause(readPause)
      continue
    }
    const database = await openCatalogFile(storage.label + key, () => openDatabase(bytes))
    return new CatalogVersion(database, { mark, bytes: bytes.length })
  }
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

function alwaysChanging(label: string): LakefrontError {
  return new LakefrontError(
    'SOURCE_CHANGED',
    `The catalog "${label}" was changed each of the ${readTries} times that it was read. Try again when its writers are done.`,
    { details: { source: label } },
  )
}

function unknownState(label: string, cause?: unknown): LakefrontError {
  return new LakefrontError(
    'COMMIT_STATE_UNKNOWN',
    `The store gave no answer to a commit to "${label}", and what is there now does not tell whether it happened. Look at the newest snapshots before you commit it again.`,
    cause === undefined ? {} : { cause },
  )
}

/**
 * How long to wait when so many races are lost: at random, so that not all try again at once, and up to a few times as long as a try takes, so that most tries
 * meet nobody.
 */
function waitAfter(losses: number, tryMilliseconds: number): number {
  return Math.min(Math.random() * tryMilliseconds * (8 - losses), longestWait)
}
