import { median } from './figures.mjs'
import { around, inTurns } from './frame-turns.mjs'

const tables = ['a', 'b', 'c'].map(
  (name) => `CREATE TABLE ${name} AS SELECT i AS id, i % 10 AS k, i * 1.5 AS v FROM range(1000) r(i)`,
)
const questions = {
  join: `SELECT a.k, sum(a.v) AS s, n FROM a JOIN (SELECT k, count(*) AS n, max(v) AS m FROM b WHERE id > ? GROUP BY k) x USING (k)
    JOIN c ON c.id = a.id WHERE c.v > 3 GROUP BY a.k, n ORDER BY a.k`,
  key: 'SELECT * FROM a WHERE id = ?',
}

/**
 * What statements that come again with other values cost, to texts that come for the first time: the same with a comment of their own.
 * @param {(options: object) => Promise<any>} connect @param {number} pairs
 */
export async function statementsAgain(connect, pairs) {
  /** @type {Record<string, number>} */
  const figures = {}
  for (const engine of ['duckdb-wasm', 'duckdb-native']) {
    const db = await connect(engine === 'duckdb-wasm' ? {} : { engine })
    try {
      for (const sql of tables) await db.sql(sql).collect()
      for (const [name, sql] of Object.entries(questions)) {
        let value = 0
        const again = () => db.sql(sql, [value++ % 1000]).collect()
        const anew = () => db.sql(`${sql} /* ${value} */`, [value++ % 1000]).collect()
        await inTurns([again, anew], 20)
        const { ratios, times } = await inTurns([again, anew], pairs)
        const [low, high] = around(ratios)
        const figure = `again.${engine}.${name}/anew`
        figures[figure] = rounded(median(ratios))
        figures[`${figure}.low`] = rounded(low)
        figures[`${figure}.high`] = rounded(high)
        figures[`again.${engine}.${name}.milliseconds`] = rounded(median(times[0]))
      }
    } finally {
      await db.close()
    }
  }
  return figures
}

/** @param {number} value */
const rounded = (value) => Number(value.toPrecision(3))
