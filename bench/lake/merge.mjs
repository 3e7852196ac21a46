import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { median } from '../figures.mjs'
import { withSession } from './with-session.mjs'

const rowsOfTable = 5_000_000
/** Rows of each source: half of them are of rows that are there, spread over all of the table, half are new. */
const rowsOfSource = rowsOfTable / 100

const columns = { id: 'bigint', name: 'varchar', kind: 'integer', value: 'double' }
const values = (/** @type {string} */ id, /** @type {number} */ edition) =>
  `${id} AS id, printf('customer-%012d', (${id}) + ${edition}) AS name, ((${id}) % 97 + ${edition})::INTEGER AS kind, (${id}) / 7 + ${edition} AS value`
const tableSql = `SELECT ${values('i', 0)} FROM range(${rowsOfTable}) t(i)`

/** @param {number} round */
const sourceSql = (round) => {
  const half = rowsOfSource / 2
  const old = `SELECT i * ${rowsOfTable / half} + ${round} AS id FROM range(${half}) t(i)`
  const fresh = `SELECT ${rowsOfTable} + ${round * half} + i FROM range(${half}) t(i)`
  return `SELECT ${values('id', round + 1)} FROM (${old} UNION ALL ${fresh})`
}

const hashSql = (/** @type {string} */ table) =>
  `SELECT count(*)::VARCHAR AS n, sum(hash(id, name, kind, value)::HUGEINT)::VARCHAR AS h FROM ${table}`

/**
 * A hundredth of five million rows merged into a table of a lake on disk, and by native DuckDB with one thread into its own on disk, by turns; what is in both is
 * compared in the end.
 * @param {import('./part.js').PartOptions} options
 */
export const merge = async ({ connect, folder, rounds }) => {
  const instance = await DuckDBInstance.create(join(folder, 'native.duckdb'), { threads: '1' })
  const native = await instance.connect()
  try {
    return await withSession(connect, async (db) => {
      const lake = await db.openLake(join(folder, 'lake'), { create: true })
      await lake.createTable('t', columns)
      await lake.table('t').insert(db.sql(tableSql))
      await native.run(`CREATE TABLE t AS ${tableSql}; CHECKPOINT`)
      /** @type {{ ours: number[], native: number[] }} */
      const times = { ours: [], native: [] }
      for (let round = 0; round <= rounds; round++) {
        const source = join(folder, `source-${round}.parquet`)
        await native.run(`COPY (${sourceSql(round)}) TO '${source}' (FORMAT parquet)`)
        const work = {
          ours: () => lake.table('t').upsert(db.read.parquet(source), { key: 'id' }),
          native: () =>
            native.run(
              `MERGE INTO t USING (FROM '${source}') AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name, kind = s.kind, value = s.value WHEN NOT MATCHED THEN INSERT`,
            ),
        }
        for (const kind of /** @type {('ours' | 'native')[]} */ (
          round % 2 === 0 ? ['ours', 'native'] : ['native', 'ours']
        )) {
          const started = performance.now()
          await work[kind]()
          if (round > 0) times[kind].push(performance.now() - started)
        }
      }
      const [ours] = await db.sql(hashSql('lake.t')).collect()
      const [theirs] = (await native.runAndReadAll(hashSql('t'))).getRowObjects()
      if (ours.n !== theirs?.n || ours.h !== theirs?.h)
        throw new Error(`WRONG_ANSWER: ${JSON.stringify(ours)}, native DuckDB ${JSON.stringify(theirs)}`)
      return {
        'merge/native1': median(times.ours) / median(times.native),
        'merge.milliseconds': median(times.ours),
        'merge.native1.milliseconds': median(times.native),
      }
    })
  } finally {
    native.closeSync()
    instance.closeSync()
  }
}
