import { engineInThread } from './connect/engine-in-thread.ts'
import { checkOptions, engineOptions, refuseTarget } from './connect/options.ts'
import type { ConnectOptions } from './connect/options.ts'
import { storageCalls } from './connect/storage-options.ts'
import { Session } from './connect/session.ts'
import type { Engine } from './engine/engine.ts'
import { spawnWorker } from './rpc/spawn.ts'
import { supervisedEngine } from './rpc/supervised-engine.ts'

/**
 * Opens a session: DuckDB in a worker of its own, a module worker in browsers, a thread in Node. An idle session does not keep a
 * process alive.
 *
 * @throws LakefrontError `WORKER_LOST` when the worker's script cannot be loaded, `NOT_FOUND` or `NETWORK` when the engine file
 * cannot, `INVALID_ARGUMENT` for an option that is wrong, `UNSUPPORTED` for a connection string.
 */
export async function connect(options: ConnectOptions = {}): Promise<Session> {
  if (typeof options === 'string') refuseTarget(options)
  checkOptions(options)
  options.signal?.throwIfAborted()
  const engine = await open(options)
  return new Session(engine, options.onProgress === undefined ? {} : { onProgress: options.onProgress })
}

async function open(options: ConnectOptions): Promise<Engine> {
  const { worker = true, workerUrl, stopWithin, signal } = options
  const engine = engineOptions(options, globalThis.document?.baseURI ?? globalThis.location?.href)
  const calls = storageCalls(options.storage)
  if (worker) {
    return supervisedEngine(() => spawnWorker(workerUrl), {
      engine,
      calls,
      ...(stopWithin === undefined ? {} : { stopWithin }),
      ...(signal === undefined ? {} : { signal }),
    })
  }
  const opened = await engineInThread(workerUrl, engine, calls)
  if (signal?.aborted !== true) return opened
  await opened.close()
  throw signal.reason
}
