import type {
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBUnionValue,
  DuckDBBlobValue,
  DuckDBValue,
} from '@duckdb/node-api'
import type { LogicalType } from '../../types/logical-type.ts'
import { isUnnamed } from '../../types/type-names.ts'
import { uniqueNames } from '../../types/unique-names.ts'

/** A value of DuckDB's own client as `columnFromValues` takes it. What is an object there has the text that DuckDB prints. */
export function nativeValue(value: DuckDBValue, type: LogicalType): unknown {
  if (value === null) return null
  switch (type.kind) {
    case 'list':
    case 'array':
      return (value as DuckDBListValue).items.map((item) => nativeValue(item, type.element))
    case 'struct': {
      const { entries } = value as DuckDBStructValue
      if (isUnnamed(type.fields)) {
        const items = Object.values(entries)
        return type.fields.map((field, index) => nativeValue(items[index]!, field.type))
      }
      const names = uniqueNames(type.fields)
      return Object.fromEntries(
        type.fields.map((field, index) => [names[index]!, nativeValue(entries[field.name]!, field.type)]),
      )
    }
    case 'map':
      return new Map(
        (value as DuckDBMapValue).entries.map((entry) => [
          nativeValue(entry.key, type.key),
          nativeValue(entry.value, type.value),
        ]),
      )
    case 'union': {
      const { tag, value: held } = value as DuckDBUnionValue
      const member = type.members.find(({ name }) => name === tag)!
      return { tag, value: nativeValue(held, member.type) }
    }
    case 'blob':
      return (value as DuckDBBlobValue).bytes
    default:
      return typeof value === 'object' ? value.toString() : value
  }
}
