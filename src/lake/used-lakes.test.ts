import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import type { Lake } from '../frame/lake.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { noLakeJudges, runReference } from './fixtures/lake-judges.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'lakefront-used-'))

let session: Session
let lake: Lake

beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  lake = await session.openLake(folder, { create: true })
  await lake.createTable('events', { id: 'integer' }, { comment: "about 'events'" })
  await lake.table('events').insert([{ id: 1 }, { id: 2 }])
  await lake.createSchema('s')
  await lake.createTable('inside', { x: 'varchar' }, { schema: 's' })
  await lake.table('inside', { schema: 's' }).insert([{ x: 'one' }])
  await lake.table('inside', { schema: 's' }).insert([{ x: 'two' }])
  await lake.createView('v', 'SELECT id + 10 AS far FROM lake.events')
  await lake.table('events').comment('a number', { column: 'id' })
})
afterAll(async () => {
  await session.close()
  rmSync(folder, { recursive: true })
})
afterEach(() => session.sql('USE memory.main').collect())

/** Rows as JSON has them. */
const plain = (rows: unknown): unknown =>
  JSON.parse(JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)))

const reading = [
  'USE lake; SELECT * FROM events ORDER BY id',
  'USE lake.main; SELECT * FROM events ORDER BY id',
  'USE lake; SELECT * FROM v ORDER BY far',
  'USE lake; SELECT * FROM s.inside ORDER BY x',
  'USE lake.s; SELECT * FROM inside ORDER BY x',
  `SET schema = 'lake.s'; SELECT * FROM inside ORDER BY x`,
  `USE lake; SET schema = 's'; SELECT * FROM inside ORDER BY x`,
  `SET search_path = 'lake.s,lake.main'; SELECT count(*) AS n FROM events, inside`,
  `SET search_path = 'lake.main,lake.s'; SELECT * FROM inside AT (VERSION => 5)`,
  'USE lake; SELECT count(*) AS n FROM events AT (VERSION => 1)',
  'USE lake; SELECT count(*) AS n FROM main.events AT (VERSION => 1)',
  'USE lake.s; SELECT count(*) AS n FROM inside AT (VERSION => 5), lake.main.events AT (VERSION => 4)',
  'USE lake.s; SELECT * FROM lake.inside AT (VERSION => 5)',
  'USE lake; SELECT current_database() AS d, current_schema() AS s',
  'USE lake; SHOW TABLES',
  'SHOW TABLES FROM lake',
  'SHOW TABLES FROM lake.s',
  'USE lake; SELECT column_name, column_type FROM (DESCRIBE events)',
  'SELECT column_name, column_type FROM (DESCRIBE lake.s.inside)',
  `SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'lake' ORDER BY ALL`,
  `SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns WHERE table_catalog = 'lake' ORDER BY ALL`,
  `SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = 'lake' ORDER BY ALL`,
  `SELECT schema_name FROM information_schema.schemata WHERE catalog_name = 'lake' AND schema_name IN ('main', 's') ORDER BY ALL`,
]

