import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Engine, ExecuteOptions, ResultStream, Statement } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)

let engine: Engine
let folder: string
let left: string
let right: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lakefront-statements-'))
  left = join(folder, 'left.parquet')
  right = join(folder, 'right.parquet')
  const native = await (await DuckDBInstance.create(':memory:')).connect()
  const make = `SELECT i AS id, i % 7 AS key, 'text ' || i AS text FROM range(10000) t(i)`
  await native.run(`COPY (${make}) TO '${left}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
  await native.run(
    `COPY (SELECT id + 5000 AS id, key, text FROM (${make})) TO '${right}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  )
  native.closeSync()
  engine = await openEngine(nodeHost(wasm))
})
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true })
})

async function read(stream: ResultStream): Promise<unknown[][]> {
  const rows: unknown[][] = []
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
    rows.push(...rowsFromBatch(batch).map((row) => Object.values(row)))
  }
  return rows
}

async function rowsOf(
  sql: string,
  parameters?: Statement['parameters'],
  options?: ExecuteOptions,
): Promise<unknown[][]> {
  return read(await engine.execute({ sql, ...(parameters === undefined ? {} : { parameters }) }, options))
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isLakefrontError(error)) throw error ?? new Error('nothing was thrown')
  return error.code
}

/** `$l` and `$r` stand for the files. */
const named = (sql: string): string => sql.replaceAll('$l', `'${left}'`).replaceAll('$r', `'${right}'`)

describe('texts of several statements, and statements that DuckDB makes several of', () => {
  test.each<[string, unknown[][]]>([
    [
      'CREATE OR REPLACE TABLE copied AS FROM $l; INSERT INTO copied FROM $r; SELECT count(*), max(id) FROM copied',
      [[20_000n, 14_999n]],
    ],
    ['SELECT max(text) FROM $l LIMIT 1; SELECT count(*) FROM $l a JOIN $r b USING (id)', [[5000n]]],
    ['SELECT count(*) FROM $l WHERE id < 10; SELECT count(*) FROM $l', [[10_000n]]],
    [
      'BEGIN; CREATE OR REPLACE TABLE t AS FROM $l LIMIT 5; INSERT INTO t FROM $r LIMIT 3; COMMIT; SELECT count(*) FROM t',
      [[8n]],
    ],
    [
      "PIVOT (SELECT 'k' || key AS key, id % 2 AS odd FROM $l WHERE key < 2) ON key USING count(*) GROUP BY odd ORDER BY odd",
      [
        [0n, 715n, 714n],
        [1n, 714n, 715n],
      ],
    ],
    ['SELECT 1; PIVOT (SELECT key, id FROM $r WHERE key < 2) ON key USING max(id)', [[14_996n, 14_997n]]],
    ['PREPARE p AS SELECT a.id, b.id FROM $l a, $r b WHERE a.id = 3 AND b.id = 5003; EXECUTE p', [[3n, 5003n]]],
    ['EXECUTE p', [[3n, 5003n]]],
    ['PREPARE l AS SELECT min(id) FROM $l; PREPARE r AS SELECT min(id) FROM $r; EXECUTE l; EXECUTE r', [[5000n]]],
    [
      'CREATE OR REPLACE VIEW pair AS FROM $l UNION ALL FROM $r; SELECT count(*), sum(id)::BIGINT FROM pair WHERE id > 14000',
      [[999n, 14_485_500n]],
    ],
    ['SELECT count(*) FROM pair', [[20_000n]]],
    ["SELECT count(*) FROM duckdb_columns() WHERE table_name = 'pair'", [[3n]]],
    ['CREATE OR REPLACE MACRO upto(n) AS TABLE FROM $l WHERE id < n; SELECT count(*) FROM upto(17)', [[17n]]],
    [
      'SELECT (SELECT count(*) FROM $r r WHERE r.id = l.id) FROM $l l WHERE id IN (4999, 5000) ORDER BY id',
      [[0n], [1n]],
    ],
    ['SELECT id FROM $l SEMI JOIN (FROM $r WHERE key = 3 LIMIT 1) USING (id)', [[5003n]]],
    ['EXPLAIN ANALYZE SELECT count(*) FROM $l', [[expect.any(String), expect.stringContaining('10,000')]]],
    [
      'SELECT column_name, max FROM (SUMMARIZE FROM $l)',
      [
        ['id', '9999'],
        ['key', '6'],
        ['text', 'text 9999'],
      ],
    ],
    ['; ;SELECT 1; -- end', [[1]]],
  ])('%s', async (sql, expected) => {
    expect(await rowsOf(named(sql))).toEqual(expected)
  })

  test('a scan inside of a recursion is read once an iteration', async () => {
    const sql = `WITH RECURSIVE r(i, n) AS (SELECT 0, 0::BIGINT UNION ALL SELECT i + 1, (SELECT count(*) FROM $l WHERE id < 100) FROM r, (FROM $r LIMIT 1) WHERE i < 40)
      SELECT count(*), max(n) FROM r`
    expect(await rowsOf(named(sql))).toEqual([[41n, 100n]])
  })

  test('twenty scans of one file, each with its own filter', async () => {
    const parts = Array.from(
      { length: 20 },
      (_, i) => `SELECT ${i} AS i, count(*) AS n, max(text) AS t FROM $l WHERE id < ${i * 300}`,
    )
    const expected = Array.from({ length: 20 }, (_, i) => [i, BigInt(i * 300)])
    const rows = await rowsOf(named(`SELECT i, n FROM (${parts.join(' UNION ALL ')}) ORDER BY i`))
    expect(rows).toEqual(expected)
  })

  test('values are for every statement of a text', async () => {
    expect(await rowsOf('SELECT $1; SELECT $2 || $1', ['a', 'b'])).toEqual([['ba']])
    expect(await rowsOf('SELECT 1; SELECT ? + 1', [41])).toEqual([[42]])
  })

  test('an error of one statement keeps what those before it did', async () => {
    expect(await codeOf(rowsOf('CREATE OR REPLACE TABLE before AS SELECT 1; SELECT nope; DROP TABLE before'))).toBe(
      'COLUMN_NOT_FOUND',
    )
    expect(await rowsOf('FROM before')).toEqual([[1]])
    expect(await codeOf(rowsOf('DROP TABLE before; SELEC 1'))).toBe('SYNTAX_ERROR')
    expect(await rowsOf('FROM before')).toEqual([[1]])
  })
})

