import type { Engine } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import type { ParquetEncoder } from '../format/parquet/parquet-writer.ts'
import type { SessionStorage } from '../storage/open-storage.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { uuidV7 } from '../types/uuid-v7.ts'
import type { DeletesBefore } from './apply-rows.ts'
import type { CommitOptions, CommitReport } from './commit-options.ts'
import type { DeletedPositions } from './delete-files.ts'
import { referenceIn } from './lake-place.ts'
import { LakeTransaction } from './lake-transaction.ts'
import { LakeWriter, type WriteOptions } from './lake-writer.ts'
import type { Lakes } from './lakes.ts'
import type { OpenLake } from './open-lake.ts'
import type { LakeOperation } from './write-request.ts'

export interface LakeWritesParts {
  readonly lakes: Lakes
  readonly engine: Engine
  readonly storage: Pick<SessionStorage, 'open' | 'place'>
  readonly encoder: ParquetEncoder
}

interface Open {
  readonly transaction: LakeTransaction
  readonly writer: LakeWriter
}

/** Writes to the lakes of a session, where the engine is. */
export class LakeWrites {
  readonly #parts: LakeWritesParts
  readonly #open = new Map<string, Open>()

  constructor(parts: LakeWritesParts) {
    this.#parts = parts
  }

  /** Does something as a commit of its own; or as a part of the transaction whose name stands in place of a lake's. */
  async write(
    name: string,
    operations: readonly LakeOperation[],
    { commit, ...options }: WriteOptions & { readonly commit?: CommitOptions } = {},
  ): Promise<CommitReport | undefined> {
    const open = this.#open.get(name)
    if (open !== undefined) {
      for (const operation of operations) await open.writer.run(open.transaction, operation, options)
      return undefined
    }
    const readsOwn =
      operations.length > 1 || operations.some((one) => one.kind === 'insert' && one.mergeSchema === true)
    const { transaction, writer } = await this.#begin(this.#parts.lakes.lake(name), { readsOwn, ...options })
    try {
      for (const operation of operations) await writer.run(transaction, operation, options)
    } catch (error) {
      await transaction.abort()
      throw error
    }
    return transaction.commit(commit, options)
  }

  /** Begins a transaction; answers what stands for the lake in it. */
  async begin(name: string, options: WriteOptions = {}): Promise<{ readonly lake: string; readonly snapshot: number }> {
    const lake = this.#parts.lakes.lake(name)
    const open = await this.#begin(lake, { readsOwn: true, ...options })
    const draft = this.#parts.lakes.addDraft(lake, open.transaction.draft)
    this.#open.set(draft.name, open)
    return { lake: draft.name, snapshot: open.transaction.base }
  }

  async commit(name: string, commit: CommitOptions, options: WriteOptions = {}): Promise<CommitReport> {
    const { transaction } = this.#take(name)
    try {
      return await transaction.commit(commit, options)
    } finally {
      await this.#parts.lakes.close(name)
    }
  }

  /** Ends a transaction without a trace; one that is over is no error. */
  async abort(name: string): Promise<void> {
    if (!this.#open.has(name)) return
    await this.#take(name).transaction.abort()
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

  #take(name: string): Open {
    const open = this.#open.get(name)
    this.#open.delete(name)
    if (open !== undefined) return open
    throw new LakefrontError('CLOSED', 'The transaction is over. Begin another one.')
  }

  async #begin(lake: OpenLake, { readsOwn, signal }: WriteOptions & { readonly readsOwn: boolean }): Promise<Open> {
    const { engine, encoder } = this.#parts
    await lake.assertWritten()
    const folder = await lake.dataFolder()
    const storage = this.#parts.storage.place(folder)
    const own = signal === undefined ? {} : { signal }
    const transaction = await LakeTransaction.begin(
      lake.catalog,
      {
        storage,
        encoder,
        read: (before, table) => this.#readDeletes(referenceIn(folder, table + before.path), before),
        ...own,
      },
      { reads: readsOwn },
    )
    return {
      transaction,
      writer: new LakeWriter({
        lake: lake.name,
        engine,
        storage,
        encoder,
        open: (file) => this.#parts.storage.open(file),
      }),
    }
  }

  /** What a file of the table says is deleted, and since when. */
  async #readDeletes(file: string, before: DeletesBefore): Promise<DeletedPositions> {
    if (before.format !== 'parquet') {
      throw new LakefrontError(
        'UNSUPPORTED',
        'Rows of a file that another client keeps deletion vectors of cannot be deleted from here. Compact the table first.',
      )
    }
    const { engine } = this.#parts
    const id = `deletes ${uuidV7()}`
    await engine.register({ id, format: 'parquet', files: [file], options: { hivePartitioning: false } })
    try {
      const { fields } = await engine.describe({ sql: `FROM lf_scan('${id}')`, sources: [id] })
      const snapshot = fields.find(({ name }) => name === '_ducklake_internal_snapshot_id')?.name
      const stream = await engine.execute({
        sql: `SELECT CAST("${fields[1]!.name}" AS DOUBLE) AS p, CAST(${snapshot ?? before.snapshot} AS DOUBLE) AS s FROM lf_scan('${id}') ORDER BY 1`,
        sources: [id],
      })
      const [positions, snapshots]: [number[], number[]] = [[], []]
      try {
        for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
          for (const row of rowsFromBatch(batch)) {
            positions.push(row['p'] as number)
            snapshots.push(row['s'] as number)
          }
        }
      } finally {
        await stream.close()
      }
      return { positions, snapshots }
    } finally {
      await engine.unregister(id)
    }
  }
}
