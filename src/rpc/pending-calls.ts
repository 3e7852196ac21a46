import { LakefrontError } from '../errors.ts'

/**
 * Every call that waits for a worker. Comlink forgets its callers when a worker dies; this does not: {@link end} rejects
 * all of them, and everything that is called later.
 */
export class PendingCalls {
  readonly #rejects = new Set<(error: unknown) => void>()
  readonly #onBusy: (busy: boolean) => void
  #ended: Error | undefined

  /** `onBusy` hears when the first call starts to wait and when the last one stops. */
  constructor(onBusy: (busy: boolean) => void) {
    this.#onBusy = onBusy
  }

  /** What every call is rejected with from now on; undefined while calls can be made. */
  get ended(): Error | undefined {
    return this.#ended
  }

  /** Starts a call. The result settles with it, when the calls are ended, or with the signal's reason when it is aborted. */
  run<T>(start: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise<T>((resolve, reject) => {
      const settle = (): boolean => {
        if (!this.#rejects.delete(fail)) return false
        signal?.removeEventListener('abort', onAbort)
        if (this.#rejects.size === 0) this.#onBusy(false)
        return true
      }
      const fail = (error: unknown): void => {
        if (settle()) reject(error)
      }
      const onAbort = (): void => fail(signal!.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#rejects.add(fail)
      if (this.#rejects.size === 1) this.#onBusy(true)
      start().then(
        (value) => settle() && resolve(value),
        (error: unknown) => fail(sendable(error)),
      )
    })
  }

  end(error: Error): void {
    this.#ended ??= error
    for (const reject of this.#rejects) reject(error)
  }
}

function sendable(error: unknown): unknown {
  if (!(error instanceof DOMException) || error.name !== 'DataCloneError') return error
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `A value cannot be sent to the engine's worker: ${error.message} Pass plain data, bytes or blobs.`,
    { cause: error },
  )
}
