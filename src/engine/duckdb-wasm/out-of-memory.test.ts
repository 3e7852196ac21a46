import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import type { LakefrontError } from '../../errors.ts'
import type { MemoryUse } from '../../scan/memory-budget.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

const host = nodeHost(new URL('../../../dist/wasm/', import.meta.url))
let folder: string
let native: DuckDBConnection

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lakefront-memory-'))
  native = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await native.run(`COPY (SELECT i, hash(i) AS h, md5(i::VARCHAR) AS t FROM range(800_000) r(i))
    TO '${folder}/rows.parquet' (FORMAT parquet, ROW_GROUP_SIZE 30_000)`)
})
afterAll(() => {
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function run(engine: Engine, sql: string): Promise<{ rows: unknown[][]; memory: MemoryUse }> {
  const result = await engine.execute({ sql: sql.replaceAll('$', `${folder}/rows.parquet`) })
  const rows: unknown[][] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next())
    rows.push(...rowsFromBatch(batch).map((row) => Object.values(row)))
  return { rows, memory: (await result.metrics()).memory! }
}

async function failureOf(work: Promise<unknown>): Promise<LakefrontError> {
  const error = await work.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  if (!isLakefrontError(error)) throw error
  return error
}

const tooLarge = {
  'a sort': "CREATE TEMP TABLE sorted AS FROM '$' ORDER BY t",
  'a sort that is read': "SELECT * FROM '$' ORDER BY h DESC",
  'a cross join': "SELECT count(DISTINCT (a.h, b.h)) FROM (FROM '$' LIMIT 3000) a, (FROM '$' LIMIT 3000) b",
  'a list of everything': "SELECT list(t) FROM '$'",
  'a list per group': "SELECT h % 3, list(t ORDER BY h), string_agg(t, ',') FROM '$' GROUP BY ALL",
  'a join': "SELECT count(*) FROM '$' a JOIN '$' b ON a.t = b.t",
  'a table': "CREATE TEMP TABLE copied AS FROM '$'; INSERT INTO copied FROM '$'; SELECT count(*) FROM copied",
  'a window': "SELECT max(n) FROM (SELECT row_number() OVER (PARTITION BY h % 2 ORDER BY t) AS n FROM '$')",
}

describe.each(Object.entries(tooLarge))('%s that does not fit', (_, sql) => {
  test('says what the limit was, who holds memory and what to do; the next statement works', async () => {
    await using engine = await openEngine(host, { memoryLimitBytes: 40e6 })
    const error = await failureOf(run(engine, sql))
    expect(error.code).toBe('OUT_OF_MEMORY')
    expect(error.message).toMatch(/memoryLimit is 40 MB, of which DuckDB may use 30 MB; held: DuckDB’s heap \d+ MB/)
    expect(error.message).toMatch(/Filter earlier, take fewer columns.*or raise memoryLimit\./)
    expect((error.details['memory'] as MemoryUse).engine).toBeLessThan(40e6 * 1.5)
    const { rows } = await run(engine, "SELECT count(*)::VARCHAR, max(t) FROM '$'")
    expect(rows).toEqual(
      (await native.runAndReadAll(`SELECT count(*)::VARCHAR, max(t) FROM '${folder}/rows.parquet'`)).getRows(),
    )
  })
})

test('twenty times out of memory, and nothing has grown', async () => {
  await using engine = await openEngine(host, { memoryLimitBytes: 40e6 })
  const uses: MemoryUse[] = []
  for (let turn = 0; turn < 20; turn++) {
    for (const sql of [tooLarge['a list of everything'], tooLarge['a join']])
      expect((await failureOf(run(engine, sql))).code).toBe('OUT_OF_MEMORY')
    uses.push((await run(engine, "SELECT count(*), max(h) FROM '$'")).memory)
  }
  expect(uses.at(-1)!.engine).toBeLessThanOrEqual(uses[2]!.engine)
  expect(uses.at(-1)!.columns).toBeLessThanOrEqual(uses[2]!.columns)
  expect(uses.at(-1)!.inFlight).toBe(0)
})

test('a row group that does not fit by itself is refused, and fewer columns of it are read', async () => {
  const path = `${folder}/one.parquet`
  await native.run(
    `COPY (SELECT i, ${Array.from({ length: 20 }, (_, index) => `hash(i + ${index}) AS c${index}`).join(', ')}
      FROM range(400_000) r(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 400_000)`,
  )
  await using engine = await openEngine(host, { memoryLimitBytes: 40e6 })
  const all = Array.from({ length: 20 }, (_, index) => `max(c${index})`).join(', ')
  const error = await failureOf(run(engine, `SELECT ${all} FROM '${path}'`))
  expect(error).toMatchObject({
    code: 'OUT_OF_MEMORY',
    message: expect.stringMatching(
      /^Row group 0 of ".*one\.parquet" needs about \d+ MB .* memoryLimit is 40 MB\. Read fewer columns/,
    ),
  })
  expect((await run(engine, `SELECT max(c3)::VARCHAR FROM '${path}'`)).rows).toEqual(
    (await native.runAndReadAll(`SELECT max(c3)::VARCHAR FROM '${path}'`)).getRows(),
  )
})

test('a recursive query that reads more than fits says what to do, where wasm cannot wait', async () => {
  await using engine = await openEngine(host, { memoryLimitBytes: 40e6, suspend: false })
  const recursive = (from: string): string =>
    `WITH RECURSIVE r(n) AS (SELECT 0::BIGINT UNION SELECT f.i FROM r JOIN ${from} f ON f.i = r.n + 300000) SELECT max(n)::INT FROM r`
  expect(await failureOf(run(engine, recursive(`(SELECT i FROM '$' WHERE t <> 'x')`)))).toMatchObject({
    code: 'OUT_OF_MEMORY',
    message: expect.stringContaining('CREATE TEMP TABLE part AS SELECT'),
  })
  expect((await run(engine, recursive(`'$'`))).rows).toEqual([[600_000]])
})

test('a scan of far more than the limit holds little at a time', async () => {
  await using engine = await openEngine(host, { memoryLimitBytes: 40e6 })
  let most = 0
  const result = await engine.execute({
    sql: `SELECT i, h, t FROM read_parquet(['${folder}/rows.parquet', '${folder}/rows.parquet'])`,
  })
  for (let batch = await result.next(); batch !== undefined; batch = await result.next()) {
    const { columns, inFlight, decoders, ranges } = (await result.metrics()).memory!
    most = Math.max(most, columns + inFlight + decoders + ranges)
  }
  expect((await result.metrics()).rows).toBe(1_600_000)
  expect(most).toBeLessThan(40e6 * 0.75)
})
