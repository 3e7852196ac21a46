import type { Worker } from 'node:worker_threads'
import type { WorkerHandle } from './worker-handle.ts'

type Listener = (event: MessageEvent) => void

/** A {@link WorkerHandle} around a thread of `node:worker_threads`. An idle one does not keep the process alive. */
export function nodeWorker(worker: Worker, label: string): WorkerHandle {
  const listeners = new Map<unknown, (data: unknown) => void>()
  worker.unref()
  return {
    label,
    endpoint: {
      postMessage: (message: unknown, transfer: Transferable[] = []) =>
        worker.postMessage(message, transfer as readonly ArrayBuffer[]),
      addEventListener(type, listener) {
        const call: Listener = typeof listener === 'function' ? listener : (event) => listener.handleEvent(event)
        const onMessage = (data: unknown): void => call({ data } as MessageEvent)
        listeners.set(listener, onMessage)
        worker.on(type, onMessage)
      },
      removeEventListener(type, listener) {
        const onMessage = listeners.get(listener)
        if (onMessage !== undefined) worker.off(type, onMessage)
        listeners.delete(listener)
      },
    },
    onFailure(listener) {
      worker.on('error', (cause) => listener({ kind: 'error', cause }))
      worker.on('exit', (exitCode) => listener({ kind: 'exit', exitCode }))
      worker.on('messageerror', (cause) => listener({ kind: 'message', cause }))
    },
    terminate: () => void worker.terminate(),
    keepAlive: (needed) => (needed ? worker.ref() : worker.unref()),
  }
}
