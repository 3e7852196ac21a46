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

/** Resolves after the messages that are waiting were handled. Timers would be clamped to 4 ms; a message port is not. */
export function messageYield(): { yieldToEvents: () => Promise<void>; close: () => void } {
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => {
    waiting.shift()?.()
    if (waiting.length === 0) (port1 as { unref?: () => void }).unref?.()
  }
  ;(port1 as { unref?: () => void }).unref?.()
  return {
    yieldToEvents: () =>
      new Promise((resolve) => {
        ;(port1 as { ref?: () => void }).ref?.()
        waiting.push(resolve)
        port2.postMessage(0)
      }),
    close: () => {
      port1.close()
      port2.close()
    },
  }
}
