import type { ByteSource, ReadOptions } from './storage.ts'

/** Bytes `start` (inclusive) to `end` (exclusive). */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A request, and which of the wanted ranges (by index) it answers. */
export interface PlannedRead extends ByteRange {
  readonly parts: readonly number[]
}

export interface CoalesceOptions {
  /** Gaps up to this many bytes may be read over. */
  readonly gapBytes: number
  /** How much may be read in vain, as a share of what is wanted. Default 0.1. */
  readonly waste?: number
  /** Requests are not joined beyond this many bytes, so that they can run side by side. Default 16 MiB. */
  readonly requestBytes?: number
}

/** Gaps this small cost less than the headers of a request. */
const negligibleGap = 4096

/**
 * Joins ranges into requests: neighbours always, small gaps first until the allowed waste is used up. Every wanted range is in
 * exactly one request; requests come in ascending order.
 */
export function coalesce(ranges: readonly ByteRange[], options: CoalesceOptions): PlannedRead[] {
  const order = ranges.map((_, index) => index).filter((index) => ranges[index]!.end > ranges[index]!.start)
  order.sort((a, b) => ranges[a]!.start - ranges[b]!.start || ranges[a]!.end - ranges[b]!.end)
  const bridged = bridges(order, ranges, options)
  const reads: { start: number; end: number; parts: number[] }[] = []
  order.forEach((index, position) => {
    const range = ranges[index]!
    const last = reads.at(-1)
    const isInside = last !== undefined && range.end <= last.end
    const fits = last !== undefined && range.end - last.start <= (options.requestBytes ?? 16 * 1024 * 1024)
    const touches = last !== undefined && (range.start < last.end || (fits && bridged.has(position)))
    if (last !== undefined && (isInside || touches)) {
      last.end = Math.max(last.end, range.end)
      last.parts.push(index)
    } else {
      reads.push({ ...range, parts: [index] })
    }
  })
  return reads
}

/** Positions in `order` whose gap to what comes before is worth reading over. */
function bridges(order: readonly number[], ranges: readonly ByteRange[], options: CoalesceOptions): Set<number> {
  let wanted = 0
  let reached = 0
  const gaps: { position: number; gap: number }[] = []
  order.forEach((index, position) => {
    const { start, end } = ranges[index]!
    if (position > 0) gaps.push({ position, gap: Math.max(0, start - reached) })
    wanted += Math.max(0, end - Math.max(start, reached))
    reached = Math.max(reached, end)
  })
  let allowance = wanted * (options.waste ?? 0.1)
  const bridged = new Set<number>()
  for (const { position, gap } of gaps.sort((a, b) => a.gap - b.gap)) {
    if (gap > options.gapBytes || (gap > negligibleGap && gap > allowance)) break
    bridged.add(position)
    allowance -= gap
  }
  return bridged
}

/** Reads `ranges` with as few requests as pay, at most `parallel` (default 6) at a time; results are in the order asked. */
export async function readRanges(
  source: Pick<ByteSource, 'read' | 'gapBytes'>,
  ranges: readonly ByteRange[],
  options: ReadOptions & { readonly parallel?: number } = {},
): Promise<Uint8Array[]> {
  const { parallel = 6, ...read } = options
  const results: Uint8Array[] = ranges.map(() => new Uint8Array())
  const reads = coalesce(ranges, { gapBytes: source.gapBytes })
  let next = 0
  const work = async (): Promise<void> => {
    for (let planned = reads[next++]; planned !== undefined; planned = reads[next++]) {
      const bytes = await source.read(planned.start, planned.end, read)
      for (const part of planned.parts) {
        const { start, end } = ranges[part]!
        results[part] = bytes.subarray(start - planned.start, end - planned.start)
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, reads.length) }, work))
  } catch (error) {
    next = reads.length
    throw error
  }
  return results
}
