import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Session } from '../../connect/session.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { col } from '../../expr/col.ts'
import type { Lake } from '../../frame/lake.ts'
import { lakesBeside } from '../engine-with-lakes.ts'
import { audited, differences, judged, noLakeJudges, runReference } from '../fixtures/lake-judges.ts'
import { readLake } from '../fixtures/read-lake.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)

let session: Session
let lake: Lake
let folder: string
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
})
afterAll(() => session.close())
beforeEach(async ({ skip }) => {
  if (noLakeJudges !== undefined) skip(noLakeJudges)
  folder = mkdtempSync(join(tmpdir(), 'turns-'))
  lake = await session.openLake(folder, { create: true })
})
afterEach(async () => {
  if (noLakeJudges !== undefined) return
  await lake.close()
  rmSync(folder, { recursive: true })
})

const theirs = (...statements: string[]): ReturnType<typeof runReference> => runReference(folder, statements)

/** Both read the same of every table at every snapshot, and what the catalog says of files is so. */
async function expectAgreement(): Promise<void> {
  const ours = await readLake(session, lake)
  expect(differences(ours, (await judged('reference', [folder]))[0]!)).toEqual([])
  expect(await audited([folder])).toEqual([[]])
  expect(await lake.check()).toMatchObject({ isSound: true, findings: [] })
}

const ids = async (): Promise<number[]> => (await lake.table('t').orderBy('id').collect()).map(({ id }) => Number(id))
const upTo = (count: number, isThere: (id: number) => boolean): number[] =>
  Array.from({ length: count }, (_, id) => id).filter(isThere)

async function changeCatalog(...statements: string[]): Promise<void> {
  const database = await DuckDBInstance.create(join(folder, 'catalog.ducklake'))
  const connection = await database.connect()
  for (const statement of statements) await connection.run(statement)
  connection.closeSync()
  database.closeSync()
}

