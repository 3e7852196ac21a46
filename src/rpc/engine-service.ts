import { transfer } from 'comlink'
import type {
  Engine,
  EngineInfo,
  EngineOptions,
  ExecuteOptions,
  Progress,
  QueryMetrics,
  ResultStream,
  Statement,
} from '../engine/engine.ts'
import type { FunctionDefinition } from '../engine/function-definition.ts'
import { errorFromWire, LakefrontError } from '../errors.ts'
import type { WireError } from '../errors.ts'
import type { LakeCalls } from '../lake/lake-calls.ts'
import type { Source } from '../scan/source.ts'
import type { StorageCalls } from '../storage/open-storage.ts'
import { transferablesOf } from '../types/column-data.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import type { WriteResult, WriteTask } from '../write/write-task.ts'
import { holdLifeline } from './lifeline.ts'

/** Opens the engine that is served, with what it may ask of the main side. */
export type OpenEngine = (options: EngineOptions, calls: StorageCalls) => Promise<Engine>

/** Names a statement from the moment it is sent until its stream ends. Chosen by the caller, unique on one connection. */
export interface CallOptions {
  readonly id: number
  readonly wantsProgress: boolean
  readonly fetchLimit?: ExecuteOptions['fetchLimit']
}

/** One step of a stream: rows, or the end with what it cost. */
export type StreamStep = { readonly batch: ColumnBatch } | { readonly metrics: QueryMetrics }

/** A message beside the calls: how far a statement has come. */
export interface ProgressMessage {
  readonly lakefront: 'progress'
  readonly call: number
  readonly progress: Progress
}

/** A message beside the calls: the storage asks the application something. Answered by {@link EngineService.answer}. */
export interface AskMessage {
  readonly lakefront: 'ask'
  readonly request: number
  readonly call: keyof StorageCalls
  readonly argument: unknown
}

/** What the application said, or why it said nothing. */
export type Answer = { readonly value: unknown } | { readonly error: WireError }

interface Call {
  readonly controller: AbortController
  /** The last piece of work that was asked for; the next one waits for it. */
  work: Promise<unknown>
  stream?: ResultStream
}

const progressIntervalMilliseconds = 100

/** An {@link Engine} as the worker offers it. This class is the contract: the main side derives its types from it. */
export class EngineService {
  readonly #open: OpenEngine
  readonly #send: (message: ProgressMessage | AskMessage) => void
  readonly #asked = new Map<number, (answer: Answer) => void>()
  #requests = 0
  readonly #calls = new Map<number, Call>()
  #engine: Promise<Engine> | undefined

  constructor(open: OpenEngine, send: (message: ProgressMessage | AskMessage) => void) {
    this.#open = open
    this.#send = send
  }

  /** The first call: shows that the script is ours and that it runs. Resolves to whether the lifeline is held. */
  async hello(lifeline?: string): Promise<{ service: 'lakefront.engine'; lifeline: boolean }> {
    return { service: 'lakefront.engine', lifeline: lifeline !== undefined && (await holdLifeline(lifeline)) }
  }

