import { LakefrontError } from '../../errors.ts'
import type { Engine } from '../engine.ts'
import { nodeDatabase, nodeSqlite } from './node-database.ts'
import { sqliteError } from './sqlite-error.ts'
import { SqliteEngine } from './sqlite-engine.ts'

/** Opens a database of SQLite: `:memory:`, or a file, which needs Node's own SQLite (Node 22.16 and later). */
export async function openSqlite(path: string): Promise<Engine> {
  const started = performance.now()
  const module = nodeSqlite()
  if (module !== undefined) {
    try {
      return new SqliteEngine(nodeDatabase(module, path), started)
    } catch (error) {
      throw sqliteError(error)
    }
  }
  if (path !== ':memory:') {
    throw new LakefrontError(
      'UNSUPPORTED',
      'A file of SQLite is opened where Node has SQLite (Node 22.16 and later). Here there is connect("sqlite::memory:").',
    )
  }
  const { wasmDatabase } = await import('./wasm-database.ts')
  return new SqliteEngine(await wasmDatabase(), started)
}
