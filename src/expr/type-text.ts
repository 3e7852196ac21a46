import { LakefrontError } from '../errors.ts'
import { type SqlToken, sqlTokens } from './sql-text.ts'

const sparkNames: Readonly<Record<string, string>> = { BYTE: 'TINYINT', STRING: 'VARCHAR', LONG: 'BIGINT', INT: 'INTEGER', BINARY: 'BLOB' }
const simpleName =
  /^(BOOLEAN|BOOL|TINYINT|SMALLINT|SHORT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|INT[1248]|FLOAT|FLOAT4|FLOAT8|REAL|DOUBLE|DOUBLE PRECISION|DECIMAL|NUMERIC|VARCHAR|CHAR|TEXT|JSON|BLOB|BYTEA|BIT|BITSTRING|UUID|DATE|TIME|TIMETZ|TIME WITH TIME ZONE|DATETIME|TIMESTAMP|TIMESTAMP_S|TIMESTAMP_MS|TIMESTAMP_US|TIMESTAMP_NS|TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE|TIMESTAMP WITHOUT TIME ZONE|INTERVAL)$/

/**
 * Checks the text of a type and returns it in one spelling: `int` → `INTEGER`, `struct(a int)` → `STRUCT("a" INTEGER)`,
 * `decimal(10, 2)[]` → `DECIMAL(10,2)[]`. DuckDB's names and PySpark's `string`, `long`, `byte`, `binary` are known; also
 * `LIST`, `MAP(k, v)`, `STRUCT(name type, …)`, `UNION(…)`, `ENUM('a', …)`, and `[]` or `[3]` behind any.
 *
 * Throws `INVALID_ARGUMENT` for anything else, so the text is safe in a statement.
 */
export function parseTypeText(text: string): string {
  const wrong = (): LakefrontError =>
    new LakefrontError(
      'INVALID_ARGUMENT',
      `"${text}" is not a type. Types are such as INTEGER, BIGINT, DOUBLE, DECIMAL(10,2), VARCHAR, BOOLEAN, DATE, TIMESTAMP, ` +
        'BLOB, INTEGER[], STRUCT(a INTEGER), MAP(VARCHAR, INTEGER).',
    )
  let tokens: SqlToken[]
  try {
    tokens = sqlTokens(text).filter((token) => token.kind !== 'trivia')
  } catch {
    throw wrong()
  }
  let at = 0
  const peek = (): string => tokens[at]?.text ?? ''
  const take = (test: (token: SqlToken) => boolean): string => {
    const token = tokens[at++]
    if (token === undefined || !test(token)) throw wrong()
    return token.text
  }
  const symbol = (character: string): string => take((token) => token.kind === 'symbol' && token.text === character)
  const whole = (): string => take((token) => token.kind === 'number' && /^\d{1,9}$/.test(token.text))
  const list = (item: () => string, atMost = Infinity): string => {
    symbol('(')
    const items = [item()]
    while (peek() === ',' && items.length < atMost) {
      at++
      items.push(item())
    }
    symbol(')')
    return items.join(', ')
  }
  const field = (): string => {
    const name = take((token) => token.kind === 'word' || (token.kind === 'quoted' && token.text.length > 2))
    return `${name.startsWith('"') ? name : `"${name}"`} ${type()}`
  }
  const type = (): string => {
    let base = take((token) => token.kind === 'word').toUpperCase()
    if (base === 'STRUCT' || base === 'UNION') base += `(${list(field)})`
    else if (base === 'MAP') base += `(${list(type, 2)})`
    else if (base === 'ENUM') base += `(${list(() => take((token) => token.kind === 'string' && token.text[0] === "'"))})`
    else if ((base === 'LIST' || base === 'ARRAY') && peek() === '(') base = `${list(type, 1)}[]`
    else base = simple(base)
    while (peek() === '[') {
      at++
      base += peek() === ']' ? '[]' : `[${whole()}]`
      symbol(']')
    }
    return base
  }
  const simple = (first: string): string => {
    let name = first
    while (tokens[at]?.kind === 'word') name += ` ${tokens[at++]!.text.toUpperCase()}`
    name = Object.hasOwn(sparkNames, name) ? sparkNames[name]! : name
    if (!simpleName.test(name)) throw wrong()
    if (peek() !== '(' || !/^(DECIMAL|NUMERIC|VARCHAR|CHAR)$/.test(name)) return name
    return `${name}(${list(whole, 2).replace(' ', '')})`
  }
  const result = type()
  if (at !== tokens.length) throw wrong()
  return result
}
