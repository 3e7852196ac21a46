import type { Engine, EngineInfo, EngineOptions, ExecuteOptions, ResultStream, Statement } from '../engine/engine.ts'
import type { FunctionDefinition } from '../engine/function-definition.ts'
import { LakefrontError } from '../errors.ts'
import type { CallLake } from '../lake/lake-calls.ts'
import type { Source } from '../scan/source.ts'
import type { Schema } from '../types/logical-type.ts'
import type { WriteResult, WriteTask } from '../write/write-task.ts'
import { withCommitIds } from './commit-ids.ts'
import { OpenedLakes } from './opened-lakes.ts'
import { remoteEngine } from './remote-engine.ts'
import type { RemoteEngine } from './remote-engine.ts'
import { isDispensable, SessionState } from './session-state.ts'
import type { ConnectionOptions } from './worker-connection.ts'
import type { WorkerHandle } from './worker-handle.ts'

export interface SupervisedEngineOptions extends ConnectionOptions {
  readonly engine?: EngineOptions
  /** Gives up the first opening. */
  readonly signal?: AbortSignal
}

/**
 * An engine in a worker that outlives its worker. When a worker is lost, what was pending rejects with `WORKER_LOST` and
 * nothing is run again; the next call starts a new worker, in which sources and functions are registered again, lakes are opened, and
 * settings, views and macros are made again. Tables are gone, and views of them.
 */
export async function supervisedEngine(
  spawn: () => WorkerHandle,
  options: SupervisedEngineOptions = {},
): Promise<Engine> {
  const { signal, ...rest } = options
  const engine = new SupervisedEngine(spawn, rest)
  await engine.open(signal)
  return engine
}

class SupervisedEngine implements Engine {
  readonly #spawn: () => WorkerHandle
  readonly #options: Omit<SupervisedEngineOptions, 'signal'>
  readonly #sources = new Map<string, Source>()
  readonly #functions = new Map<string, FunctionDefinition>()
  readonly #state: SessionState = new SessionState()
  readonly #lakes: OpenedLakes = new OpenedLakes()
  #current: Promise<RemoteEngine> | undefined
  #info: EngineInfo | undefined
  #closing: Promise<void> | undefined

  constructor(spawn: () => WorkerHandle, options: Omit<SupervisedEngineOptions, 'signal'>) {
    this.#spawn = spawn
    this.#options = options
  }

  /** Of the worker that was started last. */
  get info(): EngineInfo {
    return this.#info!
  }

  async open(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    this.#current = this.#boot(signal)
    await this.#current
  }

  async register(source: Source): Promise<void> {
    const engine = await this.#engine()
    await engine.register(source)
    // A copy: whether the caller still holds its own source is how it is known that nobody needs it.
    this.#sources.set(source.id, { ...source })
  }

  async registerFunction(definition: FunctionDefinition): Promise<void> {
    const engine = await this.#engine()
    await engine.registerFunction!(definition)
    this.#functions.set(definition.name, definition)
  }

  async unregisterFunction(name: string): Promise<void> {
    this.#functions.delete(name)
    await (
      await this.#engine()
    ).unregisterFunction!(name)
  }

  async unregister(id: string): Promise<void> {
    this.#sources.delete(id)
    const engine = await this.#engine()
    await engine.unregister(id)
  }

  async describe(statement: Statement, options?: ExecuteOptions): Promise<Schema> {
    const engine = await this.#engine(options?.signal)
    return engine.describe(statement, options)
  }

  async execute(statement: Statement, options?: ExecuteOptions): Promise<ResultStream> {
    const engine = await this.#engine(options?.signal)
    const stream = await engine.execute(statement, options)
    this.#state.remember(statement)
    return stream
  }

  async write(statement: Statement, task: WriteTask, options?: ExecuteOptions): Promise<WriteResult> {
    const engine = await this.#engine(options?.signal)
    return engine.write!(statement, task, options)
  }

  readonly lake: CallLake = withCommitIds(async (name, argument, options) => {
    const engine = await this.#engine(options?.signal)
    const answer = await engine.lake!(name, argument, options)
    this.#lakes.remember(name, argument)
    return answer
  })

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const engine = await this.#current?.catch(() => undefined)
    await engine?.close()
    this.#sources.clear()
  }

  #engine(signal?: AbortSignal): Promise<Engine> {
    if (signal === undefined) return this.#ready()
    return signal.aborted ? Promise.reject(signal.reason) : orAborted(this.#ready(), signal)
  }

  /** The engine of now, starting one when there is none. Waits for statements that are being stopped, as that may end the worker. */
  async #ready(): Promise<Engine> {
    for (;;) {
      if (this.#closing !== undefined) {
        throw new LakefrontError('CLOSED', 'The session was closed. Call connect() for a new one.')
      }
      const current = (this.#current ??= this.#boot())
      const engine = await current
      await engine.quiet()
      if (this.#current === current) return engine
    }
  }

  #boot(signal?: AbortSignal): Promise<RemoteEngine> {
    const forget = (): void => {
      if (this.#current === booting) this.#current = undefined
    }
    const booting = this.#start(forget, signal)
    booting.catch(forget)
    return booting
  }

  async #start(forget: () => void, signal: AbortSignal | undefined): Promise<RemoteEngine> {
    const engine = await remoteEngine(this.#spawn(), {
      ...this.#options,
      ...(signal === undefined ? {} : { signal }),
      onLost: (error) => {
        forget()
        this.#options.onLost?.(error)
      },
    })
    try {
      for (const source of this.#sources.values()) await engine.register(source)
      for (const definition of this.#functions.values()) await engine.registerFunction!(definition)
      // A lake in memory is gone with its worker, and one that is not there any more is missed by what reads it.
      for (const request of this.#lakes.opened) await engine.lake!('open', request).catch(() => undefined)
      for (const statement of this.#state.statements) {
        await engine.execute(statement).then(drain, (error: unknown) => {
          if (!isDispensable(statement)) throw error
        })
      }
    } catch (error) {
      await engine.close()
      throw error
    }
    this.#info = engine.info
    return engine
  }
}

async function drain(stream: ResultStream): Promise<void> {
  while ((await stream.next()) !== undefined);
  await stream.close()
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
