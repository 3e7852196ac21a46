import type { ErrorCode } from '../../errors.ts'

/** What is wrong with JSON text, and where in its chunk: turned into a `LakefrontError` that says in which record of which file. */
export class JsonFailure extends Error {
  readonly code: ErrorCode
  readonly position: number

  constructor(problem: string, position: number, code: ErrorCode = 'CORRUPT_FILE') {
    super(problem)
    this.code = code
    this.position = position
  }
}