describe('a lake that is in use', () => {
  it('answers as the reference does', async ({ skip }) => {
    skip(noLakeJudges !== undefined, noLakeJudges)
    const scripts = reading.map((text) => text.split('; '))
    const answers = await runReference(folder, [
      `ATTACH ':memory:' AS other`,
      ...scripts.flatMap((script) => ['USE other', ...script]),
      'USE other',
    ])
    let at = 0
    for (const [index, script] of scripts.entries()) {
      at += 1 + script.length
      const ours = await session.sql(reading[index]!).collect()
      await session.sql('USE memory.main').collect()
      expect([reading[index], plain(ours)]).toEqual([reading[index], answers[at]])
    }
  })

  it('gives DataFrames by unqualified names, and sees what others commit', async () => {
    const other = await session.openLake(folder, { name: 'other' })
    for (const use of ['USE lake', `SET search_path = 'lake.s,lake.main'`]) {
      await session.sql(use).collect()
      const before = await session.table('events').count()
      await other.table('events').insert([{ id: 100 }])
      expect(await session.table('events').count()).toBe(before + 1)
      expect(await session.sql('SELECT count(*)::INTEGER AS n FROM events').collect()).toEqual([{ n: before + 1 }])
      await other.table('events').delete('id = 100')
    }
    expect(await session.table('inside').columns()).toEqual(['x'])
    await other.close()
  })

  it('is changed by names without it, as by the reference', async ({ skip }) => {
    skip(noLakeJudges !== undefined, noLakeJudges)
    const changes = [
      'USE lake',
      'CREATE TABLE fresh AS SELECT 1 AS a',
      'CREATE TABLE IF NOT EXISTS s.fresh(a INTEGER)',
      'INSERT INTO events VALUES (7)',
      `INSERT INTO s.inside VALUES ('seven')`,
      'CREATE SCHEMA other',
      'CREATE VIEW w AS SELECT id FROM lake.events WHERE id > 1',
      'USE lake.s',
      `INSERT INTO inside VALUES ('eight')`,
      `UPDATE lake.inside SET x = 'eight!' WHERE x = 'eight'`,
      `SET search_path = 'lake.s,lake.main'`,
      'UPDATE events SET id = 9 WHERE id = 7',
      `WITH old AS (SELECT 1 AS id) DELETE FROM events WHERE id IN (FROM old)`,
      'ALTER TABLE events ADD COLUMN b INTEGER',
      'DROP TABLE lake.main.fresh',
    ]
    const questions = [
      'SELECT CAST(e AS VARCHAR) AS row FROM lake.main.events AS e ORDER BY ALL',
      'SELECT x FROM lake.s.inside ORDER BY ALL',
      'SELECT id FROM lake.main.w ORDER BY ALL',
      `SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'lake' ORDER BY ALL`,
    ]
    const theirs = mkdtempSync(join(tmpdir(), 'lakefront-used-'))
    cpSync(folder, theirs, { recursive: true })
    const ours = mkdtempSync(join(tmpdir(), 'lakefront-used-'))
    cpSync(folder, ours, { recursive: true })
    const answers: unknown[] = []
    {
      await using own = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
      await own.openLake(ours)
      for (const sql of changes) await own.sql(sql).collect()
      for (const sql of questions) answers.push(await own.sql(sql).collect())
    }
    const reference = await runReference(theirs, [...changes, ...questions, 'USE memory'])
    expect(plain(answers)).toEqual(reference.slice(changes.length, -1))
    for (const place of [ours, theirs]) rmSync(place, { recursive: true })
  })

  it.each([
    ['USE lake', 'CREATE MACRO fresh(a) AS a + 1', /Tables, views and schemas/],
    ['USE lake', 'DROP VIEW IF EXISTS events; SELECT 1', undefined],
    ['USE lake', 'CREATE INDEX i ON events(id)', /no indexes/],
    ['USE lake', `COPY events FROM 'x.csv'`, /INSERT INTO lake/],
    [`SET search_path = 'memory.main,lake.main'`, 'DROP VIEW events', /no view "events"/],
    ['SELECT 1', 'COPY FROM DATABASE memory TO lake', /INSERT INTO lake/],
    ['SELECT 1', 'CREATE INDEX i ON lake.events(id)', /no indexes/],
    ['USE lake', 'EXPLAIN DELETE FROM events', /by itself/],
    ['USE lake', 'BEGIN; DELETE FROM events', /transaction\(/],
  ])('is not changed behind %s by %s', async (use, sql, message) => {
    const run = async (text: string): Promise<void> => {
      const done = session.sql(text).collect()
      if (message === undefined) await done
      else await expect(done).rejects.toThrow(message)
    }
    await run(`${use}; ${sql}`)
    await session.sql(use).collect()
    await run(sql)
    expect(plain(await session.sql('SHOW TABLES FROM lake').collect())).toEqual(
      ['events', 'inside', 'v'].map((name) => ({ name })),
    )
    expect(await session.sql('SELECT count(*)::INTEGER AS n FROM lake.main.events').collect()).toEqual([{ n: 2 }])
  })

  it.each(['DETACH lake', 'DETACH DATABASE IF EXISTS lake', `ATTACH OR REPLACE ':memory:' AS lake`])(
    'keeps its name beside %s',
    async (sql) => {
      await expect(session.sql(sql).collect()).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/opened and closed by its session.*db\.lake\("lake"\)\.close\(\)/),
      })
      expect(await session.sql('SELECT count(*)::INTEGER AS n FROM lake.events').collect()).toEqual([{ n: 2 }])
    },
  )

  it('lets be changed what is not in it', async () => {
    const rows = await session
      .sql(
        `USE lake; CREATE TEMP TABLE events_2 AS FROM events; INSERT INTO events_2 VALUES (3); CREATE TABLE memory.main.mine AS FROM events;
         CREATE INDEX i ON memory.main.mine(id); USE memory.main; CREATE TABLE own AS FROM lake.events; UPDATE own SET id = id * 2;
         SELECT (SELECT sum(id) FROM own)::INTEGER AS own, (SELECT sum(id) FROM events_2)::INTEGER AS temp`,
      )
      .collect()
    expect(rows).toEqual([{ own: 6, temp: 6 }])
    await session.sql('USE lake').collect()
    await session.sql('DELETE FROM events_2 WHERE id = 3').collect()
    await session.sql('DROP TABLE events_2').collect()
    await session.sql('USE memory.main; DROP TABLE own; DROP TABLE mine').collect()
  })
})

