import type { ColumnBatch } from '../types/column-data.ts'
import { heldBytes } from '../types/held-bytes.ts'
import type { RowsWaiting } from '../format/parquet/rows-waiting.ts'
import type { Partition } from './partition-rows.ts'

/** Rows that wait for a file. */
interface Held {
  readonly parts: ColumnBatch[]
  bytes: number
}

/** Rows of partitions that have no file open, until there are enough of them for one. */
export class HeldRows {
  readonly #held = new Map<Partition, Held>()
  readonly #waiting: RowsWaiting
  #bytes = 0

  /** @param waiting Where they are counted with other rows that wait. */
  constructor(waiting: RowsWaiting) {
    this.#waiting = waiting
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes
  }

  get partitions(): Iterable<Partition> {
    return this.#held.keys()
  }

  add(partition: Partition, rows: ColumnBatch): void {
    const held = this.#held.get(partition) ?? { parts: [], bytes: 0 }
    const bytes = heldBytes(rows.columns)
    this.#held.set(partition, held)
    held.parts.push(rows)
    held.bytes += bytes
    this.#bytes += bytes
    this.#waiting.add(bytes)
  }

  /** The partition that holds most. */
  largest(): Partition | undefined {
    let found: Partition | undefined
    let most = -1
    for (const [partition, { bytes }] of this.#held) {
      if (bytes <= most) continue
      found = partition
      most = bytes
    }
    return found
  }

  /** The rows of a partition in their order; they are not held any more. */
  take(partition: Partition): readonly ColumnBatch[] {
    const held = this.#held.get(partition)
    if (held === undefined) return []
    this.#held.delete(partition)
    this.#bytes -= held.bytes
    this.#waiting.remove(held.bytes)
    return held.parts
  }

  /** Lets go of all. */
  clear(): void {
    this.#held.clear()
    this.#waiting.remove(this.#bytes)
    this.#bytes = 0
  }
}
