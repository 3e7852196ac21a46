import type { Engine } from '../engine.ts'
import { pgServer } from './pg-server.ts'
import { pgliteServer } from './pglite-server.ts'
import { PostgresEngine } from './postgres-engine.ts'

/** Connections to a server at most, unless the options say otherwise. */
const defaultConnections = 10

/** Opens a session of a PostgreSQL server (`postgresql://…`), or of PGlite in this thread (`pglite:…`). */
export async function openPostgres(target: string, connections: number = defaultConnections): Promise<Engine> {
  const place = /^pglite:(.*)$/s.exec(target)?.[1]
  return PostgresEngine.open(place === undefined ? await pgServer(target, connections) : await pgliteServer(place))
}
