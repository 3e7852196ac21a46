import { type SqlToken, sqlTokens } from '../../sql/sql-tokens.ts'

/** `lake.events AT (VERSION => 3)` in a text. */
export interface TimeTravel {
  /** Of the text: from the name to the closing bracket. */
  readonly start: number
  readonly end: number
  /** What stands between the name and AT: what the table is called. */
  readonly alias: string
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
    if (!isWord(tokens[at], 'at') || tokens[at + 1]?.text !== '(') return
    const behind = aliasStart(tokens, at)
    const name = nameBefore(tokens, behind)
    if (name === undefined) return
    const unit = ['VERSION', 'TIMESTAMP'].find((word) => isWord(tokens[at + 2], word.toLowerCase()))
    if (unit === undefined || tokens[at + 3]?.text !== '=>') return
    const close = closing(tokens, at + 1)
    if (close === undefined || close === at + 4) return
    found.push({
      start: tokens[behind - name.length * 2 + 1]!.start,
      end: tokens[close]!.end,
      alias: sql.slice(tokens[behind - 1]!.end, tokens[at - 1]!.end),
      name: name.map(({ text }) => text),
      unit: unit as TimeTravel['unit'],
      expression: sql.slice(tokens[at + 4]!.start, tokens[close - 1]!.end),
    })
  })
  return found
}

/** Where what a table is called begins, `AS x(a, b)`, that ends before a token; the token where there is none. */
function aliasStart(tokens: readonly SqlToken[], end: number): number {
  const open = tokens[end - 1]?.text === ')' ? tokens.findLastIndex(({ text }, at) => at < end && text === '(') : end
  const [before, alias] = tokens.slice(Math.max(0, open - 2), open)
  if (alias === undefined || alias.kind === 'other') return end
  if (isWord(before, 'as')) return open - 2
  const isNamed = before?.kind === 'quoted' || (before?.kind === 'word' && !beforeTable.test(before.text))
  return isNamed ? open - 1 : end
}

/** Words that the name of a table stands behind. */
const beforeTable =
  /^(?:from|join|using|table|lateral|describe|desc|show|summarize|pivot|unpivot|pivot_wider|pivot_longer)$/i

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
