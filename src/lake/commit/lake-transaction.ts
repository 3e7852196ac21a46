import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import { applyChanges } from './apply.ts'
import { isNothing } from './apply-rows.ts'
import { readOnlyLake } from '../catalog/catalog.ts'
import type { Catalog, CatalogReader, CatalogTransaction, Published } from '../catalog/catalog.ts'
import type { Change } from './change.ts'
import { type CommitOptions, type CommitReport, wrongSeries } from './commit-options.ts'
import { DeleteFiles, type DeleteFilesOptions } from './delete-files.ts'
import { DraftCatalog } from '../catalog/draft-catalog.ts'
import { findSnapshot } from '../snapshot/find-snapshot.ts'
import type { SnapshotRow } from '../snapshot/lake-snapshot.ts'
import type { CurrentLake, SeenLake } from '../snapshot/lake-structure.ts'
import type { CommitNote } from './snapshot-draft.ts'
import { waitingFiles } from './waiting-files.ts'

/** Rows that changes are about, for the report. */
export interface RowCounts {
  readonly inserted?: number
  readonly deleted?: number
  readonly updated?: number
}

interface HowToPublish {
  readonly signal?: AbortSignal
  /** Whether its catalog's turn was waited for. */
  readonly hasTurn?: boolean
}

/** What the next commit is made of: changes, and the files that are stored for them. */
export class LakeTransaction {
  readonly commitId: string
  readonly #catalog: Catalog
  readonly #parts: DeleteFilesOptions
  readonly #deletes: DeleteFiles
  readonly #keys = new Set<string>()
  readonly #assertStored: ReturnType<typeof waitingFiles>
  #changes: readonly Change[] = []
  #draft: DraftCatalog | undefined
  #counts = { inserted: 0, deleted: 0, updated: 0 }
  /** Unknown until something was read. */
  #base: number | undefined
  readonly #look: (() => Promise<CurrentLake>) | undefined
  readonly #requestsBefore: number
  #current: CurrentLake | undefined
  /** What was newest when something was read first. */
  #seen: SeenLake | undefined
  #isOver = false

  private constructor(
    catalog: Catalog,
    {
      parts,
      draft,
      newest,
      look,
      requestsBefore,
      commitId = uuidV7(),
    }: {
      readonly parts: DeleteFilesOptions
      readonly draft?: DraftCatalog
      readonly newest?: SnapshotRow
      readonly look?: () => Promise<CurrentLake>
      readonly requestsBefore: number
      readonly commitId?: string
    },
  ) {
    this.commitId = commitId
    this.#catalog = catalog
    this.#parts = parts
    this.#deletes = new DeleteFiles(parts)
    this.#draft = draft
    this.#base = newest?.id
    this.#seen = newest && { newest }
    this.#assertStored = waitingFiles(parts.storage)
    this.#look = look
    this.#requestsBefore = requestsBefore
  }

  /**
   * Begins on what is newest. One that `reads` its own changes works on a copy of the catalog; `look` tells what is known of what is current, and
   * `requestsBefore` how many requests the catalog had made before it was begun.
   */
  static async begin(
    catalog: Catalog,
    parts: DeleteFilesOptions,
    {
      reads,
      look,
      ...named
    }: {
      readonly reads: boolean
      readonly look: () => Promise<CurrentLake>
      readonly requestsBefore: number
      readonly commitId?: string
    },
  ): Promise<LakeTransaction> {
    if (catalog.isReadOnly) throw readOnlyLake(catalog.label)
    if (!reads) return new LakeTransaction(catalog, { parts, look, ...named })
    const draft = await DraftCatalog.of(catalog)
    const newest = await draft.reading((reader) => findSnapshot(reader, catalog.label))
    return new LakeTransaction(catalog, { parts, draft, newest, ...named })
  }

