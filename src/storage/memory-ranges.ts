import type { ByteRange } from './coalesce.ts'
import type { HeldRange, HeldRanges } from './range-store.ts'
import { Segments } from './segments.ts'

interface Piece extends ByteRange {
  readonly key: string
  readonly bytes: Uint8Array
}

/** What a piece costs beside its bytes. */
const overhead = 200

/** Parts of objects in memory, the least recently used given up first when they exceed a budget of bytes. */
export class MemoryRanges {
  readonly #budget: number
  readonly #objects = new Map<string, Segments<Piece>>()
  readonly #recent = new Set<Piece>()
  #bytes = 0

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes
  }

  /** Bytes held now, with what it costs to hold them; never more than the budget. */
  get bytes(): number {
    return this.#bytes
  }

  read(key: string, start: number, end: number): HeldRanges {
    const { found, gaps } = this.#objects.get(key)?.find(start, end) ?? { found: [], gaps: [{ start, end }] }
    for (const piece of found) {
      this.#recent.delete(piece)
      this.#recent.add(piece)
    }
    return { parts: found.map((piece) => within(piece, start, end)), gaps }
  }

  /** Keeps a copy of what is not there yet; nothing of what would push out much of the rest. */
  write(key: string, start: number, bytes: Uint8Array): void {
    if (bytes.length > this.#budget / 8) return
    const end = start + bytes.length
    for (const gap of this.#objects.get(key)?.find(start, end).gaps ?? [{ start, end }]) {
      this.#keep({ ...gap, key, bytes: bytes.slice(gap.start - start, gap.end - start) })
    }
  }

  /** How many bytes before `end` are held without a gap. */
  heldBefore(key: string, end: number): number {
    return this.#objects.get(key)?.heldBefore(end) ?? 0
  }

  drop(key: string): void {
    const pieces = this.#objects.get(key)?.find(0, Infinity).found ?? []
    for (const piece of pieces) this.#remove(piece)
  }

  #keep(piece: Piece): void {
    const cost = piece.bytes.length + overhead
    for (const oldest of this.#recent) {
      if (this.#bytes + cost <= this.#budget) break
      this.#remove(oldest)
    }
    const segments = this.#objects.get(piece.key) ?? new Segments<Piece>()
    segments.insert(piece)
    this.#objects.set(piece.key, segments)
    this.#recent.add(piece)
    this.#bytes += cost
  }

  #remove(piece: Piece): void {
    const segments = this.#objects.get(piece.key)
    segments?.remove(piece)
    if (segments?.size === 0) this.#objects.delete(piece.key)
    this.#recent.delete(piece)
    this.#bytes -= piece.bytes.length + overhead
  }
}

/** The part of a piece that lies in `start` to `end`; a view. */
function within(piece: Piece, start: number, end: number): HeldRange {
  const from = Math.max(start, piece.start)
  return { start: from, bytes: piece.bytes.subarray(from - piece.start, Math.min(end, piece.end) - piece.start) }
}
