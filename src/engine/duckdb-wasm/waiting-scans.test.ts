import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FaultServer } from '../../storage/fixtures/fault-server.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Engine, ExecuteOptions } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

const host = nodeHost(new URL('../../../dist/wasm/', import.meta.url))
const rowGroup = 10_240
const rowGroups = 20
let folder: string
let native: DuckDBConnection
let server: FaultServer
let local: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lakefront-waiting-'))
  native = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  local = join(folder, 'rows.parquet')
  await native.run(
    `COPY (SELECT i, i % 5 AS k, md5(i::VARCHAR) AS t FROM range(${rowGroup * rowGroups}) r(i)) TO '${local}' (FORMAT parquet, ROW_GROUP_SIZE ${rowGroup})`,
  )
  server = await FaultServer.start(new Uint8Array(readFileSync(local)), { delay: 5 })
})
afterAll(async () => {
  await server.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function rowsOf(engine: Engine, sql: string, options: ExecuteOptions = {}): Promise<unknown[][]> {
  const result = await engine.execute({ sql: sql.replaceAll('$', server.url()) }, options)
  const rows: unknown[][] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next())
    rows.push(...rowsFromBatch(batch).map((row) => Object.values(row)))
  return rows
}

const ways = 'Suspending' in WebAssembly ? ['suspends', 'does not suspend'] : ['does not suspend']

describe.each(ways)('scans of a slow server where wasm %s', (way) => {
  let engine: Engine

  beforeAll(async () => {
    engine = await openEngine(host, { suspend: way === 'suspends', cacheBytes: 1 })
  })
  afterAll(() => engine.close())

  test.each([
    "SELECT k::VARCHAR, count(*)::VARCHAR, max(t) FROM '$' GROUP BY k ORDER BY k",
    "SELECT i::VARCHAR, t FROM '$'",
    "SELECT a.i::VARCHAR, b.t FROM '$' a JOIN '$' b ON a.i = b.i + 1 WHERE a.k = 2 ORDER BY a.i LIMIT 1000",
    "SELECT i::VARCHAR FROM (FROM '$' UNION ALL FROM '$') WHERE i % 1000 = 0 ORDER BY i",
    "CREATE TEMP TABLE made AS FROM '$'; INSERT INTO made FROM '$'; SELECT count(*)::VARCHAR, sum(i)::VARCHAR FROM made",
    "SELECT k::VARCHAR, list(i ORDER BY i)[1:5]::VARCHAR, row_number() OVER (ORDER BY k)::VARCHAR FROM '$' GROUP BY k ORDER BY k",
    `WITH RECURSIVE r(n, s) AS (SELECT 1, 0 UNION ALL SELECT n + 1, s + x.c FROM r, (SELECT count(*) AS c, max(t) FROM '$') x WHERE n < 4)
      SELECT n::VARCHAR, s::VARCHAR FROM r ORDER BY n`,
    `WITH RECURSIVE r(n) AS (SELECT 0::BIGINT UNION SELECT f.i FROM r JOIN '$' f ON f.i = r.n + 20000) SELECT n::VARCHAR FROM r ORDER BY n`,
  ])('%s', async (sql) => {
    const expected = (await native.runAndReadAll(sql.replaceAll('$', local))).getRows()
    expect(await rowsOf(engine, sql)).toEqual(expected)
  })

  test('rows come before the last row group is there', async () => {
    const requests = server.requests.length
    const result = await engine.execute({ sql: `SELECT i, t FROM '${server.url()}'` })
    await result.next()
    expect(server.requests.length - requests).toBeLessThan(rowGroups)
    await result.close()
  })

  test('time of the engine is told apart from time it is fed and waits', async () => {
    server.faults = { delay: 100 }
    const result = await engine.execute({ sql: `SELECT max(t), sum(i) FROM '${server.url()}'` })
    while ((await result.next()) !== undefined);
    const { computeMilliseconds, totalMilliseconds, scans } = await result.metrics()
    expect(scans[0]!.feedMilliseconds).toBeGreaterThan(0)
    expect(computeMilliseconds).toBeGreaterThan(0)
    expect(computeMilliseconds! + scans[0]!.feedMilliseconds).toBeLessThan(totalMilliseconds - 90)
    server.faults = { delay: 5 }
  })

  test('an abort is heard while a scan waits', async () => {
    server.faults = { delay: 1000 }
    const timer = new AbortController()
    const reason = new Error('enough')
    const { signal } = timer
    const started = performance.now()
    setTimeout(() => timer.abort(reason), 100)
    await expect(rowsOf(engine, "SELECT sum(i) FROM '$'", { signal })).rejects.toBe(reason)
    expect(performance.now() - started).toBeLessThan(900)
    server.faults = { delay: 5 }
    expect(await rowsOf(engine, "SELECT count(*)::VARCHAR FROM '$' WHERE k = 1")).toEqual([['40960']])
  })
})

test('where wasm cannot wait, other statements run while a scan waits', async () => {
  await using engine = await openEngine(host, { suspend: false, cacheBytes: 1 })
  await rowsOf(engine, "SELECT count(*) FROM '$'")
  server.faults = { delay: 300 }
  const ended: string[] = []
  await Promise.all([
    rowsOf(engine, "SELECT sum(i) FROM '$'").then(() => ended.push('scan')),
    rowsOf(engine, 'SELECT sum(range) FROM range(100000)').then(() => ended.push('beside')),
  ])
  expect(ended).toEqual(['beside', 'scan'])
  server.faults = { delay: 5 }
})
