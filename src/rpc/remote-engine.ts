import type { Engine, EngineInfo, EngineOptions, ExecuteOptions, ResultStream, Statement } from '../engine/engine.ts'
import type { FunctionDefinition } from '../engine/function-definition.ts'
import { isLakefrontError } from '../errors.ts'
import type { CallLake, LakeCalls } from '../lake/lake-calls.ts'
import type { Source } from '../scan/source.ts'
import type { Schema } from '../types/logical-type.ts'
import type { WriteResult, WriteTask } from '../write/write-task.ts'
import type { CallOptions } from './engine-service.ts'
import { RemoteStream } from './remote-stream.ts'
import { WorkerConnection } from './worker-connection.ts'
import type { ConnectionOptions } from './worker-connection.ts'
import type { WorkerHandle } from './worker-handle.ts'

export interface RemoteEngineOptions extends ConnectionOptions {
  readonly engine?: EngineOptions
  /** Gives up opening, and ends the worker. */
  readonly signal?: AbortSignal
}

/** An engine in a worker. */
export interface RemoteEngine extends Engine {
  /** Resolves when no aborted statement is still being stopped. A call made earlier may be lost with a worker that has to be ended. */
  quiet(): Promise<void>
}

/**
 * Opens the engine that `worker` serves (`serveEngine`). It is used like an engine in this thread, with these differences:
 * an aborted call rejects at once, while the worker still stops the statement, but for those that write; every call rejects with `WORKER_LOST` once
 * the worker is gone. When opening fails, the worker is ended.
 */
export async function remoteEngine(worker: WorkerHandle, options: RemoteEngineOptions = {}): Promise<RemoteEngine> {
  const connection = new WorkerConnection(worker, options)
  try {
    options.signal?.throwIfAborted()
    await connection.load(options.signal)
    const info = await connection.call((service) => service.open(options.engine ?? {}), options.signal)
    return new WorkerEngine(connection, info)
  } catch (error) {
    connection.abandon()
    throw error
  }
}

class WorkerEngine implements RemoteEngine {
  readonly info: EngineInfo
  readonly #connection: WorkerConnection
  #closing: Promise<void> | undefined

  constructor(connection: WorkerConnection, info: EngineInfo) {
    this.#connection = connection
    this.info = info
  }

  register(source: Source): Promise<void> {
    return this.#connection.call((service) => service.register(compact(source)))
  }

  unregister(id: string): Promise<void> {
    return this.#connection.call((service) => service.unregister(id))
  }

  registerFunction(definition: FunctionDefinition): Promise<void> {
    return this.#connection.call((service) => service.registerFunction(definition))
  }

  unregisterFunction(name: string): Promise<void> {
    return this.#connection.call((service) => service.unregisterFunction(name))
  }

  async describe(statement: Statement, options: ExecuteOptions = {}): Promise<Schema> {
    const { id, answer } = await this.#start(options, (call) =>
      this.#connection.call((service) => service.describe(call, statement), options.signal),
    )
    this.#connection.forget(id)
    return answer
  }

  /** An aborted call rejects when it is known what became of it: a commit that was under way may have come in, and is told then. */
  readonly lake: CallLake = async (name, argument, options = {}) => {
    const answer = await this.#toItsEnd(options, (call) =>
      this.#connection.call((service) => service.lake(call, name, argument)),
    )
    return answer as LakeCalls[typeof name]['answer']
  }

  async execute(statement: Statement, options: ExecuteOptions = {}): Promise<ResultStream> {
    const { id, answer } = await this.#start(options, (call) =>
      this.#connection.call((service) => service.execute(call, statement), options.signal),
    )
    return new RemoteStream(this.#connection, id, answer, options.signal)
  }

  /** An aborted write rejects when it is cleaned up, and not at once. */
  write(statement: Statement, task: WriteTask, options: ExecuteOptions = {}): Promise<WriteResult> {
    return this.#toItsEnd(options, (call) => this.#connection.call((service) => service.write(call, statement, task)))
  }

  quiet(): Promise<void> {
    return this.#connection.quiet()
  }

  close(): Promise<void> {
    this.#closing ??= this.#connection.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A call that is told of an abort, and waited for all the same. */
  async #toItsEnd<Answer>(
    { signal, onProgress, fetchLimit }: ExecuteOptions,
    send: (call: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    signal?.throwIfAborted()
    const id = this.#connection.nextCall(onProgress)
    const stop = (): void => void this.#connection.stop(id, { cleansUp: true }).catch(() => {})
    signal?.addEventListener('abort', stop, { once: true })
    const limit = fetchLimit === undefined ? {} : { fetchLimit }
    try {
      return await send({ id, wantsProgress: onProgress !== undefined, ...limit })
    } catch (error) {
      if (!isLakefrontError(error, 'COMMIT_STATE_UNKNOWN')) signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#connection.forget(id)
    }
  }

  async #start<Answer>(
    options: ExecuteOptions,
    send: (call: CallOptions) => Promise<Answer>,
  ): Promise<{ id: number; answer: Answer }> {
    options.signal?.throwIfAborted()
    const id = this.#connection.nextCall(options.onProgress)
    const limit = options.fetchLimit === undefined ? {} : { fetchLimit: options.fetchLimit }
    try {
      return { id, answer: await send({ id, wantsProgress: options.onProgress !== undefined, ...limit }) }
    } catch (error) {
      this.#connection.forget(id)
      if (options.signal?.aborted) this.#connection.stop(id).catch(() => {})
      throw error
    }
  }
}

/** Cloning a view clones the whole buffer behind it, so small views of large buffers are copied first. */
function compact(source: Source): Source {
  if (!('files' in source)) return source
  const files = source.files.map((file) =>
    file instanceof Uint8Array && file.byteLength < file.buffer.byteLength ? new Uint8Array(file) : file,
  )
  return { ...source, files }
}
