import { connect } from 'lakefront'
import { named } from '../named.mjs'

/** @type {import('lakefront').Session} */
let db
/** @type {Map<string, string>} */
const kept = new Map()

globalThis.bench = {
  async boot(engine, memoryLimit) {
    const start = performance.now()
    db = await connect({ ...(engine && { engineBinary: engine }), ...(memoryLimit && { memoryLimit }) })
    return performance.now() - start
  },
  async keep(file, how) {
    // Nothing is faster than the address: what was decoded is kept.
    if (how === 'fastest') return
    kept.set(file.name, `${file.name}.chosen.parquet`)
    await db.registerFile(`${file.name}.chosen.parquet`, await (await fetch(file.address)).blob())
  },
  async query(sql, files) {
    const text = named(sql, files, (file) => kept.get(file.name) ?? file.address)
    const start = performance.now()
    const rows = await db.sql(text).collect()
    return { milliseconds: performance.now() - start, rows, metrics: db.metrics.at(-1) }
  },
}
