import { LakefrontError } from '../../../errors.ts'
import type { Expression, Value } from '../../../expr/expression.ts'
import { portableGroups, portablePattern } from '../pattern.ts'
import { unsupported } from '../unsupported.ts'

/** Bytes of a name that PostgreSQL keeps; it would cut longer ones without a word. */
const longestName = 63

/** A quoted name. */
export function identifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `PostgreSQL cannot have a column or table named ${JSON.stringify(name)}. Rename it with as().`,
    )
  }
  if (name.length > longestName / 4 && new TextEncoder().encode(name).length > longestName) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `PostgreSQL cuts names after ${longestName} bytes, so "${name.slice(0, 80)}${name.length > 80 ? '…' : ''}" cannot be said. Give it a shorter name with as().`,
      { details: { dialect: 'postgres' } },
    )
  }
  return `"${name.replaceAll('"', '""')}"`
}

/** A value as a literal, typed where PostgreSQL would guess. */
export function literal(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'TRUE' : 'FALSE'
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return value < 0 ? `(${value})` : String(value)
      return `CAST('${Object.is(value, -0) ? '-0' : value}' AS double precision)`
    case 'bigint':
      return value < 0n ? `(${value})` : String(value)
    case 'string':
      return text(value)
    default:
      if (value === null) return 'NULL'
      return value instanceof Date ? `TIMESTAMP '${timestamp(value)}'` : blob(value)
  }
}

function text(value: string): string {
  if (value.includes('\0')) {
    throw unsupported(
      'postgres',
      'Text with a character of code 0',
      'PostgreSQL cannot hold it: take it out of the value.',
    )
  }
  const quoted = `'${value.replaceAll("'", "''")}'`
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

function timestamp(value: Date): string {
  const year = value.getUTCFullYear()
  if (year < -4712) throw unsupported('postgres', 'A time before 4713 BC')
  const rest = value
    .toISOString()
    .slice(-20, -1)
    .replace('T', ' ')
    .replace(/(:00)?\.000$/, '$1')
  return year > 0 ? `${String(year).padStart(4, '0')}-${rest}` : `${String(1 - year).padStart(4, '0')}-${rest} BC`
}

function blob(value: Uint8Array): string {
  return `decode('${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}', 'hex')`
}

/** A regular expression with groups that PostgreSQL reads as RE2 does, and finds the same in them. */
export function postgresGroups(node: Expression | undefined, operation: string): string {
  const pattern = node?.kind === 'Literal' && typeof node.value === 'string' ? node.value : undefined
  const portable = pattern === undefined ? undefined : portableGroups(pattern)
  return portable === undefined ? postgresPattern(node, operation, true) : text(portable)
}

/** A regular expression that PostgreSQL reads as RE2 does. */
export function postgresPattern(node: Expression | undefined, operation: string, once = false): string {
  const pattern = node?.kind === 'Literal' && typeof node.value === 'string' ? node.value : undefined
  const portable = pattern === undefined ? undefined : portablePattern(pattern, once)
  if (portable !== undefined) return text(portable)
  throw unsupported(
    'postgres',
    `The pattern of ${operation}()`,
    'Its engine reads other regular expressions: only patterns known before, of plain characters, sets, greedy repetition' +
      (once ? ', can be said.' : ', groups and alternatives, can be said.'),
  )
}
