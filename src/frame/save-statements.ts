import { table } from '../plan/leaf.ts'
import type { Dialect } from '../sql/dialects/dialect.ts'
import { uuidV7 } from '../types/uuid-v7.ts'
import type { SaveAsTable } from './executor.ts'

/**
 * The SQL that makes a table of the rows of `query`: `CREATE TABLE t AS …`. Overwriting is
 * `CREATE OR REPLACE TABLE t AS …` in DuckDB; elsewhere a table beside it takes its name when it is complete.
 */
export function saveStatements(query: string, { name, mode }: SaveAsTable, dialect: Dialect): readonly string[] {
  const parts = table(name).name
  const quoted = (names: readonly string[]): string => names.map((part) => dialect.identifier(part)).join('.')
  const create = `CREATE TABLE ${quoted(parts)} AS\n${query}`
  switch (mode) {
    case 'ignore':
      return [`CREATE TABLE IF NOT EXISTS ${quoted(parts)} AS\n${query}`]
    case 'error':
    case 'append':
      return [create]
    case 'overwrite': {
      if (dialect.name === 'duckdb') return [`CREATE OR REPLACE TABLE ${quoted(parts)} AS\n${query}`]
      const own = parts.at(-1)!
      const beside = [...parts.slice(0, -1), `${own.slice(0, 20)}_${uuidV7()}`]
      return [
        `CREATE TABLE ${quoted(beside)} AS\n${query}`,
        `DROP TABLE IF EXISTS ${quoted(parts)};\nALTER TABLE ${quoted(beside)} RENAME TO ${dialect.identifier(own)}`,
      ]
    }
    default:
      return mode satisfies never
  }
}