  async open(options: EngineOptions): Promise<EngineInfo> {
    const calls = (options.storage?.asks ?? []).map((call) => [call, (argument: unknown) => this.#ask(call, argument)])
    this.#engine ??= this.#open(options, Object.fromEntries(calls) as StorageCalls)
    return (await this.#engine).info
  }

  /** The answer to an {@link AskMessage}. */
  async answer(request: number, answer: Answer): Promise<void> {
    this.#asked.get(request)?.(answer)
    this.#asked.delete(request)
  }

  async register(source: Source): Promise<void> {
    await (await this.#opened()).register(source)
  }

  async unregister(id: string): Promise<void> {
    await (await this.#opened()).unregister(id)
  }

  async registerFunction(definition: FunctionDefinition): Promise<void> {
    await (
      await this.#opened()
    ).registerFunction!(definition)
  }

  async unregisterFunction(name: string): Promise<void> {
    await (
      await this.#opened()
    ).unregisterFunction!(name)
  }

  describe(options: CallOptions, statement: Statement): Promise<Schema> {
    const call = this.#begin(options.id)
    const { signal } = call.controller
    const work = this.#opened().then((engine) =>
      engine.describe(statement, { signal, ...this.#executeOptions(options) }),
    )
    call.work = work
    return work.finally(() => this.#calls.delete(options.id))
  }

  execute(options: CallOptions, statement: Statement): Promise<Schema> {
    const call = this.#begin(options.id)
    const { signal } = call.controller
    const work = this.#opened()
      .then((engine) => engine.execute(statement, { signal, ...this.#executeOptions(options) }))
      .then((stream) => {
        call.stream = stream
        return stream.schema
      })
    call.work = work
    work.catch(() => this.#calls.delete(options.id))
    return work
  }

  write(options: CallOptions, statement: Statement, task: WriteTask): Promise<WriteResult> {
    const call = this.#begin(options.id)
    const { signal } = call.controller
    const work = this.#opened().then((engine) =>
      engine.write!(statement, task, { signal, ...this.#executeOptions(options) }),
    )
    call.work = work
    return work.finally(() => this.#calls.delete(options.id))
  }

  /** Asks something of the lakes. */
  lake(options: CallOptions, name: keyof LakeCalls, argument: unknown): Promise<unknown> {
    const call = this.#begin(options.id)
    const { signal } = call.controller
    const work = this.#opened().then((engine) => {
      const { lake } = engine
      if (lake === undefined) throw new LakefrontError('UNSUPPORTED', 'The engine of this session has no lakes.')
      return (lake as (...given: readonly unknown[]) => Promise<unknown>)(name, argument, {
        signal,
        ...this.#executeOptions(options),
      })
    })
    call.work = work
    return work.finally(() => this.#calls.delete(options.id))
  }

  /** The next step of a statement's stream. Steps asked for while one is being made wait for it. */
  next(id: number): Promise<StreamStep> {
    const call = this.#call(id)
    const step = call.work.then(() => this.#step(id, call))
    call.work = step
    return step
  }

  metrics(id: number): Promise<QueryMetrics> {
    return this.#call(id).stream!.metrics()
  }

  /** Ends a statement, running or not. Resolves when it has ended; at once when it had ended before. */
  async stop(id: number): Promise<void> {
    const call = this.#calls.get(id)
    if (call === undefined) return
    this.#calls.delete(id)
    call.controller.abort(new LakefrontError('ABORTED', 'The statement was stopped by its caller.'))
    await call.work.catch(() => {})
    await call.stream?.close()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#calls.keys()].map((id) => this.stop(id)))
    await (await this.#engine)?.close()
  }

  #ask(call: keyof StorageCalls, argument: unknown): Promise<unknown> {
    const request = ++this.#requests
    this.#send({ lakefront: 'ask', request, call, argument })
    return new Promise((resolve, reject) => {
      this.#asked.set(request, (answer) =>
        'value' in answer ? resolve(answer.value) : reject(errorFromWire(answer.error)),
      )
    })
  }

  async #step(id: number, call: Call): Promise<StreamStep> {
    const stream = call.stream!
    try {
      const batch = await stream.next()
      if (batch !== undefined) return transfer({ batch }, transferablesOf(batch))
      const metrics = await stream.metrics()
      await this.#finish(id, stream)
      return { metrics }
    } catch (error) {
      await this.#finish(id, stream)
      throw error
    }
  }

  async #finish(id: number, stream: ResultStream): Promise<void> {
    if (this.#calls.delete(id)) await stream.close()
  }

  #begin(id: number): Call {
    const call: Call = { controller: new AbortController(), work: Promise.resolve() }
    this.#calls.set(id, call)
    return call
  }

  #call(id: number): Call {
    const call = this.#calls.get(id)
    if (call === undefined) throw new LakefrontError('CLOSED', 'The result was read after its end.')
    return call
  }

  #opened(): Promise<Engine> {
    return this.#engine ?? Promise.reject(new LakefrontError('INTERNAL', 'The engine was used before it was opened.'))
  }

  #executeOptions({ id, wantsProgress, fetchLimit }: CallOptions): ExecuteOptions {
    const limit = fetchLimit === undefined ? {} : { fetchLimit }
    if (!wantsProgress) return limit
    let last = -Infinity
    return {
      ...limit,
      onProgress: (progress) => {
        const now = performance.now()
        if (now - last < progressIntervalMilliseconds && progress.fraction !== 1) return
        last = now
        this.#send({ lakefront: 'progress', call: id, progress })
      },
    }
  }
}
