import { LakefrontError } from '../../errors.ts'
import type { LogicalType, SimpleKind } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'

/** DuckLake's names of types without parts, and ours. `geometry` is its bytes. */
const kinds: Readonly<Record<string, SimpleKind>> = {
  boolean: 'boolean',
  int8: 'tinyint',
  int16: 'smallint',
  int32: 'integer',
  int64: 'bigint',
  int128: 'hugeint',
  uint8: 'utinyint',
  uint16: 'usmallint',
  uint32: 'uinteger',
  uint64: 'ubigint',
  uint128: 'uhugeint',
  float32: 'float',
  float64: 'double',
  date: 'date',
  time: 'time',
  time_ns: 'time_ns',
  timetz: 'timetz',
  timestamp: 'timestamp',
  timestamp_us: 'timestamp',
  timestamp_s: 'timestamp_s',
  timestamp_ms: 'timestamp_ms',
  timestamp_ns: 'timestamp_ns',
  timestamptz: 'timestamptz',
  interval: 'interval',
  varchar: 'varchar',
  blob: 'blob',
  geometry: 'blob',
  uuid: 'uuid',
  json: 'json',
}

const names: Readonly<Partial<Record<SimpleKind, string>>> = Object.fromEntries(
  Object.entries(kinds)
    .reverse()
    .filter(([name]) => name !== 'geometry' && name !== 'timestamp_us')
    .map(([name, kind]) => [kind, name]),
)

/** The type that `ducklake_column.column_type` names, of a column without children; undefined for one that has no counterpart here. */
export function typeFromLake(name: string): LogicalType | undefined {
  const lower = name.toLowerCase()
  const decimal = /^decimal\((\d+),\s*(\d+)\)$/.exec(lower)
  if (decimal !== null) return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) }
  return Object.hasOwn(kinds, lower) ? { kind: kinds[lower]! } : undefined
}

/**
 * DuckLake's name of a type: `int64`, `decimal(10,2)`; `struct`, `list` and `map` stand for their parts, which are columns of their own.
 *
 * @throws LakefrontError `UNSUPPORTED` for enums, unions, arrays of fixed size and bits, which the format has not.
 */
export function lakeTypeName(type: LogicalType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'list':
    case 'struct':
    case 'map':
      return type.kind
    case 'enum':
    case 'array':
    case 'union':
    case 'bit':
    case 'null':
      throw new LakefrontError(
        'UNSUPPORTED',
        `A lake has no columns of type ${typeName(type)}. Use ${substitutes[type.kind]} instead.`,
      )
    default:
      return names[type.kind]!
  }
}

const substitutes = {
  enum: 'VARCHAR',
  array: 'a list',
  union: 'a struct with a field for each member',
  bit: 'BLOB',
  null: 'the type its values will have',
} as const