  /** The catalog with the changes so far. */
  get draft(): DraftCatalog {
    if (this.#draft === undefined) throw new LakefrontError('INTERNAL', 'A commit read what it did not copy.')
    return this.#draft
  }

  /** The snapshot that its changes are made on. */
  get base(): number {
    if (this.#base === undefined) throw new LakefrontError('INTERNAL', 'A commit was made on nothing that it read.')
    return this.#base
  }

  /** Of the snapshot it will be, where it reads its own changes. */
  get own(): number | undefined {
    return this.#draft === undefined ? undefined : this.base + 1
  }

  /** What is known of what {@link reading} finds; nothing where some of that may be its own. */
  get current(): CurrentLake | undefined {
    return this.#current
  }

  /** Reads what there is: with the changes so far where it reads its own, else what is newest. It is based on what it read first. */
  async reading<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T> {
    this.#assertOpen()
    if (this.#draft !== undefined) return this.#draft.reading(work)
    if (this.#current === undefined) {
      this.#current = this.#seen = await this.#look!()
      this.#base = this.#current.newest.id
    }
    return this.#catalog.reading(work)
  }

  /** To be called when its changes are made on an older snapshot, which was read before. */
  basedOn(snapshot: number): void {
    if (this.#draft === undefined) this.#base = snapshot
  }

  /** Takes over files that were stored: they are removed when nothing comes of the commit. */
  keep(keys: readonly string[]): void {
    for (const key of keys) this.#keys.add(key)
  }

  /** Adds changes; where it reads its own they are made at once, and fail at once. */
  async add(changes: readonly Change[], counts: RowCounts = {}): Promise<void> {
    this.#assertOpen()
    const made = changes.filter((change) => !isNothing(change))
    if (made.length === 0) return
    const { inserted = 0, deleted = 0, updated = 0 } = counts
    await this.#become(made.reduce(withChange, this.#changes))
    this.#counts = {
      inserted: this.#counts.inserted + inserted,
      deleted: this.#counts.deleted + deleted,
      updated: this.#counts.updated + updated,
    }
  }

  /**
   * Runs a statement: when it fails, the transaction is what it was before it, and files that were stored for it are removed. One that cannot be
   * brought back to that is over.
   */
  async atomically(statement: () => Promise<void>): Promise<void> {
    const [changes, counts, keys] = [this.#changes, this.#counts, new Set(this.#keys)]
    try {
      await statement()
    } catch (error) {
      if (this.#changes !== changes) await this.#become(changes).catch(() => this.abort())
      this.#counts = counts
      const stored = [...this.#keys].filter((key) => !keys.has(key))
      for (const key of stored) this.#keys.delete(key)
      await this.#remove(stored)
      throw error
    }
  }

  /**
   * Makes it the next snapshot, whatever is newest; none where no row and nothing else is changed. Files of a commit that did not happen are removed; when that cannot be known
   * (`COMMIT_STATE_UNKNOWN`), they stay.
   */
  async commit(options: CommitOptions = {}, how: HowToPublish = {}): Promise<CommitReport> {
    this.#assertOpen()
    const wrong = wrongSeries(options)
    if (wrong !== undefined) {
      await this.abort()
      throw wrong
    }
    if (this.#changes.length === 0 && seriesChange(options).length === 0) {
      await this.abort()
      return this.#report(this.#base ?? (await newest(this.#catalog)), {
        attempts: 0,
        catalogBytes: this.#catalog.bytes,
      })
    }
    this.#isOver = true
    try {
      const published = await this.#publish(options, how)
      await this.#remove([...this.#deletes.keys({ all: false }), ...published.value.unused])
      return this.#report(published.value.snapshot, published)
    } catch (error) {
      if (error instanceof AlreadyDone) {
        await this.#remove(this.#allKeys())
        return {
          ...this.#report(error.snapshot, { attempts: 1, catalogBytes: this.#catalog.bytes }),
          skipped: true,
        }
      }
      if (isLakefrontError(error, 'COMMIT_STATE_UNKNOWN')) throw this.#unknown(error)
      await this.#remove(this.#allKeys())
      throw error
    } finally {
      await this.#draft?.close().catch(() => undefined)
    }
  }

  /** Forgets it, and removes what was stored for it. Twice is fine. */
  async abort(): Promise<void> {
    this.#isOver = true
    await this.#draft?.close()
    await this.#remove(this.#allKeys())
  }

  async #become(changes: readonly Change[]): Promise<void> {
    await this.#draft?.restart((transaction) => this.#apply(transaction, changes))
    this.#changes = changes
  }

  async #publish(
    options: CommitOptions,
    how: HowToPublish,
  ): Promise<Published<{ snapshot: number; unused: readonly string[] }>> {
    const { retries } = options
    await this.#assertStored(this.#keys)
    return this.#catalog.publish(
      async (transaction) => {
        await this.#checkSeries(transaction, options)
        this.#deletes.begin()
        const changes: readonly Change[] = [...this.#changes, ...seriesChange(options)]
        const snapshot = await this.#apply(transaction, changes, this.#note(options))
        return { snapshot: snapshot ?? (await newest(transaction)), unused: await this.#unused(transaction, snapshot) }
      },
      { ...how, ...(retries === undefined ? {} : { retries }) },
    )
  }

  #apply(transaction: CatalogTransaction, changes: readonly Change[], note?: CommitNote): Promise<number | undefined> {
    return applyChanges(transaction, changes, {
      base: this.base,
      ...(this.#seen === undefined ? {} : { seen: this.#seen }),
      writeDeletes: this.#deletes.write,
      ...(note === undefined ? {} : { note }),
    })
  }

  /** Throws {@link AlreadyDone} when this commit of a series, or a later one, happened. */
  async #checkSeries(transaction: CatalogTransaction, { appId, version }: CommitOptions): Promise<void> {
    if (appId === undefined || version === undefined) return
    const [row] = await transaction.read('SELECT value FROM {M}.ducklake_metadata WHERE key = $1 AND scope IS NULL', [
      seriesKey(appId),
    ])
    if (row !== undefined && Number(row['value']) >= version) throw new AlreadyDone(await newest(transaction))
  }

  #note({ author, message }: CommitOptions): CommitNote {
    return {
      extra: JSON.stringify({ lakefront: { commit: this.commitId } }),
      ...(author === undefined ? {} : { author }),
      ...(message === undefined ? {} : { message }),
    }
  }

  /** Stored data files that the commit took out again. */
  async #unused(transaction: CatalogTransaction, snapshot: number | undefined): Promise<readonly string[]> {
    const added = this.#changes.some(({ kind }) => kind === 'appendFiles')
    const taken = this.#changes.some(({ kind }) => /^(endFiles|deletePositions|dropTable)$/.test(kind))
    if (!added || !taken || snapshot === undefined) return []
    const rows = await transaction.read('SELECT path FROM {M}.ducklake_data_file WHERE begin_snapshot = $1', [snapshot])
    const paths = rows.map((row) => String(row['path']))
    return [...this.#keys].filter((key) => !paths.some((path) => key.endsWith(path)))
  }

  #report(snapshot: number, { attempts, catalogBytes }: Pick<CommitReport, 'attempts' | 'catalogBytes'>): CommitReport {
    const files = this.#changes.reduce(
      (sum, change) => sum + (change.kind === 'appendFiles' ? change.files.length : 0),
      0,
    )
    return {
      snapshot,
      commitId: this.commitId,
      skipped: false,
      rowsInserted: this.#counts.inserted,
      rowsDeleted: this.#counts.deleted,
      rowsUpdated: this.#counts.updated,
      filesAdded: files,
      attempts,
      roundTrips: this.#catalog.requests - this.#requestsBefore,
      catalogBytes,
    }
  }

  #allKeys(): readonly string[] {
    return [...this.#keys, ...this.#deletes.keys({ all: true })]
  }

  /** What cannot be removed now is found by vacuum later. */
  async #remove(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#parts.storage.remove(keys).catch(() => undefined)
  }

  #unknown(error: LakefrontError): LakefrontError {
    return new LakefrontError(
      'COMMIT_STATE_UNKNOWN',
      `${error.message} Ask later whether it did: lake.verify('${this.commitId}').`,
      { details: { ...error.details, commitId: this.commitId }, cause: error },
    )
  }

  #assertOpen(): void {
    if (this.#isOver) throw new LakefrontError('CLOSED', 'The transaction is over. Begin another one.')
  }
}

