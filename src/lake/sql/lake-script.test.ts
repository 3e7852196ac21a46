import { describe, expect, test } from 'vitest'
import { changeStatement } from './change-statement.ts'
import { lakeScript, withNumberedParameters } from './lake-script.ts'
import { StatementCursor } from './statement-cursor.ts'

describe('statements that change a lake', () => {
  test.each([
    'INSERT INTO lake.events VALUES (1)',
    'INSERT OR REPLACE INTO "lake".main.events SELECT 1',
    'WITH x AS (SELECT 1) INSERT INTO lake.events FROM x',
    'UPDATE lake.events SET a = 1',
    'DELETE FROM lake.events WHERE a = 1',
    'MERGE INTO lake.events USING x ON a = b WHEN MATCHED THEN DELETE',
    'TRUNCATE lake.events',
    'TRUNCATE TABLE lake.events',
    'ALTER TABLE IF EXISTS lake.events ADD COLUMN b INTEGER',
    'DROP TABLE lake."table"',
    'CREATE TABLE lake.more AS SELECT 1',
    'CREATE OR REPLACE TABLE lake.more(a INTEGER)',
    'CREATE TABLE IF NOT EXISTS LAKE.more(a INTEGER)',
    'CREATE VIEW lake.v AS SELECT 1',
    'CREATE SCHEMA lake.s',
    'DROP TABLE lake.events',
    'DROP SCHEMA IF EXISTS lake.s',
    'ALTER TABLE lake.events ADD COLUMN b INTEGER',
    `COMMENT ON TABLE lake.events IS 'x'`,
  ])('are found: %s', (sql) => {
    expect(lakeScript(sql, ['lake'])).toEqual([{ sql, lake: 'lake' }])
  })

  test.each([
    'SELECT * FROM lake.events',
    'CREATE TABLE copy AS SELECT * FROM lake.events',
    'CREATE OR REPLACE TEMP VIEW v AS FROM lake.events',
    'INSERT INTO t SELECT * FROM lake.events',
    'DELETE FROM t WHERE a IN (FROM lake.events)',
    'UPDATE t SET a = (SELECT max(a) FROM lake.events)',
    `SELECT 'INSERT INTO lake.events'`,
    'SELECT lake.a FROM t AS lake WHERE "update" = 1',
    `COPY (FROM lake.events) TO 'x.csv'`,
    'EXPLAIN SELECT * FROM lake.events',
  ])('are not: %s', (sql) => {
    expect(lakeScript(sql, ['lake'])).toBeUndefined()
  })

  test('stand among others', () => {
    expect(lakeScript(`SELECT ';'; DELETE FROM lake.events; -- over ;\n SELECT 2`, ['lake'])).toEqual([
      { sql: `SELECT ';'` },
      { sql: 'DELETE FROM lake.events', lake: 'lake' },
      { sql: 'SELECT 2' },
    ])
  })

  test.each([
    [`COPY lake.events FROM 'x.csv'`, /INSERT INTO lake/],
    ['EXPLAIN DELETE FROM lake.events', /EXPLAIN does not go with a statement that changes the lake "lake"/],
    ['PREPARE p AS INSERT INTO lake.events VALUES (1)', /PREPARE does not go/],
    ['DROP SCHEMA lake', /close\(\)/],
  ])('are refused: %s', (sql, message) => {
    expect(() => lakeScript(sql, ['lake'])).toThrow(message)
  })

  test('have parameters with numbers, but for texts and names', () => {
    expect(withNumberedParameters(`UPDATE lake.t SET a = ?, "?" = '?' WHERE b = ? -- ?`)).toBe(
      `UPDATE lake.t SET a = $1, "?" = '?' WHERE b = $2 -- ?`,
    )
  })
})

