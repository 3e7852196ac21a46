import type { Database, Engine } from '../../engine/engine.ts'
import { LakefrontError } from '../../errors.ts'
import { sqlTokens } from '../../sql/sql-tokens.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { parseType, typeName } from '../../types/type-names.ts'
import { unquotedText } from '../catalog/quoted.ts'
import { type NewColumn, storedType } from '../snapshot/lake-columns.ts'

/** The columns that stand in the brackets of a `CREATE TABLE`, as DuckDB understands them: it makes such a table on a connection of its own. */
export async function newColumns(engine: Engine, definitions: string): Promise<readonly NewColumn[]> {
  const scratch = await engine.openDatabase!()
  const where = `database_name = 'temp' AND table_name = 'own'`
  try {
    const batches = await scratch.query({
      sql: `CREATE TEMP TABLE own(${definitions}\n);
      SELECT column_name, data_type, is_nullable, column_default, (SELECT sql FROM duckdb_tables() WHERE ${where}) AS sql,
        (SELECT string_agg(DISTINCT constraint_type, ', ') FROM duckdb_constraints() WHERE ${where} AND constraint_type <> 'NOT NULL') AS constraints
      FROM duckdb_columns() WHERE ${where} ORDER BY column_index`,
    })
    const rows = batches.flatMap(rowsFromBatch)
    const [{ sql, constraints } = {}] = rows
    const words = new Set(sqlTokens(String(sql)).flatMap(({ kind, text }) => (kind === 'word' ? text : [])))
    const other =
      constraints ?? (words.has('GENERATED') ? 'GENERATED columns' : words.has('COLLATE') ? 'COLLATE' : undefined)
    if (other !== undefined) {
      throw new LakefrontError(
        'UNSUPPORTED',
        `A table of a lake has no ${String(other)}: the format knows NOT NULL and DEFAULT.`,
      )
    }
    const columns: NewColumn[] = []
    for (const row of rows) {
      const name = String(row['column_name'])
      const type = storedType(parseType(String(row['data_type'])))
      const text = row['column_default']
      const value = text === null ? undefined : await checkedDefault(scratch, String(text), type)
      columns.push({
        name,
        type,
        nullable: row['is_nullable'] === true,
        ...(value === undefined ? {} : { default: value }),
      })
    }
    return columns
  } finally {
    await scratch.close()
  }
}

/** Rows that are there are read with the default of a column that is added: a value that is none of its type would leave nothing readable. */
async function checkedDefault(scratch: Database, text: string, type: LogicalType): Promise<NewColumn['default']> {
  const own = defaultFromSql(text)
  const isPlain = own?.kind === 'literal' || /^CAST\('(?:[^']|'')*' AS [\w(), ]+\)$/.test(text)
  if (!isPlain) return own
  const batches = await scratch.query({ sql: `SELECT CAST(CAST(${text} AS ${typeName(type)}) AS VARCHAR) AS value` })
  const [row] = batches.flatMap(rowsFromBatch)
  return own?.kind === 'literal' ? own : { kind: 'literal', text: String(row!['value']) }
}

/** A default as a lake keeps it: numbers and texts as values, all else as an expression; undefined for NULL. */
export function defaultFromSql(text: string): NewColumn['default'] {
  const own = text.trim()
  if (/^null$/i.test(own)) return undefined
  if (/^-?\d+(?:\.\d+)?$/.test(own)) return { kind: 'literal', text: own }
  const value = unquotedText(own)
  return value === undefined ? { kind: 'expression', text: own } : { kind: 'literal', text: value }
}
