import { join } from 'node:path'
import { say } from '../../.ci/shell.mjs'
import { median } from '../figures.mjs'
import { isSame, tpchFiles } from '../tpch.mjs'
import { tpchQueries } from '../tpch-queries.mjs'
import { withSession } from './with-session.mjs'

/**
 * The queries of TPC-H on tables of a lake, and on the very files that these consist of, in one session and by turns: the files are registered, so that what differs
 * is what the lake adds.
 * @param {import('./part.js').PartOptions} options
 */
export const tpch = async ({ connect, folder, rounds, scale }) => {
  const files = await tpchFiles(scale)
  return withSession(connect, async (db) => {
    const lake = await db.openLake(join(folder, 'lake'), { create: true })
    for (const [name, { path }] of Object.entries(files)) {
      const { fields } = await db.read.parquet(path).schema()
      await lake.createTable(name, Object.fromEntries(fields.map((/** @type {any} */ { name, type }) => [name, type])))
      await lake.table(name).registerFiles([path])
    }
    const named = {
      lake: (/** @type {string} */ name) => `lake.${name}`,
      parquet: (/** @type {string} */ name) => `'${files[name]?.path}'`,
    }
    /** @type {Record<string, number>} */
    const figures = {}
    for (const { name, sql } of tpchQueries(scale)) {
      say(name)
      const run = async (/** @type {'lake' | 'parquet'} */ kind) => {
        const text = sql.replaceAll(/\{(\w+)\}/g, (_, table) => named[kind](table))
        const started = performance.now()
        const rows = await db.sql(text).collect()
        return { milliseconds: performance.now() - started, rows }
      }
      /** @type {{ lake: number[], parquet: number[] }} */
      const times = { lake: [], parquet: [] }
      for (let round = -2; round < rounds; round++) {
        const kinds = /** @type {('lake' | 'parquet')[]} */ (
          round % 2 === 0 ? ['lake', 'parquet'] : ['parquet', 'lake']
        )
        const answers = []
        for (const kind of kinds) {
          const answer = await run(kind)
          answers.push(answer)
          if (round >= 0) times[kind].push(answer.milliseconds)
        }
        const [one, other] = answers
        if (!one || !other || !isSame(one, other)) throw new Error(`WRONG_ANSWER: ${name} on the lake`)
      }
      figures[`tpch.${name}.lake/parquet`] = median(times.lake) / median(times.parquet)
    }
    const ratios = Object.values(figures)
    const sum = ratios.reduce((total, ratio) => total + Math.log(ratio), 0)
    return { ...figures, 'tpch.lake/parquet': Math.exp(sum / ratios.length) }
  })
}
