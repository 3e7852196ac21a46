import type { ReadOptions } from '../../storage/storage.ts'
import { avroSplits } from './avro-splits.ts'
import { avroBlocks } from './container.ts'
import type { AvroBlock, AvroFile } from './container.ts'
import { decodeBlocks } from './decode-split.ts'
import type { AvroSplit, DecodedSplit } from './decode-split.ts'
import type { RowsRead } from './row-decoder.ts'

/** Threads that decode splits. */
export interface SplitPlace {
  /** Splits that may be under way now; 0 where a batch at a time, made here, is all that there is memory for. */
  readonly room: number
  decode(split: AvroSplit, options: { readonly signal?: AbortSignal }): Promise<DecodedSplit>
  /** Books the rows of a batch until the function it answers is called. */
  hold(batch: RowsRead): () => void
  /** Helps with the work there is until `until` settles. */
  lend(until: Promise<unknown>): void
}

interface ReadAvroOptions extends ReadOptions {
  readonly readsAhead: boolean
  /** Where splits are decoded, several at a time, when rows are read ahead. Without it all is done here, block by block. */
  readonly place?: SplitPlace
  /** Bytes of a split. */
  readonly splitBytes?: number
  /** Bytes of rows after which a batch is full. */
  readonly batchBytes?: number
}

/**
 * Reads the columns `wanted`, indices into the file's fields, straight into columns: what is not wanted is passed over. Holds a few ranges of the file and one
 * batch, which ends with its block when nothing is read ahead; where splits are decoded in other threads also those that are under way. Without columns only the heads of blocks are read.
 */
export async function* readAvro(
  file: AvroFile,
  wanted: readonly number[],
  { place, splitBytes, batchBytes, ...options }: ReadAvroOptions,
): AsyncGenerator<RowsRead> {
  if (wanted.length === 0) return yield* countRows(file, options)
  const { codec, writer, reader } = file
  const size = batchBytes === undefined ? {} : { batchBytes }
  const decoding = { label: file.source.label, codec, writer, reader, wanted, ...size }
  const blocks = avroBlocks(file, { ...options, skipsRows: false })
  if (place === undefined || !options.readsAhead)
    return yield* decodeBlocks({ ...decoding, blocks, readsAhead: options.readsAhead })
  const { signal } = options
  const decode = async (blocksOfSplit: readonly AvroBlock[]): Promise<Decoded> => {
    const split = { ...decoding, blocks: blocksOfSplit }
    if (place.room === 0) return { split, batches: [], blocks: 0 }
    const decoded = await place.decode(split, signal === undefined ? {} : { signal })
    const batches = decoded.batches.map((batch) => ({ batch, release: place.hold(batch) }))
    return { split, batches, blocks: decoded.blocks }
  }
  for await (const { split, batches, blocks: done } of inOrder(avroSplits(blocks, splitBytes), decode, place)) {
    try {
      for (const { batch, release } of batches) {
        release()
        yield batch
      }
    } finally {
      releaseAll(batches)
    }
    if (done < split.blocks.length)
      yield* decodeBlocks({ ...split, blocks: split.blocks.slice(done), readsAhead: true })
  }
}

interface Decoded {
  readonly split: AvroSplit
  /** Of its first blocks. */
  readonly batches: readonly { readonly batch: RowsRead; readonly release: () => void }[]
  readonly blocks: number
}

function releaseAll(batches: Decoded['batches']): void {
  for (const { release } of batches) release()
}

async function* countRows(file: AvroFile, options: ReadAvroOptions): AsyncGenerator<RowsRead> {
  for await (const { rows } of avroBlocks(file, { ...options, skipsRows: true }))
    if (rows > 0) yield { length: rows, columns: [] }
}

/** What `work` makes of each item, in their order; of as many at a time as there is room for. An error of `items` comes after all before it. */
async function* inOrder<T, R extends Pick<Decoded, 'batches'>>(
  items: AsyncGenerator<T>,
  work: (item: T) => Promise<R>,
  place: Pick<SplitPlace, 'room' | 'lend'>,
): AsyncGenerator<R> {
  const underWay: Promise<R>[] = []
  let reading: Promise<void> | undefined
  const state = { isDone: false }
  const push = (result: Promise<R>): void => {
    result.catch(() => {})
    underWay.push(result)
  }
  const read = async (): Promise<void> => {
    try {
      const { done, value } = await items.next()
      if (done === true) state.isDone = true
      else push(work(value))
    } catch (error) {
      state.isDone = true
      push(Promise.reject(error))
    }
    reading = undefined
  }
  try {
    while (!state.isDone || underWay.length > 0) {
      const [first] = underWay
      if (!state.isDone && (first === undefined || underWay.length < place.room)) reading ??= read()
      if (first === undefined) {
        await reading
        continue
      }
      const settled = first.then(() => true)
      place.lend(first)
      const isReady = await (reading === undefined ? settled : Promise.race([settled, reading.then(() => false)]))
      if (!isReady) continue
      underWay.shift()
      yield await first
    }
  } finally {
    for (const result of underWay) void result.then(({ batches }) => releaseAll(batches)).catch(() => {})
    void items.return(undefined).catch(() => {})
  }
}
