import { type SqlToken, sqlTokens } from '../../sql/sql-tokens.ts'
import { quotedName } from '../catalog/quoted.ts'
import { sameName } from '../snapshot/lake-columns.ts'

/** Words that the name of a table stands behind, and none of a column. */
const beforeTables = /^(?:from|join|into|update|table)$/i

/**
 * A query in which columns that are called by one of the `paths` of a table, as `lake.schema.table.column`, are called by its name in the query. As it was where another table
 * of that name is in it: which of them is meant would not be told any more.
 */
export function calledByName(sql: string, paths: readonly (readonly string[])[], name: string): string {
  const tokens = sqlTokens(sql)
  const longestFirst = paths.toSorted((a, b) => b.length - a.length)
  const found: { readonly start: number; readonly end: number }[] = []
  for (const [at, token] of tokens.entries()) {
    const names = pathAt(tokens, at)
    if (names.length < 2) continue
    const own = longestFirst.find((path) => path.every((part, index) => sameName(part, names[index] ?? '')))
    if (own === undefined && names.slice(1).some((part) => sameName(part, name))) return sql
    if (own === undefined || beforeTables.test(tokens[at - 1]?.text ?? '')) continue
    const last = at + 2 * (own.length - 1)
    if (tokens[last + 1]?.text === '.') found.push({ start: token.start, end: tokens[last]!.end })
  }
  return found.reduceRight((text, { start, end }) => text.slice(0, start) + quotedName(name) + text.slice(end), sql)
}

/** The names with dots between them that begin at a token; none within such a path. */
function pathAt(tokens: readonly SqlToken[], at: number): readonly string[] {
  const names: string[] = []
  if (tokens[at - 1]?.text === '.') return names
  for (let next = at; tokens[next] !== undefined && tokens[next]!.kind !== 'other'; next += 2) {
    names.push(tokens[next]!.text)
    if (tokens[next + 1]?.text !== '.') break
  }
  return names
}
