import { byteSize } from '../config/byte-size.ts'
import { LakefrontError } from '../errors.ts'
import type { FetchScope } from './storage.ts'

/** What a statement may fetch over the network, all its scans together. */
export interface FetchLimit {
  /** Bytes, or text such as `'20MB'`. */
  readonly bytes?: number | string
  readonly requests?: number
}

/**
 * The account of one statement.
 *
 * @throws LakefrontError `INVALID_ARGUMENT` for a limit that is none.
 */
export function fetchScope(limit: FetchLimit = {}, isDescribing = false): FetchScope {
  const most = checkedLimit(limit)
  const booked = { requests: 0, bytes: 0 }
  const scope: FetchScope = {
    isDescribing,
    requests: 0,
    bytes: 0,
    book(label, bytes, requests = 1) {
      const needed = {
        requests: scope.requests + booked.requests + requests,
        bytes: scope.bytes + booked.bytes + bytes,
      }
      if (needed.bytes > most.bytes) throw exceeded(label, 'bytes', needed.bytes, most.bytes)
      if (needed.requests > most.requests) throw exceeded(label, 'requests', needed.requests, most.requests)
      booked.requests += requests
      booked.bytes += bytes
      return () => {
        booked.requests -= requests
        booked.bytes -= bytes
      }
    },
  }
  return scope
}

/** Limits in numbers; `Infinity` where there is none. */
export function checkedLimit(limit: FetchLimit): { readonly bytes: number; readonly requests: number } {
  const { bytes, requests } = limit
  if (requests !== undefined && !(Number.isInteger(requests) && requests > 0)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `fetchLimit.requests: ${JSON.stringify(requests)} is not a positive whole number.`,
      { details: { option: 'fetchLimit.requests' } },
    )
  }
  return {
    bytes: bytes === undefined ? Infinity : byteSize(bytes, 'fetchLimit.bytes'),
    requests: requests ?? Infinity,
  }
}

function exceeded(label: string, unit: 'bytes' | 'requests', needed: number, allowed: number): LakefrontError {
  return new LakefrontError(
    'BUDGET_EXCEEDED',
    `The statement may fetch ${allowed} ${unit}, and with what it needs of "${label}" next it would be ${needed}. ` +
      `Raise the limit, fetchLimit: { ${unit}: ${needed} } or more, or ask for fewer columns, rows or files.`,
    { details: { source: label, unit, needed, allowed } },
  )
}
