import { connect } from 'lakefront'

/** @type {Awaited<ReturnType<typeof connect>>} */
let db

globalThis.bench = {
  async boot() {
    const start = performance.now()
    db = await connect()
    return performance.now() - start
  },
  async query(sql, files) {
    const text = sql.replaceAll('FILE', `'${files.url}'`)
    const start = performance.now()
    const rows = await db.sql(text).collect()
    return { milliseconds: performance.now() - start, rows }
  },
}
