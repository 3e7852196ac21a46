import { LakefrontError } from '../errors.ts'
import { Column } from './column.ts'
import type { AnyColumn } from './column-types.ts'
import type { Expression, Value } from './expression.ts'
import { operandNode } from './operand.ts'
import { checkEmbeddable, checkSlots, sqlTokens, unquoted } from './sql-text.ts'

/**
 * An expression as SQL text, for what has no method: ``sql('delay / 60 AS hours')``, or as a template that takes columns
 * and values safely: ``sql`list_contains(tags, ${tag})` ``.
 *
 * The text itself is trusted: it can call anything the engine offers. It stays one expression, though: a semicolon or a
 * closing bracket too many is `INVALID_ARGUMENT`. Names in it are those of the input's columns, and are checked by the
 * engine. `AS name` at the end names the column.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function sql<T = any>(
  text: string | TemplateStringsArray,
  ...values: readonly (AnyColumn | Value)[]
): Column<T, never, string> {
  const { node, name } = rawSql(typeof text === 'string' ? [text] : text, values)
  return new Column(name === undefined ? node : Object.freeze({ kind: 'Alias', operand: node, name }))
}

function rawSql(parts: readonly string[], values: readonly (AnyColumn | Value)[]): { node: Expression; name?: string } {
  if (values.length !== parts.length - 1) {
    throw new LakefrontError('INVALID_ARGUMENT', 'sql() takes text alone, or a template: sql`a + ${value}`.')
  }
  checkSlots(parts)
  checkEmbeddable(parts.join(' NULL '), 'The SQL expression')
  const { text, name } = withoutAlias(parts.at(-1)!)
  const trimmed = [...parts.slice(0, -1), text]
  if (trimmed.every((part) => sqlTokens(part).every((token) => token.kind === 'trivia')) && values.length === 0) {
    throw new LakefrontError('INVALID_ARGUMENT', 'The SQL expression is empty.')
  }
  for (const token of trimmed.flatMap(sqlTokens)) {
    if (token.kind === 'placeholder') {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `The placeholder ${token.text} has no value here. Write sql\`… \${value}\`.`,
      )
    }
  }
  const node = Object.freeze({
    kind: 'RawSql',
    parts: Object.freeze(trimmed),
    operands: Object.freeze(values.map(operandNode)),
  } as const)
  return name === undefined ? { node } : { node, name }
}

/** Cuts `AS name` off the end of the text. Inside brackets it would belong to a CAST, which ends in one. */
function withoutAlias(text: string): { text: string; name?: string } {
  const tokens = sqlTokens(text).filter((token) => token.kind !== 'trivia')
  const [as, name] = tokens.slice(-2)
  if (as?.kind !== 'word' || as.text.toUpperCase() !== 'AS' || (name?.kind !== 'word' && name?.kind !== 'quoted'))
    return { text }
  return { text: text.slice(0, as.start), name: name.kind === 'quoted' ? unquoted(name.text) : name.text }
}
