/** Requests that may be on the way to one server at a time; browsers allow no more over HTTP/1.1. */
const parallelRequests = 6

/** Before anything was measured, and the least and the most that is believed: a measurement can be far off. */
const gapBytes = { unknown: 1024 * 1024, least: 64 * 1024, most: 8 * 1024 * 1024 }

/** Bodies shorter than this arrive with their headers and tell nothing about the bandwidth. */
const measurableBytes = 64 * 1024

/** How much a new measurement counts beside all former ones. */
const weight = 0.3

/** The way to one server: how many requests are on it, and what one more of them costs. */
export class Link {
  #active = 0
  readonly #queue: (() => void)[] = []
  #roundTrip: number | undefined
  #bytesPerMillisecond: number | undefined

  /** Bytes that take as long as another round trip, as measured so far. */
  get gapBytes(): number {
    if (this.#roundTrip === undefined || this.#bytesPerMillisecond === undefined) return gapBytes.unknown
    const bytes = Math.round(this.#roundTrip * this.#bytesPerMillisecond)
    return Math.min(gapBytes.most, Math.max(gapBytes.least, bytes))
  }

  /** Waits for a place, in the order asked; the function it resolves to gives the place back, once. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#active >= parallelRequests) await this.#wait(signal)
    else this.#active++
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      const next = this.#queue.shift()
      if (next === undefined) this.#active--
      else next()
    }
  }

  /** An answer began `milliseconds` after it was asked for. */
  sawAnswer(milliseconds: number): void {
    this.#roundTrip = mean(this.#roundTrip, milliseconds)
  }

  /** A body of `bytes` bytes took `milliseconds` after its headers. */
  sawBody(bytes: number, milliseconds: number): void {
    if (bytes < measurableBytes) return
    this.#bytesPerMillisecond = mean(this.#bytesPerMillisecond, bytes / Math.max(milliseconds, 0.1))
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(take), 1)
        reject(signal!.reason)
      }
      this.#queue.push(take)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}

function mean(before: number | undefined, now: number): number {
  return before === undefined ? now : before + weight * (now - before)
}
