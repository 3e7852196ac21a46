/**
 * An official build as its documentation uses it: its own worker, its own asynchronous API, answers as Arrow tables.
 * Files are known by URL (its HTTP reads) or, once `keep` was called, held in its memory.
 */
export const asyncSystem = ({ AsyncDuckDB, DuckDBDataProtocol, VoidLogger, folder }) => {
  let db
  let connection
  const known = new Set()
  const kept = new Set()
  return {
    async boot() {
      const start = performance.now()
      const worker = new Worker(new URL(`/${folder}/duckdb-browser-eh.worker.js`, location.href))
      db = new AsyncDuckDB(new VoidLogger(), worker)
      await db.instantiate(new URL(`/${folder}/duckdb-eh.wasm`, location.href).href)
      connection = await db.connect()
      return performance.now() - start
    },
    async keep(files) {
      const name = `kept-${files.name}.parquet`
      if (kept.has(files.name)) return
      kept.add(files.name)
      const response = await fetch(files.url)
      await db.registerFileBuffer(name, new Uint8Array(await response.arrayBuffer()))
    },
    async query(sql, files) {
      const start = performance.now()
      if (!kept.has(files.name) && !known.has(files.name)) {
        known.add(files.name)
        await db.registerFileURL(`${files.name}.parquet`, new URL(files.url, location.href).href, DuckDBDataProtocol.HTTP, false)
      }
      const name = kept.has(files.name) ? `kept-${files.name}.parquet` : `${files.name}.parquet`
      const table = await connection.query(sql.replaceAll('FILE', `'${name}'`))
      const rows = table.toArray().map((row) => row.toJSON())
      return { milliseconds: performance.now() - start, rows }
    },
  }
}
