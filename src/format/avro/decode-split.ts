import { LakefrontError } from '../../errors.ts'
import { heldBytes } from '../../types/held-bytes.ts'
import { AvroFailure } from './avro-failure.ts'
import { decompressorOf } from './codec.ts'
import { damagedBlock } from './container.ts'
import type { AvroBlock } from './container.ts'
import { RowDecoder } from './row-decoder.ts'
import type { RowsRead } from './row-decoder.ts'
import type { AvroType } from './schema.ts'

/** A stretch of a container file, cut behind sync markers, and all that decoding it needs of the file. Plain data. */
export interface AvroSplit {
  readonly label: string
  readonly codec: string
  readonly writer: AvroType
  readonly reader: AvroType
  /** Columns to read, indices into the fields of `reader`. */
  readonly wanted: readonly number[]
  readonly blocks: readonly AvroBlock[]
  /** Bytes of rows after which a batch is full. */
  readonly batchBytes?: number
}

/** The rows of the first blocks of a split. */
export interface DecodedSplit {
  readonly batches: readonly RowsRead[]
  /** How many blocks they are of. */
  readonly blocks: number
}

/** Bytes of columns after which a split is not decoded further at once: small blocks may hold much. */
const mostDecoded = 16 * 1024 * 1024

/** Decodes a split, or as many blocks from its start as come to {@link mostDecoded} bytes. */
export async function decodeSplit(split: AvroSplit): Promise<DecodedSplit> {
  const batches: RowsRead[] = []
  let [bytes, blocks] = [0, 0]
  function* some(): Generator<AvroBlock> {
    for (const block of split.blocks) {
      if (bytes >= mostDecoded) return
      blocks++
      yield block
    }
  }
  for await (const batch of decodeBlocks({ ...split, blocks: some(), readsAhead: true })) {
    batches.push(batch)
    bytes += heldBytes(batch.columns)
  }
  return { batches, blocks }
}

interface BlocksToDecode extends Omit<AvroSplit, 'blocks'> {
  readonly blocks: Iterable<AvroBlock> | AsyncIterable<AvroBlock>
  /** Whether batches may run over the ends of blocks. */
  readonly readsAhead: boolean
}

/** The rows of blocks, straight into columns: what is not wanted is passed over. Holds one batch. */
export async function* decodeBlocks({ blocks, readsAhead, ...split }: BlocksToDecode): AsyncGenerator<RowsRead> {
  const rows = rowDecoder(split)
  const decompress = await decompressorOf(split.codec)
  for await (const block of blocks) {
    try {
      rows.begin(await decompress(block.bytes), block.rows)
      while (rows.read()) yield rows.take()
      if (!readsAhead && rows.length > 0) yield rows.take()
    } catch (error) {
      throw located(error, split.label, block)
    }
  }
  if (rows.length > 0) yield rows.take()
}

function rowDecoder({ label, wanted, batchBytes, ...types }: Omit<AvroSplit, 'blocks'>): RowDecoder {
  try {
    return new RowDecoder(types, wanted, batchBytes)
  } catch (error) {
    if (!(error instanceof AvroFailure)) throw error
    throw new LakefrontError(error.code, `"${label}" cannot be read with that schema: ${error.message}`, {
      details: { file: label },
      cause: error,
    })
  }
}

function located(error: unknown, label: string, block: AvroBlock): unknown {
  if (error instanceof RangeError)
    return damagedBlock(label, block, new AvroFailure('a value runs over the end of the block'))
  return error instanceof AvroFailure ? damagedBlock(label, block, error) : error
}
