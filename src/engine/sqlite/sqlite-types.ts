import { valueFromJson } from '../../types/json-values.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import type { SqliteValue } from './sqlite-database.ts'

const declaredKinds: readonly (readonly [pattern: RegExp, kind: LogicalType['kind']])[] = [
  [/^BOOL/, 'boolean'],
  [/^DATE( TEXT)?$/, 'date'],
  [/^(TIMESTAMP|DATETIME)( TEXT)?$/, 'timestamp'],
  [/^TIME( TEXT)?$/, 'time'],
  [/^UUID/, 'uuid'],
  [/^JSON/, 'json'],
  [/INT/, 'bigint'],
  [/CHAR|CLOB|TEXT|STRING/, 'varchar'],
  [/BLOB|BYTEA|BINARY/, 'blob'],
  [/REAL|FLOA|DOUB/, 'double'],
]

/** The type of a column by what it was declared with; undefined when that promises nothing, as `DECIMAL` in SQLite. */
export function declaredType(declared: string | undefined): LogicalType | undefined {
  const name = declared?.toUpperCase().trim() ?? ''
  const kind = declaredKinds.find(([pattern]) => pattern.test(name))?.[1]
  return kind === undefined ? undefined : ({ kind } as LogicalType)
}

/** The type that holds all values of a column of which nothing is known. */
export function typeOfValues(values: readonly SqliteValue[]): LogicalType {
  const kinds = new Set(values.map((value) => (value === null ? 'null' : typeof value)))
  kinds.delete('null')
  if (kinds.size === 0) return { kind: 'varchar' }
  if (kinds.size === 1 && kinds.has('bigint')) return { kind: 'bigint' }
  if (kinds.has('object')) return { kind: 'blob' }
  return { kind: kinds.has('string') ? 'varchar' : 'double' }
}

/** A stored value as `columnFromValues` takes it for a column of `type`. */
export function sqliteValue(value: SqliteValue, type: LogicalType): unknown {
  switch (type.kind) {
    case 'boolean':
      return value === 0n ? false : value === 1n ? true : value
    case 'float':
    case 'double':
      return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
    case 'list':
    case 'struct':
    case 'map':
      return typeof value === 'string' ? valueFromJson(value, type) : value
    default:
      return value
  }
}
