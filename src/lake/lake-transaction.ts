import { isLakefrontError, LakefrontError } from '../errors.ts'
import { uuidV7 } from '../types/uuid-v7.ts'
import { applyChanges } from './apply.ts'
import type { Catalog, CatalogReader, CatalogTransaction, Published } from './catalog.ts'
import type { Change } from './change.ts'
import type { CommitOptions, CommitReport } from './commit-options.ts'
import { DeleteFiles, type DeleteFilesOptions } from './delete-files.ts'
import { DraftCatalog } from './draft-catalog.ts'
import type { CommitNote } from './snapshot-draft.ts'

/** Rows that changes are about, for the report. */
export interface RowCounts {
  readonly inserted?: number
  readonly deleted?: number
  readonly updated?: number
}

/** What the next commit is made of: changes, and the files that are stored for them. */
export class LakeTransaction {
  readonly commitId: string = uuidV7()
  readonly #catalog: Catalog
  readonly #parts: DeleteFilesOptions
  readonly #deletes: DeleteFiles
  readonly #keys = new Set<string>()
  #changes: readonly Change[] = []
  #draft: DraftCatalog | undefined
  #counts = { inserted: 0, deleted: 0, updated: 0 }
  #base: number
  #hasRead = false
  #isOver = false

  private constructor(
    catalog: Catalog,
    {
      base,
      parts,
      draft,
    }: { readonly base: number; readonly parts: DeleteFilesOptions; readonly draft: DraftCatalog | undefined },
  ) {
    this.#catalog = catalog
    this.#parts = parts
    this.#deletes = new DeleteFiles(parts)
    this.#draft = draft
    this.#base = base
  }

  /** Begins on what is newest. One that `reads` its own changes works on a copy of the catalog. */
  static async begin(
    catalog: Catalog,
    parts: DeleteFilesOptions,
    { reads }: { readonly reads: boolean },
  ): Promise<LakeTransaction> {
    if (catalog.isReadOnly) {
      throw new LakefrontError(
        'UNSUPPORTED',
        `The lake "${catalog.label}" is open for reading only. Open it without readOnly, in a store that can be written to and keeps the conditions of writes.`,
      )
    }
    const draft = reads ? await DraftCatalog.of(catalog) : undefined
    const base = await newest(draft ?? catalog)
    return new LakeTransaction(catalog, { base, parts, draft })
  }

  /** The catalog with the changes so far. */
  get draft(): DraftCatalog {
    if (this.#draft === undefined) throw new LakefrontError('INTERNAL', 'A commit read what it did not copy.')
    return this.#draft
  }

  /** The snapshot that its changes are made on. */
  get base(): number {
    return this.#base
  }

  /** Of the snapshot it will be, where it reads its own changes. */
  get own(): number | undefined {
    return this.#draft === undefined ? undefined : this.#base + 1
  }

  /** Reads what there is: with the changes so far where it reads its own, else what is newest. It is based on what it read first. */
  reading<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T> {
    this.#assertOpen()
    if (this.#draft !== undefined) return this.#draft.reading(work)
    return this.#catalog.reading(async (reader) => {
      if (!this.#hasRead) this.#base = await newest(reader)
      this.#hasRead = true
      return work(reader)
    })
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
    const after = changes.reduce(withChange, this.#changes)
    const { inserted = 0, deleted = 0, updated = 0 } = counts
    await this.#draft?.restart((transaction) => this.#apply(transaction, after))
    this.#changes = after
    this.#counts = {
      inserted: this.#counts.inserted + inserted,
      deleted: this.#counts.deleted + deleted,
      updated: this.#counts.updated + updated,
    }
  }

  /**
   * Makes it the next snapshot, whatever is newest. Files of a commit that did not happen are removed; when that cannot be known
   * (`COMMIT_STATE_UNKNOWN`), they stay.
   */
  async commit(options: CommitOptions = {}, { signal }: { readonly signal?: AbortSignal } = {}): Promise<CommitReport> {
    this.#assertOpen()
    if (this.#changes.length === 0) {
      await this.abort()
      return this.#report(this.#base, { attempts: 0, roundTrips: 0, catalogBytes: this.#catalog.bytes })
    }
    this.#isOver = true
    try {
      const published = await this.#publish(options, signal)
      await this.#remove([...this.#deletes.keys({ all: false }), ...published.value.unused])
      return this.#report(published.value.snapshot, published)
    } catch (error) {
      if (error instanceof AlreadyDone) {
        await this.#remove(this.#allKeys())
        return {
          ...this.#report(error.snapshot, { attempts: 1, roundTrips: 0, catalogBytes: this.#catalog.bytes }),
          skipped: true,
        }
      }
      if (isLakefrontError(error, 'COMMIT_STATE_UNKNOWN')) throw this.#unknown(error)
      await this.#remove(this.#allKeys())
      throw error
    } finally {
      await this.#draft?.close()
    }
  }

  /** Forgets it, and removes what was stored for it. Twice is fine. */
  async abort(): Promise<void> {
    this.#isOver = true
    await this.#draft?.close()
    await this.#remove(this.#allKeys())
  }

  #publish(
    options: CommitOptions,
    signal: AbortSignal | undefined,
  ): Promise<Published<{ snapshot: number; unused: readonly string[] }>> {
    const { retries } = options
    return this.#catalog.publish(
      async (transaction) => {
        await this.#checkSeries(transaction, options)
        this.#deletes.begin()
        const changes: readonly Change[] = [...this.#changes, ...seriesChange(options)]
        const snapshot = await this.#apply(transaction, changes, this.#note(options))
        return { snapshot: snapshot ?? (await newest(transaction)), unused: await this.#unused(transaction, snapshot) }
      },
      { ...(retries === undefined ? {} : { retries }), ...(signal === undefined ? {} : { signal }) },
    )
  }

  #apply(transaction: CatalogTransaction, changes: readonly Change[], note?: CommitNote): Promise<number | undefined> {
    return applyChanges(transaction, changes, {
      base: this.#base,
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

  #report(
    snapshot: number,
    { attempts, roundTrips, catalogBytes }: Pick<CommitReport, 'attempts' | 'roundTrips' | 'catalogBytes'>,
  ): CommitReport {
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
      roundTrips,
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
  if (change.kind !== 'deletePositions') return [...changes, change]
  const before = changes.find(
    (own) => own.kind === 'deletePositions' && own.table === change.table && own.file === change.file,
  )
  if (before?.kind !== 'deletePositions') return [...changes, change]
  const positions = Float64Array.from([...Array.from(before.positions), ...Array.from(change.positions)]).toSorted()
  return [...changes.filter((own) => own !== before), { ...change, positions }]
}

async function newest(reader: CatalogReader): Promise<number> {
  const [row] = await reader.read('SELECT max(snapshot_id) AS id FROM {M}.ducklake_snapshot')
  return Number(row!['id'])
}
