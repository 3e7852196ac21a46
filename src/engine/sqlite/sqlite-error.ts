import { type ErrorCode, LakefrontError, isLakefrontError } from '../../errors.ts'

const codes: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [/no such table/, 'TABLE_NOT_FOUND'],
  [/no such column/, 'COLUMN_NOT_FOUND'],
  [/ambiguous column name/, 'COLUMN_AMBIGUOUS'],
  [/no such function|wrong number of arguments to function/, 'FUNCTION_NOT_FOUND'],
  [/syntax error|incomplete input|unrecognized token/, 'SYNTAX_ERROR'],
  [/integer overflow|datatype mismatch|malformed JSON|constraint failed/, 'INVALID_VALUE'],
  [/too many columns|too large|too deep/, 'UNSUPPORTED'],
  [/out of memory|SQLITE_NOMEM/, 'OUT_OF_MEMORY'],
  [/unable to open database file/, 'NOT_FOUND'],
  [/readonly database|authoriz/, 'PERMISSION_DENIED'],
  [/not a database|malformed/, 'CORRUPT_FILE'],
]

/** What SQLite said, as one of our errors. */
export function sqliteError(error: unknown): LakefrontError {
  if (isLakefrontError(error)) return error
  const message = (error instanceof Error ? error.message : String(error)).replace(
    /^SQLITE_\w+: sqlite3 result code \d+: /,
    '',
  )
  const code = codes.find(([pattern]) => pattern.test(message))?.[1] ?? 'ENGINE_FAILED'
  const hint = /integer overflow/.test(message)
    ? ' A value is out of the range of its type, or cannot be converted.'
    : ''
  return new LakefrontError(code, `SQLite: ${message}.${hint}`, { details: { sqlite: message } })
}
