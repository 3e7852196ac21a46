import { LakefrontError } from '../errors.ts'

/** A piece of SQL text. Placeholders are `?`, `$1` and `$name`; `trivia` is white space and comments. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'placeholder' | 'symbol' | 'trivia'
  readonly start: number
  readonly text: string
}

const pattern = new RegExp(
  [
    String.raw`(?<trivia>\s+|--[^\r\n]*|/\*)`,
    String.raw`(?<dollar>\$(?<tag>[\p{L}_][\p{L}\p{N}_]*)?\$)`,
    String.raw`(?<string>[eE]'|')`,
    String.raw`(?<quoted>")`,
    String.raw`(?<placeholder>\?|\$\d+|\$[\p{L}_][\p{L}\p{N}_]*)`,
    String.raw`(?<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_$]*)`,
    String.raw`(?<symbol>[\s\S])`,
  ].join('|'),
  'uy',
)

/**
 * Cuts SQL text into tokens by DuckDB's lexical rules, so that placeholders, semicolons and brackets inside strings,
 * quoted names and comments are told from real ones.
 *
 * Throws `SYNTAX_ERROR` for a string, name or comment that does not end.
 */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = []
  const matcher = new RegExp(pattern)
  let start = 0
  while (start < sql.length) {
    matcher.lastIndex = start
    const groups = matcher.exec(sql)!.groups!
    let end = matcher.lastIndex
    let kind: SqlToken['kind'] = 'symbol'
    if (groups['trivia'] !== undefined) {
      kind = 'trivia'
      if (groups['trivia'] === '/*') end = endOfComment(sql, start)
    } else if (groups['dollar'] !== undefined) {
      kind = 'string'
      const close = sql.indexOf(groups['dollar'], end)
      if (close < 0) throw unfinished('string', start)
      end = close + groups['dollar'].length
    } else if (groups['string'] !== undefined) {
      kind = 'string'
      end = endOfQuoted(sql, start, end, "'", groups['string'].length === 2)
    } else if (groups['quoted'] !== undefined) {
      kind = 'quoted'
      end = endOfQuoted(sql, start, end, '"', false)
    } else if (groups['placeholder'] !== undefined) kind = 'placeholder'
    else if (groups['number'] !== undefined) kind = 'number'
    else if (groups['word'] !== undefined) kind = 'word'
    tokens.push({ kind, start, text: sql.slice(start, end) })
    start = end
  }
  return tokens
}

/** Throws `INVALID_ARGUMENT` when `sql` could not stand between brackets: a semicolon, or a bracket without its partner. */
export function checkEmbeddable(sql: string, what: string): void {
  const closers: string[] = []
  for (const token of sqlTokens(sql)) {
    if (token.kind !== 'symbol') continue
    const partner = { '(': ')', '[': ']', '{': '}' }[token.text]
    if (partner !== undefined) closers.push(partner)
    else if (token.text === ';') throw invalid(`${what} holds a semicolon`, token.start)
    else if (')]}'.includes(token.text) && closers.pop() !== token.text) {
      throw invalid(`${what} closes a bracket that it did not open`, token.start)
    }
  }
  if (closers.length > 0) throw invalid(`${what} lacks a closing "${closers.at(-1)}"`, sql.length)
}

/**
 * Throws `INVALID_ARGUMENT` when a slot between two of `parts` stands inside a string, a quoted name, a comment or a word,
 * where nothing can be put in safely.
 */
export function checkSlots(parts: readonly string[]): void {
  if (sqlTokens(parts.join('$slot')).filter((token) => token.text === '$slot').length === parts.length - 1) return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    'A slot of the SQL template stands inside a string, a quoted name, a comment or a word. Take the quotes away: values are put in safely as they are.',
  )
}

/** The name a quoted identifier stands for. */
export function unquoted(token: string): string {
  return token.slice(1, -1).replaceAll('""', '"')
}

function endOfComment(sql: string, start: number): number {
  const marks = /\/\*|\*\//g
  marks.lastIndex = start
  let depth = 0
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  throw unfinished('comment', start)
}

function endOfQuoted(sql: string, start: number, from: number, quote: string, escapes: boolean): number {
  for (let at = from; at < sql.length; at++) {
    if (escapes && sql[at] === '\\') at++
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1
      at++
    }
  }
  throw unfinished(quote === '"' ? 'quoted name' : 'string', start)
}

function unfinished(what: string, position: number): LakefrontError {
  return new LakefrontError(
    'SYNTAX_ERROR',
    `The ${what} that starts at character ${position + 1} of the SQL text does not end.`,
    {
      details: { position },
    },
  )
}

function invalid(what: string, position: number): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', `${what} at character ${position + 1}.`, { details: { position } })
}
