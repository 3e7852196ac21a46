import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { failure } from '../storage/conformance.ts'
import { FaultServer } from '../storage/fixtures/fault-server.ts'
import type { Session } from './session.ts'

const rows = Array.from({ length: 5000 }, (_, id) => ({
  id,
  name: `n${id % 10}`,
  moment: '2024-03-01 10:00:00',
  tags: id % 2 === 0 ? ['a', 'b'] : null,
  place: { city: 'Zürich', zip: 8000 + (id % 3) },
  odd: id % 2 === 0 ? id : 'text',
}))
const lines = rows.map((row) => JSON.stringify(row)).join('\n')

let db: Session
let folder: string

beforeAll(async () => {
  db = await connect({ workerUrl: new URL('../../dist/worker/engine-node.js', import.meta.url) })
  folder = mkdtempSync(join(tmpdir(), 'lakefront-json-session-'))
  writeFileSync(join(folder, 'a.ndjson'), lines)
  writeFileSync(join(folder, 'b.json'), JSON.stringify(rows))
  writeFileSync(join(folder, 'c.jsonl.gz'), gzipSync(lines))
})

afterAll(async () => {
  await db.close()
  rmSync(folder, { recursive: true })
})

test.each(['a.ndjson', 'b.json', 'c.jsonl.gz'])("FROM '%s'", async (name) => {
  const sql = `SELECT name, count(*) AS n, sum(id) AS ids, max(place.zip) AS zip, count(tags) AS tagged, min(moment) AS first, max(len(tags)) AS most
    FROM '${join(folder, name)}' GROUP BY name ORDER BY name LIMIT 2`
  const expected = { n: 500n, zip: 8002n, first: '2024-03-01 10:00:00' }
  expect(await db.sql(sql).collect()).toEqual([
    { ...expected, name: 'n0', ids: 1_247_500n, tagged: 500n, most: 2n },
    { ...expected, name: 'n1', ids: 1_248_000n, tagged: 0n, most: null },
  ])
})

test('read.json: bytes, a File, columns, nested values, what is of no one type as JSON', async () => {
  const bytes = new TextEncoder().encode(lines)
  const frame = db.read.json([bytes, new File([lines], 'x.json')], { columns: ['id', 'place', 'odd'] })
  expect(await frame.count()).toBe(10_000)
  expect(await frame.limit(2).collect()).toEqual([
    { id: 0n, place: { city: 'Zürich', zip: 8000n }, odd: '0' },
    { id: 1n, place: { city: 'Zürich', zip: 8001n }, odd: '"text"' },
  ])
})

test('read_json: patterns, lists, sample_size, filename', async () => {
  const [row] = await db
    .sql(`SELECT count(*) AS n, count(DISTINCT filename) AS files FROM read_json('${folder}/*json*', filename = true)`)
    .collect()
  expect(row).toEqual({ n: 15_000n, files: 3n })
  const early = db.sql(`SELECT odd FROM read_json('${folder}/a.ndjson', sample_size = 1)`)
  expect(await failure(early.collect())).toMatchObject({
    code: 'INVALID_VALUE',
    message: expect.stringMatching(/record 2, .*a value is no BIGINT.*sample_size = -1/),
  })
  expect(await db.read.json(join(folder, 'a.ndjson'), { sampleSize: -1 }).count()).toBe(5000)
})

test('over HTTP; a registered name', async () => {
  const server = await FaultServer.start(new TextEncoder().encode(lines))
  try {
    expect(await db.read.json(server.url('/x.json')).filter("name = 'n3'").count()).toBe(500)
  } finally {
    await server.close()
  }
  await db.registerFile('mine.json', new TextEncoder().encode('[{"a":1},{"a":2}]'))
  expect(await db.sql("SELECT sum(a) AS s FROM 'mine.json'").collect()).toEqual([{ s: 3n }])
})
