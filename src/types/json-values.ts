import type { LogicalType } from './logical-type.ts'

/** Text of JSON: a string, or a number that is kept as its digits. */
const scalars = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/**
 * A list, struct or map that an engine holds as text of JSON, as `columnFromValues` takes it for `type`. Numbers lose no digits; a map
 * is a list of entries `{"key": …, "value": …}`.
 */
export function valueFromJson(text: string, type: LogicalType): unknown {
  const quoted = text.replace(scalars, (token) => (token.startsWith('"') ? token : `"${token}"`))
  return typed(JSON.parse(quoted) as unknown, type)
}

function typed(value: unknown, type: LogicalType): unknown {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'list':
    case 'array':
      return (value as readonly unknown[]).map((item) => typed(item, type.element))
    case 'struct':
      return Object.fromEntries(
        type.fields.map((field) => [field.name, typed((value as Record<string, unknown>)[field.name], field.type)]),
      )
    case 'map':
      return new Map(
        (value as readonly { key: unknown; value: unknown }[]).map((entry) => [
          typed(entry.key, type.key),
          typed(entry.value, type.value),
        ]),
      )
    case 'boolean':
      return typeof value === 'boolean' ? value : value === '1'
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
    case 'float':
    case 'double':
      return Number(value)
    case 'bigint':
    case 'hugeint':
    case 'ubigint':
      return /^-?\d+$/.test(value as string) ? BigInt(value as string) : value
    case 'timestamp':
    case 'timestamptz':
      return (value as string).replace('T', ' ')
    default:
      return value
  }
}

/** The text of JSON that {@link valueFromJson} reads; booleans are 1 and 0 where an engine has no others. */
export function jsonFromValue(value: unknown, type: LogicalType, booleans: 'true' | '1'): string {
  if (value === null || value === undefined) return 'null'
  switch (type.kind) {
    case 'list':
    case 'array':
      return `[${(value as readonly unknown[]).map((item) => jsonFromValue(item, type.element, booleans)).join(',')}]`
    case 'boolean':
      return booleans === '1' ? (value === true ? '1' : '0') : String(value)
    case 'float':
    case 'double': {
      if (!Number.isFinite(value)) return value === Infinity ? '9e999' : value === -Infinity ? '-9e999' : 'null'
      const digits = String(value)
      return /[.e]/.test(digits) ? digits : `${digits}.0`
    }
    default:
      return typeof value === 'number' || typeof value === 'bigint' ? String(value) : JSON.stringify(value)
  }
}
