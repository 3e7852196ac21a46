import { LakefrontError } from '../errors.ts'
import { browserWorker } from './browser-worker.ts'
import { nodeWorker } from './node-worker.ts'
import type { WorkerHandle } from './worker-handle.ts'

/**
 * Starts the engine's worker: a thread where there are the modules of Node (Node, Deno, Bun), as threads read files from disk, else
 * a module worker. Without `url` it is the one of this package; the addresses are relative to the built package's root. The one of
 * the module worker is written so that bundlers see it; what no browser needs is not.
 */
export function spawnWorker(url?: string | URL): WorkerHandle {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
  if (threads !== undefined) {
    const script = nodeScript(url)
    return guard(script, (label) =>
      nodeWorker(
        new threads.Worker(script, { name: 'lakefront', workerData: 'lakefront.engine', execArgv: [] }),
        label,
      ),
    )
  }
  if (typeof Worker !== 'function') {
    throw new LakefrontError(
      'UNSUPPORTED',
      'This platform has neither web workers nor the worker threads of Node to run the engine in.',
    )
  }
  if (url !== undefined) return guard(url, (label) => browserWorker(new Worker(url, moduleWorker), label))
  // The address stands here once and literally: a bundler ships a second copy of the file for every other mention.
  return guard('worker/engine.js', (label) =>
    browserWorker(
      new Worker(new URL('./worker/engine.js', import.meta.url), { type: 'module', name: 'lakefront' }),
      label,
    ),
  )
}

const moduleWorker: WorkerOptions = { type: 'module', name: 'lakefront' }

/** The script of a thread: `url`, or the one of this package. */
export function nodeScript(url?: string | URL): URL {
  const ours = './worker/engine-node.js'
  return new URL(url ?? ours, import.meta.url)
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
