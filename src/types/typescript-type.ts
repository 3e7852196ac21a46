import type { Field, LogicalType } from './logical-type.ts'

/** What a value of a type is in a row, as TypeScript spells it: `docs/values.md`. */
function typescriptType(type: LogicalType): string {
  switch (type.kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return 'boolean'
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
    case 'float':
    case 'double':
      return 'number'
    case 'bigint':
    case 'ubigint':
    case 'hugeint':
    case 'uhugeint':
      return 'bigint'
    case 'decimal':
      return '`${number}`'
    case 'blob':
      return 'Uint8Array'
    case 'enum':
      return type.values.map((value) => JSON.stringify(value)).join(' | ')
    case 'list':
    case 'array':
      return `(${typescriptType(type.element)} | null)[]`
    case 'map':
      return `Map<${typescriptType(type.key)}, ${typescriptType(type.value)} | null>`
    case 'struct':
      if (type.fields.length > 0 && type.fields.every(({ name }) => name === ''))
        return `[${type.fields.map((field) => `${typescriptType(field.type)} | null`).join(', ')}]`
      return `{ ${type.fields.map(property).join('; ')} }`
    case 'union':
      return type.members
        .map((member) => `{ tag: ${JSON.stringify(member.name)}; value: ${typescriptType(member.type)} | null }`)
        .join(' | ')
    default:
      return 'string'
  }
}

/** `name: string | null`, of a column or a field of a struct. */
export function property({ name, type, nullable }: Field): string {
  const key = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name)
  return `${key}: ${typescriptType(type)}${nullable && type.kind !== 'null' ? ' | null' : ''}`
}
