import { isLakefrontError, type ErrorCode } from 'lakefront'
import type { Mark } from './editor-mark.ts'
import { button, byId, create } from './element.ts'
import { lineAndColumn } from './position.ts'

/** What to do about an error, where its own message cannot know the page. */
const hints: Partial<Record<ErrorCode, string>> = {
  ABORTED: 'The query was cancelled. Run starts it again.',
  CORS: 'The other server has to allow this page to read it. Download the file and open it here instead.',
  CORRUPT_FILE: 'The file may have been cut off while it was copied: fetch it again.',
  NETWORK: 'Check the connection, then run the query again.',
  NOT_A_PARQUET_FILE:
    'The name of a file should end in what it is: .parquet, .avro, .csv, .json or .arrow, for instance.',
  NOT_FOUND: 'What can be queried is listed under Files; a local file has to be opened first.',
  OUT_OF_MEMORY: 'Select fewer columns, filter earlier, or add a LIMIT.',
  TABLE_NOT_FOUND: "Put the name of a file in single quotes: FROM 'flights-3m.parquet'.",
  WORKER_LOST: 'Run starts a new engine. If it fails again, reload the page: a part of it may not have been loaded.',
}

export interface Failure {
  readonly error: unknown
  /** The SQL text that was run and the piece the error is about. */
  readonly sql?: string
  readonly mark?: Mark
  readonly onGoTo?: () => void
}

/** Shows an error where the result would stand: what, where, and what to do. */
export function showFailure({ error, sql, mark, onGoTo }: Failure): void {
  const box = byId('message')
  const code = isLakefrontError(error) ? error.code : 'INTERNAL'
  const children: Node[] = [
    create('h3', '', titleOf(code), create('code', '', code)),
    create('pre', 'said', error instanceof Error ? error.message : String(error)),
  ]
  if (sql !== undefined && mark !== undefined) {
    const { line, column } = lineAndColumn(sql, mark.from)
    const start = sql.lastIndexOf('\n', mark.from - 1) + 1
    const end = sql.indexOf('\n', mark.to) === -1 ? sql.length : sql.indexOf('\n', mark.to)
    children.push(
      create(
        'pre',
        'excerpt',
        create('span', 'line-number', `${line}  `),
        sql.slice(start, mark.from),
        create('mark', '', sql.slice(mark.from, mark.to)),
        sql.slice(mark.to, end),
      ),
    )
    if (onGoTo !== undefined) {
      children.push(create('div', 'actions', button(`Go to line ${line}, column ${column}`, '', onGoTo)))
    }
  }
  const hint = hints[code]
  if (hint !== undefined) children.push(create('p', 'hint', hint))
  box.replaceChildren(...children)
  box.hidden = false
}

export function hideFailure(): void {
  byId('message').hidden = true
}

function titleOf(code: ErrorCode): string {
  switch (code) {
    case 'SYNTAX_ERROR':
      return 'The SQL cannot be read'
    case 'COLUMN_NOT_FOUND':
    case 'COLUMN_AMBIGUOUS':
      return 'A column name is wrong'
    case 'TABLE_NOT_FOUND':
    case 'NOT_FOUND':
      return 'Not found'
    case 'FUNCTION_NOT_FOUND':
      return 'A function is not known'
    case 'TYPE_MISMATCH':
    case 'INVALID_VALUE':
      return 'A value does not fit'
    case 'ABORTED':
      return 'Cancelled'
    case 'NETWORK':
    case 'CORS':
      return 'The file could not be fetched'
    case 'WORKER_LOST':
    case 'ENGINE_FAILED':
      return 'The engine stopped'
    case 'OUT_OF_MEMORY':
      return 'Too large for the memory allowed'
    case 'NOT_A_PARQUET_FILE':
    case 'CORRUPT_FILE':
      return 'The file cannot be read'
    case 'UNSUPPORTED':
      return 'Not possible here'
    default:
      return 'It did not work'
  }
}
