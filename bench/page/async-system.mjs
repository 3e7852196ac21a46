import { named } from '../named.mjs'

/**
 * An official build as its documentation uses it: its own worker and loader, its own asynchronous API, results as Arrow tables that
 * are read row by row.
 * @param {{ AsyncDuckDB: any, DuckDBDataProtocol: any, VoidLogger: any, folder: string }} build two versions of one library
 * @returns {import('../system.js').System}
 */
export const asyncSystem = ({ AsyncDuckDB, DuckDBDataProtocol, VoidLogger, folder }) => {
  /** @type {any} */
  let db
  /** @type {any} */
  let connection
  /** @type {Map<string, string>} */
  const known = new Map()
  return {
    async boot() {
      const start = performance.now()
      db = new AsyncDuckDB(new VoidLogger(), new Worker(`/${folder}/duckdb-browser-eh.worker.js`))
      await db.instantiate(new URL(`/${folder}/duckdb-eh.wasm`, location.href).href)
      connection = await db.connect()
      return performance.now() - start
    },
    async keep(file, how) {
      const name = `${file.name}.${how}.parquet`
      const response = await fetch(file.address)
      if (how === 'fastest') await db.registerFileBuffer(name, new Uint8Array(await response.arrayBuffer()))
      else {
        const chosen = new File([await response.blob()], name)
        await db.registerFileHandle(name, chosen, DuckDBDataProtocol.BROWSER_FILEREADER, false)
      }
      known.set(file.name, name)
    },
    async query(sql, files) {
      const start = performance.now()
      for (const { name, address } of files) {
        if (known.has(name)) continue
        known.set(name, `${name}.parquet`)
        const url = new URL(address, location.href).href
        await db.registerFileURL(`${name}.parquet`, url, DuckDBDataProtocol.HTTP, false)
      }
      const table = await connection.query(named(sql, files, ({ name }) => known.get(name) ?? name))
      const rows = table.toArray().map((/** @type {any} */ row) => row.toJSON())
      return { milliseconds: performance.now() - start, rows }
    },
  }
}
