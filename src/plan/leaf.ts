import type { Parameter } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { checkSlots, sqlTokens, unquoted } from '../expr/sql-text.ts'
import type { Source } from '../scan/source.ts'
import type { Schema } from '../types/logical-type.ts'
import type { Leaf, OutputColumn, Query, QuerySlot, Scan, Table } from './nodes.ts'

/** `lf_scan('<id>')`. Rows in memory know their columns; of files, `schema` may say what will be found. */
export function scan(source: Source, schema?: Schema): Scan {
  const known = schema ?? (source.format === 'batches' ? source.schema : undefined)
  return Object.freeze({ kind: 'Scan', source, ...(known === undefined ? {} : { output: outputOfSchema(known) }) })
}

/** A table or view: `events`, `sales.events`, `"odd name".t`. What cannot be read so is one name as it stands. */
export function table(name: string): Table {
  if (typeof name !== 'string' || name === '')
    throw new LakefrontError('INVALID_ARGUMENT', 'table() needs the name of a table.')
  return Object.freeze({ kind: 'Table', name: Object.freeze(nameParts(name) ?? [name]) })
}

function nameParts(name: string): string[] | undefined {
  if (!/^(?:[\p{L}_][\p{L}\p{N}_$]*|"(?:[^"]|"")+")(?:\.(?:[\p{L}_][\p{L}\p{N}_$]*|"(?:[^"]|"")+")){0,2}$/u.test(name))
    return undefined
  return sqlTokens(name).flatMap((token) =>
    token.kind === 'word' ? [token.text] : token.kind === 'quoted' ? [unquoted(token.text)] : [],
  )
}

/**
 * SQL text with slots between its parts, as a tagged template gives them. Throws `INVALID_ARGUMENT` for a slot inside a
 * string, a quoted name or a comment, where nothing can be put in safely.
 */
export function query(parts: readonly string[], slots: readonly QuerySlot[]): Query {
  checkSlots(parts)
  return Object.freeze({
    kind: 'Query',
    parts: Object.freeze([...parts]),
    slots: Object.freeze(slots.map((slot) => Object.freeze(slot))),
  })
}

/**
 * SQL text with `?`, `$1` or `$name` placeholders, and the values for them. Placeholders inside strings, names and comments
 * are none. Throws `INVALID_ARGUMENT` when a placeholder has no value or a value no placeholder.
 */
export function queryFromText(
  text: string,
  parameters: readonly Parameter[] | Readonly<Record<string, Parameter>> = [],
): Query {
  const parts: string[] = []
  const slots: QuerySlot[] = []
  const values: Readonly<Record<string, Parameter>> = Array.isArray(parameters)
    ? Object.fromEntries(parameters.map((value: Parameter, index) => [String(index + 1), value]))
    : (parameters as Readonly<Record<string, Parameter>>)
  const unused = new Set(Object.keys(values))
  let from = 0
  let position = 0
  for (const token of sqlTokens(text)) {
    if (token.kind !== 'placeholder') continue
    const key = token.text === '?' ? String(++position) : token.text.slice(1)
    if (!Object.hasOwn(values, key)) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `The SQL text has the placeholder ${token.text}, number ${slots.length + 1}, but no value was given for it.`,
      )
    }
    unused.delete(key)
    parts.push(text.slice(from, token.start))
    slots.push({ value: values[key]! })
    from = token.start + token.text.length
  }
  if (unused.size > 0) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `The SQL text has no placeholder for the values given as ${[...unused].map((key) => `$${key}`).join(', ')}.`,
    )
  }
  return query([...parts, text.slice(from)], slots)
}

/** `leaf` once its columns are known. */
export function withSchema(leaf: Leaf, schema: Schema): Leaf {
  return Object.freeze({ ...leaf, output: outputOfSchema(schema) })
}

function outputOfSchema(schema: Schema): readonly OutputColumn[] {
  return Object.freeze(schema.fields.map(({ name, type }) => Object.freeze({ name, type })))
}