describe('a statement', () => {
  const parsed = (sql: string): unknown =>
    changeStatement(new StatementCursor(sql), ([, ...rest]) => ({
      schema: rest.length > 1 ? rest[0]! : 'main',
      name: rest.at(-1)!,
    }))
  const table = { schema: 'main', name: 't' }

  test.each<[string, unknown]>([
    ['INSERT INTO lake.t VALUES (1, 2)', { kind: 'insert', table, rows: [['1', '2']] }],
    [
      `INSERT INTO lake.t VALUES (f(1, 2), 'a,)'), ([3, 4][1], DEFAULT) -- end`,
      {
        kind: 'insert',
        table,
        rows: [
          ['f(1, 2)', `'a,)'`],
          ['[3, 4][1]', 'DEFAULT'],
        ],
      },
    ],
    ['INSERT INTO lake.t VALUES (1) LIMIT 1', { kind: 'insert', table, rows: 'VALUES (1) LIMIT 1' }],
    [
      'INSERT INTO lake.t (a, "b c") SELECT 1, 2',
      { kind: 'insert', table, columns: ['a', 'b c'], rows: 'SELECT 1, 2' },
    ],
    [
      'INSERT INTO lake.t (SELECT a FROM u JOIN v ON u.x = v.x)',
      { kind: 'insert', table, rows: '(SELECT a FROM u JOIN v ON u.x = v.x)' },
    ],
    [
      'INSERT INTO lake.s.t BY NAME FROM u',
      { kind: 'insert', table: { schema: 's', name: 't' }, columns: 'byName', rows: 'FROM u' },
    ],
    ['INSERT INTO lake.t DEFAULT VALUES', { kind: 'insert', table }],
    [
      `UPDATE lake.t AS x SET a = CASE WHEN b IS DISTINCT FROM 1 THEN [1, 2][1] ELSE 0 END, b = (SELECT 1 FROM u WHERE true) FROM v WHERE x.a = v.a`,
      {
        kind: 'update',
        table,
        alias: 'x',
        set: [
          { column: 'a', value: 'CASE WHEN b IS DISTINCT FROM 1 THEN [1, 2][1] ELSE 0 END' },
          { column: 'b', value: '(SELECT 1 FROM u WHERE true)' },
        ],
        from: 'v',
        where: 'x.a = v.a',
      },
    ],
    [
      'DELETE FROM lake.t USING u WHERE t.a = u.a',
      { kind: 'delete', table, alias: 't', from: 'u', where: 't.a = u.a' },
    ],
    ['TRUNCATE TABLE lake.t', { kind: 'delete', table, alias: 'truncated' }],
    [
      'MERGE INTO lake.t AS o USING news n ON o.id = n.id WHEN MATCHED AND n.gone THEN DELETE WHEN MATCHED THEN UPDATE SET a = CASE WHEN true THEN n.a END WHEN NOT MATCHED THEN INSERT (id, a) VALUES (n.id, f(n.a, 1)) WHEN NOT MATCHED BY SOURCE THEN DO NOTHING',
      {
        kind: 'merge',
        table,
        alias: 'o',
        source: 'news',
        sourceAlias: 'n',
        on: 'o.id = n.id',
        clauses: [
          { rows: 'matched', when: 'n.gone', action: { kind: 'delete' } },
          { rows: 'matched', action: { kind: 'update', set: [{ column: 'a', value: 'CASE WHEN true THEN n.a END' }] } },
          { rows: 'source', action: { kind: 'insert', columns: ['id', 'a'], values: ['n.id', 'f(n.a, 1)'] } },
          { rows: 'target', action: { kind: 'nothing' } },
        ],
      },
    ],
    [
      'MERGE INTO lake.t USING (FROM u) AS n(id, a) USING (id) WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT',
      {
        kind: 'merge',
        table,
        alias: 't',
        source: '(FROM u)',
        sourceAlias: 'n',
        sourceColumns: ['id', 'a'],
        on: ['id'],
        clauses: [
          { rows: 'matched', action: { kind: 'update', set: 'byPosition' } },
          { rows: 'source', action: { kind: 'insert', values: 'byPosition' } },
        ],
      },
    ],
    [
      'CREATE OR REPLACE TABLE lake.t (a INTEGER DEFAULT (1), b VARCHAR)',
      { kind: 'createTable', table, ifNotExists: false, replaces: true, columns: 'a INTEGER DEFAULT (1), b VARCHAR' },
    ],
    [
      `COMMENT ON COLUMN lake.s.t.a IS 'it''s'`,
      {
        kind: 'operation',
        operation: { kind: 'comment', on: 'table', object: { schema: 's', name: 't' }, text: `it's`, column: ['a'] },
      },
    ],
    [
      'ALTER TABLE lake.t SET PARTITIONED BY (bucket(4, a), year(b))',
      { kind: 'operation', operation: { kind: 'setPartitioning', table, keys: ['bucket(4, a)', 'year(b)'] } },
    ],
  ])('is understood: %s', (sql, wanted) => {
    expect(parsed(sql)).toEqual(wanted)
  })

  test.each<[string, RegExp]>([
    ['UPDATE lake.t a = 1', /Expected SET at "="/],
    ['UPDATE lake.t SET s.x = 1', /whole columns/],
    ['UPDATE lake.t SET a = 1 RETURNING a', /RETURNING cannot be done/],
    ['INSERT OR IGNORE INTO lake.t VALUES (1)', /MERGE INTO/],
    ['INSERT INTO lake.t VALUES (1) ON CONFLICT DO NOTHING', /ON CONFLICT cannot be done in a lake/],
    ['DELETE FROM lake.t WHERE', /Expected an expression at the end/],
    ['CREATE INDEX i ON lake.t(a)', /Tables, views and schemas can be made/],
    ['CREATE TABLE lake.t (a INTEGER) PARTITIONED', /Expected the end at "PARTITIONED"/],
    ['MERGE INTO lake.t USING u ON true', /Expected WHEN MATCHED/],
    ['COMMENT ON TABLE lake.t IS 1', /A comment is a text/],
  ])('is refused: %s', (sql, message) => {
    expect(() => parsed(sql)).toThrow(message)
  })
})
