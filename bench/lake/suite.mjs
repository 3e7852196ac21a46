import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { root, say } from '../../.ci/shell.mjs'
import { median } from '../figures.mjs'

const rowsOfFile = 1000
/** Files that queries of a long list need: these are there, of the others only the catalog knows. */
const needed = 10

/**
 * Finding the files of a query among many: a lake whose catalog lists `plan` files, of which ten are there and needed; and a selective query on 500
 * files beside one that reads them all.
 * @param {import('../suite.js').SuiteOptions} options
 * @returns {Promise<import('../suite.js').SuiteResult>}
 */
export const runSuite = async ({ rounds, only, build }) => {
  await build()
  const { connect } = await import(join(root, 'dist/index.js'))
  /** @type {Record<string, number>} */
  const figures = {}
  const parts = only ?? ['selective', 'plan.100k']
  for (const part of parts) {
    say(part)
    const folder = await mkdtemp(join(tmpdir(), 'lakefront-bench-'))
    try {
      const found =
        part === 'selective' ? await selective(connect, folder, rounds) : await plan(connect, folder, rounds, part)
      for (const [name, value] of Object.entries(found)) figures[name] = Number(value.toPrecision(3))
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return { figures }
}

/** @param {any} connect @param {(db: any) => Promise<T>} work @template T @returns {Promise<T>} */
const withSession = async (connect, work) => {
  const db = await connect()
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

/** @param {any} connect @param {string} folder @param {number} files @param {number} first */
const makeLake = (connect, folder, files, first) =>
  withSession(connect, async (db) => {
    const lake = await db.openLake(folder, { create: true })
    await lake.createTable('t', { id: 'bigint', name: 'varchar', value: 'double' })
    await lake.transaction(async (/** @type {any} */ tx) => {
      for (let file = first; file < first + files; file++) {
        const rows = `SELECT i AS id, printf('customer-%012d', i) AS name, i / 7 AS value FROM range(${file * rowsOfFile}, ${(file + 1) * rowsOfFile}) t(i)`
        await tx.table('t').insert(db.sql(rows))
      }
    })
  })

/** @param {any} connect @param {string} folder @param {number} rounds */
const selective = async (connect, folder, rounds) => {
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
    const time = async (/** @type {string} */ where) => {
      const started = performance.now()
      const [row] = await db.sql(`SELECT count(*) AS n, sum(value) AS s FROM lake.t WHERE ${where}`).collect()
      return { milliseconds: performance.now() - started, row }
    }
    const [some, all] = /** @type {[number[], number[]]} */ ([[], []])
    for (let round = 0; round < rounds; round++) {
      some.push((await time(`id BETWEEN ${middle + round * 10} AND ${middle + 1500 + round}`)).milliseconds)
      all.push((await time(`value + ${round} >= 0`)).milliseconds)
    }
    return {
      'selective/scan-all': median(all) / median(some),
      'selective.milliseconds': median(some),
      'scan-all.milliseconds': median(all),
    }
  })
}

/** @param {any} connect @param {string} folder @param {number} rounds @param {string} name */
const plan = async (connect, folder, rounds, name) => {
  const count = Number(name.replace('plan.', '').replace('k', '000').replace('m', '000000'))
  const first = count / 2
  await makeLake(connect, folder, needed, first)
  await addListed(folder, count, first)
  return withSession(connect, async (db) => {
    const opening = performance.now()
    await db.openLake(folder)
    const opened = performance.now() - opening
    const from = first * rowsOfFile
    const times = /** @type {number[]} */ ([])
    let cold = NaN
    for (let round = 0; round <= rounds; round++) {
      const frame = db.sql(
        `SELECT count(*) AS n, min(name) AS first FROM lake.t WHERE id BETWEEN ${from + round} AND ${from + needed * rowsOfFile - 1}`,
      )
      const started = performance.now()
      const [row] = await frame.collect()
      const milliseconds = performance.now() - started
      if (Number(row.n) !== needed * rowsOfFile - round) throw new Error(`WRONG_ANSWER: ${JSON.stringify(row.n)} rows`)
      if (round === 0) cold = milliseconds
      else times.push(milliseconds)
    }
    return { [name]: median(times), [`${name}.cold`]: cold, [`${name}.open`]: opened }
  })
}

/**
 * Lets the catalog list files that are not there, before and behind those that are.
 * @param {string} folder @param {number} count @param {number} first
 */
const addListed = async (folder, count, first) => {
  const instance = await DuckDBInstance.create(':memory:')
  const native = await instance.connect()
  try {
    await native.run(`ATTACH '${join(folder, 'catalog.ducklake')}' AS lake`)
    const others = `range(${count}) t(i) WHERE i < ${first} OR i >= ${first + needed}`
    const [[table, snapshot, next]] = /** @type {any} */ (
      (
        await native.runAndReadAll(
          'SELECT (SELECT max(table_id) FROM lake.ducklake_table), max(snapshot_id), max(next_file_id) FROM lake.ducklake_snapshot',
        )
      ).getRows()
    )
    await native.run('BEGIN')
    await native.run(
      `INSERT INTO lake.ducklake_data_file SELECT ${next} + i, ${table}, ${snapshot}, NULL, NULL, 'ducklake-' || uuidv7() || '.parquet', true, 'parquet', ${rowsOfFile}, 20000, 500, i * ${rowsOfFile}, NULL, NULL, NULL, NULL FROM ${others}`,
    )
    const bounds = [
      [1, `(i * ${rowsOfFile})::VARCHAR`, `(i * ${rowsOfFile} + ${rowsOfFile - 1})::VARCHAR`],
      [
        2,
        `printf('customer-%012d', i * ${rowsOfFile})`,
        `printf('customer-%012d', i * ${rowsOfFile} + ${rowsOfFile - 1})`,
      ],
      [3, `(i * ${rowsOfFile} / 7)::VARCHAR`, `((i * ${rowsOfFile} + ${rowsOfFile - 1}) / 7)::VARCHAR`],
    ]
    for (const [column, min, max] of bounds)
      await native.run(
        `INSERT INTO lake.ducklake_file_column_stats SELECT ${next} + i, ${table}, ${column}, 4000, ${rowsOfFile}, 0, ${min}, ${max}, NULL, NULL FROM ${others}`,
      )
    await native.run(
      `UPDATE lake.ducklake_snapshot SET next_file_id = ${next} + ${count} WHERE snapshot_id = ${snapshot}`,
    )
    await native.run('COMMIT')
    await native.run('CHECKPOINT lake')
    await native.run('DETACH lake')
  } finally {
    native.closeSync()
  }
}
