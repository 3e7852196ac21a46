import { LakefrontError } from '../errors.ts'
import { browserWorker } from './browser-worker.ts'
import { nodeWorker } from './node-worker.ts'
import type { WorkerHandle } from './worker-handle.ts'

/**
 * Starts the engine's worker: a module worker where the platform has them, else a thread of Node. Without `url` it is the one
 * of this package; the addresses are relative to the built package's root, and written so that bundlers see them.
 */
export function spawnWorker(url?: string | URL): WorkerHandle {
  if (typeof Worker === 'function') {
    return guard(url ?? new URL('./worker/engine.js', import.meta.url), (label) =>
      browserWorker(
        url === undefined
          ? new Worker(new URL('./worker/engine.js', import.meta.url), { type: 'module', name: 'lakefront' })
          : new Worker(url, { type: 'module', name: 'lakefront' }),
        label,
      ),
    )
  }
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
  if (threads === undefined) {
    throw new LakefrontError(
      'UNSUPPORTED',
      'This platform has neither web workers nor the worker threads of Node. Run the engine in this thread: connect({ worker: false }).',
    )
  }
  const script = new URL(url ?? new URL('./worker/engine-node.js', import.meta.url), import.meta.url)
  return guard(script, (label) => nodeWorker(new threads.Worker(script, { name: 'lakefront', execArgv: [] }), label))
}

function guard(url: string | URL, start: (label: string) => WorkerHandle): WorkerHandle {
  const label = withoutSecrets(String(url))
  try {
    return start(label)
  } catch (error) {
    const cause = new Error(withoutSecrets(error instanceof Error ? error.message : String(error)))
    throw new LakefrontError(
      'WORKER_LOST',
      `The worker script "${label}" could not be started. Workers have to come from the page’s own origin, and the ` +
        'Content-Security-Policy has to allow them (worker-src): serve the file there and give its address, connect({ workerUrl }).',
      { cause, details: { worker: label, loaded: false } },
    )
  }
}

/** Takes query strings, fragments and credentials out of the URLs in `text`. */
function withoutSecrets(text: string): string {
  return text.replace(/[?#][^\s'"]*/g, '').replace(/:\/\/[^/\s'"]*@/g, '://')
}
