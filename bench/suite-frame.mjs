import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { root, say } from '../.ci/shell.mjs'
import { median } from './figures.mjs'
import { statementsAgain } from './frame-again.mjs'
import { zones } from './frame-zones.mjs'
import { around, inTurns } from './frame-turns.mjs'

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
    name: 'ranks',
    frame: (/** @type {any} */ { db, F, col, Window }) =>
      db.read
        .parquet(path)
        .withColumn('r', F.rowNumber().over(Window.partitionBy('origin').orderBy(col('delay').desc())))
        .filter(col('r').le(2))
        .select('origin', 'delay'),
    sql: `SELECT origin, delay FROM (SELECT *, row_number() OVER (PARTITION BY origin ORDER BY delay DESC NULLS LAST) AS r FROM '${path}') WHERE r <= 2`,
  },
  {
    name: 'few',
    frame: (/** @type {any} */ { db, col }) =>
      db.read.parquet(path).filter(col('delay').gt(600)).select('origin', 'delay').limit(10),
    sql: `SELECT origin, delay FROM '${path}' WHERE delay > 600 LIMIT 10`,
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
  const messages = countMessages()
  const { connect, col, Window } = await import(join(root, 'dist/index.js'))
  const F = await import(join(root, 'dist/functions.js'))
  const db = await connect()
  /** @type {Record<string, number>} */
  const figures = {}
  try {
    for (const { name, frame, sql } of questions) {
      say(name)
      const chain = () => frame({ db, F, col, Window })
      const ways = [() => chain().collect(), () => db.sql(sql).collect()]
      const answers = []
      for (const way of ways) answers.push(JSON.stringify(await way(), text))
      if (answers[0]?.length !== answers[1]?.length) throw new Error(`The two ways of "${name}" give other answers.`)
      const { ratios, clock, sent } = await inTurns(ways, rounds * 24, messages)
      const [low, high] = around(ratios)
      const own = await ownTime(chain)
      figures[`frame.${name}/sql`] = rounded(median(ratios))
      figures[`frame.${name}/sql.low`] = rounded(low)
      figures[`frame.${name}/sql.high`] = rounded(high)
      figures[`frame.${name}.own.milliseconds`] = rounded(own)
      figures[`frame.${name}.own/sql`] = rounded(own / median(clock[1]))
      figures[`frame.${name}.messages`] = median(sent[0]) - median(sent[1])
    }
    say('fifty steps')
    figures['frame.compile50.milliseconds'] = await compileTime(db, col, F)
  } finally {
    await db.close()
  }
  say('statements that come again')
  Object.assign(figures, await statementsAgain(connect, rounds * 60))
  say('time zones')
  return { figures: { ...figures, ...(await zones(connect, rounds)) } }
}

/** Milliseconds of the caller's thread from the first method of a chain to the text of its SQL. @param {() => any} chain */
async function ownTime(chain) {
  const held = chain()
  await held.collect()
  /** @type {number[]} */
  const times = []
  for (let round = 0; round < 200; round++) {
    const start = performance.now()
    chain()
    await held.toSQL()
    times.push(performance.now() - start)
  }
  return median(times)
}

/** Counts what this thread sends to others. @returns {() => number} */
function countMessages() {
  let count = 0
  const post = Worker.prototype.postMessage
  Worker.prototype.postMessage = function (...given) {
    count++
    return post.apply(this, given)
  }
  return () => count
}

/** @param {number} value */
const rounded = (value) => Number(value.toPrecision(3))

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
  return rounded(median(times))
}

/** @param {string} _ @param {unknown} value */
function text(_, value) {
  return typeof value === 'bigint' ? String(value) : value
}
