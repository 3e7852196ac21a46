import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { withSession } from './with-session.mjs'

export const rowsOfFile = 1000
/** Files that queries of a long list need: these are there, of the others only the catalog knows. */
export const needed = 10
/** A snapshot for so many files. */
const filesOfSnapshot = 100
/** One in so many snapshots took the files of another one away, which expiring it would let go. */
const oneInSnapshots = 20

/**
 * A lake whose catalog lists `count` files, which came in as many snapshots as are said above, and of which ten are there.
 * @param {any} connect @param {string} folder @param {number} count
 */
export const makeListedLake = async (connect, folder, count) => {
  const first = count / 2
  await makeLake(connect, folder, first)
  const instance = await DuckDBInstance.create(':memory:')
  const native = await instance.connect()
  try {
    await native.run(`ATTACH '${join(folder, 'catalog.ducklake')}' AS lake (STORAGE_VERSION 'v1.5.0')`)
    await native.run('BEGIN')
    await addSnapshots(native, count)
    await addFiles(native, count, first)
    await native.run('COMMIT')
    await native.run('CHECKPOINT lake')
    await native.run('DETACH lake')
  } finally {
    native.closeSync()
  }
}

/** @param {any} connect @param {string} folder @param {number} first */
const makeLake = (connect, folder, first) =>
  withSession(connect, async (db) => {
    const lake = await db.openLake(folder, { create: true })
    await lake.createTable('t', { id: 'bigint', name: 'varchar', value: 'double' })
    await lake.transaction(async (/** @type {any} */ tx) => {
      for (let file = first; file < first + needed; file++) await tx.table('t').insert(db.sql(rowsSql(file)))
    })
  })

/** The rows of a file, by its number. @param {number} file */
export const rowsSql = (file) =>
  `SELECT i AS id, printf('customer-%012d', i) AS name, i / 7 AS value FROM range(${file * rowsOfFile}, ${(file + 1) * rowsOfFile}) t(i)`

/** @param {import('@duckdb/node-api').DuckDBConnection} native @param {number} count */
const addSnapshots = async (native, count) => {
  const [table, newest, next] = await stateOf(native)
  const snapshots = count / filesOfSnapshot
  const ofSnapshot = `range(1, ${snapshots + 1}) t(i)`
  await native.run(
    `UPDATE lake.ducklake_snapshot SET snapshot_time = TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_minutes(snapshot_id::BIGINT)`,
  )
  await native.run(
    `INSERT INTO lake.ducklake_snapshot SELECT ${newest} + i, TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_minutes(${newest} + i), schema_version, next_catalog_id, ${next} + i * ${filesOfSnapshot} * 2
     FROM ${ofSnapshot}, (SELECT * FROM lake.ducklake_snapshot WHERE snapshot_id = ${newest})`,
  )
  await native.run(
    `INSERT INTO lake.ducklake_snapshot_changes SELECT ${newest} + i, 'inserted_into_table:${table}', NULL, NULL, NULL FROM ${ofSnapshot}`,
  )
}

/**
 * Lets the catalog list files that are not there, before and behind those that are, and some that later snapshots have no more.
 * @param {import('@duckdb/node-api').DuckDBConnection} native @param {number} count @param {number} first
 */
const addFiles = async (native, count, first) => {
  const [table, newest, next] = await stateOf(native)
  const snapshots = count / filesOfSnapshot
  const before = newest - snapshots
  const gone = Math.floor(snapshots / oneInSnapshots) * filesOfSnapshot
  await native.run(
    `CREATE TEMP TABLE other AS
     SELECT i, ${before} + 1 + i // ${filesOfSnapshot} AS since, NULL::BIGINT AS until FROM range(${count}) t(i) WHERE i < ${first} OR i >= ${first + needed}
     UNION ALL SELECT ${count} + i, ${before} + 1 + i // ${filesOfSnapshot} * ${oneInSnapshots}, ${before} + 2 + i // ${filesOfSnapshot} * ${oneInSnapshots} FROM range(${gone}) t(i)`,
  )
  const firstId = next - snapshots * filesOfSnapshot * 2
  await native.run(
    `INSERT INTO lake.ducklake_data_file SELECT ${firstId} + i, ${table}, since, until, NULL, 'ducklake-' || uuidv7() || '.parquet', true, 'parquet', ${rowsOfFile}, 20000, 500, i * ${rowsOfFile}, NULL, NULL, NULL, NULL FROM other ORDER BY i`,
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
      `INSERT INTO lake.ducklake_file_column_stats SELECT ${firstId} + i, ${table}, ${column}, 4000, ${rowsOfFile}, 0, ${min}, ${max}, NULL, NULL FROM other ORDER BY i`,
    )
}

/**
 * The table, the newest snapshot, and the id of the next file.
 * @param {import('@duckdb/node-api').DuckDBConnection} native @returns {Promise<[number, number, number]>}
 */
const stateOf = async (native) => {
  const answer = await native.runAndReadAll(
    'SELECT (SELECT max(table_id) FROM lake.ducklake_table), max(snapshot_id), max(next_file_id) FROM lake.ducklake_snapshot',
  )
  const [table, newest, next] = /** @type {any} */ (answer.getRows()[0])
  return [Number(table), Number(newest), Number(next)]
}
