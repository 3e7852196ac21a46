import { median } from '../figures.mjs'
import { withSession } from './with-session.mjs'

/** Rounds before those that count: first runs compile what later ones have. */
const unmeasured = 10

/**
 * A selective query on 500 files beside one that reads them all.
 * @param {import('./part.js').PartOptions} options
 */
export const selective = async ({ connect, folder, rounds }) => {
  const [files, rowsOfEach] = [500, 10_000]
  await withSession(connect, async (db) => {
    const lake = await db.openLake(folder, { create: true })
    const columns = { id: 'bigint', name: 'varchar', value: 'double', part: 'integer' }
    await lake.createTable('t', columns, { partitionBy: ['part'] })
    const rows = `SELECT i AS id, printf('customer-%012d', i) AS name, i / 7 AS value, (i // ${rowsOfEach})::INTEGER AS part FROM range(${files * rowsOfEach}) t(i)`
    await lake.table('t').insert(db.sql(rows))
    const found = await lake.table('t').files()
    if ((await found.count()) !== files) throw new Error(`There are not ${files} files.`)
  })
  return withSession(connect, async (db) => {
    await db.openLake(folder)
    const middle = (files * rowsOfEach) / 2 - 1000
    const time = async (/** @type {string} */ where, /** @type {number} */ expected) => {
      const [started, before] = [performance.now(), process.cpuUsage()]
      const [row] = await db.sql(`SELECT count(*) AS n, sum(value) AS s FROM lake.t WHERE ${where}`).collect()
      if (Number(row.n) !== expected) throw new Error(`WRONG_ANSWER: ${row.n} rows`)
      const { user, system } = process.cpuUsage(before)
      return { milliseconds: performance.now() - started, cpu: (user + system) / 1000 }
    }
    const some = /** @type {Awaited<ReturnType<typeof time>>[]} */ ([])
    const all = /** @type {typeof some} */ ([])
    for (let round = 0; round < unmeasured + rounds; round++) {
      some.push(await time(`id BETWEEN ${middle + round * 10} AND ${middle + 1500 + round}`, 1501 - round * 9))
      all.push(await time(`value + ${round} >= 0`, files * rowsOfEach))
    }
    const of = (/** @type {typeof some} */ times, /** @type {'milliseconds' | 'cpu'} */ what) =>
      median(times.slice(unmeasured).map((time) => time[what]))
    return {
      'selective/scan-all': of(all, 'milliseconds') / of(some, 'milliseconds'),
      'selective/scan-all.cpu': of(all, 'cpu') / of(some, 'cpu'),
      'selective.milliseconds': of(some, 'milliseconds'),
      'scan-all.milliseconds': of(all, 'milliseconds'),
    }
  })
}
