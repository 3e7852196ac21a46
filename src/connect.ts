import { engineInThread } from './connect/engine-in-thread.ts'
import { connectTarget } from './connect/connect-target.ts'
import { checkOptions, checkTargetOptions, engineOptions } from './connect/options.ts'
import type { ConnectOptions, TargetOptions } from './connect/options.ts'
import { storageCalls, storageOptions } from './connect/storage-options.ts'
import type { FileOptions } from './connect/storage-options.ts'
import { Session } from './connect/session.ts'
import type { Engine } from './engine/engine.ts'
import { LakefrontError } from './errors.ts'
import { spawnWorker } from './rpc/spawn.ts'
import { supervisedEngine } from './rpc/supervised-engine.ts'

/**
 * Opens a session: DuckDB in a worker of its own, a module worker in browsers, a thread in Node. An idle session does not keep a
 * process alive.
 *
 * @throws LakefrontError `WORKER_LOST` when the worker's script cannot be loaded, `NOT_FOUND` or `NETWORK` when the engine file
 * cannot, `INVALID_ARGUMENT` for an option that is wrong, `UNSUPPORTED` for a connection string.
 */
export async function connect(target: string, options?: TargetOptions): Promise<Session>
export async function connect(options?: ConnectOptions): Promise<Session>
export async function connect(
  target: string | ConnectOptions = {},
  targetOptions: TargetOptions = {},
): Promise<Session> {
  const isTarget = typeof target === 'string'
  const options = isTarget ? targetOptions : target
  if (isTarget) checkTargetOptions(targetOptions)
  else checkOptions(target)
  options.signal?.throwIfAborted()
  const engine = isTarget ? await openTarget(target, targetOptions) : await open(target)
  if (options.signal?.aborted === true) {
    await engine.close()
    throw options.signal.reason
  }
  const session = new Session(engine, options.onProgress === undefined ? {} : { onProgress: options.onProgress })
  if (isTarget || target.lake === undefined) return session
  try {
    await session.openLake(target.lake, {
      create: true,
      ...(target.signal === undefined ? {} : { signal: target.signal }),
    })
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

async function openTarget(target: string, { connections, storage }: TargetOptions): Promise<Engine> {
  return writing(await connectTarget(target, connections), storage)
}

/** An engine that has no files of its own writes them here. */
async function writing(engine: Engine, storage: FileOptions | undefined): Promise<Engine> {
  const { writingHere } = await import('./connect/writing-here.ts')
  return writingHere(engine, storageOptions(storage === undefined ? {} : { storage }), storageCalls(storage))
}

async function open(options: ConnectOptions): Promise<Engine> {
  const { worker = true, workerUrl, stopWithin, signal } = options
  const engine = engineOptions(options, globalThis.document?.baseURI ?? globalThis.location?.href)
  if (options.engine === 'duckdb-native') {
    const { DuckdbNativeEngine } = await import('./engine/duckdb-native/duckdb-native-engine.ts')
    return writing(await DuckdbNativeEngine.open(engine), options.storage)
  }
  const { r2, ...calls } = storageCalls(options.storage)
  if (worker) {
    if (r2 !== undefined)
      throw new LakefrontError(
        'UNSUPPORTED',
        'storage.r2: bindings cannot be sent to a worker. Run the engine in this thread: connect({ worker: false, … }).',
      )
    return supervisedEngine(() => spawnWorker(workerUrl), {
      engine,
      calls,
      ...(stopWithin === undefined ? {} : { stopWithin }),
      ...(signal === undefined ? {} : { signal }),
    })
  }
  return engineInThread(workerUrl, engine, r2 === undefined ? calls : { ...calls, r2 })
}