describe('the columns of a text', () => {
  const names = async (sql: string, parameters?: Statement['parameters']): Promise<string[]> => {
    const { fields } = await engine.describe({ sql: named(sql), ...(parameters === undefined ? {} : { parameters }) })
    return fields.map(({ name, type }) => `${name} ${type.kind}`)
  }

  test('are those of the last statement, also with parameters and of PIVOT', async () => {
    expect(await names('SELECT 1; FROM $l')).toEqual(['id bigint', 'key bigint', 'text varchar'])
    expect(await names('SELECT ? AS a, id FROM $l; -- end', ['x'])).toEqual(['a varchar', 'id bigint'])
    expect(await names('PIVOT (SELECT key FROM $l WHERE key < 2) ON key USING count(*)')).toEqual([
      '0 bigint',
      '1 bigint',
    ])
  })

  test('are told without running anything, and errors have their place in the text that was given', async () => {
    await engine.describe({ sql: 'CREATE TABLE never AS SELECT 1' })
    expect(await codeOf(rowsOf('FROM never'))).toBe('TABLE_NOT_FOUND')
    const error = await engine
      .describe({ sql: 'SELECT 1;\nSELECT abs($1)', parameters: [new Uint8Array(1)] })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'TYPE_MISMATCH', details: { position: 17, line: 2, column: 8 } })
  })
})

test('values that are left over are refused', async () => {
  expect(await codeOf(rowsOf('SELECT ?', [1, 2]))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(rowsOf('SELECT 1', [1]))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(rowsOf('SELECT $a', { a: 1, b: 2 }))).toBe('INVALID_ARGUMENT')
  expect(await rowsOf('EXPLAIN SELECT ?', [1])).toHaveLength(1)
})

test('a character of code 0 ends no text early', async () => {
  expect(await codeOf(rowsOf('SELECT 1 \0 nonsense'))).toBe('SYNTAX_ERROR')
  expect(await rowsOf('SELECT ?, length(?)', ['a\0b', 'a\0b'])).toEqual([['a\0b', 3n]])
})

test('statements that write files are refused before anything is run', async () => {
  const file = join(folder, 'out.csv')
  for (const sql of [
    `CREATE TABLE written AS SELECT 1; COPY written TO '${file}'`,
    `EXPORT DATABASE '${join(folder, 'all')}'`,
  ]) {
    expect(await codeOf(rowsOf(sql))).toBe('UNSUPPORTED')
  }
  expect(await codeOf(rowsOf('FROM written'))).toBe('TABLE_NOT_FOUND')
  expect(existsSync(file)).toBe(false)
})

