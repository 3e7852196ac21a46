/**
 * Holds the lock `name` for as long as this worker lives. Resolves to whether it is held: false where there are no locks or
 * the origin may not use them.
 */
export function holdLifeline(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    if (typeof navigator !== 'object' || typeof navigator.locks !== 'object') return resolve(false)
    const never = new Promise<never>(() => {})
    navigator.locks
      .request(name, () => {
        resolve(true)
        return never
      })
      .catch(() => resolve(false))
  })
}

/** Calls `onEnd` when the holder of the lock `name` is gone, unless `signal` came first. */
export function watchLifeline(name: string, onEnd: () => void, signal: AbortSignal): void {
  navigator.locks
    .request(name, { signal }, () => {
      if (!signal.aborted) onEnd()
    })
    .catch(() => {})
}
