import type { Field, LogicalType } from '../types/logical-type.ts'

/** Names that SQL, to which case does not matter, tells apart: `a`, `A_1`. */
export function distinctNames(names: readonly string[]): string[] {
  const given = new Set(names.map((name) => name.toLowerCase()))
  const used = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let count = 1; used.has(unique.toLowerCase()) || (count > 1 && given.has(unique.toLowerCase())); count++)
      unique = `${name}_${count}`
    used.add(unique.toLowerCase())
    return unique
  })
}

/** Fields with such names, in structs too. */
export function distinctFields(fields: readonly Field[]): readonly Field[] {
  const names = distinctNames(fields.map(({ name }) => name))
  return fields.map((field, index) => ({ ...field, name: names[index]!, type: withDistinctFields(field.type) }))
}

function withDistinctFields(type: LogicalType): LogicalType {
  switch (type.kind) {
    case 'struct':
      return type.fields.every(({ name }) => name === '') ? type : { ...type, fields: distinctFields(type.fields) }
    case 'list':
    case 'array':
      return { ...type, element: withDistinctFields(type.element) }
    case 'map':
      return { ...type, key: withDistinctFields(type.key), value: withDistinctFields(type.value) }
    case 'union':
      return { ...type, members: distinctFields(type.members) }
    default:
      return type
  }
}
