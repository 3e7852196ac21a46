import type { ByteRange } from './coalesce.ts'

/** Pieces of one object in order, none over another. */
export class Segments<T extends ByteRange> {
  readonly #items: T[] = []

  /** The pieces that hold a part of `start` to `end`, in order, and what none of them holds. */
  find(start: number, end: number): { readonly found: readonly T[]; readonly gaps: readonly ByteRange[] } {
    const found: T[] = []
    const gaps: ByteRange[] = []
    let reached = start
    for (let index = this.#after(start); index < this.#items.length; index++) {
      const item = this.#items[index]!
      if (item.start >= end) break
      if (item.start > reached) gaps.push({ start: reached, end: item.start })
      found.push(item)
      reached = item.end
    }
    if (reached < end) gaps.push({ start: reached, end })
    return { found, gaps }
  }

  /** Puts in a piece that overlaps none; an empty one is not kept. */
  insert(item: T): void {
    if (item.start < item.end) this.#items.splice(this.#after(item.start), 0, item)
  }

  remove(item: T): void {
    const index = this.#after(item.start)
    if (this.#items[index] === item) this.#items.splice(index, 1)
  }

  /** How many bytes before `end` are held without a gap. */
  heldBefore(end: number): number {
    let reached = end
    for (let index = this.#items.length - 1; index >= 0; index--) {
      const item = this.#items[index]!
      if (item.start >= reached) continue
      if (item.end < reached) break
      reached = item.start
    }
    return end - reached
  }

  get size(): number {
    return this.#items.length
  }

  /** Index of the first piece that ends after `position`. */
  #after(position: number): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#items[middle]!.end <= position) low = middle + 1
      else high = middle
    }
    return low
  }
}
