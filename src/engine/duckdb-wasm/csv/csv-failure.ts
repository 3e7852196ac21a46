import { isLakefrontError, LakefrontError } from '../../../errors.ts'
import { takeApart } from '../duckdb-error.ts'

/** Where a piece of text is in its file. */
interface Place {
  readonly label: string
  /** Rows before it. */
  readonly rows: number
  /** Bytes before it. */
  readonly offset: number
}

/** What DuckDB says of a line, among all that it says. */
const problem =
  /^(?:Error when converting column|Could not convert|Expected Number of Columns|Value with unterminated quote|Maximum line size|Invalid unicode|Line with|The CSV Parser|It was not possible).*$/m

/** What DuckDB's reader said of a piece of a file, as a sentence about the file. */
export function csvFailure(error: unknown, { label, rows, offset }: Place): unknown {
  if (isLakefrontError(error) || !(error instanceof Error) || error instanceof WebAssembly.RuntimeError) return error
  const { kind, message } = takeApart(error.message)
  const details = { file: label, duckdb: `${kind} Error` }
  if (kind === 'Out of Memory') return new LakefrontError('OUT_OF_MEMORY', message, { details })
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  const what = (problem.exec(message)?.[0] ?? message.split('\n', 1)[0]!).replace(/[.\s]*$/, '.')
  if (kind === 'Binder' || kind === 'Parser' || kind === 'Catalog')
    return new LakefrontError('INVALID_ARGUMENT', `"${label}" cannot be read as CSV so: ${what}`, { details })
  if (line === undefined) {
    const advice = /sniff|detect/i.test(message)
      ? ' Say how it is written: delim, quote, escape, header, skip, columns; or take lines as they come: ignoreErrors and nullPadding (ignore_errors, null_padding in SQL), strictMode: false.'
      : ''
    return new LakefrontError('CORRUPT_FILE', `"${label}" cannot be read as CSV: ${what}${advice}`, { details })
  }
  const isValue = /converting|convert/.test(what)
  const advice = isValue
    ? 'Give the column its type (types: { … }), look at more rows for it (sampleSize: -1), or leave such rows out (ignoreErrors: true, or storeRejects: true to see them in reject_errors).'
    : 'Leave such rows out (ignoreErrors: true, or storeRejects: true to see them in reject_errors), fill short ones (nullPadding: true), or say how the file is written: delim, quote, escape.'
  return new LakefrontError(
    isValue ? 'INVALID_VALUE' : 'CORRUPT_FILE',
    `"${label}", line ${rows + Number(line)} (behind byte ${offset} of its text): ${what} ${advice}`,
    { details: { ...details, line: rows + Number(line), offset } },
  )
}
