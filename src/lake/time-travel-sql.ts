import { type SqlToken, sqlTokens } from './sql-tokens.ts'

/** `lake.events AT (VERSION => 3)` in a text. */
export interface TimeTravel {
  /** Of the text: from the name to the closing bracket. */
  readonly start: number
  readonly end: number
  /** The parts of the table's name. */
  readonly name: readonly string[]
  readonly unit: 'VERSION' | 'TIMESTAMP'
  /** What stands behind the arrow. */
  readonly expression: string
}

/** The tables of a text that are asked for as they were. */
export function timeTravels(sql: string): readonly TimeTravel[] {
  if (!/\bat\b/i.test(sql) || !sql.includes('=>')) return []
  const tokens = sqlTokens(sql)
  const found: TimeTravel[] = []
  tokens.forEach((_, at) => {
    const name = nameBefore(tokens, at)
    if (name === undefined || !isWord(tokens[at], 'at') || tokens[at + 1]?.text !== '(') return
    const unit = ['VERSION', 'TIMESTAMP'].find((word) => isWord(tokens[at + 2], word.toLowerCase()))
    if (unit === undefined || tokens[at + 3]?.text !== '=>') return
    const close = closing(tokens, at + 1)
    if (close === undefined || close === at + 4) return
    found.push({
      start: tokens[at - name.length * 2 + 1]!.start,
      end: tokens[close]!.end,
      name: name.map(({ text }) => text),
      unit: unit as TimeTravel['unit'],
      expression: sql.slice(tokens[at + 4]!.start, tokens[close - 1]!.end),
    })
  })
  return found
}

/** The names with dots between them that end before a token. */
function nameBefore(tokens: readonly SqlToken[], end: number): readonly SqlToken[] | undefined {
  const name: SqlToken[] = []
  for (let at = end - 1; at >= 0; at -= 2) {
    const token = tokens[at]!
    if (token.kind === 'other') return undefined
    name.unshift(token)
    if (tokens[at - 1]?.text !== '.') return name
  }
  return undefined
}

function closing(tokens: readonly SqlToken[], open: number): number | undefined {
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    const { text, kind } = tokens[at]!
    if (kind !== 'other') continue
    if (text === '(') depth++
    if (text === ')' && --depth === 0) return at
  }
  return undefined
}

function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word
}
