/**
 * Every way Lakefront can fail, by code. Codes are API: they never change meaning.
 *
 * `retrySafe` says whether running the same call again can succeed without harm;
 * `meaning` is the sentence the error table of the documentation prints.
 */
export const errorCodes = {
  ABORTED: { retrySafe: true, meaning: 'The caller aborted the operation through its signal.' },
  BUDGET_EXCEEDED: { retrySafe: false, meaning: 'A statement would fetch more than its fetchLimit allows.' },
  CLOSED: { retrySafe: false, meaning: 'The session, result or file was used after it was closed.' },
  COLUMN_AMBIGUOUS: { retrySafe: false, meaning: 'A column name means more than one column here.' },
  COLUMN_NOT_FOUND: { retrySafe: false, meaning: 'A column name is not in the input.' },
  COMMIT_CONFLICT: {
    retrySafe: false,
    meaning: 'Another commit changed the same things first, or too many came first; nothing was changed.',
  },
  COMMIT_STATE_UNKNOWN: {
    retrySafe: false,
    meaning: 'The store gave no answer to a commit, and what is there does not tell whether it happened.',
  },
  CONFLICT: { retrySafe: true, meaning: 'Others write the same object, and the store could not decide who is first.' },
  CORRUPT_FILE: { retrySafe: false, meaning: 'A file is truncated, damaged or not of the format it claims.' },
  CORS: { retrySafe: false, meaning: 'The browser refused a request to another origin, or hid its headers.' },
  ENGINE_FAILED: { retrySafe: false, meaning: 'The engine failed in a way that is not the caller’s mistake.' },
  FUNCTION_NOT_FOUND: { retrySafe: false, meaning: 'No function of that name and argument types.' },
  INTERNAL: { retrySafe: false, meaning: 'A promise of this library was broken: please report it.' },
  INVALID_ARGUMENT: { retrySafe: false, meaning: 'An argument has a value that is never valid.' },
  INVALID_VALUE: { retrySafe: false, meaning: 'A value met while computing cannot be converted or is out of range.' },
  MISSING_LIBRARY: { retrySafe: false, meaning: 'An optional package has to be installed for this.' },
  NETWORK: { retrySafe: true, meaning: 'A request got no usable answer.' },
  NOT_A_PARQUET_FILE: { retrySafe: false, meaning: 'The bytes are not a Parquet file.' },
  NOT_FOUND: { retrySafe: false, meaning: 'A file, URL, or object does not exist.' },
  OUT_OF_MEMORY: { retrySafe: false, meaning: 'The work does not fit the memory that is allowed.' },
  PERMISSION_DENIED: { retrySafe: false, meaning: 'The store refused access.' },
  PRECONDITION_FAILED: {
    retrySafe: false,
    meaning: 'An object is not the version a write was meant for, or is there when it must not be.',
  },
  QUOTA_EXCEEDED: { retrySafe: false, meaning: 'There is no room to store this; nothing was changed.' },
  SNAPSHOT_NOT_FOUND: { retrySafe: false, meaning: 'A lake has no snapshot of that version or time.' },
  SOURCE_CHANGED: { retrySafe: true, meaning: 'A file changed while it was being read.' },
  SYNTAX_ERROR: { retrySafe: false, meaning: 'The SQL text cannot be parsed.' },
  TABLE_NOT_FOUND: { retrySafe: false, meaning: 'No table or view of that name.' },
  TYPE_MISMATCH: { retrySafe: false, meaning: 'An expression or value has a type that does not fit.' },
  UDF_FAILED: {
    retrySafe: false,
    meaning: 'A function of the application’s own failed, or returned what it must not.',
  },
  UNSUPPORTED: { retrySafe: false, meaning: 'The request is understood but cannot be done here.' },
  WORKER_LOST: { retrySafe: true, meaning: 'The worker that ran the engine died or could not be loaded.' },
  WRITE_STATE_UNKNOWN: {
    retrySafe: false,
    meaning: 'A write got no answer, and what is stored does not tell whether it happened. Read, then decide.',
  },
} as const

/** One of the codes in {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** Machine-readable facts about an error; plain data that survives `structuredClone`. */
export type ErrorDetails = Readonly<Record<string, unknown>>

const brand = 'lakefront.error'

/**
 * The one error class of the library.
 *
 * The message says what was wrong, quotes it, lists what would be right and what to do next. It never holds credentials,
 * query strings of URLs, or parameter values.
 */
export class LakefrontError extends Error {
  override readonly name: string = 'LakefrontError'
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly [Symbol.toStringTag]: string = brand

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }

  /** Whether running the same call again can succeed without harm. */
  get retrySafe(): boolean {
    return errorCodes[this.code].retrySafe
  }
}

/** Whether `error` is a {@link LakefrontError}, of `code` when one is given. Works across copies of the library and realms. */
export function isLakefrontError(error: unknown, code?: ErrorCode): error is LakefrontError {
  if (typeof error !== 'object' || error === null) return false
  const candidate = error as Partial<LakefrontError>
  return candidate[Symbol.toStringTag] === brand && (code === undefined || candidate.code === code)
}

/** An error as plain data, for a worker boundary. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: ErrorCode
  readonly details?: ErrorDetails
  readonly cause?: WireError
}

/** Turns any thrown value into plain data; the chain of causes is kept. */
export function errorToWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  return {
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(isLakefrontError(error) ? { code: error.code, details: error.details } : {}),
    ...(error.cause === undefined ? {} : { cause: errorToWire(error.cause) }),
  }
}

/** The reverse of {@link errorToWire}: a `LakefrontError` again when it was one, a plain `Error` otherwise. */
export function errorFromWire(wire: WireError): Error {
  const cause = wire.cause === undefined ? undefined : errorFromWire(wire.cause)
  const error: Error =
    wire.code === undefined
      ? new Error(wire.message, cause === undefined ? undefined : { cause })
      : new LakefrontError(wire.code, wire.message, {
          ...(wire.details === undefined ? {} : { details: wire.details }),
          ...(cause === undefined ? {} : { cause }),
        })
  if (wire.code === undefined) error.name = wire.name
  if (wire.stack !== undefined) error.stack = wire.stack
  return error
}

/** The entry of `names` closest to `name` by edit distance, when it is close enough to be what was meant. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of names) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1))
    }
    previous = current
  }
  return previous[b.length]!
}
