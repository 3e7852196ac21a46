import { defaultBatchBytes } from '../format/batch-size.ts'

/** What a session holds, in bytes. */
export interface MemoryUse {
  /** `memoryLimit` of the session. */
  readonly limit: number
  /** DuckDB's heap as large as it has grown; it never shrinks. */
  readonly engine: number
  /** Decoded columns, kept or being read. */
  readonly columns: number
  /** The memories of the Parquet decoders, as large as they have grown. */
  readonly decoders: number
  /** What is being fetched and decoded, as far as it is known before, and rows of Avro, CSV and JSON until the engine has taken them. */
  readonly inFlight: number
  /** Parts of files on other computers, as they were fetched. */
  readonly ranges: number
  /** Files in `memory:`. */
  readonly stored: number
  /** Rows that wait to be written. */
  readonly writing: number
  /** Parts of files that are being stored, until the store has them. */
  readonly uploads: number
  /** Set aside for buffers that were let go and that platforms collect late: 64 MB for each thread, an eighth of the limit at most. */
  readonly slack: number
  /** The most that all of it was at once since the session began, as far as was looked. */
  readonly most: number
}

/** Bytes of buffers that V8 lets a thread make before it looks which of them are garbage. */
const lateBytes = 64_000_000

const leastBatchBytes = 1_000_000

/** Who holds memory and can tell how much. */
export type MemoryHolder = Exclude<keyof MemoryUse, 'limit' | 'inFlight' | 'most'>

/** What DuckDB may take of the limit. */
export const engineShare: number = 3 / 4

/** What rows may wait in to be written: encoding them takes as much again. */
const writingShare = 1 / 4

/** What parts of uploads may take. */
const uploadShare = 1 / 4

/** What decoded columns may be kept in, of all that is not DuckDB's: the rest is for what is in flight. */
const keptShare = 3 / 4

/**
 * One limit for all that a session holds. DuckDB may take three quarters of it (its `memory_limit`). Everything else has what DuckDB's
 * heap has not grown into, at least a quarter; of that, up to three quarters may be columns kept for later, and the rest is for
 * what is being fetched, decoded and read.
 */
export class MemoryBudget {
  readonly limit: number
  readonly #meters = new Map<MemoryHolder, () => number>()
  #inFlight = 0
  #most = 0

  constructor(limitBytes: number) {
    this.limit = limitBytes
  }

  get use(): MemoryUse {
    const use = this.#look()
    return { limit: this.limit, ...use, most: this.#most }
  }

  #look(): Omit<MemoryUse, 'limit' | 'most'> {
    const held = (holder: MemoryHolder): number => this.#meters.get(holder)?.() ?? 0
    const use = {
      engine: held('engine'),
      columns: held('columns'),
      decoders: held('decoders'),
      inFlight: this.#inFlight,
      ranges: held('ranges'),
      stored: held('stored'),
      writing: held('writing'),
      uploads: held('uploads'),
      slack: held('slack'),
    }
    this.#most = Math.max(this.#most, sumOf(use))
    return use
  }

  /** What everything but DuckDB may take now. */
  get outside(): number {
    return Math.max(this.limit * (1 - engineShare), this.limit - this.use.engine)
  }

  /** What columns may be kept for later now. */
  get keepable(): number {
    const { columns: _, ...others } = this.use
    return Math.max(0, Math.min(this.outside * keptShare, this.outside - heldOutside(others)))
  }

  /** What nobody holds; negative when more is held than should be. */
  get free(): number {
    return this.outside - heldOutside(this.use)
  }

  /** What rows that wait to be written may take now. */
  get writable(): number {
    return this.outside * writingShare
  }

  /** What parts of uploads may take now. */
  get uploadable(): number {
    return this.outside * uploadShare
  }

  /** Of how much of a file that is read from front to back a batch is to be made. */
  get batchBytes(): number {
    return Math.min(defaultBatchBytes, Math.max(leastBatchBytes, this.limit / 16))
  }

  /** What to set aside for a thread. */
  get slackOfThread(): number {
    return Math.min(lateBytes, this.limit / 8)
  }

  /** Asks `meter` from now on how much `holder` holds. */
  watch(holder: MemoryHolder, meter: () => number): void {
    this.#meters.set(holder, meter)
  }

  /** Books `bytes` that are about to be taken, until the function it answers is called. */
  reserve(bytes: number): () => void {
    this.#inFlight += bytes
    this.#look()
    let isReserved = true
    return () => {
      if (isReserved) this.#inFlight -= bytes
      isReserved = false
    }
  }
}

/** What all but DuckDB hold, of those that `use` names. */
function heldOutside({ limit: _limit, engine: _engine, most: _most, ...others }: Partial<MemoryUse>): number {
  return sumOf(others)
}

function sumOf(held: Readonly<Record<string, number>>): number {
  return Object.values(held).reduce((sum, bytes) => sum + bytes, 0)
}
