import { median } from './figures.mjs'

const rows = 1_000_000

/** Expressions of an instant `t` in the zone of the session. */
const expressions = {
  timezone: "timezone('America/New_York', t)",
  date_trunc: "date_trunc('day', t)",
  date_part: "date_part('hour', t)",
  year: 'year(t)',
  date: 'CAST(t AS DATE)',
  timestamp: 'CAST(t AS TIMESTAMP)',
  text: 'CAST(t AS VARCHAR)',
}

/**
 * How many instants, one a minute in order, are asked for something in a zone with summer time, in millions per second of processor time.
 * What reading and counting them takes alone is taken off.
 * @param {(options: object) => Promise<any>} connect @param {number} rounds
 */
export async function zones(connect, rounds) {
  const db = await connect({})
  /** @type {Record<string, number>} */
  const figures = {}
  try {
    await db
      .sql(
        `SET TimeZone = 'Europe/Berlin'; CREATE TABLE instants AS SELECT to_timestamp(1600000000 + i * 60 + 0.123) AS t FROM range(${rows}) r(i)`,
      )
      .collect()
    const alone = await seconds(db, 't', rounds)
    for (const [name, expression] of Object.entries(expressions)) {
      const own = (await seconds(db, expression, rounds)) - alone
      figures[`zones.${name}.million/s`] = Number((rows / 1e6 / own).toPrecision(3))
    }
  } finally {
    await db.close()
  }
  return figures
}

/** @param {any} db @param {string} expression @param {number} rounds */
async function seconds(db, expression, rounds) {
  /** @type {number[]} */
  const times = []
  for (let round = 0; round < rounds + 2; round++) {
    const before = process.cpuUsage()
    await db.sql(`SELECT count(${expression}) AS m FROM instants`).collect()
    const { user, system } = process.cpuUsage(before)
    if (round >= 2) times.push((user + system) / 1e6)
  }
  return median(times)
}
