import type { ErrorCode } from '../../errors.ts'

/** What is wrong with Avro bytes or a schema: thrown where it is found, turned into a `LakefrontError` that says in which file and block. */
export class AvroFailure extends Error {
  readonly code: ErrorCode

  constructor(problem: string, { code = 'CORRUPT_FILE', cause }: { code?: ErrorCode; cause?: unknown } = {}) {
    super(problem, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
