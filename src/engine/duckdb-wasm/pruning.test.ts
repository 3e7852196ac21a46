import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Engine, QueryMetrics } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

let native: DuckDBConnection
let engine: Engine
let folder: string
let rows: string

beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:')).connect()
  engine = await openEngine(nodeHost(new URL('../../../dist/wasm/', import.meta.url)), { cacheBytes: 0 })
  folder = mkdtempSync(join(tmpdir(), 'lakefront-plans-'))
  rows = join(folder, 'rows.parquet')
  await native.run(
    `COPY (SELECT i AS id, ((i // 2048 * 7) % 10 * 2048 + i % 2048)::INTEGER AS key, 'k' || lpad((i % 1000)::VARCHAR, 3, '0') AS text, {'key': -i, 'other': i} AS s
      FROM range(20480) t(i)) TO '${rows}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  )
})

afterAll(async () => {
  await engine.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function run(sql: string): Promise<{ rows: string[]; scan: QueryMetrics['scans'][number] }> {
  const result = await engine.execute({ sql })
  const found: string[] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next())
    found.push(...rowsFromBatch(batch).map((row) => Object.values(row).join()))
  return { rows: found, scan: (await result.metrics()).scans.at(-1)! }
}

describe('what the plan says spares row groups, and native DuckDB answers the same', () => {
  test.each([
    ['SELECT id FROM $ LIMIT 10', 1],
    ['SELECT id, text FROM $ LIMIT 3000 OFFSET 100', 2],
    ['SELECT id FROM $ WHERE id % 2 = 0 LIMIT 5', 1],
    ['SELECT id FROM $ ORDER BY key LIMIT 10', 1],
    ['SELECT id FROM (SELECT id AS key, key AS id FROM $) ORDER BY key DESC LIMIT 10', 1],
    ['SELECT key FROM (SELECT id AS key, key AS id FROM $) ORDER BY id LIMIT 2050', 2],
    ['SELECT id FROM $ ORDER BY key DESC, id LIMIT 10 OFFSET 5', 1],
    ['SELECT text FROM $ AS t ORDER BY t.key NULLS FIRST LIMIT 2050', 2],
    ['SELECT key AS id, id AS key FROM $ ORDER BY key LIMIT 3', 1],
    ['SELECT key AS id, id AS key FROM $ AS t ORDER BY t.key, t.id DESC LIMIT 2050', 2],
    ['SELECT * EXCLUDE (s) FROM $ ORDER BY id DESC LIMIT 10', 1],
    ['SELECT * EXCLUDE (s) FROM $ ORDER BY "key" DESC, text, id LIMIT 4000 OFFSET 90', 2],
    ['SELECT text || id, key + 1 AS "#0" FROM $ ORDER BY id LIMIT 3', 1],
    ['SELECT id + 1 AS id FROM $ ORDER BY id LIMIT 3', 10],
    ['SELECT * FROM (SELECT id AS key, key AS id FROM $) ORDER BY key DESC LIMIT 3', 1],
    ['SELECT b, a FROM $ AS t(a, b, c, d) ORDER BY b LIMIT 3', 10],
    ['SELECT id, key FROM $ ORDER BY s.key LIMIT 3', 10],
    ['SELECT id, key FROM $ ORDER BY -key LIMIT 3', 10],
    ['SELECT id FROM $ WHERE key > 5000 ORDER BY key LIMIT 3', 8],
    ['SELECT text, count(*)::VARCHAR FROM $ GROUP BY text ORDER BY text LIMIT 3', 10],
  ])('%s: %i read', async (sql, read) => {
    const text = sql.replaceAll('$', `'${rows}'`)
    const answer = await run(text)
    const expected = (await native.runAndReadAll(text)).getRows().map((row) => row.map(String).join())
    expect(answer.rows).toEqual(expected)
    expect(answer.scan.rowGroupsRead).toBe(read)
  })
})