describe('beside an unread result', () => {
  test.each<[string, string, unknown[][]]>([
    ['a text that begins with a read may write', 'SELECT 1; CREATE TEMP TABLE hidden AS SELECT 42; SELECT 2', [[42]]],
    [
      'WITH … INSERT waits its turn',
      'CREATE OR REPLACE TEMP TABLE hidden (a INTEGER); WITH a AS (SELECT 42) INSERT INTO hidden FROM a',
      [[42]],
    ],
  ])('%s', async (_name, sql, expected) => {
    await using fresh = await openEngine(nodeHost(wasm))
    const unread = await fresh.execute({ sql: 'SELECT range AS i FROM range(1000000)' })
    await unread.next()
    await read(await fresh.execute({ sql }))
    const other = await fresh.execute({ sql: 'SELECT range AS i FROM range(1000000)' })
    await other.next()
    expect(await read(await fresh.execute({ sql: 'FROM hidden' }))).toEqual(expected)
    expect((await read(unread)).length + (await read(other)).length).toBeGreaterThan(1_500_000)
  })

  test('settings made after a read are seen by later reads, and UPDATE … SET is no setting', async () => {
    await using fresh = await openEngine(nodeHost(wasm))
    await read(await fresh.execute({ sql: "SELECT 1; SET VARIABLE seen = 'yes'" }))
    const unread = await fresh.execute({ sql: 'SELECT range AS i FROM range(1000000)' })
    expect(await read(await fresh.execute({ sql: "SELECT getvariable('seen')" }))).toEqual([['yes']])
    await unread.close()
  })

  test('a statement that is given up does not take the rows out of the engine', async () => {
    await using fresh = await openEngine(nodeHost(wasm))
    const unread = await fresh.execute({ sql: 'SELECT range AS i FROM range(100000000)' })
    await unread.next()
    const reason = new Error('enough')
    const signal = AbortSignal.timeout(100)
    const waiting = fresh.execute({ sql: 'CREATE TABLE late AS SELECT 1' }, { signal })
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' })
    const started = performance.now()
    await unread.close()
    expect(performance.now() - started).toBeLessThan(2000)
    await expect(fresh.execute({ sql: 'FROM late' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await codeOf(fresh.execute({ sql: 'FROM late' }))).toBe('TABLE_NOT_FOUND')
  })
})

describe('close()', () => {
  test('of the engine ends statements that have not begun to return rows', async () => {
    const fresh = await openEngine(nodeHost(wasm))
    const running = codeOf(fresh.execute({ sql: 'SELECT sum(hash(range)) FROM range(10000000000)' }))
    const waiting = codeOf(fresh.execute({ sql: 'CREATE TABLE t AS SELECT 1' }))
    await new Promise((resolve) => setTimeout(resolve, 100))
    await fresh.close()
    expect(await running).toBe('CLOSED')
    expect(await waiting).toBe('CLOSED')
  })

  test('of a result does not wait for a source that does not answer', async () => {
    const { createServer } = await import('node:http')
    const server = createServer(() => {}).listen(0)
    const { port } = server.address() as { port: number }
    await using fresh = await openEngine(nodeHost(wasm))
    const starting = codeOf(fresh.execute({ sql: `FROM 'http://127.0.0.1:${port}/never.parquet'` }))
    await new Promise((resolve) => setTimeout(resolve, 200))
    const started = performance.now()
    await fresh.close()
    expect(await starting).toBe('CLOSED')
    expect(performance.now() - started).toBeLessThan(1000)
    server.closeAllConnections()
    server.close()
  })
})

test('an aborted result gives its connection back though nobody asks for its rows', async () => {
  await using fresh = await openEngine(nodeHost(wasm))
  const controller = new AbortController()
  await fresh.execute({ sql: 'SELECT range AS i FROM range(100000000)' }, { signal: controller.signal })
  controller.abort()
  const started = performance.now()
  await read(await fresh.execute({ sql: 'CREATE TABLE t AS SELECT 1' }))
  expect(performance.now() - started).toBeLessThan(1000)
})

test('a trap in a scan breaks the engine for good, in words', async () => {
  const broken = await openEngine(nodeHost(wasm))
  const other = await broken.execute({ sql: 'SELECT range AS i FROM range(1000000)' })
  await other.next()
  const batch = batchFromRows([{ s: 'some text' }, { s: 'another' }])
  const [column] = batch.columns
  const dictionary = column!
  const values = new Uint8Array(Int32Array.of(0, 1_000_000_000).buffer)
  const wrong = { ...batch, columns: [{ length: 2, nullCount: 0, values, dictionary }] }
  await broken.register({ id: 'wrong', format: 'batches', schema: batch.schema, batches: [wrong] })
  const works: readonly (() => Promise<unknown>)[] = [
    () => broken.execute({ sql: "SELECT s FROM lf_scan('wrong')" }).then(read),
    () => broken.execute({ sql: 'SELECT 1' }),
    () => broken.describe({ sql: 'SELECT 1' }),
    () => read(other),
  ]
  for (const work of works) {
    const error = await Promise.resolve()
      .then(work)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ENGINE_FAILED', details: { fatal: true } })
  }
  await broken.close()
})

test('a database that DuckDB gave up is a broken engine; a mere internal error is not', async () => {
  const broken = await openEngine(nodeHost(wasm))
  const bytes = Uint8Array.of(0xff, 0xfe, 0x80)
  const batch = batchFromRows([{ s: 'abc' }])
  const column = { length: 1, nullCount: 0, offsets: Int32Array.of(0, 3), values: bytes }
  await broken.register({
    id: 'bad',
    format: 'batches',
    schema: batch.schema,
    batches: [{ ...batch, columns: [column] }],
  })
  const error = await broken
    .execute({ sql: "SELECT reverse(s), upper(s), length(s) FROM lf_scan('bad')" })
    .then(read)
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'ENGINE_FAILED', details: { fatal: true } })
  await broken.close()
})
