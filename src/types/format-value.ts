import { blobText } from './bytes-text.ts'
import type { LogicalType } from './logical-type.ts'
import { doubleText, floatText } from './number-text.ts'
import { isUnnamed } from './type-names.ts'
import { uniqueNames } from './unique-names.ts'

/** A value as DuckDB prints it (`CAST(x AS VARCHAR)`), for grids and terminals; a null is `NULL`. */
export function formatValue(value: unknown, type: LogicalType): string {
  if (value === null || value === undefined) return 'NULL'
  switch (type.kind) {
    case 'double':
      return doubleText(value as number)
    case 'float':
      return floatText(value as number)
    case 'blob':
      return blobText(value as Uint8Array)
    case 'list':
    case 'array':
      return `[${(value as unknown[]).map((item) => nested(item, type.element)).join(', ')}]`
    case 'struct': {
      if (isUnnamed(type.fields)) {
        return `(${type.fields.map((field, index) => nested((value as unknown[])[index], field.type)).join(', ')})`
      }
      const names = uniqueNames(type.fields)
      const parts = type.fields.map(
        (field, index) =>
          `${quoted(field.name)}: ${nested((value as Record<string, unknown>)[names[index]!], field.type)}`,
      )
      return `{${parts.join(', ')}}`
    }
    case 'map': {
      const entries = [...(value as ReadonlyMap<unknown, unknown>)]
      return `{${entries.map(([key, item]) => `${nested(key, type.key)}=${nested(item, type.value)}`).join(', ')}}`
    }
    case 'union': {
      const { tag, value: held } = value as { tag: string; value: unknown }
      const member = type.members.find(({ name }) => name === tag)
      return member === undefined ? String(held) : formatValue(held, member.type)
    }
    default:
      return String(value)
  }
}

function nested(value: unknown, type: LogicalType): string {
  if (value === null || value === undefined) return 'NULL'
  const text = formatValue(value, type)
  switch (type.kind) {
    case 'list':
    case 'array':
    case 'struct':
    case 'map':
    case 'union':
    case 'json':
      return text
    default:
      return needsQuotes(text) ? quoted(text) : text
  }
}

function needsQuotes(text: string): boolean {
  return /^$|^[ \t-\r]|[ \t-\r]$|^null$|[[\](){},'"=:]/i.test(text)
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
