import { orAborted } from '../../storage/or-aborted.ts'

/** Lets some in at a time; the others wait, one after the other. */
export class Turns {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(most: number) {
    this.#free = most
  }

  async take(stop: AbortSignal): Promise<void> {
    while (this.#free === 0) {
      let enter = (): void => {}
      const turn = new Promise<void>((resolve) => {
        enter = resolve
      })
      this.#waiting.add(enter)
      await orAborted(turn, stop).catch((error: unknown) => {
        this.#waiting.delete(enter)
        this.#next()
        throw error
      })
    }
    this.#free--
  }

  give(): void {
    this.#free++
    this.#next()
  }

  #next(): void {
    const [first] = this.#waiting
    if (first === undefined || this.#free === 0) return
    this.#waiting.delete(first)
    first()
  }
}
