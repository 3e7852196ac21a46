const rowsOfCommit = 1000
/** Commits before those that count: so long the engine's code is still being compiled to its best. */
const warming = 20

/**
 * Milliseconds of commits of 1,000 rows, and of writing the same rows to a file of the same place without a commit, by turns, in Node or in a page.
 * @param {any} db
 * @param {{ lake: string, alone: string, commits: number, beside?: (kind: 'insert' | 'write') => () => void }} options
 *   the folders of the lake and of the files without one; `beside` measures something else of what it is called around
 */
export const appendTimes = async (db, { lake: place, alone, commits, beside = () => () => {} }) => {
  const lake = await db.openLake(place, { create: true, name: 'appended' })
  await lake.createTable('t', { id: 'bigint', name: 'varchar', value: 'double' })
  /** @type {{ insert: number[], write: number[] }} */
  const times = { insert: [], write: [] }
  for (let at = -warming; at < commits; at++) {
    const from = (at + warming) * rowsOfCommit
    const rows = `SELECT i AS id, printf('customer-%012d', i) AS name, i / 7 AS value FROM range(${from}, ${from + rowsOfCommit}) t(i)`
    const work = {
      insert: () => lake.table('t').insert(db.sql(rows)),
      write: () => db.sql(rows).write.parquet(`${alone}/${from}.parquet`),
    }
    const kinds = /** @type {('insert' | 'write')[]} */ (at % 2 === 0 ? ['insert', 'write'] : ['write', 'insert'])
    for (const kind of kinds) {
      const ended = at < 0 ? () => {} : beside(kind)
      const started = performance.now()
      await work[kind]()
      if (at >= 0) times[kind].push(performance.now() - started)
      ended()
    }
  }
  const count = await lake.table('t').count()
  if (count !== (commits + warming) * rowsOfCommit) throw new Error(`WRONG_ANSWER: ${count} rows`)
  return times
}
