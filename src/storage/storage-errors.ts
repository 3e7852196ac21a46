import { LakefrontError } from '../errors.ts'
import type { WriteOptions } from './storage.ts'

/** Throws `INVALID_ARGUMENT` for two conditions at once, or one that is none. */
export function checkConditions({ ifMatch, ifNoneMatch }: WriteOptions): void {
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new LakefrontError('INVALID_ARGUMENT', `ifNoneMatch can only be "*": write when nothing is there.`)
  }
  if (ifMatch === '') throw new LakefrontError('INVALID_ARGUMENT', 'ifMatch is empty. Give the etag that stat told.')
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw new LakefrontError('INVALID_ARGUMENT', 'A write has one condition: either ifMatch or ifNoneMatch.')
  }
}

/** Throws `PRECONDITION_FAILED` unless what is there now, by its validator, is what a write asked for. */
export function checkConditionHolds(label: string, now: string | undefined, options: WriteOptions): void {
  const { ifMatch, ifNoneMatch } = options
  if (ifNoneMatch !== undefined && now !== undefined) throw preconditionFailed(label, options)
  if (ifMatch !== undefined && now !== ifMatch) throw preconditionFailed(label, options)
}

export function preconditionFailed(label: string, { ifNoneMatch }: WriteOptions, cause?: unknown): LakefrontError {
  const why =
    ifNoneMatch === undefined
      ? 'it is not the version this write was meant for. Read it again and decide anew'
      : 'something is there already. Choose another name, or write with ifMatch'
  return new LakefrontError('PRECONDITION_FAILED', `"${label}" was not written: ${why}.`, {
    details: { source: label },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Whether a write under a condition happened is not known; `why` says what it is that does not tell. */
export function writeStateUnknown(label: string, why: string, cause: unknown): LakefrontError {
  return new LakefrontError('WRITE_STATE_UNKNOWN', `A write of "${label}" ${why}. Read it, then decide.`, {
    details: { source: label },
    cause,
  })
}

export function quotaExceeded(label: string, why: string, cause?: unknown): LakefrontError {
  return new LakefrontError('QUOTA_EXCEEDED', `"${label}" was not written: ${why}. Make room and write it again.`, {
    details: { source: label },
    ...(cause === undefined ? {} : { cause }),
  })
}

export function missing(label: string, cause?: unknown): LakefrontError {
  return new LakefrontError('NOT_FOUND', `There is nothing at "${label}".`, {
    details: { source: label },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** A verb that a store has not. */
export function cannot(label: string, what: string): LakefrontError {
  return new LakefrontError('UNSUPPORTED', `"${label}" ${what}.`, { details: { source: label } })
}
