import type { SplitPlace } from '../format/avro/read-avro.ts'
import { heldBytes } from '../types/held-bytes.ts'
import type { DecodePool } from './decode-pool.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** What a split takes while it is decoded, as far as it is known before. */
const bytesOfSplit = 20_000_000

/** Splits are decoded in `pool`, as many ahead as there are threads and memory for; their rows are counted until they are taken. */
export function splitPlace(pool: DecodePool, memory: MemoryBudget): SplitPlace {
  return {
    get room() {
      // What was decoded before is taken as batches, two of which wait beside those of splits.
      return memory.free > bytesOfSplit + 2 * memory.batchBytes ? pool.size + 1 : 0
    },
    async decode(split, options) {
      const release = memory.reserve(bytesOfSplit)
      try {
        return await pool.decodeSplit(split, options)
      } finally {
        release()
      }
    },
    hold: ({ columns }) => memory.reserve(heldBytes(columns)),
    lend: (until) => pool.lend(until),
  }
}
