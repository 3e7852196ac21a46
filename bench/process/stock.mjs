import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { named } from '../named.mjs'

/**
 * The blocking bindings, which read files from disk.
 * @returns {import('../system.js').System}
 */
export const openSystem = () => {
  const load = createRequire(import.meta.url)
  const entry = load.resolve('duckdb-wasm-stock/dist/duckdb-node-blocking.cjs')
  const { createDuckDB, NODE_RUNTIME, VoidLogger, DuckDBDataProtocol } = load(entry)
  const bundle = { mainModule: join(dirname(entry), 'duckdb-eh.wasm'), mainWorker: '' }
  /** @type {any} */
  let db
  /** @type {any} */
  let connection
  const known = new Set()
  return {
    async boot() {
      const start = performance.now()
      db = await createDuckDB({ mvp: bundle, eh: bundle }, new VoidLogger(), NODE_RUNTIME)
      await db.instantiate()
      connection = db.connect()
      return performance.now() - start
    },
    async keep() {},
    async query(sql, files) {
      const start = performance.now()
      for (const { name, address } of files) {
        if (known.has(name)) continue
        known.add(name)
        db.registerFileURL(`${name}.parquet`, address, DuckDBDataProtocol.NODE_FS, false)
      }
      const table = connection.query(named(sql, files, ({ name }) => `${name}.parquet`))
      const rows = table.toArray().map((/** @type {any} */ row) => row.toJSON())
      return { milliseconds: performance.now() - start, rows }
    },
  }
}
