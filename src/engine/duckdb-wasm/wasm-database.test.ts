import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Row } from '../../types/rows.ts'
import type { Database, Engine } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)

async function rows(database: Database, sql: string): Promise<Row[]> {
  return (await database.query({ sql: sql.replaceAll('{D}', `"${database.name}".main`) })).flatMap(rowsFromBatch)
}

describe('a database beside the session', () => {
  let engine: Engine
  let folder: string

  beforeAll(async () => {
    engine = await openEngine(nodeHost(wasm))
    folder = await mkdtemp(join(tmpdir(), 'lakefront-'))
  })

  afterAll(async () => {
    await engine.close()
    await rm(folder, { recursive: true })
  })

  async function native(bytes: Uint8Array, sql: string): Promise<unknown> {
    const path = join(folder, `${crypto.randomUUID()}.db`)
    await writeFile(path, bytes)
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run(`ATTACH '${path}' AS d`)
    const answer = (await connection.runAndReadAll(sql)).getRowsJson()
    await connection.run(`DETACH d`)
    return answer
  }

  test('is a file that native DuckDB opens, and the reverse', async () => {
    const before = await readdir('.')
    await using database = await engine.openDatabase!()
    await rows(database, `CREATE TABLE {D}.t AS SELECT i, 'v' || i AS v FROM range(10000) r(i)`)
    const bytes = await database.bytes()
    expect(await native(bytes, 'SELECT count(*)::INT, max(v) FROM d.t')).toEqual([[10000, 'v9999']])
    await using copy = await engine.openDatabase!(bytes)
    expect(await rows(copy, 'SELECT count(*) AS n FROM {D}.t')).toEqual([{ n: 10000n }])
    const path = join(folder, 'native.db')
    const connection = await (await DuckDBInstance.create(path)).connect()
    await connection.run('CREATE TABLE t AS SELECT 42 AS answer; CHECKPOINT')
    await using other = await engine.openDatabase!(await readFile(path))
    expect(await rows(other, 'FROM {D}.t')).toEqual([{ answer: 42 }])
    expect(await readdir('.')).toEqual(before)
  })

  test('adding a row writes few others anew, also to the full row groups of others', async () => {
    const path = join(folder, 'large.db')
    const connection = await (await DuckDBInstance.create(path)).connect()
    await connection.run('CREATE TABLE t AS SELECT i FROM range(100000) r(i); CHECKPOINT')
    await using database = await engine.openDatabase!(await readFile(path))
    await rows(database, 'INSERT INTO {D}.t FROM range(20000)')
    expect(
      await native(
        await database.bytes(),
        `SELECT max(start + count)::INT AS rows FROM pragma_storage_info('d.t') WHERE segment_type = 'BIGINT' GROUP BY row_group_id ORDER BY row_group_id`,
      ),
    ).toEqual([[100_000], [8192], [8192], [3616]])
  })

  test('an empty one is small, and what native DuckDB takes for its own', async () => {
    await using database = await engine.openDatabase!()
    const bytes = await database.bytes()
    expect(bytes.length).toBe(12288)
    const named = "SELECT tags::VARCHAR LIKE '%v1.5%' FROM duckdb_databases() WHERE database_name = 'd'"
    expect(await native(bytes, named)).toEqual([[true]])
  })

  test('keeps a transaction over several calls, and what is rolled back out of the file', async () => {
    await using database = await engine.openDatabase!()
    await rows(database, 'CREATE TABLE {D}.t(a INTEGER); BEGIN; INSERT INTO {D}.t VALUES (1)')
    await rows(database, 'ROLLBACK; BEGIN; INSERT INTO {D}.t VALUES (2)')
    await rows(database, 'COMMIT')
    await using copy = await engine.openDatabase!(await database.bytes())
    expect(await rows(copy, 'FROM {D}.t')).toEqual([{ a: 2 }])
  })

  test('answers at once what it answers in steps, and fails alike', async () => {
    await using database = await engine.openDatabase!()
    const at = `"${database.name}".main.t`
    const made = `CREATE TABLE ${at} AS SELECT i, 'é' || i AS v, TIMESTAMPTZ '2026-11-30 05:54:31.123456+00' AS t, [i, NULL] AS l FROM range(5000) r(i); UPDATE ${at} SET v = NULL WHERE i = 3 RETURNING i`
    expect((await database.queryAtOnce({ sql: made })).flatMap(rowsFromBatch)).toEqual([{ i: 3n }])
    for (const statement of [
      { sql: `FROM ${at}` },
      { sql: `SELECT t::VARCHAR AS t, i FROM ${at} WHERE i < $1 AND v IS NOT DISTINCT FROM $2`, parameters: [9, null] },
      { sql: `FROM ${at} WHERE i < 0` },
    ]) {
      const once = (await database.queryAtOnce(statement)).flatMap(rowsFromBatch)
      expect(once).toEqual((await database.query(statement)).flatMap(rowsFromBatch))
    }
    for (const sql of [
      `FROM ${at}x`,
      'SELEC 1',
      '',
      `SELECT error('no') FROM ${at}`,
      `SELECT v::INTEGER FROM ${at}`,
      "SELECT '\0'",
    ]) {
      const fails = (work: Promise<unknown>): Promise<unknown> =>
        work.then(
          () => undefined,
          ({ code, message, details }) => ({ code, message, details }),
        )
      const once = await fails(database.queryAtOnce({ sql }))
      expect(once).toBeDefined()
      expect(once).toEqual(await fails(database.query({ sql })))
    }
    await expect(database.queryAtOnce({ sql: `FROM read_parquet('nowhere.parquet')` })).rejects.toThrow(/not loaded/)
    await database.queryAtOnce({ sql: `BEGIN; DELETE FROM ${at}` })
    await database.queryAtOnce({ sql: 'ROLLBACK' })
    expect(await rows(database, 'SELECT count(*) AS n FROM {D}.t')).toEqual([{ n: 5000n }])
  })

  test('is not seen by the session, and leaves its statements alone', async () => {
    await using database = await engine.openDatabase!()
    await rows(database, 'CREATE TABLE {D}.hidden AS SELECT 1 AS a')
    const stream = await engine.execute({ sql: 'SELECT i FROM range(1000000) r(i)' })
    await stream.next()
    expect(await rows(database, 'FROM {D}.hidden')).toEqual([{ a: 1 }])
    let count = 0
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) count += batch.length
    expect(count).toBeGreaterThan(0)
    const names = await engine.execute({ sql: 'SELECT database_name AS n FROM duckdb_databases() ORDER BY n' })
    expect(rowsFromBatch((await names.next())!)).toEqual([{ n: 'memory' }, { n: 'system' }, { n: 'temp' }])
    await names.close()
  })

  test('refuses what is no database, and is as good as before', async () => {
    await expect(engine.openDatabase!(new TextEncoder().encode('no database '.repeat(2000)))).rejects.toThrow(
      /not a valid DuckDB database file/,
    )
    await using database = await engine.openDatabase!()
    const closed = await engine.openDatabase!()
    await closed.close()
    await closed.close()
    await expect(rows(closed, 'SELECT 1')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await rows(database, 'SELECT 1 AS a')).toEqual([{ a: 1 }])
  })
})
