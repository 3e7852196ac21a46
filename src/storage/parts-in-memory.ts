/** Bytes of a part of an upload, and the least that stores take. */
const usualPart = 8 * 1024 * 1024
const leastPart = 5 * 1024 * 1024

/** Where there is room for fewer parts of the usual size, they are small. */
const fewParts = 8

/** Parts of files that are being stored, of all uploads of a session: how much they take, and may take. */
export class PartsInMemory {
  readonly #most: () => number
  #bytes = 0

  /** @param most Tells the bytes that they may take now; asked for often. */
  constructor(most: () => number = () => Infinity) {
    this.#most = most
  }

  get bytes(): number {
    return this.#bytes
  }

  get isTooMuch(): boolean {
    return this.#bytes > this.#most()
  }

  /** How large parts should be, unless somebody said it. */
  get partBytes(): number {
    return this.#most() < fewParts * usualPart ? leastPart : usualPart
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }
}
