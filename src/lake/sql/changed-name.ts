import type { SqlToken } from '../../sql/sql-tokens.ts'

/** First words of statements that change something, and those of their words that the name of it can stand behind. */
const changing: Readonly<Record<string, readonly string[]>> = {
  insert: ['into'],
  merge: ['into'],
  update: ['update'],
  delete: ['from'],
  truncate: ['truncate', 'table'],
  create: ['table', 'view', 'schema', 'macro', 'function', 'sequence', 'type', 'exists'],
  drop: ['table', 'view', 'schema', 'macro', 'function', 'exists'],
  alter: ['table', 'view', 'exists'],
  comment: ['table', 'view', 'column'],
  copy: ['copy'],
}

/** What a statement changes: the parts of its name. */
export interface Changed {
  /** Its first word; of `CREATE INDEX` the second. */
  readonly verb: string
  readonly name: readonly SqlToken[]
  /** Whether it is a schema. */
  readonly isSchema: boolean
}

/** What a statement changes, for all that its words tell; undefined for one that changes nothing, or what is temporary. */
export function changedBy(statement: readonly SqlToken[]): Changed | undefined {
  const at = statement.findIndex(({ kind, text }) => kind === 'word' && text.toLowerCase() in changing)
  const verb = statement[at]?.text.toLowerCase()
  if (verb === undefined) return undefined
  const words = statement.map(({ text }) => text.toLowerCase())
  const target = words.indexOf('to')
  if (verb === 'copy' && words[at + 1] === 'from' && words[at + 2] === 'database')
    return target < 0 ? undefined : { verb, name: statement.slice(target + 1, target + 2), isSchema: false }
  if (verb === 'copy' && target >= 0) return undefined
  // An index is made where its table is.
  const isIndex = verb === 'create' && words.slice(at, at + 3).includes('index')
  const marks = isIndex ? ['on'] : changing[verb]!
  const mark = statement.findIndex(({ kind }, index) => {
    const next = statement[index + 1]
    const isMark = kind === 'word' && index >= at && marks.includes(words[index]!)
    return isMark && next !== undefined && next.kind !== 'other' && !isFiller(next)
  })
  if (mark < 0) return undefined
  const kinds = words.slice(at, mark + 1)
  if (verb === 'create' && kinds.some((word) => word === 'temp' || word === 'temporary')) return undefined
  const name: SqlToken[] = []
  for (let index = mark + 1; index < statement.length; index += 2) {
    name.push(statement[index]!)
    if (statement[index + 1]?.text !== '.') break
  }
  // Of a column, the table.
  const isColumn = verb === 'comment' && words[mark] === 'column'
  return {
    verb: isIndex ? 'index' : verb,
    name: isColumn ? name.slice(0, -1) : name,
    isSchema: kinds.includes('schema'),
  }
}

/** `IF NOT EXISTS`, and the second word of `TRUNCATE TABLE`, stand before the name. */
function isFiller({ kind, text }: SqlToken): boolean {
  return kind === 'word' && /^(?:if|not|exists|table)$/i.test(text)
}
