/** Work that goes on beside its caller, so many at a time. The first that fails is told at the next call. */
export class Flights {
  readonly #most: number
  readonly #flying = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(most: number) {
    this.#most = most
  }

  /** Starts `work` once there is a place, among fewer where that is said. */
  async start(work: () => Promise<void>, most: number = this.#most): Promise<void> {
    while (this.#flying.size >= most) await Promise.race(this.#flying)
    this.#check()
    const flight = work()
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#flying.delete(flight))
    this.#flying.add(flight)
  }

  /** Waits for all. */
  async landed(): Promise<void> {
    await this.settled()
    this.#check()
  }

  /** Waits for all, whatever becomes of them. */
  async settled(): Promise<void> {
    await Promise.all(this.#flying)
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
