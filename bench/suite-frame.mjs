import { join } from 'node:path'
import { root, say } from '../.ci/shell.mjs'
import { median } from './figures.mjs'

const path = join(root, 'node_modules/vega-datasets/data/flights-3m.parquet')

/** What a person would write either way. `frame` builds its chain anew each time, as a page does. */
const questions = [
  {
    name: 'groups',
    frame: (/** @type {any} */ { db, F, col }) =>
      db.read
        .parquet(path)
        .filter(col('delay').gt(60))
        .withColumn('hours', col('delay').div(60))
        .groupBy('origin')
        .agg(F.count().as('n'), F.avg('hours').as('mean'))
        .orderBy(col('n').desc())
        .limit(10),
    sql: `SELECT origin, count(*) AS n, avg(delay / 60) AS mean FROM '${path}' WHERE delay > 60 GROUP BY origin ORDER BY n DESC LIMIT 10`,
  },
  {
    name: 'window',
    frame: (/** @type {any} */ { db, F, col, Window }) =>
      db.read
        .parquet(path)
        .filter(col('delay').gt(300))
        .withColumn('r', F.rowNumber().over(Window.partitionBy('origin').orderBy(col('delay').desc(), 'date')))
        .filter(col('r').le(2))
        .select('origin', 'delay'),
    sql: `SELECT origin, delay FROM (SELECT *, row_number() OVER (PARTITION BY origin ORDER BY delay DESC, date) AS r FROM '${path}' WHERE delay > 300) WHERE r <= 2`,
  },
  {
    name: 'join',
    frame: (/** @type {any} */ { db, F, col }) => {
      const flights = db.read.parquet(path)
      const busy = flights.groupBy('origin').agg(F.count().as('n')).filter(col('n').gt(100_000))
      return flights.join(busy, 'origin').groupBy('destination').agg(F.max('delay').as('worst')).orderBy('destination')
    },
    sql: `SELECT destination, max(delay) AS worst FROM '${path}' f JOIN (SELECT origin, count(*) AS n FROM '${path}' GROUP BY origin HAVING count(*) > 100000) b ON f.origin = b.origin GROUP BY destination ORDER BY destination`,
  },
]

/**
 * What a DataFrame costs beside the same SQL written by hand, in one session and in turns; and how long fifty steps take to become SQL.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ rounds, build }) => {
  await build()
  const { connect, col, Window } = await import(join(root, 'dist/index.js'))
  const F = await import(join(root, 'dist/functions.js'))
  const db = await connect()
  /** @type {Record<string, number>} */
  const figures = {}
  try {
    for (const { name, frame, sql } of questions) {
      say(name)
      const ways = [() => frame({ db, F, col, Window }).collect(), () => db.sql(sql).collect()]
      const answers = await Promise.all(ways.map(async (way) => JSON.stringify(await way(), text)))
      if (answers[0]?.length !== answers[1]?.length) throw new Error(`The two ways of "${name}" give other answers.`)
      /** @type {[number[], number[]]} */
      const times = [[], []]
      for (let round = 0; round < rounds * 12; round++) {
        for (const way of round % 2 === 0 ? [0, 1] : [1, 0]) {
          const start = performance.now()
          await ways[way]?.()
          times[way]?.push(performance.now() - start)
        }
      }
      // Each pair ran side by side: what a busy machine adds is in both, and the middle pair knows least of it.
      const pairs = times[0].map((time, at) => time / /** @type {number} */ (times[1][at]))
      figures[`frame.${name}/sql`] = Number(median(pairs).toPrecision(3))
    }
    say('fifty steps')
    figures['frame.compile50.milliseconds'] = await compileTime(db, col, F)
  } finally {
    await db.close()
  }
  return { figures }
}

/** @param {any} db @param {any} col @param {any} F */
async function compileTime(db, col, F) {
  const flights = db.read.parquet(path)
  await flights.schema()
  let frame = flights
  for (let at = 0; at < 10; at++) {
    frame = frame
      .withColumn(`a${at}`, col('delay').add(at))
      .filter(col('distance').gt(at))
      .withColumn('delay', F.coalesce(col('delay'), 0))
      .orderBy('distance')
      .withColumnRenamed(`a${at}`, `b${at}`)
  }
  /** @type {number[]} */
  const times = []
  for (let round = 0; round < 100; round++) {
    const start = performance.now()
    await frame.toSQL()
    times.push(performance.now() - start)
  }
  return Number(median(times).toPrecision(3))
}

/** @param {string} _ @param {unknown} value */
function text(_, value) {
  return typeof value === 'bigint' ? String(value) : value
}
