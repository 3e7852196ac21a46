import type { Engine } from '../../engine/engine.ts'
import { LakefrontError } from '../../errors.ts'
import type { ParquetEncoder } from '../../format/parquet/parquet-writer.ts'
import type { SessionStorage } from '../../storage/open-storage.ts'
import type { ByteSource } from '../../storage/storage.ts'
import type { CommitOptions, CommitReport } from '../commit/commit-options.ts'
import { pastCompaction } from '../commit/past-compaction.ts'
import { deletesBefore } from './deletes-before.ts'
import { referenceIn } from '../snapshot/lake-place.ts'
import { LakeTransaction } from '../commit/lake-transaction.ts'
import { LakeWriter, type WriteOptions } from './lake-writer.ts'
import type { Lakes } from '../snapshot/lakes.ts'
import type { OpenLake } from '../snapshot/open-lake.ts'
import type { LakeOperation } from './write-request.ts'

export interface LakeWritesParts {
  readonly lakes: Lakes
  readonly engine: Engine
  readonly storage: Pick<SessionStorage, 'open'>
  readonly encoder: ParquetEncoder
}

interface Open {
  readonly transaction: LakeTransaction
  readonly writer: LakeWriter
}

/** A transaction that a user has begun. */
interface Begun extends Open {
  /** Its statements run one after the other, also where they are begun side by side. */
  turn: Promise<unknown>
  /** Of one that others overtook before: lets them in again. */
  readonly leave?: (() => void | Promise<void>) | undefined
}

interface BeginOptions extends WriteOptions {
  /** Of the commit it will be. */
  readonly commitId?: string
  /** How often it was begun before, and overtaken: then it waits for its turn first, and others wait for it. */
  readonly again?: number
}

/** Writes to the lakes of a session, where the engine is. */
export class LakeWrites {
  readonly #parts: LakeWritesParts
  readonly #open = new Map<string, Begun>()

  constructor(parts: LakeWritesParts) {
    this.#parts = parts
  }

  /** Does something as a commit of its own; or as a part of the transaction whose name stands in place of a lake's. */
  async write(
    name: string,
    operations: readonly LakeOperation[],
    { commit, ...options }: BeginOptions & { readonly commit?: CommitOptions } = {},
  ): Promise<CommitReport | undefined> {
    const open = this.#open.get(name)
    if (open !== undefined) {
      if (commit?.appId !== undefined || commit?.version !== undefined) {
        throw new LakefrontError(
          'INVALID_ARGUMENT',
          'All of a transaction is one commit of a series, and no statement of it: transaction(work, { appId, version }).',
        )
      }
      await inTurn(open, async ({ transaction, writer }) => {
        for (const operation of operations) await writer.run(transaction, operation, options)
      })
      return undefined
    }
    const readsOwn =
      operations.length > 1 || operations.some((one) => one.kind === 'insert' && one.mergeSchema === true)
    const lake = this.#parts.lakes.lake(name)
    if (lake.isDraft) throw isOver()
    const isDescribed = operations.some(({ kind }) => kind === 'insert' || kind === 'replace')
    const requestsBefore = lake.catalog.requests - (isDescribed ? 1 : 0)
    if (!isDescribed) await renew(lake, options)
    const run = async (): Promise<CommitReport> => {
      const { transaction, writer } = await this.#begin(lake, { readsOwn, requestsBefore, ...options })
      try {
        for (const operation of operations) await writer.run(transaction, operation, options)
      } catch (error) {
        await transaction.abort()
        throw error
      }
      return transaction.commit(commit, options)
    }
    // Where rows are is known of one snapshot: who looked for them has to look again.
    return operations.some(({ kind }) => kind === 'replace') ? run() : pastCompaction(run)
  }

