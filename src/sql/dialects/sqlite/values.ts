import { LakefrontError } from '../../../errors.ts'
import type { Expression, Value } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { typeName } from '../../../types/type-names.ts'
import { unsupported } from '../unsupported.ts'

/** What SQLite has instead of an error: the one call that fails, "integer overflow". */
export const failure = 'abs(-9223372036854775807 - 1)'

/** A quoted name. */
export function identifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `SQLite cannot have a column or table named ${JSON.stringify(name)} here. Rename it with as().`,
    )
  }
  return `"${name.replaceAll('"', '""')}"`
}

/** A value as a literal. Booleans are 1 and 0, dates and times text. */
export function literal(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'TRUE' : 'FALSE'
    case 'number':
      return number(value)
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw unsupported('sqlite', 'A whole number beyond 64 bits')
      // The smallest one has no literal: its digits alone are too large.
      if (value === -(2n ** 63n)) return '(-9223372036854775807 - 1)'
      return value < 0n ? `(${value})` : String(value)
    case 'string':
      return text(value)
    default:
      if (value === null) return 'NULL'
      return value instanceof Date ? `'${timestamp(value)}'` : blob(value)
  }
}

function number(value: number): string {
  if (Number.isNaN(value)) throw unsupported('sqlite', 'NaN', 'SQLite has none: it would become NULL.')
  if (!Number.isFinite(value)) return value > 0 ? '9e999' : '(-9e999)'
  if (Object.is(value, -0)) return '(-0.0)'
  const digits = Number.isSafeInteger(value) ? String(value) : value.toExponential()
  return value < 0 ? `(${digits})` : digits.includes('e') && !digits.includes('.') ? digits.replace('e', '.0e') : digits
}

function text(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`
  return value.includes('\0') ? `(${quoted.split('\0').join("' || char(0) || '")})` : quoted
}

/** As SQLite's own functions print it, without zeros at the end of the fraction: so text is in the order of time. */
function timestamp(value: Date): string {
  const year = value.getUTCFullYear()
  if (year < 1 || year > 9999) throw unsupported('sqlite', 'A time outside of the years 1 to 9999')
  return value
    .toISOString()
    .replace('T', ' ')
    .slice(0, -1)
    .replace(/\.?0+$/, '')
}

function blob(value: Uint8Array): string {
  return `X'${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}'`
}

/** What a LIKE pattern is as a GLOB, which minds the case; undefined for one that is not known before. */
export function globOf(node: Expression | undefined): string | undefined {
  const parts = likeParts(node)
  if (parts === undefined) return undefined
  const glob = parts.map((part) => {
    if (part === '%') return '*'
    if (part === '_') return '?'
    const character = part.slice(1)
    return /[*?[]/.test(character) ? `[${character}]` : character
  })
  return text(glob.join(''))
}

/** A LIKE pattern of ASCII, the only letters whose case SQLite knows; undefined for any other. */
export function asciiLike(node: Expression | undefined): string | undefined {
  if (node?.kind !== 'Literal' || typeof node.value !== 'string') return undefined
  return /^[\x01-\x7f]*$/.test(node.value) ? text(node.value) : undefined
}

/** `%`, `_`, and characters with an `=` before them. */
function likeParts(node: Expression | undefined): readonly string[] | undefined {
  if (node?.kind !== 'Literal' || typeof node.value !== 'string' || node.value.includes('\0')) return undefined
  return Array.from(node.value.matchAll(/\\([^])|[^]/gu), ([whole, escaped]) =>
    escaped !== undefined ? `=${escaped}` : whole === '%' || whole === '_' ? whole : `=${whole}`,
  )
}

/** Types SQLite holds without loss: by the name a column is declared with. */
const names: Partial<Record<LogicalType['kind'], string>> = {
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  utinyint: 'UTINYINT',
  usmallint: 'USMALLINT',
  uinteger: 'UINTEGER',
  float: 'FLOAT',
  double: 'DOUBLE',
  varchar: 'TEXT',
  json: 'JSON TEXT',
  blob: 'BLOB',
  uuid: 'UUID TEXT',
  date: 'DATE TEXT',
  time: 'TIME TEXT',
  timestamp: 'TIMESTAMP TEXT',
}

/** Whether values of a type are text of JSON. */
export function isNested(type: LogicalType | undefined): boolean {
  return type?.kind === 'list' || type?.kind === 'array' || type?.kind === 'struct' || type?.kind === 'map'
}

/** The name a column of `type` is declared with, `undefined` when SQLite has nothing that holds its values. */
export function sqliteType(type: LogicalType): string | undefined {
  if (type.kind === 'list' && sqliteType(type.element) !== undefined && type.element.kind !== 'blob') return 'LIST TEXT'
  return type.kind === 'null' ? 'INTEGER' : names[type.kind]
}

/** `operand` as text, where SQLite prints its type as DuckDB does. */
export function asText(operand: string, type: LogicalType | undefined): string {
  switch (type?.kind) {
    case 'varchar':
    case 'json':
    case 'uuid':
    case 'date':
    case 'time':
    case 'timestamp':
      return operand
    case 'boolean':
      return `CASE ${operand} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END`
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'hugeint':
    case 'null':
      return `CAST(${operand} AS TEXT)`
    default:
      throw unsupported(
        'sqlite',
        type === undefined ? 'A value of unknown type as text' : `${typeName(type)} as text`,
        'SQLite prints it otherwise than other engines: read the value and print it.',
      )
  }
}
