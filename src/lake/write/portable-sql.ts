import { sqlTokens } from '../../sql/sql-tokens.ts'

/** SQL as a lake keeps it: `{DUCKLAKE_CATALOG}.` where it names the lake, as everybody may call that otherwise. */
export function portableSql(lake: string, sql: string): string {
  const tokens = sqlTokens(sql)
  let text = sql
  for (const [at, { kind, text: name, start, end }] of [...tokens.entries()].toReversed()) {
    const isName = kind !== 'other' && name.toLowerCase() === lake.toLowerCase()
    if (!isName || tokens[at + 1]?.text !== '.' || tokens[at - 1]?.text === '.') continue
    text = `${text.slice(0, start)}{DUCKLAKE_CATALOG}${text.slice(end)}`
  }
  return text
}
