import { connect } from 'lakefront'
import { named } from '../named.mjs'

/** @returns {import('../system.js').System} */
export const openSystem = () => {
  /** @type {import('lakefront').Session} */
  let db
  return {
    async boot(engine, memoryLimit) {
      const start = performance.now()
      db = await connect({ ...(engine && { engineBinary: engine }), ...(memoryLimit && { memoryLimit }) })
      return performance.now() - start
    },
    async keep() {},
    async query(sql, files) {
      const text = named(sql, files, (file) => file.address)
      const start = performance.now()
      const rows = await db.sql(text).collect()
      return { milliseconds: performance.now() - start, rows, metrics: db.metrics.at(-1) }
    },
  }
}
