import { LakefrontError } from '../../errors.ts'
import { sqlTokens } from '../../sql/sql-tokens.ts'
import type { SourceText } from './duckdb-error.ts'

/** One statement of an SQL text. */
export interface ScriptPart extends SourceText {
  /** The text before it. */
  readonly before: string
  /** Its words outside of strings, quoted names and comments, in lower case. */
  readonly words: readonly string[]
}

const reading: ReadonlySet<string> = new Set([
  'select',
  'from',
  'with',
  'values',
  'explain',
  'describe',
  'desc',
  'summarize',
  'show',
  'table',
])
const writing: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'create', 'drop', 'alter', 'copy'])
const keeping: ReadonlySet<string> = new Set([
  'set',
  'reset',
  'use',
  'begin',
  'start',
  'pragma',
  'prepare',
  'deallocate',
  'attach',
  'detach',
])

/** Throws for a text that DuckDB would see the beginning of. */
export function refuseZero(sql: string): void {
  const position = sql.indexOf('\0')
  if (position < 0) return
  throw new LakefrontError('SYNTAX_ERROR', 'The SQL text holds a character of code 0. Pass it as a parameter.', {
    details: { position },
  })
}

/** Whether a statement only reads, for all that its words tell; `WITH … INSERT` and `EXPLAIN ANALYZE DELETE` do not. */
export function onlyReads({ words }: ScriptPart): boolean {
  return reading.has(words[0] ?? '') && !words.some((word) => writing.has(word))
}

/** Whether a statement changes rows, and nothing else. */
export function changesRows({ words }: ScriptPart): boolean {
  return ['insert', 'update', 'delete', 'merge'].includes(words[0] ?? '')
}

/** What reads files that may have changed since, and what DuckDB makes several statements of. */
const changeable =
  /\b(?:from|join)\s*\(?\s*'|\b(?:lf_scan|read_\w+|parquet_\w+|glob|sniff_csv|pivot\w*|summarize|describe|show|explain)\b/i

/** Whether a statement means the same when it is run again, prepared once. */
export function isRepeatable(part: ScriptPart): boolean {
  return onlyReads(part) && !changeable.test(part.sql)
}

/** Whether a statement may leave something on its connection (a setting, a transaction, a temporary object) that later ones see. */
export function leavesState({ words }: ScriptPart): boolean {
  const [first = ''] = words
  return keeping.has(first) || (first === 'create' && (words.includes('temp') || words.includes('temporary')))
}

/** Whether a statement writes files. */
export function writesFiles({ words }: ScriptPart): boolean {
  const [first, second, third] = words
  return (
    first === 'export' || (first === 'copy' && words.includes('to') && !(second === 'from' && third === 'database'))
  )
}

/**
 * The statements of an SQL text, split where DuckDB's parser splits: at semicolons that are not inside of strings, quoted names,
 * dollar quotes and (nested) comments. Parts without a word hold no statement and are left out.
 */
export function partsOf(sql: string): readonly ScriptPart[] {
  const parts: ScriptPart[] = []
  let start = 0
  let words: string[] = []
  let isEmpty = true
  const finish = (end: number): void => {
    if (!isEmpty) parts.push({ sql: sql.slice(start, end), before: sql.slice(0, start), words })
    start = end + 1
    words = []
    isEmpty = true
  }
  for (const { kind, text, start: at } of sqlTokens(sql)) {
    if (kind === 'other' && text === ';') {
      finish(at)
      continue
    }
    isEmpty = false
    if (kind === 'word') words.push(text.toLowerCase())
  }
  finish(sql.length)
  return parts
}
