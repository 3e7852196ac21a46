import type { WorkerHandle } from './worker-handle.ts'

/** A {@link WorkerHandle} around a dedicated worker of a browser, Deno or Bun. */
export function browserWorker(worker: Worker, label: string): WorkerHandle {
  const hasLocks = typeof navigator === 'object' && typeof navigator.locks === 'object'
  return {
    label,
    endpoint: worker,
    ...(hasLocks ? { lifeline: `lakefront.worker.${crypto.randomUUID()}` } : {}),
    onFailure(listener) {
      worker.addEventListener('error', (event) => {
        event.preventDefault()
        const cause: unknown = event.error ?? (event.message ? new Error(event.message) : undefined)
        listener({ kind: 'error', ...(cause === undefined ? {} : { cause }) })
      })
      worker.addEventListener('messageerror', () => listener({ kind: 'message' }))
    },
    terminate: () => worker.terminate(),
    keepAlive() {},
  }
}
