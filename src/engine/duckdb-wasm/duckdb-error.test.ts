import { afterAll, beforeAll, expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import type { ErrorCode, LakefrontError } from '../../errors.ts'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

let engine: Engine

beforeAll(async () => {
  engine = await openEngine(nodeHost(new URL('../../../dist/wasm/', import.meta.url)))
})
afterAll(() => engine.close())

async function failure(sql: string, parameters?: readonly number[]): Promise<LakefrontError> {
  try {
    const result = await engine.execute({ sql, ...(parameters === undefined ? {} : { parameters }) })
    while ((await result.next()) !== undefined);
  } catch (error) {
    if (isLakefrontError(error)) return error
    throw error
  }
  throw new Error(`This was expected to fail: ${sql}`)
}

/** Where `mark` stands in `sql`, as the details of an error say it. */
function placeOf(sql: string, mark: string): object {
  const position = sql.lastIndexOf(mark)
  const lines = sql.slice(0, position).split('\n')
  return { position, line: lines.length, column: lines.at(-1)!.length + 1 }
}

const wide = `SELECT ${'1, '.repeat(100)}`

test.each<[string, string, ErrorCode]>([
  ['SELEC 1', 'SELEC', 'SYNTAX_ERROR'],
  ["SELECT 'abc", "'abc", 'SYNTAX_ERROR'],
  ['SELECT 1; SELEC 2', 'SELEC', 'SYNTAX_ERROR'],
  ['SELECT 1;\n  SELECT nope', 'nope', 'COLUMN_NOT_FOUND'],
  ['SELECT\t\tnope', 'nope', 'COLUMN_NOT_FOUND'],
  ['SELECT\r\n\t1,\r\n\tnope', 'nope', 'COLUMN_NOT_FOUND'],
  ["SELECT '🦆', 'ü', nope", 'nope', 'COLUMN_NOT_FOUND'],
  ["SELECT '漢字',\n  '漢字' || nope", 'nope', 'COLUMN_NOT_FOUND'],
  [`${wide}nope${', 2'.repeat(100)}`, 'nope', 'COLUMN_NOT_FOUND'],
  [`SELECT 1;\n${wide}\n${wide.slice(7)}nope${', 2'.repeat(100)}`, 'nope', 'COLUMN_NOT_FOUND'],
  ['SELECT a.nope FROM (SELECT 1 AS x) a', 'a.nope', 'COLUMN_NOT_FOUND'],
  ['SELECT b.x FROM (SELECT 1 AS x) a', 'b.x', 'TABLE_NOT_FOUND'],
  ['SELECT x FROM (SELECT 1 AS x) a, (SELECT 2 AS x) b', 'x FROM (SELECT 1 AS x) a,', 'COLUMN_AMBIGUOUS'],
  ['SELECT 1 + nope(1)', 'nope', 'FUNCTION_NOT_FOUND'],
  ['FROM nope(1)', 'nope', 'FUNCTION_NOT_FOUND'],
  ["SELECT 1, abs('x'::BLOB)", 'abs', 'TYPE_MISMATCH'],
  ['SELECT 1 FROM missing', 'missing', 'TABLE_NOT_FOUND'],
  ["SELECT 1, CAST('x' AS INTEGER)", 'CAST', 'INVALID_VALUE'],
  ['SELECT 1 ORDER BY 5', '5', 'INVALID_ARGUMENT'],
])('%j: the place of %j, %s', async (sql, mark, code) => {
  const { code: actual, details } = await failure(sql)
  expect({ code: actual, ...details }).toMatchObject({ code, ...placeOf(sql, mark) })
})

test.each(['SELECT 1 +', 'SELECT (1', 'SELECT 1;\nSELECT sum(1'])(
  '%j ends too early: the place is the end',
  async (sql) => {
    const { code, details } = await failure(sql)
    expect(code).toBe('SYNTAX_ERROR')
    expect(details['position']).toBe(sql.length)
  },
)

test.each<[string, ErrorCode]>([
  ['COMMIT', 'INVALID_ARGUMENT'],
  ['ROLLBACK', 'INVALID_ARGUMENT'],
  ['SET nosuch = 1', 'INVALID_ARGUMENT'],
  ['EXECUTE nosuch', 'INVALID_ARGUMENT'],
  ['DROP TABLE nosuch', 'TABLE_NOT_FOUND'],
  ['INSERT INTO nosuch VALUES (1)', 'TABLE_NOT_FOUND'],
  ['PRAGMA nosuch', 'FUNCTION_NOT_FOUND'],
  ['CREATE TABLE twice (a INTEGER, a INTEGER)', 'INVALID_ARGUMENT'],
  ['CREATE OR REPLACE TABLE one (a INTEGER PRIMARY KEY); INSERT INTO one VALUES (1), (1)', 'INVALID_VALUE'],
  ['CREATE OR REPLACE TABLE one (a INTEGER NOT NULL); INSERT INTO one VALUES (NULL)', 'INVALID_VALUE'],
  ['CREATE OR REPLACE TABLE one (a INTEGER); INSERT INTO one VALUES (1, 2)', 'INVALID_ARGUMENT'],
  ['SELECT 2147483647::INTEGER + 1::INTEGER', 'INVALID_VALUE'],
  ['SELECT (SELECT i FROM range(3) t(i))', 'INVALID_VALUE'],
  ["SELECT regexp_matches('a', '(')", 'INVALID_VALUE'],
  ["FROM read_csv('absent.csv')", 'NOT_FOUND'],
  ["FROM read_json('x.json')", 'NOT_FOUND'],
  ['LOAD httpfs', 'UNSUPPORTED'],
  ['SELECT $a + $1', 'UNSUPPORTED'],
  ["FROM read_parquet('x.parquet', compression = 'zstd')", 'INVALID_ARGUMENT'],
  ['FROM read_parquet()', 'TYPE_MISMATCH'],
  ['SELECT {a: 1}.b', 'INVALID_ARGUMENT'],
  ['USE nosuch', 'INVALID_ARGUMENT'],
  ["SELECT 'a' COLLATE nosuch", 'INVALID_ARGUMENT'],
  ['SELECT 1 UNION SELECT 1, 2', 'INVALID_ARGUMENT'],
  ['SELECT * FROM range(3) WHERE sum(1) > 1', 'INVALID_ARGUMENT'],
  ['SELECT factorial(100)', 'INVALID_VALUE'],
  [`SELECT ${'1 + '.repeat(3000)}1`, 'SYNTAX_ERROR'],
])('%j is %s', async (sql, code) => {
  const error = await failure(sql)
  expect(error.code).toBe(code)
  expect(error.message).not.toMatch(/[{}]|LINE \d/)
})

test('a name that was nearly right is offered, one that is far from it is not', async () => {
  expect((await failure('SELECT flor(1.5)')).message).toContain('Did you mean "floor"?')
  expect((await failure('FROM missing')).message).not.toContain('Did you mean')
  const { message, details } = await failure('SELECT delayy FROM (SELECT 1 AS delay, 2 AS other)')
  expect(message).toBe('Column "delayy" not found. Columns like it: delay. Did you mean "delay"?')
  expect(details['candidates']).toEqual(['delay'])
})

test('functions that DuckDB has itself fetch nothing, and queries of URLs are not repeated', async () => {
  for (const sql of ["FROM sniff_csv('https://example.org/a.csv?secret=1')"]) {
    const error = await failure(sql)
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.message).toContain('https://example.org/a.csv')
    expect(error.message).not.toContain('secret')
  }
})

test('in a failed transaction the message says what is possible', async () => {
  await failure("BEGIN; SELECT CAST('x' AS INTEGER)")
  const error = await failure('SELECT 1')
  expect(error.code).toBe('INVALID_ARGUMENT')
  expect(error.message).toContain('ROLLBACK')
  await (await engine.execute({ sql: 'ROLLBACK' })).close()
})
