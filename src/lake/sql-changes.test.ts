import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { nativeConnection } from '../scan/fixtures/native.ts'
import { noLakeJudges, runReference } from './fixtures/lake-judges.ts'

let folder: string
let db: Session
let lakes = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakefront-sql-'))
  const wasm = new URL('../../dist/wasm/', import.meta.url)
  db = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
})

afterAll(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

/** What the statements of a text answer, those of the reference and ours. */
const script = [
  'CREATE SCHEMA lake.sales',
  `CREATE TABLE lake.t (id BIGINT NOT NULL, name VARCHAR DEFAULT 'none', price DECIMAL(8, 2), moment TIMESTAMP, tags VARCHAR[])`,
  `INSERT INTO lake.t VALUES (1, 'Ada', 12.5, '2026-01-01', ['a', 'b']), (2, 'Bob; "x"', 7, NULL, NULL), (3, NULL, 0.01, '2026-01-03 12:00:00.5', [])`,
  'INSERT INTO lake.t (price, id) SELECT range * 1.5, range FROM range(4, 9)',
  `INSERT INTO lake.t BY NAME SELECT 'Cleo' AS name, 20 AS id`,
  'WITH more AS (SELECT 30 AS id UNION ALL SELECT 31) INSERT INTO lake.t (id) SELECT id FROM more',
  `UPDATE lake.t SET price = price * 2, name = upper(name) || CASE WHEN id IS DISTINCT FROM 1 THEN '!' ELSE '' END WHERE id < 3`,
  'UPDATE lake.t AS old SET name = news.name FROM (VALUES (4, $$four$$), (5, $$five$$)) AS news(id, name) WHERE old.id = news.id',
  'DELETE FROM lake.t WHERE id IN (SELECT id FROM lake.t WHERE price IS NULL AND id > 20)',
  'DELETE FROM lake.t USING (VALUES (6), (7)) AS gone(id) WHERE t.id = gone.id',
  'CREATE TABLE lake.sales.orders AS SELECT id, price, id % 2 = 0 AS even FROM lake.t WHERE price IS NOT NULL ORDER BY id',
  `MERGE INTO lake.sales.orders AS o USING (VALUES (1, 100.0), (99, 9.9)) AS n(id, price) ON o.id = n.id
   WHEN MATCHED THEN UPDATE SET price = n.price, even = NULL WHEN NOT MATCHED THEN INSERT (id, price) VALUES (n.id, n.price)`,
  'ALTER TABLE lake.t ADD COLUMN score DOUBLE DEFAULT 1.5',
  'ALTER TABLE lake.t RENAME COLUMN name TO "full name"',
  'ALTER TABLE lake.t DROP COLUMN tags',
  'ALTER TABLE lake.sales.orders ALTER COLUMN price TYPE DECIMAL(18, 2)',
  'ALTER TABLE lake.t ALTER id DROP NOT NULL',
  `INSERT INTO lake.t (id, "full name") VALUES (NULL, 'nobody')`,
  `COMMENT ON TABLE lake.t IS 'it''s a table'`,
  `CREATE VIEW lake.cheap AS SELECT * FROM lake.t WHERE price < 10`,
  'CREATE OR REPLACE TABLE lake.squares AS SELECT range AS n, range * range AS square FROM range(5)',
  'TRUNCATE lake.squares',
  'CREATE TABLE lake.gone (a INTEGER)',
  'DROP TABLE lake.gone',
  `CREATE TABLE lake.kinds (s VARCHAR DEFAULT 'none', n BIGINT, d TIMESTAMP, st STRUCT(a INTEGER))`,
  `INSERT INTO lake.kinds (s) VALUES (1), (2.5), ('x; -- y'), (true), (DEFAULT)`,
  `INSERT INTO lake.kinds (n, d) VALUES (9007199254740993, '2026-01-01'), (1.5e0, DATE '2026-01-02') -- end`,
  'WITH q AS (SELECT 7 AS x) INSERT INTO lake.kinds (n) WITH r AS (SELECT x + 1 AS y FROM q) SELECT y FROM r',
  'WITH q AS (SELECT 7 AS x) INSERT INTO lake.kinds (n, st) VALUES ((SELECT x FROM q), {a: 5})',
  'ALTER TABLE lake.kinds ADD COLUMN st.b VARCHAR',
  'ALTER TABLE lake.kinds ADD COLUMN IF NOT EXISTS st.b VARCHAR',
  'ALTER TABLE lake.kinds DROP COLUMN IF EXISTS st.c',
  'ALTER TABLE IF EXISTS lake.none ADD COLUMN a INTEGER',
  'ALTER TABLE IF EXISTS lake.kinds SET SORTED BY (n DESC, lower(s))',
  'ALTER TABLE lake.kinds RENAME COLUMN n TO "the n"',
  `MERGE INTO lake.kinds USING (VALUES (70), (71)) AS v(n) ON kinds."the n" = v.n
   WHEN MATCHED THEN ERROR WHEN NOT MATCHED THEN INSERT (s, "the n") VALUES (DEFAULT, v.n)`,
  `MERGE INTO lake.kinds USING range(70, 73) r(i) ON kinds."the n" = r.i WHEN MATCHED THEN UPDATE SET s = 'ranged'`,
  `MERGE INTO lake.kinds AS k USING lake.kinds AS o AT (VERSION => 29) ON k."the n" = o.n WHEN MATCHED THEN UPDATE SET s = 'old'`,
  'CREATE VIEW IF NOT EXISTS lake.cheap AS SELECT 1 AS other',
  'CREATE VIEW lake.was AS SELECT o.s, o.n FROM lake.kinds AS o AT (VERSION => 29)',
  'CREATE TABLE lake.named(x, "y z") AS SELECT 1, 2',
  'TRUNCATE TABLE lake.named',
  'UPDATE lake.sales.orders SET price = lake.sales.orders.price + sales.orders.price + rowid WHERE lake.sales.orders.id = 1 OR orders.rowid = 1',
  'DELETE FROM lake.t USING lake.sales.orders WHERE lake.t.id = lake.sales.orders.id AND t.rowid < 2 AND lake.t.id = (SELECT max(lake.t.id) FROM lake.t WHERE lake.t.id < 3)',
  `MERGE INTO lake.kinds USING lake.sales.orders ON lake.kinds."the n" = lake.sales.orders.id + 69
   WHEN MATCHED AND main.kinds.rowid >= 0 THEN UPDATE SET s = lake.sales.orders.price`,
]

const questions = [
  'SELECT CAST(t AS VARCHAR) AS row FROM lake.t ORDER BY ALL',
  'SELECT CAST(o AS VARCHAR) AS row FROM lake.sales.orders AS o ORDER BY ALL',
  'SELECT CAST(c AS VARCHAR) AS row FROM lake.cheap AS c ORDER BY ALL',
  'SELECT CAST(s AS VARCHAR) AS row FROM lake.squares AS s ORDER BY ALL',
  'SELECT CAST(k AS VARCHAR) AS row FROM lake.kinds AS k ORDER BY ALL',
  'SELECT CAST(w AS VARCHAR) AS row FROM lake.was AS w ORDER BY ALL',
  'SELECT CAST(k AS VARCHAR) AS row FROM lake.kinds AS k AT (VERSION => 28) ORDER BY ALL',
  'SELECT "y z" FROM lake.named',
]

describe('SQL text changes a lake', () => {
  test.skipIf(noLakeJudges !== undefined)('as the reference extension does, which reads what was made', async () => {
    const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')]
    await (await db.openLake(theirs, { create: true, name: 'theirs' })).close()
    const lake = await db.openLake(ours, { create: true })
    const counts: unknown[] = []
    for (const sql of script) counts.push(await db.sql(sql).collect())
    const answers = []
    for (const sql of questions) answers.push(await db.sql(sql).collect())
    await lake.close()
    const reference = await runReference(theirs, [...script, ...questions])
    const counted = reference.slice(0, script.length).map((rows) => rows.map((row) => Number(row['Count'])))
    const isOfRows = (sql: string): boolean => /^\s*(insert|update|delete|with|merge|truncate)|as select/i.test(sql)
    script.forEach((sql, at) => {
      const own = (counts[at] as { Count: bigint }[]).map(({ Count }) => Number(Count))
      if (isOfRows(sql) && !/view/i.test(sql)) expect(own, sql).toEqual(counted[at])
      else expect(own, sql).toEqual([])
    })
    expect(answers).toEqual(reference.slice(script.length))
    expect(await runReference(ours, questions)).toEqual(answers)
  })

  test('with values, in scripts, and with rows of a DataFrame', async () => {
    await using lake = await db.openLake('memory:values', { create: true, name: 'v' })
    await db.sql(`CREATE TABLE v.t (a INTEGER, b VARCHAR)`).collect()
    expect(await db.sql('INSERT INTO v.t VALUES (?, ?), (?, ?)', [1, 'x', 2, 'y']).collect()).toEqual([{ Count: 2n }])
    await db.sql('UPDATE v.t SET b = ?, a = ? WHERE a = ?', ['z', 20, 2]).collect()
    const rows = db.createDataFrame([{ a: 3, b: 'three' }])
    await db.sql`INSERT INTO v.t FROM ${rows}`.collect()
    await db.sql`DELETE FROM v.t WHERE b = ${'x'}`.collect()
    expect(await db.sql(`UPDATE v.t SET b = b || '!'; SELECT * FROM v.t ORDER BY a`).collect()).toEqual([
      { a: 3, b: 'three!' },
      { a: 20, b: 'z!' },
    ])
    expect(await lake.snapshots().then((rows) => rows.count())).toBe(7)
    await rows.createOrReplaceTempView('given')
    await db.sql('CREATE TEMP VIEW more AS SELECT 4 AS a, NULL AS b').collect()
    for (const [sql, count] of [
      ['INSERT INTO v.t FROM given', 1n],
      ['MERGE INTO v.t USING more ON t.a = more.a WHEN NOT MATCHED THEN INSERT BY NAME', 1n],
      ['UPDATE v.t SET b = given.b FROM given WHERE t.a = given.a', 2n],
      ['DELETE FROM v.t USING more WHERE t.a = more.a', 1n],
      ['CREATE TABLE v.c AS FROM given', 1n],
    ] as const)
      expect(await db.sql(sql).collect(), sql).toEqual([{ Count: count }])
  })

  test.each([
    `MERGE INTO lake.m AS o USING news AS n ON o.id = n.id
     WHEN MATCHED AND n.price < 0 THEN DELETE
     WHEN MATCHED AND n.price = 0 THEN DO NOTHING
     WHEN MATCHED THEN UPDATE SET price = n.price, name = 'new ' || n.id
     WHEN NOT MATCHED BY SOURCE AND o.id > 7 THEN DELETE
     WHEN NOT MATCHED BY SOURCE THEN UPDATE SET name = upper(o.name)
     WHEN NOT MATCHED THEN INSERT (id, name) VALUES (n.id, CASE WHEN n.price > 9 THEN 'dear' ELSE 'cheap' END)`,
    'MERGE INTO lake.m USING (SELECT id, price FROM news) AS n USING (id) WHEN MATCHED THEN UPDATE BY NAME WHEN NOT MATCHED THEN INSERT BY NAME',
    'MERGE INTO lake.m USING news ON m.id = news.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *',
    'WITH gone AS (SELECT id FROM news WHERE price < 0) MERGE INTO lake.m USING gone ON m.id = gone.id WHEN MATCHED THEN DELETE',
  ])('MERGE does what it does in DuckDB: %s', async (sql) => {
    const native = await nativeConnection()
    const made = (merge: string): readonly string[] => [
      `CREATE TABLE lake.m (id INTEGER, name VARCHAR, price DOUBLE)`,
      `INSERT INTO lake.m SELECT range, 'row ' || range, range FROM range(10)`,
      'CREATE OR REPLACE TEMP TABLE news AS SELECT * FROM (VALUES (1, NULL, -1.0), (2, NULL, 0), (3, NULL, 33), (20, NULL, 20), (21, NULL, 2)) AS v(id, name, price)',
      merge,
      'FROM lake.m ORDER BY ALL',
    ]
    await native.run(`ATTACH ':memory:' AS lake`)
    const answers = []
    for (const statement of made(sql)) answers.push((await native.runAndReadAll(statement)).getRowObjects())
    await using lake = await db.openLake(`memory:merge ${++lakes}`, { create: true })
    const own = []
    for (const statement of made(sql)) own.push(await db.sql(statement).collect())
    expect(own.slice(3)).toEqual(answers.slice(3))
    expect((await lake.check()).findings).toEqual([])
    native.closeSync()
  })

  test.each<[string, string, RegExp]>([
    ['INSERT INTO v.t VALUES (1)', 'INVALID_ARGUMENT', /"t" is given 1 values for 2 columns: a, b/],
    ['INSERT INTO v.t (a, c) VALUES (1, 2)', 'COLUMN_NOT_FOUND', /Column "c" not found in "t"/],
    ['UPDATE v.t SET c = 1', 'COLUMN_NOT_FOUND', /Column "c" not found in "t"/],
    ['UPDATE v.tt SET a = 1', 'TABLE_NOT_FOUND', /Did you mean "(main\.)?t"/],
    [`UPDATE v.t SET a = 'x'`, 'INVALID_VALUE', /Could not convert/],
    ['UPDATE v.t SET a = 1, A = 2', 'INVALID_ARGUMENT', /"a" of "t" two values/],
    ['INSERT INTO v.t (a, a) VALUES (1, 2)', 'COLUMN_AMBIGUOUS', /two columns "a"/],
    ['INSERT INTO v.t VALUES (1, 2), (3)', 'INVALID_ARGUMENT', /given 1 values for 2 columns/],
    [`ALTER TABLE v.t ADD COLUMN c INTEGER DEFAULT 'x'`, 'INVALID_VALUE', /Could not convert/],
    ['ALTER TABLE v.t ADD PRIMARY KEY (a)', 'UNSUPPORTED', /key or a constraint/],
    ['ALTER TABLE v.t SET SORTED BY (c)', 'COLUMN_NOT_FOUND', /"c" not found/],
    ['CREATE VIEW v.w AS SELECT c FROM v.t', 'COLUMN_NOT_FOUND', /"c" not found/],
    [
      `MERGE INTO v.t USING (VALUES (1)) AS n(a) ON t.a = n.a WHEN MATCHED THEN ERROR 'no ' || n.a`,
      'INVALID_VALUE',
      /THEN ERROR: no 1/,
    ],
    ['CREATE TABLE v.u (a INTEGER, b INTEGER AS (a + 1))', 'UNSUPPORTED', /no GENERATED columns/],
    ['CREATE TABLE v.u (a VARCHAR COLLATE NOCASE)', 'UNSUPPORTED', /no COLLATE/],
    ['CREATE TABLE v.t (a INTEGER)', 'INVALID_ARGUMENT', /already/],
    ['CREATE TABLE v.u (a INTEGER PRIMARY KEY)', 'UNSUPPORTED', /no PRIMARY KEY/],
    ['CREATE TABLE v.u (a INTEGRE)', 'INVALID_ARGUMENT', /INTEGRE/],
    ['ALTER TABLE v.t ALTER a SET NOT NULL', 'INVALID_VALUE', /has nulls/],
    ['EXPLAIN DELETE FROM v.t', 'UNSUPPORTED', /by itself/],
    ['SELECT ?; DELETE FROM v.t', 'INVALID_ARGUMENT', /one by one/],
    ['BEGIN; DELETE FROM v.t; COMMIT', 'UNSUPPORTED', /transaction\(/],
    [
      'MERGE INTO v.t USING (VALUES (1), (1)) AS n(a) ON t.a = n.a WHEN MATCHED THEN DELETE',
      'INVALID_VALUE',
      /two rows|twice|more than one/i,
    ],
  ])('and nothing when it is wrong: %s', async (sql, code, message) => {
    await using lake = await db.openLake(`memory:wrong ${++lakes}`, { create: true, name: 'v' })
    await db.sql(`CREATE TABLE v.t (a INTEGER, b VARCHAR); INSERT INTO v.t VALUES (1, 'x'), (NULL, 'y')`).collect()
    const values = sql.includes('?') ? [1] : []
    await expect(db.sql(sql, values).collect()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await db.sql('SELECT count(*)::INT AS n FROM v.t').collect()).toEqual([{ n: 2 }])
    expect(await lake.snapshots().then((rows) => rows.count())).toBe(3)
  })
})
