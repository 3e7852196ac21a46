import { afterAll, beforeAll, expect, test } from 'vitest'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import { answerOfProgram } from './fixtures/answer-of-program.ts'

/** Megabytes of rows: `LAKEFRONT_LARGE_MB=1500` writes 1.5 GB. */
const megabytes = Number(process.env['LAKEFRONT_LARGE_MB'] ?? 70)
const limit = 64_000_000
const rows = Math.ceil((megabytes * 1e6) / 40)

let store: S3Store

beforeAll(async () => {
  store = await S3Store.start()
})

afterAll(() => store?.close())

test(
  'a partitioned write of more than the memory limit to a store ends, within it',
  { timeout: 1_200_000 },
  async () => {
    const script = `
    import { readFileSync } from 'node:fs'
    import { connect } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
    const held = (what) => 1024 * Number(new RegExp(what + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1])
    const storage = { s3: ${JSON.stringify({ endpoint: store.endpoint, credentials: account })} }
    const db = await connect({ memoryLimit: ${limit}, storage })
    await db.sql('SELECT 1').collect()
    const idle = held('VmRSS')
    const frame = db.sql("SELECT i, i % 24 AS k, md5(i::VARCHAR) AS text FROM range(${rows}) t(i)")
    const { metrics, ...result } = await frame.write.partitionBy('k').option('compression', 'none').parquet('s3://bucket/out/')
    const grown = held('VmHWM') - idle
    console.log(JSON.stringify({ files: result.files.length, rows: result.rows, bytes: result.bytes, grown, most: metrics.memory.most }))
    await db.close()`
    const written = (await answerOfProgram(script)) as Record<'files' | 'rows' | 'bytes' | 'grown' | 'most', number>
    expect(written.rows).toBe(rows)
    expect(written.bytes).toBeGreaterThan(limit)
    // DuckDB's heap may grow while parts are on their way, which others give room for then.
    expect(written.most).toBeLessThan(1.1 * limit)
    expect(written.grown).toBeLessThan(300e6)
  },
)
