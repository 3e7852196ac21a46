import { isLakefrontError } from '../errors.ts'
import { networkFailed } from './http-errors.ts'

export interface RetryOptions {
  /** Tries in all. Default 4. */
  readonly attempts?: number
  /** Longest wait before the second try; doubled for each further one, and random below that. Default 250. */
  readonly baseMilliseconds?: number
  /** Longest wait in any case, also when a server's Retry-After asks for more. Default 20,000. */
  readonly maximumMilliseconds?: number
}

/** One try: its signal ends it, and each call of `alive` puts off its end by silence. */
export interface Attempt {
  readonly signal: AbortSignal
  alive(): void
}

interface AttemptOptions {
  readonly label: string
  readonly stallMilliseconds: number
  readonly signal?: AbortSignal
}

/**
 * Runs `run` until it succeeds, fails for good, or tries are used up. Errors whose details say `transient` are tried again
 * after a random wait ("full jitter"). Each try waits for `enter` first and calls what that gave when it is over, twice is fine. An abort rejects with the signal's reason, at once.
 */
export async function retrying<T>(
  run: (attempt: Attempt) => Promise<T>,
  options: RetryOptions & AttemptOptions & { readonly enter?: (signal?: AbortSignal) => Promise<() => void> },
): Promise<T> {
  const { attempts = 4, baseMilliseconds = 250, maximumMilliseconds = 20_000 } = options
  for (let tries = 1; ; tries++) {
    const leave = await options.enter?.(options.signal)
    try {
      return await once(run, options)
    } catch (error) {
      leave?.()
      options.signal?.throwIfAborted()
      if (tries >= attempts || !isTransient(error)) throw error
      const wait = retryAfter(error) ?? Math.random() * baseMilliseconds * 2 ** (tries - 1)
      await pause(Math.min(wait, maximumMilliseconds), options.signal)
    } finally {
      leave?.()
    }
  }
}

async function once<T>(run: (attempt: Attempt) => Promise<T>, options: AttemptOptions): Promise<T> {
  options.signal?.throwIfAborted()
  const controller = new AbortController()
  const abort = (): void => controller.abort(options.signal?.reason)
  const stall = (): void =>
    controller.abort(networkFailed(options.label, `sent nothing for ${options.stallMilliseconds / 1000} seconds`))
  let timer = setTimeout(stall, options.stallMilliseconds)
  options.signal?.addEventListener('abort', abort, { once: true })
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(stall, options.stallMilliseconds)
  }
  try {
    return await run({ signal: controller.signal, alive })
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', abort)
  }
}

function isTransient(error: unknown): boolean {
  return isLakefrontError(error) && error.details['transient'] === true
}

function retryAfter(error: unknown): number | undefined {
  const wait = isLakefrontError(error) ? error.details['retryAfterMilliseconds'] : undefined
  return typeof wait === 'number' ? wait : undefined
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, milliseconds)
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}
