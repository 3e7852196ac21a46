import { LakefrontError } from '../errors.ts'
import { type SqlToken, sqlTokens } from './sql-tokens.ts'

/** First words of statements that change something, and those of their words that the name of it can stand behind. */
const changing: Readonly<Record<string, readonly string[]>> = {
  insert: ['into'],
  merge: ['into'],
  update: ['update'],
  delete: ['from'],
  truncate: ['truncate', 'table'],
  create: ['table', 'view', 'schema', 'macro', 'function', 'index', 'on', 'sequence', 'type', 'exists'],
  drop: ['table', 'view', 'schema', 'macro', 'function', 'exists'],
  alter: ['table', 'view', 'exists'],
  comment: ['table', 'view', 'column'],
  copy: ['copy'],
}

/**
 * Throws `UNSUPPORTED` when a text would change a lake. Behind the name of a lake SQL finds views in memory: what it made beside them would be
 * in no lake.
 */
export function refuseLakeChanges(sql: string, lakes: readonly string[]): void {
  if (!/\b(?:insert|merge|update|delete|truncate|create|drop|alter|comment|copy)\b/i.test(sql)) return
  for (const statement of statementsOf(sqlTokens(sql))) {
    const first = statement.find(({ kind, text }) => kind === 'word' && text.toLowerCase() in changing)
    const marks = changing[first?.text.toLowerCase() ?? ''] ?? []
    const at = statement.findIndex(({ kind, text }, index) => {
      const next = statement[index + 1]
      const isMark = kind === 'word' && marks.includes(text.toLowerCase()) && index >= statement.indexOf(first!)
      return isMark && next !== undefined && next.kind !== 'other' && !isFiller(next)
    })
    const [name, dot, table] = [statement[at + 1], statement[at + 2], statement[at + 3]]
    const lake = lakes.find((own) => own.toLowerCase() === name?.text.toLowerCase())
    if (at < 0 || lake === undefined || (dot?.text !== '.' && first?.text.toLowerCase() !== 'drop')) continue
    const what = table?.text ?? 'events'
    throw new LakefrontError(
      'UNSUPPORTED',
      `SQL text does not change the lake "${lake}", only reads it. Say db.lake(${JSON.stringify(lake)}).table(${JSON.stringify(what)}).insert(…), update(…), delete(…) or merge(…); tables are made by db.lake(…).createTable(…) and df.write.saveAsTable(${JSON.stringify(`${lake}.${what}`)}).`,
      { details: { position: name!.start } },
    )
  }
}

/** `IF NOT EXISTS` and `OR REPLACE` stand before the name. */
function isFiller({ text }: SqlToken): boolean {
  return /^(?:if|not|exists)$/i.test(text)
}

function statementsOf(tokens: readonly SqlToken[]): readonly (readonly SqlToken[])[] {
  const statements: SqlToken[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'other' && token.text === ';') statements.push([])
    else statements.at(-1)!.push(token)
  }
  return statements
}