describe('comments in a lake', () => {
  const told = async (): Promise<unknown> =>
    plain(
      await session
        .sql(
          `SELECT view_name AS name, comment FROM duckdb_views() WHERE database_name = 'lake' AND comment IS NOT NULL
           UNION ALL SELECT table_name || '.' || column_name, comment FROM duckdb_columns() WHERE database_name = 'lake' AND comment IS NOT NULL ORDER BY ALL`,
        )
        .collect(),
    )

  it('are those of its tables, columns and views for SQL, as they change', async () => {
    expect(await told()).toEqual([
      { name: 'events', comment: "about 'events'" },
      { name: 'events.id', comment: 'a number' },
    ])
    expect(await (await lake.tables()).select('name', 'comment').orderBy('name').collect()).toEqual([
      { name: 'events', comment: "about 'events'" },
      { name: 'inside', comment: null },
      { name: 'v', comment: null },
    ])
    await lake.table('events').comment(null, { column: 'id' })
    await lake.table('events').comment('; DROP TABLE x; --')
    await lake.table('inside', { schema: 's' }).comment('an */ "x"', { column: 'x' })
    expect(await told()).toEqual([
      { name: 'events', comment: '; DROP TABLE x; --' },
      { name: 'inside.x', comment: 'an */ "x"' },
    ])
  })

  it('of stock DuckDB are read, and views have them too', async ({ skip }) => {
    skip(noLakeJudges !== undefined, noLakeJudges)
    await runReference(folder, [
      `COMMENT ON TABLE lake.events IS 'by stock'`,
      `COMMENT ON VIEW lake.v IS 'a view'`,
      `COMMENT ON COLUMN lake.s.inside.x IS 'column'`,
    ])
    expect(await told()).toEqual([
      { name: 'events', comment: 'by stock' },
      { name: 'inside.x', comment: 'column' },
      { name: 'v', comment: 'a view' },
    ])
    await expect(runReference(folder, [`COMMENT ON SCHEMA lake.s IS 'x'`])).rejects.toThrow(/comments to schemas/)
    await expect(session.sql(`COMMENT ON SCHEMA lake.s IS 'x'`).collect()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })
})