describe('a lake that the reference extension wrote in', { timeout: 600_000 }, () => {
  test('deletion vectors: rows of their files are deleted, updated and merged here, and theirs again', async () => {
    await theirs(
      "CALL lake.set_option('write_deletion_vectors', 'true')",
      "CREATE TABLE lake.t AS SELECT i AS id, 'v' || i AS s FROM range(60) r(i)",
      "INSERT INTO lake.t SELECT i AS id, 'v' || i AS s FROM range(60, 90) r(i)",
      'DELETE FROM lake.t WHERE id % 10 = 3',
    )
    expect(readdirSync(join(folder, 'data/main/t')).filter((name) => name.endsWith('.puffin'))).toHaveLength(2)
    const t = lake.table('t')
    await t.delete('id % 10 = 4')
    expect(await ids()).toEqual(upTo(90, (id) => id % 10 !== 3 && id % 10 !== 4))
    await t.update({ set: { s: 'ours' }, where: 'id % 10 = 5' })
    const [changes] = await theirs(
      "SELECT id::INTEGER AS id FROM ducklake_table_changes('lake', 'main', 't', 4, 4) ORDER BY 1",
    )
    expect(changes!.map(({ id }) => id)).toEqual(upTo(90, (id) => id % 10 === 4))
    await expectAgreement()
    await theirs('DELETE FROM lake.t WHERE id % 10 = 6', "UPDATE lake.t SET s = 'theirs' WHERE id % 10 = 7")
    await t.merge(
      [3, 8, 18, 200].map((id) => ({ id, s: 'merged' })),
      {
        on: 'id',
        whenMatched: 'update',
        whenNotMatched: 'insert',
      },
    )
    await t.delete(col('id').ge(60).and(col('id').lt(90)))
    expect(await ids()).toEqual([...upTo(60, (id) => id === 3 || ![3, 4, 6].includes(id % 10)), 200])
    await expectAgreement()
    await lake.compact({ deletedShare: 0.01 })
    expect(await ids()).toEqual([...upTo(60, (id) => id === 3 || ![3, 4, 6].includes(id % 10)), 200])
    await expectAgreement()
  })

  test('delete files elsewhere, by absolute paths: they are read, and what is deleted here is added to what they say', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'))
    await lake.createTable('t', { id: 'bigint' })
    const t = lake.table('t')
    await t.insert(session.sql('SELECT i AS id FROM range(40) r(i)'))
    await t.delete('id % 4 = 1')
    const name = readdirSync(join(folder, 'data/main/t')).find((own) => own.endsWith('-delete.parquet'))
    copyFileSync(join(folder, 'data/main/t', name!), join(elsewhere, 'foreign.parquet'))
    rmSync(join(folder, 'data/main/t', name!))
    await lake.close()
    await changeCatalog(
      `UPDATE ducklake_delete_file SET path = '${join(elsewhere, 'foreign.parquet')}', path_is_relative = false`,
    )
    lake = await session.openLake(folder)
    await lake.table('t').delete('id % 4 = 2')
    expect(await ids()).toEqual(upTo(40, (id) => id % 4 === 0 || id % 4 === 3))
    await expectAgreement()
    rmSync(elsewhere, { recursive: true })
  })

  test('rows and deletes in the catalog itself: they are deleted, updated and merged here, and flushed there', async () => {
    await theirs(
      "CALL lake.set_option('data_inlining_row_limit', '30')",
      "CREATE TABLE lake.t AS SELECT i AS id, 'v' || i AS s FROM range(100) r(i)",
      "INSERT INTO lake.t SELECT i, 'inlined' FROM range(100, 120) r(i)",
      'DELETE FROM lake.t WHERE id IN (3, 4, 101)',
      "UPDATE lake.t SET s = 'theirs' WHERE id IN (5, 102)",
    )
    const t = lake.table('t')
    await t.delete('id IN (6, 103)')
    await t.update({ set: { s: 'ours' }, where: 'id IN (5, 7, 102, 104)' })
    await expectAgreement()
    await t.merge(
      [102, 105, 8, 500].map((id) => ({ id, s: 'merged' })),
      {
        on: 'id',
        whenMatched: 'update',
        whenNotMatched: 'insert',
      },
    )
    await theirs('ALTER TABLE lake.t ADD COLUMN n INTEGER', "INSERT INTO lake.t VALUES (600, 'new', 1)")
    await t.update({ set: { n: 2 }, where: 'id = 600 OR id = 106' })
    const left = [...upTo(120, (id) => ![3, 4, 6, 101, 103].includes(id)), 500, 600]
    expect(await ids()).toEqual(left)
    await expectAgreement()
    await theirs("CALL ducklake_flush_inlined_data('lake')", 'DELETE FROM lake.t WHERE id = 107')
    await t.update({ set: { s: 'last' }, where: 'id IN (102, 108, 600)' })
    await lake.compact({ deletedShare: 0.01 })
    expect(await ids()).toEqual(left.filter((id) => id !== 107))
    expect(await t.filter("s = 'last'").count()).toBe(3)
    await expectAgreement()
  })

  test('infinity of every date and timestamp, and values that it does not count: both read the same, and nothing is found wrong', async () => {
    const types = ['date', 'timestamp', 'timestamp_s', 'timestamp_ms', 'timestamp_ns', 'timestamptz']
    const columns = types.map((type) => `${type} ${type}`).join(', ')
    const row = (value: string, own: readonly string[]): string =>
      own.map((type) => `'${value}'::${type} AS ${type}`).join(', ')
    // It cannot write those of seconds.
    const theirTypes = types.filter((type) => type !== 'timestamp_s')
    await theirs(
      `CREATE TABLE lake.t(id BIGINT, i INTERVAL, z TIMETZ, ${columns})`,
      ...['infinity', '-infinity', '2020-01-02'].map(
        (value, id) =>
          `INSERT INTO lake.t BY NAME SELECT ${id} AS id, INTERVAL ${id} DAY AS i, '10:00:00+0${id}' AS z, ${row(value, theirTypes)}`,
      ),
      'INSERT INTO lake.t(id) VALUES (3)',
    )
    for (const [at, value] of ['infinity', '-infinity', '2020-01-02'].entries())
      await session.sql(`INSERT INTO lake.t BY NAME SELECT ${10 + at} AS id, ${row(value, types)}`).collect()
    for (const type of types) {
      const [found] = await session
        .sql(
          `SELECT count(*) FILTER (WHERE ${type} = 'infinity')::INTEGER AS n, min(${type})::VARCHAR AS low, max(${type})::VARCHAR AS high FROM lake.t`,
        )
        .collect()
      expect(found, type).toEqual({ n: type === 'timestamp_s' ? 1 : 2, low: '-infinity', high: 'infinity' })
    }
    expect(await lake.table('t').filter(col('i').isNull()).count()).toBe(4)
    await expectAgreement()
  })

  test('one file for two tables: a vacuum leaves it as long as one of them has it', async () => {
    for (const name of ['t', 'u']) await lake.createTable(name, { id: 'integer' })
    await lake.table('t').insert([{ id: 1 }])
    const [file] = await (await lake.table('t').files()).collect()
    await theirs(`CALL ducklake_add_data_files('lake', 'u', '${join(folder, 'data', file!.path)}')`)
    await lake.dropTable('t')
    const olderThan = new Date(Date.now() + 1000)
    await lake.expireSnapshots({ olderThan })
    expect(await lake.vacuum({ olderThan })).toMatchObject({ scheduled: [], orphans: [] })
    expect(await lake.table('u').collect()).toEqual([{ id: 1 }])
  })

  test('encryption: it is refused when it is opened', async () => {
    const other = join(folder, 'encrypted')
    await theirs(
      `ATTACH 'ducklake:${other}.ducklake' AS other (DATA_PATH '${other}/', ENCRYPTED)`,
      'CREATE TABLE other.t AS SELECT 1 AS id',
      'DETACH other',
    )
    for (const readOnly of [true, false])
      await expect(session.openLake(`${other}.ducklake`, { name: 'other', readOnly })).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('is encrypted'),
      })
  })

  test('schemas, views and macros: each is found by its name, however it is written', async () => {
    await theirs(
      'CREATE SCHEMA lake.s',
      'CREATE SCHEMA lake."odd ""schema"""',
      'CREATE TABLE lake.t AS SELECT 0 AS id',
      'CREATE TABLE lake.s.t AS SELECT 1 AS id',
      'CREATE TABLE lake."odd ""schema""".t AS SELECT 2 AS id',
      'CREATE TABLE lake.s."select" AS SELECT 3 AS "from"',
      'CREATE VIEW lake.s.v(a, "b c") AS SELECT id, id + 1 FROM lake.s.t',
      `COMMENT ON VIEW lake.s.v IS 'of a view'`,
      `COMMENT ON TABLE lake.s.t IS 'of a table'`,
      `COMMENT ON COLUMN lake.s.t.id IS 'of a column'`,
      'CREATE MACRO lake.s.twice(x) AS x * 2',
      'CREATE MACRO lake.rows_of(n := 2) AS TABLE SELECT i AS id FROM range(n) r(i)',
    )
    await lake.close()
    lake = await session.openLake(folder)
    const first = async (text: string): Promise<unknown[]> => Object.values((await session.sql(text).collect())[0]!)
    expect(
      await first('SELECT a.id, b.id AS b, c.id AS c FROM lake.t a, lake.s.t b, lake."odd ""schema""".t c'),
    ).toEqual([0, 1, 2])
    expect(await first('SELECT "from" FROM LAKE.S."SELECT"')).toEqual([3])
    expect(await first('SELECT a, "b c" FROM lake.s.v')).toEqual([1, 2])
    expect(await first('SELECT lake.s.twice(21) AS n')).toEqual([42])
    expect(await first('SELECT count(*)::INTEGER AS n FROM lake.rows_of(n := 5)')).toEqual([5])
    expect(await lake.table('t', { schema: 's' }).collect()).toEqual([{ id: 1 }])
    const objects = await (await lake.tables()).filter(col('comment').isNotNull()).orderBy('name').collect()
    expect(objects.map(({ name, comment }) => [name, comment])).toEqual([
      ['t', 'of a table'],
      ['v', 'of a view'],
    ])
    const listed = await session.catalog.listTables('s')
    expect(listed.map(({ name, comment }) => [name, comment])).toEqual([
      ['select', undefined],
      ['t', 'of a table'],
      ['v', 'of a view'],
    ])
    for (const name of ['lake.s.t', 'LAKE.S.T'])
      expect(await session.catalog.listColumns(name)).toMatchObject([{ name: 'id', comment: 'of a column' }])
    expect((await session.catalog.listColumns('lake.t'))[0]).not.toHaveProperty('comment')
    await lake.table('t', { schema: 's' }).insert([{ id: 10 }])
    await lake.createView('v', 'SELECT id FROM lake.s.t', { schema: 's', replace: true })
    const [both, view] = await theirs(
      'SELECT sum(id)::INTEGER AS n FROM lake.s.t',
      'SELECT count(id)::INTEGER AS n FROM lake.s.v',
    )
    expect([both![0]!['n'], view![0]!['n']]).toEqual([11, 2])
    await expectAgreement()
  })

  test('nothing: a compaction here sorts rows across files, which keep their ids and their history', async () => {
    await lake.createTable('t', { id: 'bigint', n: 'integer', s: 'varchar' }, { sortBy: ['n desc', 'id'] })
    const t = lake.table('t')
    for (let part = 0; part < 4; part++)
      await t.insert(
        session.sql(
          `SELECT i * 4 + ${part} AS id, ((i * 7 + ${part * 3}) % 25)::INTEGER AS n, 's' || i AS s FROM range(30) r(i)`,
        ),
      )
    await t.update({ set: { n: 100 }, where: 'id % 11 = 0' })
    await t.delete('id % 13 = 5')
    const before = await readLake(session, lake)
    await lake.compact({ deletedShare: 0.01 })
    const after = await readLake(session, lake)
    const kept = Object.fromEntries(Object.keys(before).map((version) => [version, after[version]!]))
    expect(differences(before, kept)).toEqual([])
    const files = await (await t.files()).collect()
    expect(files.length).toBeLessThan(5)
    for (const { path } of files) {
      const rows = await session.read
        .parquet(join(folder, 'data', String(path)))
        .select('n', 'id')
        .collect()
      const order = (a: object, b: object): number =>
        Number(Object(b).n) - Number(Object(a).n) || Number(Object(a).id) - Number(Object(b).id)
      expect(rows).toEqual(rows.toSorted(order))
    }
    await expectAgreement()
    await t.setSorting(['id'])
    for (const first of [1000, 2000])
      await t.insert(session.sql(`SELECT ${first} - i AS id, 0 AS n, 'x' AS s FROM range(10) r(i)`))
    await lake.compact()
    await theirs("CALL ducklake_merge_adjacent_files('lake')", 'DELETE FROM lake.t WHERE id = 995')
    await expectAgreement()
  })
})
