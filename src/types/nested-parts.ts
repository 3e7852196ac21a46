import type { LogicalType } from './logical-type.ts'

/** What is in values of a nested type, as Parquet and DuckLake call it: of a list `element`, of a map `key` and `value`, of a struct its fields. */
export function partsOf(type: LogicalType): readonly { readonly name: string; readonly type: LogicalType }[] {
  switch (type.kind) {
    case 'struct':
      return type.fields
    case 'list':
    case 'array':
      return [{ name: 'element', type: type.element }]
    case 'map':
      return [
        { name: 'key', type: type.key },
        { name: 'value', type: type.value },
      ]
    default:
      return []
  }
}
