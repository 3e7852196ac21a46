import type { Engine } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'

/** How each kind of connection string is opened; what opens it is loaded then. */
const openers: Readonly<Record<string, (target: string, connections?: number) => Promise<Engine>>> = {
  postgres: openPostgres,
  postgresql: openPostgres,
  pglite: openPostgres,
  sqlite: async (target) => {
    const { openSqlite } = await import('../engine/sqlite/open-sqlite.ts')
    return openSqlite(target.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '') || ':memory:')
  },
}

async function openPostgres(target: string, connections?: number): Promise<Engine> {
  const module = await import('../engine/postgres/open-postgres.ts')
  return module.openPostgres(target, connections)
}

/** The engine of a connection string. Throws `UNSUPPORTED` for one of no kind that is known, without quoting more than its scheme. */
export async function connectTarget(target: string, connections?: number): Promise<Engine> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(target)?.[1]?.toLowerCase()
  const open = scheme !== undefined && Object.hasOwn(openers, scheme) ? openers[scheme] : undefined
  if (open !== undefined) return open(target, connections)
  throw new LakefrontError(
    'UNSUPPORTED',
    `${scheme === undefined ? 'This connection string' : `A connection to "${scheme}:"`} is not supported. ` +
      'There are postgresql://user:password@host/database, pglite:, sqlite::memory: and sqlite:path; without a connection string, DuckDB runs here.',
    scheme === undefined ? {} : { details: { scheme } },
  )
}
