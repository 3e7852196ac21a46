/** A binary heap: things come out by their value, the least first. */
export class LeastFirst<T> {
  readonly #items: { readonly item: T; readonly value: number }[] = []

  get size(): number {
    return this.#items.length
  }

  add(item: T, value: number): void {
    const items = this.#items
    let at = items.length
    const added = { item, value }
    for (let above = (at - 1) >> 1; at > 0 && items[above]!.value > value; above = (at - 1) >> 1) {
      items[at] = items[above]!
      at = above
    }
    items[at] = added
  }

  take(): { readonly item: T; readonly value: number } | undefined {
    const items = this.#items
    const least = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return least
    let at = 0
    for (let below = 1; below < items.length; below = at * 2 + 1) {
      if (below + 1 < items.length && items[below + 1]!.value < items[below]!.value) below++
      if (items[below]!.value >= last.value) break
      items[at] = items[below]!
      at = below
    }
    items[at] = last
    return least
  }
}