/** Leaves a publication that has nothing to do. */
class AlreadyDone extends Error {
  readonly snapshot: number

  constructor(snapshot: number) {
    super('This commit of its series happened before.')
    this.snapshot = snapshot
  }
}

function seriesKey(appId: string): string {
  return `lakefront.series.${appId}`
}

function seriesChange({ appId, version }: CommitOptions): readonly Change[] {
  if (appId === undefined || version === undefined) return []
  return [{ kind: 'setOption', key: seriesKey(appId), value: String(version) }]
}

/** Deletions of one file are one change, and none of a file that goes as a whole. */
function withChange(changes: readonly Change[], change: Change): readonly Change[] {
  if (change.kind === 'endFiles') {
    const isGone = (own: Change): boolean =>
      own.kind === 'deletePositions' && own.table === change.table && change.files.includes(own.file)
    return [...changes.filter((own) => !isGone(own)), change]
  }
  if (change.kind === 'deleteInlined') {
    const isOf = (own: Change): boolean => own.kind === 'deleteInlined' && own.table === change.table
    joined([...changes.filter(isOf), change].flatMap((own) => (own.kind === 'deleteInlined' ? own.rows : [])))
  }
  if (change.kind !== 'deletePositions') return [...changes, change]
  const before = changes.find(
    (own) => own.kind === 'deletePositions' && own.table === change.table && own.file === change.file,
  )
  if (before?.kind !== 'deletePositions') return [...changes, change]
  const positions = joined([...Array.from(before.positions), ...Array.from(change.positions)])
  return [...changes.filter((own) => own !== before), { ...change, positions }]
}

/** Rows of several statements, rising. */
function joined(rows: readonly number[]): Float64Array {
  const sorted = Float64Array.from(rows).sort()
  if (!sorted.some((row, at) => at > 0 && row === sorted[at - 1])) return sorted
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    'Two statements of the transaction that were begun side by side change the same rows. Await each before the next.',
  )
}

async function newest(reader: CatalogReader): Promise<number> {
  const [row] = await reader.read('SELECT max(snapshot_id) AS id FROM {M}.ducklake_snapshot')
  return Number(row!['id'])
}
