import { isLakefrontError, LakefrontError, nearestName } from '../../errors.ts'
import type { ErrorCode, ErrorDetails } from '../../errors.ts'
import { engineShare } from '../../scan/memory-budget.ts'
import type { MemoryUse } from '../../scan/memory-budget.ts'

/** DuckDB's classes of errors and what they are to us. */
const codes: Readonly<Record<string, ErrorCode>> = {
  Parser: 'SYNTAX_ERROR',
  Syntax: 'SYNTAX_ERROR',
  Binder: 'INVALID_ARGUMENT',
  Catalog: 'INVALID_ARGUMENT',
  Dependency: 'INVALID_ARGUMENT',
  Sequence: 'INVALID_ARGUMENT',
  TransactionContext: 'INVALID_ARGUMENT',
  'Parameter Not Allowed': 'INVALID_ARGUMENT',
  'Parameter Not Resolved': 'INVALID_ARGUMENT',
  Conversion: 'INVALID_VALUE',
  'Out of Range': 'INVALID_VALUE',
  'Invalid Input': 'INVALID_VALUE',
  Constraint: 'INVALID_VALUE',
  'Object Size': 'INVALID_VALUE',
  'Invalid Type': 'TYPE_MISMATCH',
  'Mismatch Type': 'TYPE_MISMATCH',
  'Out of Memory': 'OUT_OF_MEMORY',
  'Not implemented': 'UNSUPPORTED',
  Permission: 'UNSUPPORTED',
  'Missing Extension': 'UNSUPPORTED',
  'Extension Autoloading': 'UNSUPPORTED',
  IO: 'NOT_FOUND',
  INTERRUPT: 'ABORTED',
}

/** What DuckDB says of files it would have to fetch itself, which it is not let to. */
const remoteFile = /^(?:No files found that match the pattern "|Opening file ')([a-z][a-z0-9+.-]+:\/\/[^"']*)/i

/** Classes after which the whole database may refuse to work. */
const shatters: ReadonlySet<string> = new Set(['FATAL', 'INTERNAL'])

/** What a message says, taken apart. `position` is a byte offset into the text that was run. */
interface Said {
  readonly kind: string
  readonly message: string
  readonly position?: number
  readonly subtype?: string
  readonly name?: string
}

/** A text that DuckDB was given, and where it comes from. */
export interface SourceText {
  readonly sql: string
  /** What stands before it in the text that places are told in. */
  readonly before?: string
  /** How much of its beginning was put there by us. */
  readonly lead?: number
}

/**
 * What DuckDB said of `source`, as an error of ours. `details` holds `position` (offset into the text in UTF-16 units), `line` and `column`
 * (from 1) when DuckDB pointed at a place, and `candidates` when it offered names.
 *
 * DuckDB is set to speak JSON (`errors_as_json`), as its pictures for people do not tell the place for sure: they are cut, and count
 * the cells of a terminal. A few messages are plain text all the same.
 */
export function duckdbError(text: string, source: SourceText): LakefrontError {
  const said = takeApart(text)
  const failedFunction = /^UDF_FAILED (\d+) "((?:[^"]|"(?! ))*)" ([\s\S]*)$/.exec(said.message)
  if (failedFunction !== null) return functionFailure(failedFunction)
  const { kind, message, position } = said
  const code = codeOf(said)
  return new LakefrontError(code, advise(code, said), {
    details: {
      ...(position === undefined ? {} : placeOf(position, source)),
      ...candidatesOf(message),
      duckdb: `${kind} Error`,
    },
  })
}

/** What a function of the application's own failed with, as its caller wrote it down. */
function functionFailure([, row, name, problem]: readonly string[]): LakefrontError {
  const place = row === '0' ? '' : ` at row ${row} of those it was given`
  return new LakefrontError('UDF_FAILED', `The function "${name}" failed${place}: ${problem}`, {
    details: { function: name, ...(row === '0' ? {} : { row: Number(row) }) },
  })
}

