import { DuckDBInstance } from '@duckdb/node-api'
import { named } from '../named.mjs'

/**
 * Native DuckDB with one thread.
 * @returns {import('../system.js').System}
 */
export const openSystem = () => {
  /** @type {import('@duckdb/node-api').DuckDBConnection} */
  let connection
  return {
    async boot() {
      const start = performance.now()
      const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
      connection = await instance.connect()
      return performance.now() - start
    },
    async keep() {},
    async query(sql, files) {
      const start = performance.now()
      const reader = await connection.runAndReadAll(named(sql, files, (file) => file.address))
      const rows = reader.getRowObjectsJS()
      return { milliseconds: performance.now() - start, rows }
    },
  }
}