  /** Begins a transaction; answers what stands for the lake in it. */
  async begin(name: string, options: BeginOptions = {}): Promise<{ readonly lake: string; readonly snapshot: number }> {
    const lake = this.#parts.lakes.lake(name)
    const requestsBefore = lake.catalog.requests
    const leave = options.again ? await lake.catalog.turn?.(options.again, () => !options.signal?.aborted) : undefined
    try {
      await renew(lake, options)
      const open = await this.#begin(lake, { readsOwn: true, requestsBefore, ...options })
      const draft = this.#parts.lakes.addDraft(lake, open.transaction.draft)
      this.#open.set(draft.name, { ...open, turn: Promise.resolve(), leave })
      return { lake: draft.name, snapshot: open.transaction.base }
    } catch (error) {
      await leave?.()
      throw error
    }
  }

  async commit(name: string, commit: CommitOptions, options: WriteOptions = {}): Promise<CommitReport> {
    const { transaction, turn, leave } = this.#take(name)
    try {
      await turn
      return await transaction.commit(commit, { ...options, hasTurn: leave !== undefined })
    } finally {
      await leave?.()
      await this.#parts.lakes.close(name)
    }
  }

  /** Ends a transaction without a trace; one that is over is no error. */
  async abort(name: string): Promise<void> {
    if (!this.#open.has(name)) return
    const { transaction, turn, leave } = this.#take(name)
    await turn
    await leave?.()
    await transaction.abort()
    await this.#parts.lakes.close(name)
  }

  /** Whether a commit happened, as far as the lake's history goes back. */
  async verify(name: string, commitId: string): Promise<{ readonly committed: boolean; readonly snapshot?: number }> {
    const { catalog } = this.#parts.lakes.lake(name)
    await catalog.refresh()
    const [row] = await catalog.read(
      'SELECT snapshot_id FROM {M}.ducklake_snapshot_changes WHERE contains(commit_extra_info, $1) LIMIT 1',
      [JSON.stringify({ commit: commitId })],
    )
    return row === undefined ? { committed: false } : { committed: true, snapshot: Number(row['snapshot_id']) }
  }

  #take(name: string): Begun {
    const open = this.#open.get(name)
    this.#open.delete(name)
    if (open !== undefined) return open
    throw isOver()
  }

  async #begin(
    lake: OpenLake,
    {
      readsOwn,
      requestsBefore,
      signal,
      commitId,
    }: BeginOptions & { readonly readsOwn: boolean; readonly requestsBefore: number },
  ): Promise<Open> {
    const { engine, encoder } = this.#parts
    await lake.assertWritten()
    const folder = await lake.dataFolder()
    const storage = await lake.dataStorage()
    const open = (file: string): ByteSource => this.#parts.storage.open(file)
    const own = signal === undefined ? {} : { signal }
    const transaction = await LakeTransaction.begin(
      lake.catalog,
      {
        storage,
        encoder,
        read: (before, table) =>
          deletesBefore(
            before.isRelative ? referenceIn(folder, table + before.path) : referenceIn(lake.folder, before.path),
            before,
            { engine, open },
          ),
        ...own,
      },
      {
        reads: readsOwn,
        look: () => lake.current(),
        requestsBefore,
        ...(commitId === undefined ? {} : { commitId }),
      },
    )
    return {
      transaction,
      writer: new LakeWriter({
        lake: lake.name,
        engine,
        storage,
        encoder,
        open,
      }),
    }
  }
}

/** Reads what others committed; of rows that are added or changed that was done when they were described. */
async function renew(lake: OpenLake, { signal }: WriteOptions): Promise<void> {
  await lake.catalog.refresh(signal === undefined ? {} : { signal })
}

/** Runs a statement of a transaction after those that were begun before it: all of it is done, or nothing. */
function inTurn(begun: Begun, statement: (open: Open) => Promise<void>): Promise<void> {
  const done = begun.turn.then(() => begun.transaction.atomically(() => statement(begun)))
  begun.turn = done.catch(() => undefined)
  return done
}

function isOver(): LakefrontError {
  return new LakefrontError('CLOSED', 'The transaction is over. Begin another one.')
}
