import type { LogicalType } from '../../../types/logical-type.ts'
import { typeName } from '../../../types/type-names.ts'
import { unsupported } from '../unsupported.ts'

const names: Partial<Record<LogicalType['kind'], string>> = {
  boolean: 'boolean',
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  hugeint: 'numeric(38,0)',
  float: 'real',
  double: 'double precision',
  varchar: 'text',
  json: 'json',
  blob: 'bytea',
  uuid: 'uuid',
  date: 'date',
  time: 'time',
  timetz: 'timetz',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  interval: 'interval',
}

/** The name of a type in PostgreSQL, `undefined` when it has none that holds the same values. */
export function postgresType(type: LogicalType): string | undefined {
  if (type.kind === 'decimal') return `numeric(${type.precision},${type.scale})`
  if (type.kind === 'list') {
    const element = type.element.kind === 'list' ? undefined : postgresType(type.element)
    return element === undefined ? undefined : `${element}[]`
  }
  return names[type.kind]
}

/** Types that PostgreSQL prints as DuckDB does. */
const printsAlike = new Set<LogicalType['kind']>([
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'hugeint',
  'varchar',
  'json',
  'uuid',
  'date',
  'time',
  'timestamp',
  'null',
])

/** `operand` as text, where PostgreSQL prints its type as DuckDB does. */
export function asText(operand: string, type: LogicalType | undefined): string {
  if (type?.kind === 'varchar') return operand
  if (type !== undefined && !printsAlike.has(type.kind) && !(type.kind === 'decimal' && type.precision > type.scale)) {
    throw unsupported(
      'postgres',
      `${typeName(type)} as text`,
      'PostgreSQL prints it otherwise than other engines. Cast it to a decimal, or read the value and print it.',
    )
  }
  return `CAST(${operand} AS text)`
}
