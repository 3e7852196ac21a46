import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leavesState, onlyReads, partsOf, writesFiles } from './script.ts'

const only = (sql: string): ReturnType<typeof partsOf>[number] => {
  const parts = partsOf(sql)
  expect(parts.length).toBe(1)
  return parts[0]!
}

describe('the parts of a text', () => {
  test.each<[string, string[]]>([
    ['', []],
    [' ; -- nothing\n ; /* ; */', []],
    ['SELECT 1', ['SELECT 1']],
    ['SELECT 1;', ['SELECT 1']],
    ["SELECT ';' ; SELECT 'it''s;'", ["SELECT ';' ", " SELECT 'it''s;'"]],
    [`SELECT ";""" ; SELECT 2`, ['SELECT ";""" ', ' SELECT 2']],
    ["SELECT e'a\\';b' ; SELECT E'\\\\';", ["SELECT e'a\\';b' ", " SELECT E'\\\\'"]],
    ['SELECT $$;$$; SELECT $a$;$$;$a$', ['SELECT $$;$$', ' SELECT $a$;$$;$a$']],
    ['SELECT $1; SELECT $2', ['SELECT $1', ' SELECT $2']],
    ['SELECT a$b$; SELECT 1 AS c$b$', ['SELECT a$b$', ' SELECT 1 AS c$b$']],
    ['SELECT 1 -- one; two\n; SELECT 2', ['SELECT 1 -- one; two\n', ' SELECT 2']],
    ['SELECT /* a; /* b; */ c; */ 1; SELECT 2', ['SELECT /* a; /* b; */ c; */ 1', ' SELECT 2']],
    ["SELECT 1; SELECT 'open ;", ['SELECT 1', " SELECT 'open ;"]],
    ['SELECT ü; SELECT 漢;', ['SELECT ü', ' SELECT 漢']],
  ])('%j', (sql, expected) => {
    const parts = partsOf(sql)
    expect(parts.map((part) => part.sql)).toEqual(expected)
    for (const part of parts) expect(sql.startsWith(part.before + part.sql)).toBe(true)
  })

  test('are as many as native DuckDB finds', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    const pieces = [
      "'",
      "''",
      '"',
      '$$',
      '$a$',
      '$1',
      ';',
      '--',
      '\n',
      '/*',
      '*/',
      'a',
      ' ',
      "e'",
      '\\',
      '(',
      ')',
      '1',
      "'ü'",
      'SELECT 1',
    ]
    const text = fc
      .array(fc.constantFrom(...pieces), { maxLength: 12 })
      .map((parts) => `SELECT 1${parts.join('')}; SELECT 2`)
    const { counterexample } = await fc.check(
      fc.asyncProperty(text, async (sql) => {
        const counted = await connection.extractStatements(sql).then(
          ({ count }) => count,
          () => undefined,
        )
        return counted === undefined || counted === partsOf(sql).length
      }),
      { numRuns: 3000 },
    )
    expect(counterexample).toBeNull()
    connection.closeSync()
  })
})

test.each([
  ['SELECT 1', true],
  ['((SELECT 1))', true],
  ['-- c\n/* d */ FROM t', true],
  ['with a as (select 1) from a', true],
  ['SELECT \'insert\', "delete" -- update', true],
  ['EXPLAIN ANALYZE SELECT 1', true],
  ['WITH a AS (SELECT 1) INSERT INTO t FROM a', false],
  ['EXPLAIN ANALYZE DELETE FROM t', false],
  ['PIVOT t ON a', false],
  ['EXECUTE p', false],
  ['CALL x()', false],
])('%j only reads: %s', (sql, expected) => expect(onlyReads(only(sql))).toBe(expected))

test.each([
  ['SET a = 1', true],
  ['CREATE OR REPLACE TEMP TABLE t AS SELECT 1', true],
  ['create temporary view v as select 1', true],
  ['PRAGMA enable_profiling', true],
  ['BEGIN', true],
  ['UPDATE t SET a = 1', false],
  ["CREATE TABLE t AS SELECT 'temp'", false],
  ["SELECT 'set'", false],
])('%j leaves state: %s', (sql, expected) => expect(leavesState(only(sql))).toBe(expected))

test.each([
  ["COPY t TO 'x.csv'", true],
  ["/* */ copy (SELECT 'from') to 'x.csv' (HEADER)", true],
  ["EXPORT DATABASE 'x'", true],
  ["COPY t FROM 'to.csv'", false],
  ['COPY FROM DATABASE a TO b', false],
  ["SELECT 'copy', 'to'", false],
])('%j writes files: %s', (sql, expected) => expect(writesFiles(only(sql))).toBe(expected))
