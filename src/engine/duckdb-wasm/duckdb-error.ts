import { isLakefrontError, LakefrontError, nearestName } from '../../errors.ts'
import type { ErrorCode, ErrorDetails } from '../../errors.ts'

/** DuckDB's error classes, as its messages begin, and what they are to us. */
const codes: Readonly<Record<string, ErrorCode>> = {
  'Parser Error': 'SYNTAX_ERROR',
  'Syntax Error': 'SYNTAX_ERROR',
  'Binder Error': 'INVALID_ARGUMENT',
  'Catalog Error': 'INVALID_ARGUMENT',
  'Conversion Error': 'INVALID_VALUE',
  'Out of Range Error': 'INVALID_VALUE',
  'Invalid Input Error': 'INVALID_VALUE',
  'Constraint Error': 'INVALID_VALUE',
  'Invalid Type Error': 'TYPE_MISMATCH',
  'Mismatch Type Error': 'TYPE_MISMATCH',
  'Parameter Not Resolved Error': 'INVALID_ARGUMENT',
  'Out of Memory Error': 'OUT_OF_MEMORY',
  'Not implemented Error': 'UNSUPPORTED',
  'Permission Error': 'UNSUPPORTED',
  'Missing Extension Error': 'UNSUPPORTED',
  'Extension Autoloading Error': 'UNSUPPORTED',
  'IO Error': 'NOT_FOUND',
  'INTERRUPT Error': 'ABORTED',
}

/**
 * What DuckDB said, as an error of ours. `details` holds `position` (offset into the SQL text in UTF-16 units), `line` and `column`
 * (from 1) when DuckDB pointed at a place, and `candidates` when it offered names.
 */
export function duckdbError(text: string, sql: string): LakefrontError {
  const [, kind = '', rest = text] = /^([A-Za-z ]+ Error): ([\s\S]*)$/.exec(text) ?? []
  const { message, details } = readPlace(rest, sql)
  const code = refine(codes[kind] ?? 'ENGINE_FAILED', kind, message)
  return new LakefrontError(code, advise(code, message), {
    details: { ...details, ...candidatesOf(message), duckdb: kind },
  })
}

/** `error` when it is ours already, else wrapped as a failure of the engine. */
export function engineFailure(error: unknown): LakefrontError {
  if (isLakefrontError(error)) return error
  return new LakefrontError(
    'ENGINE_FAILED',
    `The engine failed: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  )
}

function refine(code: ErrorCode, kind: string, message: string): ErrorCode {
  if (
    /extension is not available|exists in the \w+ extension|required extension|Extension\s+is not available/i.test(
      message,
    )
  )
    return 'UNSUPPORTED'
  if (/^Ambiguous reference/i.test(message)) return 'COLUMN_AMBIGUOUS'
  if (/column .* not found|does not have a column named|column ".*" (?:must appear|does not exist)/is.test(message)) {
    return /must appear/.test(message) ? code : 'COLUMN_NOT_FOUND'
  }
  if (/^(?:Table|View) with name .* does not exist/i.test(message)) return 'TABLE_NOT_FOUND'
  if (/Function with name .* does not exist/i.test(message)) return 'FUNCTION_NOT_FOUND'
  if (
    /^No function matches|Cannot compare values|Cannot mix values|types? .* cannot be (?:cast|compared)/i.test(message)
  )
    return 'TYPE_MISMATCH'
  if (kind === 'IO Error' && !/no files found|cannot open|not found|does not exist/i.test(message))
    return 'ENGINE_FAILED'
  return code
}

function advise(code: ErrorCode, message: string): string {
  if (code === 'COLUMN_NOT_FOUND') return columnAdvice(message)
  const extension = /(?:exists in the|required extension) '?(\w+)'?/.exec(message)?.[1]
  if (code === 'UNSUPPORTED' && (extension !== undefined || /extension/i.test(message))) {
    const what = message.split('\n', 1)[0]!
    return `${what.replace(/Extension\s+is not available/, 'An extension would be needed')} This engine works without extensions and fetches none. Connect with engineBinary 'full' and a custom_extension_repository that hosts ${extension === undefined ? 'it' : `"${extension}"`}, or write the query without it.`
  }
  return message
}

function columnAdvice(message: string): string {
  const name = /"([^"]+)"/.exec(message)?.[1]
  if (name === undefined) return message
  const { candidates = [] } = candidatesOf(message)
  const missingFrom = /FROM clause is missing/.test(message) ? ' The query has no FROM clause.' : ''
  const near = nearestName(name, candidates)
  return `Column "${name}" not found.${missingFrom}${candidates.length === 0 ? '' : ` Columns like it: ${candidates.join(', ')}.`}${near === undefined ? '' : ` Did you mean "${near}"?`}`
}

/** Splits off DuckDB's picture of the place: `LINE 1: SELEC 1` over a line of blanks and a caret. */
function readPlace(text: string, sql: string): { message: string; details: ErrorDetails } {
  const match = /\n+LINE (\d+): (.*)\n( *)\^ *\s*$/.exec(text)
  if (match === null) return { message: text.trim(), details: {} }
  const [picture, lineText, shown = '', blanks = ''] = match
  const line = Number(lineText)
  const lines = sql.split('\n')
  const source = lines[line - 1] ?? ''
  const prefix = `LINE ${line}: `.length
  const caret = Math.max(0, blanks.length - prefix)
  const excerpt = shown.replace(/^\.\.\./, '').replace(/\.\.\.$/, '')
  const cut = shown.startsWith('...') ? 3 : 0
  const at = Math.max(0, source.indexOf(excerpt)) + Math.max(0, caret - cut)
  const position = lines.slice(0, line - 1).reduce((sum, before) => sum + before.length + 1, 0) + at
  return {
    message: text.slice(0, text.length - picture.length).trim(),
    details: { position: Math.min(position, sql.length), line, column: at + 1 },
  }
}

function candidatesOf(message: string): { candidates?: readonly string[] } {
  const list =
    /(?:Candidate bindings|Candidate functions|Did you mean|Similar tables|Similar functions)[^:"]*:? ?([\s\S]*)$/.exec(
      message,
    )?.[1]
  const names = list === undefined ? [] : [...list.matchAll(/"([^"]+)"/g)].map((match) => match[1]!)
  return names.length === 0 ? {} : { candidates: names }
}
