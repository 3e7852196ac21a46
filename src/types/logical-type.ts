/** What a value is, independent of where it is stored. Frozen plain data that survives `structuredClone`. */
export type LogicalType =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly element: LogicalType }
  | { readonly kind: 'array'; readonly element: LogicalType; readonly size: number }
  | { readonly kind: 'struct'; readonly fields: readonly Field[] }
  | { readonly kind: 'map'; readonly key: LogicalType; readonly value: LogicalType }
  | { readonly kind: 'union'; readonly members: readonly Field[] }

/** Kinds without parameters, by their DuckDB names in lower case, shortened where DuckDB has a short alias. */
export type SimpleKind =
  | 'null'
  | 'boolean'
  | 'tinyint'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'hugeint'
  | 'utinyint'
  | 'usmallint'
  | 'uinteger'
  | 'ubigint'
  | 'uhugeint'
  | 'float'
  | 'double'
  | 'varchar'
  | 'json'
  | 'blob'
  | 'bit'
  | 'uuid'
  | 'date'
  | 'time'
  | 'time_ns'
  | 'timetz'
  | 'timestamp'
  | 'timestamp_s'
  | 'timestamp_ms'
  | 'timestamp_ns'
  | 'timestamptz'
  | 'interval'

/** Every kind of {@link LogicalType}. */
export type Kind = LogicalType['kind']

/** A named value of a schema or struct. */
export interface Field {
  readonly name: string
  readonly type: LogicalType
  /** Whether nulls may occur; true when nothing is known. */
  readonly nullable: boolean
}

/** The columns of a table, in order. Names are unique unless the table is the result of SQL text that repeats them. */
export interface Schema {
  readonly fields: readonly Field[]
}
