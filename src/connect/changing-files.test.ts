import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import { failure } from '../storage/conformance.ts'
import { FaultServer } from '../storage/fixtures/fault-server.ts'
import { Session } from './session.ts'

const formats = ['avro', 'csv', 'json', 'arrow', 'parquet'] as const

let db: Session
const files = new Map<string, Uint8Array>()

beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)), { decodeWorkers: 0 }))
  const folder = mkdtempSync(join(tmpdir(), 'lakefront-changing-'))
  const rows = db.sql('SELECT i AS id, hash(i)::VARCHAR AS text FROM range(120000) t(i)')
  for (const format of formats) {
    const path = join(folder, `file.${format}`)
    await rows.write[format](path)
    files.set(format, new Uint8Array(readFileSync(path)))
  }
  rmSync(folder, { recursive: true })
})

afterAll(() => db?.close())

describe.each(formats)('a file of %s that another takes the place of while it is read', (format) => {
  test('is SOURCE_CHANGED, or was read before: never rows of both', async () => {
    let changed = 0
    for (const [changeAfter, weakEtag] of [1, 2, 3].flatMap((after) => [
      [after, false] as const,
      [after, true] as const,
    ])) {
      const server = await FaultServer.start(files.get(format)!, { changeAfter, weakEtag })
      try {
        const [row] = await db
          .sql(
            `SELECT count(*)::INT AS n, sum(id)::BIGINT AS ids, max(text) AS text FROM read_${format}('${server.url(`/${changeAfter}-${weakEtag}.${format}`)}')`,
          )
          .collect()
        expect(row).toMatchObject({ n: 120_000, ids: 7_199_940_000n })
      } catch (error) {
        if (!isLakefrontError(error, 'SOURCE_CHANGED')) throw error
        expect(error.message).toContain(`/${changeAfter}-${weakEtag}.${format}`)
        changed++
      } finally {
        await server.close()
      }
    }
    expect(changed).toBeGreaterThan(1)
  })
})

test('bombs of gzip around CSV are told by their records, whatever comes out of them', async () => {
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(300_000_000, 'x'), { level: 1 }))
  expect(bomb.length).toBeLessThan(2_000_000)
  const error = await failure(db.read.csv(bomb, { header: false, delim: ',' }).collect())
  expect(isLakefrontError(error)).toBe(true)
  expect(String(error)).toMatch(/a record of more than 128 MB at byte 0/)
})
