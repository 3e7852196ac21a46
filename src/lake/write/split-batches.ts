import type { ColumnBatch } from '../../types/column-data.ts'

/** Batches that one side may be ahead of the other. */
const mostAhead = 8

/**
 * One stream of batches as two, each with its part of every batch, to be read at the same time. A side that is ahead waits for the other, so
 * that little is held; when one ends early, what is for it is thrown away.
 */
export function splitBatches(
  source: AsyncIterable<readonly [ColumnBatch | undefined, ColumnBatch | undefined]>,
): readonly [AsyncIterable<ColumnBatch>, AsyncIterable<ColumnBatch>] {
  const parts = source[Symbol.asyncIterator]()
  const queues: [ColumnBatch[], ColumnBatch[]] = [[], []]
  const ended = [false, false]
  let waiting: (() => void)[] = []
  let pulling: Promise<void> | undefined
  let isDone = false

  const wake = (): void => {
    const woken = waiting
    waiting = []
    for (const resume of woken) resume()
  }
  const pull = async (): Promise<void> => {
    const next = await parts.next()
    if (next.done === true) isDone = true
    else next.value.forEach((part, side) => void (part !== undefined && !ended[side] && queues[side]!.push(part)))
    pulling = undefined
    wake()
  }
  const side = async function* (own: 0 | 1): AsyncGenerator<ColumnBatch> {
    try {
      for (;;) {
        const batch = queues[own].shift()
        if (batch !== undefined) {
          wake()
          yield batch
        } else if (isDone) return
        else if (queues[1 - own]!.length >= mostAhead) await new Promise<void>((resume) => waiting.push(resume))
        else await (pulling ??= pull())
      }
    } finally {
      ended[own] = true
      queues[own] = []
      wake()
    }
  }
  return [side(0), side(1)]
}
