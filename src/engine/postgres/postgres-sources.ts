import type { Source } from '../../scan/source.ts'
import { postgresType } from '../../sql/dialects/postgres/types.ts'
import { identifier } from '../../sql/dialects/postgres/values.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { LakefrontError } from '../../errors.ts'
import { formatValue } from '../../types/format-value.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { uniqueNames } from '../../types/unique-names.ts'
import { valueReader } from '../../types/value-reader.ts'
import type { PostgresQuery } from './postgres-server.ts'

/** Rows of ours, in memory. */
export type BatchesSource = Extract<Source, { format: 'batches' }>

/** Rows that go to the server at once. */
const rowsAtOnce = 5000

/** The name of the temporary table of a source. */
export function sourceTable(id: string): string {
  return `pg_temp.${identifier(`lf_${id}`)}`
}

/** The statements that put a source's rows into a temporary table. Throws `UNSUPPORTED` for a type PostgreSQL does not have. */
export function* fillTable(source: BatchesSource): Generator<PostgresQuery> {
  const { fields } = source.schema
  const names = uniqueNames(fields).map(identifier)
  const types = fields.map(({ name, type }) => storedType(name, type))
  const table = sourceTable(source.id)
  yield { sql: `DROP TABLE IF EXISTS ${table}`, values: [], types: [] }
  yield {
    sql: `CREATE TEMPORARY TABLE ${identifier(`lf_${source.id}`)} (${names.map((name, index) => `${name} ${types[index]}`).join(', ')})`,
    values: [],
    types: [],
  }
  const texts = names.map((_, index) => `$${index + 1}`)
  const made = names.map((_, index) => `c${index + 1}`)
  const sql =
    `INSERT INTO ${table} SELECT ${made.map((name, index) => `CAST(${name} AS ${types[index]})`).join(', ')} ` +
    `FROM unnest(${texts.map((text) => `CAST(${text} AS text[])`).join(', ')}) AS v(${made.join(', ')})`
  for (const batch of source.batches) {
    for (let from = 0; from < batch.length; from += rowsAtOnce) {
      const to = Math.min(batch.length, from + rowsAtOnce)
      yield { sql, values: columnTexts(batch, from, to), types: names.map(() => 0) }
    }
  }
}

function storedType(name: string, type: LogicalType): string {
  const small = { tinyint: 'smallint', utinyint: 'smallint', usmallint: 'integer', uinteger: 'bigint', null: 'text' }
  const found = postgresType(type) ?? (small as Partial<Record<LogicalType['kind'], string>>)[type.kind]
  if (found !== undefined) return found
  throw new LakefrontError(
    'UNSUPPORTED',
    `PostgreSQL has no type for the column "${name}", which is ${typeName(type)}. Make it text, or JSON text, first.`,
    { details: { column: name, type: typeName(type) } },
  )
}

/** The values of each column as one array's text. */
function columnTexts(batch: ColumnBatch, from: number, to: number): readonly string[] {
  return batch.columns.map((column, index) => {
    const { type, name } = batch.schema.fields[index]!
    const read = valueReader(type, column)
    const items: string[] = []
    for (let row = from; row < to; row++) items.push(arrayItem(postgresText(read(row), type, name)))
    return `{${items.join(',')}}`
  })
}

function arrayItem(text: string | null): string {
  return text === null ? 'NULL' : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** A value as PostgreSQL reads it. */
function postgresText(value: unknown, type: LogicalType, column: string): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array)
    return `\\x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  if (type.kind === 'list')
    return `{${(value as readonly unknown[]).map((item) => arrayItem(postgresText(item, type.element, column))).join(',')}}`
  const text = typeof value === 'string' ? value : formatValue(value, type)
  if (text.includes('\0')) {
    throw new LakefrontError(
      'INVALID_VALUE',
      `Column "${column}" has text with a character of code 0, which PostgreSQL cannot hold.`,
      { details: { column } },
    )
  }
  return type.kind === 'date' || type.kind === 'timestamp' || type.kind === 'timestamptz'
    ? text.replace(' (BC)', ' BC')
    : text
}
