import type { AvroBlock } from './container.ts'

/** Bytes, and blocks, after which a split ends. */
const splitBytes = 1024 * 1024
const splitBlocks = 1000

/**
 * Blocks in their order, put together to stretches of at least `least` bytes, each of which ends behind a sync marker. Markers are not looked for: the head of
 * each block says where the next one is, so bytes that look like a marker mean nothing, and a block keeps its number. What came before an error comes first.
 */
export async function* avroSplits(
  blocks: AsyncIterable<AvroBlock>,
  least: number = splitBytes,
): AsyncGenerator<readonly AvroBlock[]> {
  let split: AvroBlock[] = []
  let bytes = 0
  try {
    for await (const block of blocks) {
      split.push(block)
      bytes += block.size
      if (bytes < least && split.length < splitBlocks) continue
      yield split
      split = []
      bytes = 0
    }
  } catch (error) {
    if (split.length > 0) yield split
    throw error
  }
  if (split.length > 0) yield split
}
