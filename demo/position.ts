import type { Mark } from './editor-mark.ts'

/** Where in `sql` an error is, from what its details tell: a character offset, or a quoted name that stands in the text. */
export function markOf(sql: string, message: string, details: Readonly<Record<string, unknown>>): Mark | undefined {
  const position = details['position']
  if (typeof position === 'number' && position >= 0 && position <= sql.length) {
    return { ...wordAt(sql, Math.min(position, Math.max(0, sql.length - 1))), message }
  }
  return undefined
}

/** The token at `offset`: a word, a quoted text, or one character. An offset in white space or at the end means the token before. */
export function wordAt(sql: string, offset: number): { readonly from: number; readonly to: number } {
  let at = offset
  while (at > 0 && (at >= sql.length || /\s/.test(sql[at]!))) at--
  const rest = sql.slice(at)
  const token = /^(?:'(?:[^']|'')*'|"(?:[^"]|"")*")/.exec(rest)
  if (token !== null) return { from: at, to: at + token[0].length }
  if (!/\w/.test(sql[at] ?? '')) return { from: at, to: Math.min(sql.length, at + 1) }
  let from = at
  while (from > 0 && /\w/.test(sql[from - 1]!)) from--
  let to = at
  while (to < sql.length && /\w/.test(sql[to]!)) to++
  return { from, to }
}

/** Line and column of an offset, both from one. */
export function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
