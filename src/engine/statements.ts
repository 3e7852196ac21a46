import { sqlTokens } from '../expr/sql-text.ts'

/** The statements of an SQL text, without the semicolons between them and without empty ones. */
export function statementsOf(sql: string): readonly string[] {
  const statements: string[] = []
  let start = 0
  let isEmpty = true
  for (const token of sqlTokens(sql)) {
    if (token.text === ';' && token.kind === 'symbol') {
      if (!isEmpty) statements.push(sql.slice(start, token.start))
      start = token.start + 1
      isEmpty = true
    } else if (token.kind !== 'trivia') isEmpty = false
  }
  if (!isEmpty) statements.push(sql.slice(start))
  return statements
}
