import { RowsWaiting } from '../format/parquet/rows-waiting.ts'
import type { Storage } from '../storage/storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { sliceColumn } from '../types/slice-column.ts'
import type { FileWriter, OpenWriter } from './file-writer.ts'
import { HeldRows } from './held-rows.ts'
import { ObjectDraft } from './object-draft.ts'
import { partitionSplitter } from './partition-rows.ts'
import type { Partition } from './partition-rows.ts'

export interface SpreadOptions<Summary> {
  readonly storage: Storage
  readonly open: OpenWriter<Summary>
  /** The key of the next file of a partition. */
  readonly name: (partition: Partition) => string
  /** Columns of a batch that are in files; those behind tell the partition. */
  readonly fileColumns: number
  /** A file is finished when it has grown to this. */
  readonly targetBytes: number
  /** Files that are being written at once. Rows of further partitions are held in memory. */
  readonly mostOpen: number
  /**
   * Bytes of rows that are held at most. Past it the partition with most of them gets a file, for which the least recently used one is
   * finished. Default 128 MB, and half of what may wait in all.
   */
  readonly mostHeldBytes?: number
  /** Where rows that are held are counted. */
  readonly waiting?: RowsWaiting
  readonly contentType?: string
  /** Whether a file must not be there yet. */
  readonly isNew?: boolean
  /**
   * Whose the names are. `own`, the default: nobody else's, so that whatever was begun is removed after a failure. `given`: what is known to be stored is removed.
   * `replaced`: a file that is stored took the place of another and stays, whatever comes after.
   */
  readonly names?: 'own' | 'given' | 'replaced'
  readonly signal?: AbortSignal
  readonly onProgress?: (written: { readonly rows: number; readonly bytes: number }) => void
}

/** A file, complete and in its place. */
export interface SpreadFile<Summary> {
  readonly key: string
  readonly partition: Partition
  readonly bytes: number
  readonly etag?: string
  readonly summary: Summary
}

interface OpenFile<Summary> {
  readonly partition: Partition
  readonly draft: ObjectDraft
  readonly writer: FileWriter<Summary>
}

const defaultHeldBytes = 128_000_000

/**
 * Spreads rows over files, by partition and by size, with few files open and bounded memory: a partition whose rows fit what is held has one
 * file, in whatever order rows come. When it fails or is aborted, what it wrote is removed, as far as the store can be reached. Rows of a
 * partition keep their order.
 */
