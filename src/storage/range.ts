import { LakefrontError } from '../errors.ts'
import type { Traffic } from './storage.ts'

/** Throws unless `start` to `end` is a range inside the object. */
export function checkRange(object: { label: string; size: number }, start: number, end: number): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= object.size)
    return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `Bytes ${start} to ${end} of "${object.label}" were asked for, but it has ${object.size} bytes.`,
    { details: { source: object.label, start, end, size: object.size } },
  )
}

/** Throws `SOURCE_CHANGED` unless the validator an object has now is the one a read was pinned to. */
export function checkUnchanged(label: string, now: string | undefined, ifMatch: string | undefined): void {
  if (ifMatch !== undefined && now !== ifMatch) throw sourceChanged(label)
}

/** The error for an object that was replaced while it was being read. */
export function sourceChanged(label: string): LakefrontError {
  return new LakefrontError('SOURCE_CHANGED', `"${label}" changed while it was being read. Run the query again.`, {
    details: { source: label },
  })
}

/** Counts one request of `bytes` bytes. */
export function count(meters: readonly (Traffic | undefined)[], bytes: number): void {
  for (const meter of meters) {
    if (meter === undefined) continue
    meter.requests++
    meter.bytes += bytes
  }
}
