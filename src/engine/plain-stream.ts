import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { LakefrontError } from '../errors.ts'
import type { QueryMetrics, ResultStream } from './engine.ts'

interface PlainStreamOptions {
  /** When the statement was sent, of `performance.now()`. */
  readonly started: number
  readonly signal?: AbortSignal
  /** Called once, when the rows are over: read, failed, aborted or closed. */
  readonly close?: () => void | Promise<void>
}

/** The rows of `batches` as a result: for engines that scan nothing of ours. */
export function plainStream(
  schema: Schema,
  batches: Iterable<ColumnBatch> | AsyncIterable<ColumnBatch>,
  { started, signal, close }: PlainStreamOptions,
): ResultStream {
  const iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]()
  let rows = 0
  let finished: number | undefined
  let state: 'open' | 'done' | 'closed' = 'open'
  const end = async (last: 'done' | 'closed'): Promise<void> => {
    if (state !== 'open') return
    state = last
    finished = performance.now()
    await close?.()
  }
  const next = async (): Promise<ColumnBatch | undefined> => {
    if (state === 'done') return undefined
    if (state === 'closed') throw new LakefrontError('CLOSED', 'The result was closed before its last row was read.')
    try {
      signal?.throwIfAborted()
      const step = await iterator.next()
      signal?.throwIfAborted()
      if (step.done === true) {
        await end('done')
        return undefined
      }
      rows += step.value.length
      return step.value
    } catch (error) {
      await end('closed')
      signal?.throwIfAborted()
      throw error
    }
  }
  return {
    schema,
    next,
    metrics: (): Promise<QueryMetrics> =>
      Promise.resolve({
        rows,
        totalMilliseconds: (finished ?? performance.now()) - started,
        planMilliseconds: 0,
        scans: [],
      }),
    close: () => end('closed'),
    [Symbol.asyncDispose]: () => end('closed'),
  }
}
