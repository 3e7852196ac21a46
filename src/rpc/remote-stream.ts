import type { QueryMetrics, ResultStream } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import type { StreamStep } from './engine-service.ts'
import type { WorkerConnection } from './worker-connection.ts'

/** Steps asked for before they are wanted: hides the way to the worker and back, and bounds what waits here. */
const readAhead = 1

/** Rows that a worker sends batch by batch, as they are asked for. A stream that is dropped unread is stopped some time later. */
export class RemoteStream implements ResultStream {
  readonly schema: Schema
  readonly #connection: WorkerConnection
  readonly #id: number
  readonly #signal: AbortSignal | undefined
  readonly #steps: Promise<StreamStep>[] = []
  readonly #stop: () => void
  #end: { readonly metrics: QueryMetrics } | { readonly error: unknown } | undefined

  constructor(connection: WorkerConnection, id: number, schema: Schema, signal: AbortSignal | undefined) {
    this.schema = schema
    this.#connection = connection
    this.#id = id
    this.#signal = signal
    this.#stop = () => void connection.stop(id).catch(() => {})
    connection.dropped.register(this, id, this)
    signal?.addEventListener('abort', this.#stop, { once: true })
    if (signal?.aborted) this.#stop()
  }

  async next(): Promise<ColumnBatch | undefined> {
    if (this.#signal?.aborted) this.#finish({ error: this.#signal.reason })
    while (this.#end === undefined && this.#steps.length <= readAhead) this.#ask()
    const step = this.#steps.shift()
    if (step === undefined) return this.#afterEnd()
    try {
      const answer = await step
      if ('batch' in answer) return answer.batch
      this.#finish(answer)
    } catch (error) {
      this.#finish({ error })
    }
    return this.#afterEnd()
  }

  async metrics(): Promise<QueryMetrics> {
    if (this.#end === undefined) return this.#connection.call((service) => service.metrics(this.#id))
    if ('metrics' in this.#end) return this.#end.metrics
    throw this.#end.error
  }

  async close(): Promise<void> {
    if (this.#end !== undefined) return
    this.#finish({
      error: new LakefrontError('CLOSED', 'The result was closed before its end. Run the query again to read it.'),
    })
    await this.#connection.stop(this.#id)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #ask(): void {
    const step = this.#connection.call<StreamStep>((service) => service.next(this.#id), this.#signal)
    step.catch(() => {})
    this.#steps.push(step)
  }

  #afterEnd(): undefined {
    if (this.#end !== undefined && 'error' in this.#end) throw this.#end.error
    return undefined
  }

  #finish(end: { metrics: QueryMetrics } | { error: unknown }): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#steps.length = 0
    this.#connection.forget(this.#id)
    this.#connection.dropped.unregister(this)
    this.#signal?.removeEventListener('abort', this.#stop)
  }
}
