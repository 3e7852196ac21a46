import { LakefrontError } from '../../errors.ts'

/** The error of what a dialect cannot say: `hint` is the way out. */
export function unsupported(dialect: string, operation: string, hint = ''): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `${operation} cannot be said in the dialect ${dialect}.${hint === '' ? '' : ` ${hint}`}`,
    { details: { operation, dialect } },
  )
}
