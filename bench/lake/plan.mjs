import { median } from '../figures.mjs'
import { makeListedLake, needed, rowsOfFile, rowsSql } from './listed-lake.mjs'
import { withSession } from './with-session.mjs'

/**
 * What a lake costs whose catalog lists as many files as the part's name says, of which ten are there and needed: opening, queries, a commit and the
 * query behind it, its history, and what expiring half of its snapshots would do.
 * @param {import('./part.js').PartOptions} options
 */
export const plan = async ({ connect, folder, rounds, part: name }) => {
  const count = Number(name.replace('plan.', '').replace('k', '000').replace('m', '000000'))
  await makeListedLake(connect, folder, count)
  return withSession(connect, async (db) => {
    const costs = /** @type {Record<string, number>} */ ({})
    const told = async (/** @type {string} */ what, /** @type {() => Promise<any>} */ work) => {
      const [milliseconds, cpu, value] = await timed(work)
      Object.assign(costs, { [`${name}.${what}`]: milliseconds, [`${name}.${what}.cpu`]: cpu })
      return value
    }
    const lake = await told('open', () => db.openLake(folder))
    const from = (count / 2) * rowsOfFile
    const query = async (/** @type {number} */ round, more = 0) => {
      const where = `id BETWEEN ${from + round} AND ${from + needed * rowsOfFile - 1}`
      const [row] = await db.sql(`SELECT count(*) AS n, min(name) AS first FROM lake.t WHERE ${where}`).collect()
      if (Number(row.n) !== needed * rowsOfFile - round + more) throw new Error(`WRONG_ANSWER: ${row.n} rows`)
    }
    await told('cold', () => query(0))
    const times = /** @type {[number, number][]} */ ([])
    for (let round = 1; round <= rounds; round++) {
      const [milliseconds, cpu] = await timed(() => query(round))
      times.push([milliseconds, cpu])
    }
    const report = await told('commit', () => lake.table('t').insert(db.sql(rowsSql(count / 2))))
    await told('next', () => query(0, rowsOfFile))
    const changes = await told('history', async () => (await (await lake.table('t').history()).collect()).length)
    if (changes < count / 100) throw new Error(`WRONG_ANSWER: ${changes} snapshots`)
    const dead = await told('expire', () => lake.expireSnapshots({ olderThan: halfOf(count), dryRun: true }))
    if (dead.snapshots.length < count / 200 - 9) throw new Error(`WRONG_ANSWER: ${dead.snapshots.length} would expire`)
    return {
      [name]: median(times.map(([milliseconds]) => milliseconds)),
      [`${name}.cpu`]: median(times.map(([, cpu]) => cpu)),
      ...costs,
      [`${name}.catalogMB`]: report.catalogBytes / 1e6,
    }
  })
}

/** When half of the snapshots were made, which came a minute apart. @param {number} count */
const halfOf = (count) => new Date(Date.UTC(2020, 0, 1) + (count / 200) * 60_000)

/**
 * Milliseconds by the clock, and of processor time of all threads, which others on the machine disturb less.
 * @template T @param {() => Promise<T>} work @returns {Promise<[number, number, T]>}
 */
const timed = async (work) => {
  const [started, before] = [performance.now(), process.cpuUsage()]
  const value = await work()
  const { user, system } = process.cpuUsage(before)
  return [performance.now() - started, (user + system) / 1000, value]
}
