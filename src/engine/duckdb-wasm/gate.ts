/** Lets one caller in at a time, in order of arrival. */
export class Gate {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` when all before it have settled. */
  enter<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }
}