/** `error` when it is ours already, else wrapped as a failure of the engine; what is for want of memory tells who holds it. */
export function engineFailure(error: unknown, use: MemoryUse): LakefrontError {
  if (isLakefrontError(error, 'OUT_OF_MEMORY') && error.details['duckdb'] !== undefined) {
    return outOfMemory(error.message.split('\n', 1)[0]!, use, { details: error.details, cause: error })
  }
  if (isLakefrontError(error)) return error
  if (error instanceof WebAssembly.Exception)
    return outOfMemory('The engine gave up in the middle of taking in rows.', use, { cause: error })
  if (error instanceof RangeError && /allocation failed|invalid (?:typed )?array length/i.test(error.message))
    return outOfMemory(`The platform gives no more memory (${error.message}).`, use, { cause: error })
  return new LakefrontError(
    'ENGINE_FAILED',
    `The engine failed: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  )
}

function outOfMemory(
  what: string,
  use: MemoryUse,
  { details, cause }: { details?: ErrorDetails; cause: unknown },
): LakefrontError {
  const { limit, engine, ...others } = use
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`
  const held = Object.entries({ 'DuckDB’s heap': engine, 'decoded columns': others.columns, decoders: others.decoders })
  const advice =
    'Nothing is spilled to disk here. Filter earlier, take fewer columns, aggregate before you join or sort, put a LIMIT on what is sorted, ' +
    'or raise memoryLimit.'
  return new LakefrontError(
    'OUT_OF_MEMORY',
    `${what.replace(/\.?$/, '.')} memoryLimit is ${megabytes(limit)}, of which DuckDB may use ${megabytes(limit * engineShare)}; ` +
      `held: ${held.map(([who, bytes]) => `${who} ${megabytes(bytes)}`).join(', ')}. ${advice}`,
    { details: { ...details, memory: use }, cause },
  )
}

/** Whether after `error` it has to be asked if the database still works. */
export function mayShatter(error: LakefrontError): boolean {
  return shatters.has(String(error.details['duckdb']).replace(/ Error$/, ''))
}

export function takeApart(withQueries: string): Said {
  const text = withQueries.replace(/(\w:\/\/[^\s"'\\?#]*)[?#][^\s"'\\]*/g, '$1')
  const [, prefix = '', rest = text] = /^([A-Za-z ]+) Error: ([\s\S]*)$/.exec(text) ?? []
  const picture = /\n+LINE \d+: .*\n *\^ *\s*$/
  if (!rest.startsWith('{')) return { kind: prefix, message: rest.replace(picture, '').trim() }
  try {
    const parsed = JSON.parse(rest) as Readonly<Record<string, string | undefined>>
    const { exception_type: kind = prefix, exception_message: message = '', position, error_subtype, name } = parsed
    return {
      kind,
      message: message.trim(),
      ...(position === undefined ? {} : { position: Number(position) }),
      ...(error_subtype === undefined ? {} : { subtype: error_subtype }),
      ...(name === undefined ? {} : { name }),
    }
  } catch {
    return { kind: prefix, message: rest.trim() }
  }
}

function codeOf({ kind, message, subtype }: Said): ErrorCode {
  const code = codes[kind] ?? 'ENGINE_FAILED'
  if (
    /extension is not available|exists in the \w+ extension|required extension|Extension\s+is not available/i.test(
      message,
    )
  )
    return 'UNSUPPORTED'
  if (subtype === 'COLUMN_NOT_FOUND' || /does not have a column named/i.test(message)) return 'COLUMN_NOT_FOUND'
  if (/^Ambiguous reference/i.test(message)) return 'COLUMN_AMBIGUOUS'
  if (/^(?:Table|View) with name .* does not exist|^Referenced table .* not found/i.test(message))
    return 'TABLE_NOT_FOUND'
  if (/Function with name .* does not exist/i.test(message)) return 'FUNCTION_NOT_FOUND'
  if (
    /^No function matches|Cannot compare values|Cannot mix values|types? .* cannot be (?:cast|compared)/i.test(message)
  )
    return 'TYPE_MISMATCH'
  if (remoteFile.test(message)) return 'UNSUPPORTED'
  if (/^Opening file .* failed with error/.test(message)) return 'NOT_FOUND'
  if (kind === 'IO' && !/no files found|cannot open|not found|does not exist/i.test(message)) return 'ENGINE_FAILED'
  return code
}

function advise(code: ErrorCode, said: Said): string {
  const { message, subtype } = said
  if (code === 'COLUMN_NOT_FOUND') return columnAdvice(said)
  if (code === 'UNSUPPORTED' && /extension/i.test(message)) return extensionAdvice(message)
  const [, remote] = remoteFile.exec(message) ?? []
  if (remote !== undefined) {
    return `"${remote}" is not read: files that have to be fetched are read by FROM 'https://…/file', read_parquet(), read_csv(), read_json(), read_avro() and read_arrow().`
  }
  if (subtype === 'MISSING_ENTRY') return entryAdvice(said)
  if (message.startsWith('Current transaction is aborted'))
    return 'The transaction failed at a statement before this one, and nothing but ROLLBACK is possible now.'
  return message
}

function extensionAdvice(message: string): string {
  const extension = /(?:exists in the|required extension) '?(\w+)'?/.exec(message)?.[1]
  const what = /Extension\s+is not available/.test(message) ? 'This needs an extension.' : message.split('\n', 1)[0]!
  return `${what} This engine works without extensions and fetches none. Connect with engineBinary 'full' and a custom_extension_repository that hosts ${extension === undefined ? 'it' : `"${extension}"`}, or write the query without it.`
}

function columnAdvice({ message, name = /column (?:named )?"([^"]+)"/i.exec(message)?.[1] }: Said): string {
  if (name === undefined) return message
  const { candidates = [] } = candidatesOf(message)
  const missingFrom = /FROM clause is missing/.test(message) ? ' The query has no FROM clause.' : ''
  const near = nearestName(name, candidates)
  return `Column "${name}" not found.${missingFrom}${candidates.length === 0 ? '' : ` Columns like it: ${candidates.join(', ')}.`}${near === undefined ? '' : ` Did you mean "${near}"?`}`
}

/** DuckDB offers the nearest of all names, however far; only one that may have been meant is passed on. */
function entryAdvice({ message, name = '' }: Said): string {
  const near = nearestName(name, candidatesOf(message).candidates ?? [])
  const what = message.split('\n', 1)[0]!
  return near === undefined ? what : `${what} Did you mean "${near}"?`
}

function placeOf(position: number, { sql, before = '', lead = 0 }: SourceText): ErrorDetails {
  const read = new TextDecoder().decode(new TextEncoder().encode(sql).subarray(0, position))
  const text = before + read.slice(lead)
  const lines = text.split('\n')
  return { position: text.length, line: lines.length, column: lines.at(-1)!.length + 1 }
}

function candidatesOf(message: string): { candidates?: readonly string[] } {
  const list =
    /(?:Candidate bindings|Candidate tables|Candidate functions|Candidate Entries|Did you mean|Similar tables|Similar functions)[^:"]*:? ?([\s\S]*)$/.exec(
      message,
    )?.[1]
  const names = list === undefined ? [] : [...list.matchAll(/"([^"]+)"/g)].map((match) => match[1]!)
  return names.length === 0 ? {} : { candidates: names }
}
