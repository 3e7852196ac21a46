/** Rows that wait in memory to be encoded, of all files that are being written in a session: how much they take, and may take. */
export class RowsWaiting {
  readonly #most: () => number
  #bytes = 0
  #writers = 0

  /** @param most Tells the bytes that may wait now; asked for often. */
  constructor(most: () => number) {
    this.#most = most
  }

  get bytes(): number {
    return this.#bytes
  }

  get most(): number {
    return this.#most()
  }

  /** Whether a writer in which `own` bytes wait has to encode them: there is too much, and it has its part of it. */
  isTooMuch(own: number): boolean {
    return this.#bytes > this.most && own * Math.max(1, this.#writers) >= this.most
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  remove(bytes: number): void {
    this.#bytes -= bytes
  }

  /** Counts a writer until the function it answers is called. */
  enter(): () => void {
    this.#writers++
    let isIn = true
    return () => {
      if (isIn) this.#writers--
      isIn = false
    }
  }
}
