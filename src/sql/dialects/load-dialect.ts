import { LakefrontError, nearestName } from '../../errors.ts'
import type { Dialect } from './dialect.ts'
import { duckdb } from './duckdb.ts'

/** The dialects there are. */
export type DialectName = 'duckdb' | 'postgres' | 'sqlite' | 'clickhouse'

const loaders: Readonly<Record<DialectName, () => Promise<Dialect>>> = {
  duckdb: async () => duckdb,
  postgres: async () => (await import('./postgres.ts')).postgres,
  sqlite: async () => (await import('./sqlite.ts')).sqlite,
  clickhouse: async () => (await import('./clickhouse.ts')).clickhouse,
}

/** A dialect by its name. DuckDB's is there; the others are loaded when they are asked for. Throws `INVALID_ARGUMENT`. */
export async function loadDialect(name: DialectName): Promise<Dialect> {
  if (Object.hasOwn(loaders, name)) return loaders[name]()
  const names = Object.keys(loaders)
  const nearest = nearestName(String(name), names)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `There is no dialect ${JSON.stringify(name)}. Dialects: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
  )
}