export async function spreadRows<Summary>(
  batches: AsyncIterable<ColumnBatch>,
  options: SpreadOptions<Summary>,
): Promise<readonly SpreadFile<Summary>[]> {
  const { signal } = options
  const spread = new Spread(options)
  const abort = (): void => spread.abort(signal!.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    for await (const batch of batches) {
      signal?.throwIfAborted()
      await spread.write(batch)
    }
    return await spread.finish()
  } catch (error) {
    await spread.discard()
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Rows after which it is looked whether a file is large enough. */
const partRows = 8192

function* parts(batch: ColumnBatch): Generator<ColumnBatch> {
  const { schema, columns, length } = batch
  if (length <= partRows) return yield batch
  for (let start = 0; start < length; start += partRows) {
    const rows = Math.min(partRows, length - start)
    const sliced = schema.fields.map(({ type }, index) => sliceColumn(columns[index]!, type, start, rows))
    yield { schema, length: rows, columns: sliced }
  }
}

class Spread<Summary> {
  readonly #options: SpreadOptions<Summary>
  /** The least recently used first. */
  readonly #open = new Map<Partition, OpenFile<Summary>>()
  readonly #waiting: RowsWaiting
  readonly #held: HeldRows
  readonly #done: SpreadFile<Summary>[] = []
  #split: ReturnType<typeof partitionSplitter> | undefined
  #rows = 0
  #doneBytes = 0

  constructor(options: SpreadOptions<Summary>) {
    this.#options = options
    this.#waiting = options.waiting ?? new RowsWaiting(() => Infinity)
    this.#held = new HeldRows(this.#waiting)
  }

  async write(batch: ColumnBatch): Promise<void> {
    this.#split ??= partitionSplitter(batch.schema, this.#options.fileColumns)
    const { mostOpen, mostHeldBytes = defaultHeldBytes } = this.#options
    for (const { partition, rows } of this.#split(batch)) {
      if (this.#open.has(partition) || this.#open.size < mostOpen) await this.#writeTo(partition, rows)
      else this.#held.add(partition, rows)
    }
    while (this.#held.bytes > Math.min(mostHeldBytes, this.#waiting.most / 2))
      await this.#release(this.#held.largest()!)
    this.#rows += batch.length
    this.#tell()
  }

  /** Finishes the largest files while parts of uploads take too much memory: of one file the store holds few, of many as many each. */
  async #makeRoom(): Promise<void> {
    while (this.#open.size > 1 && this.#options.storage.uploads?.isTooMuch === true) {
      const [first, ...others] = this.#open.values()
      await this.#finish(others.reduce((most, file) => (file.draft.bytes > most.draft.bytes ? file : most), first!))
    }
  }

  /** Ends what waits for the store. */
  abort(reason: unknown): void {
    for (const { draft } of this.#open.values()) draft.abort(reason)
  }

  async finish(): Promise<readonly SpreadFile<Summary>[]> {
    for (const file of this.#open.values()) await this.#finish(file)
    for (const partition of this.#held.partitions) {
      await this.#release(partition)
      const file = this.#open.get(partition)
      if (file !== undefined) await this.#finish(file)
    }
    this.#tell()
    return this.#done
  }

  async discard(): Promise<void> {
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const { writer } of open) writer.close()
    this.#held.clear()
    await Promise.all(open.map(({ draft }) => draft.discard()))
    const { names = 'own' } = this.#options
    // Of a file that failed it may be unknown whether it was stored.
    const failed = names === 'own' ? open.map(({ draft }) => draft.key) : []
    const keys = names === 'replaced' ? [] : [...this.#done.map(({ key }) => key), ...failed]
    if (keys.length > 0) await this.#options.storage.remove(keys).catch(() => {})
  }

  /** Gives the rows that are held of a partition to its file. */
  async #release(partition: Partition): Promise<void> {
    for (const rows of this.#held.take(partition)) await this.#writeTo(partition, rows)
  }

  async #writeTo(partition: Partition, rows: ColumnBatch): Promise<void> {
    for (const part of parts(rows)) {
      const file = await this.#fileOf(partition)
      await file.writer.write(part)
      if (file.writer.size >= this.#options.targetBytes) await this.#finish(file)
      await this.#makeRoom()
    }
  }

  async #fileOf(partition: Partition): Promise<OpenFile<Summary>> {
    const known = this.#open.get(partition)
    if (known !== undefined) {
      this.#open.delete(partition)
      this.#open.set(partition, known)
      return known
    }
    const { storage, open, name, mostOpen, contentType, isNew } = this.#options
    const [oldest] = this.#open.values()
    if (oldest !== undefined && this.#open.size >= mostOpen) await this.#finish(oldest)
    const draft = new ObjectDraft(storage, name(partition), {
      ...(contentType === undefined ? {} : { contentType }),
      ...(isNew === true ? { ifNoneMatch: '*' } : {}),
    })
    try {
      const file = { partition, draft, writer: await open((bytes) => draft.write(bytes)) }
      this.#open.set(partition, file)
      return file
    } catch (error) {
      await draft.discard()
      throw error
    }
  }

  async #finish(file: OpenFile<Summary>): Promise<void> {
    const { partition, draft, writer } = file
    const summary = await writer.finish()
    writer.close()
    const { size, etag } = await draft.finish()
    this.#open.delete(partition)
    this.#doneBytes += size
    this.#done.push({ key: draft.key, partition, bytes: size, summary, ...(etag === undefined ? {} : { etag }) })
  }

  #tell(): void {
    const { onProgress } = this.#options
    if (onProgress === undefined) return
    let bytes = this.#doneBytes
    for (const { draft } of this.#open.values()) bytes += draft.bytes
    onProgress({ rows: this.#rows, bytes })
  }
}
