import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { FaultServer } from '../storage/fixtures/fault-server.ts'
import { failure } from '../storage/conformance.ts'
import type { Session } from './session.ts'

const foreign = join(import.meta.dirname, '../format/avro/fixtures/foreign')
const path = (name: string): string => join(foreign, name)
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(path(name)))

let db: Session
let folder: string

beforeAll(async () => {
  db = await connect({ workerUrl: new URL('../../dist/worker/engine-node.js', import.meta.url) })
  folder = mkdtempSync(join(tmpdir(), 'lakefront-avro-'))
  for (const name of ['weather.avro', 'weather-deflate.avro', 'weather-snappy.avro'])
    copyFileSync(path(name), join(folder, name))
})

afterAll(async () => {
  await db.close()
  rmSync(folder, { recursive: true })
})

test('a path in SQL text, a pattern, and read_avro with a list and its options', async () => {
  const one = await db
    .sql(`SELECT station, max(temp) AS most FROM '${path('weather.avro')}' GROUP BY 1 ORDER BY 1`)
    .collect()
  expect(one).toEqual([
    { station: '011990-99999', most: 22 },
    { station: '012650-99999', most: 111 },
  ])
  expect(await db.sql(`SELECT count(*) AS n, sum(temp) AS t FROM '${folder}/weather*.avro'`).collect()).toEqual([
    { n: 15n, t: 600n },
  ])
  const named = db.sql(
    `SELECT parse_filename(filename) AS file, max(file_row_number) AS last FROM read_avro(['${folder}/weather.avro', '${folder}/weather-deflate.avro'],
       filename = true, file_row_number = true) GROUP BY 1 ORDER BY 1`,
  )
  expect(await named.collect()).toEqual([
    { file: 'weather-deflate.avro', last: 4n },
    { file: 'weather.avro', last: 4n },
  ])
})

test('bytes, a File, and columns', async () => {
  const bytes = bytesOf('types-zstandard.avro')
  const expected = (JSON.parse(readFileSync(path('types.json'), 'utf8')) as { rows: { price: string; text: string }[] })
    .rows
  const frame = db.read.avro([bytes, new File([bytes.slice()], 'x.avro')], { columns: ['price', 'text'] })
  expect(await frame.collect()).toEqual([...expected, ...expected].map(({ price, text }) => ({ price, text })))
  expect(await db.read.avro(bytes).count()).toBe(90)
  await db.sql('SELECT 42 AS a').write.avro('memory:plain.avro', { compression: 'null' })
  expect(await db.read.avro('memory:plain.avro').collect()).toEqual([{ a: 42 }])
})

test('every type goes through the engine unchanged', async () => {
  const all = await db.read.avro(path('types-bzip2.avro')).collect()
  const same = await db.read.avro(path('types-null.avro')).collect()
  expect(all).toEqual(same)
  expect(all[1]).toMatchObject({ large: -1n, small: -1, nothing: null, odd: 'not a date' })
})

test('a schema to read with: aliases, defaults, wider types', async () => {
  const golden = JSON.parse(readFileSync(path('evolved.json'), 'utf8')) as {
    rows: Record<string, unknown>[]
    readerSchema: object
  }
  const frame = db.read.avro(path('evolved.avro'), { readerSchema: golden.readerSchema })
  const rows = await frame.select('name', 'kind', 'added', 'data').collect()
  expect(rows).toEqual(golden.rows.map(({ name, kind, added, data }) => ({ name, kind, added, data })))
  const text = JSON.stringify(golden.readerSchema)
  const [row] = await db
    .sql(`SELECT sum(level) AS s FROM read_avro('${path('evolved.avro')}', reader_schema = '${text}')`)
    .collect()
  expect(row).toEqual({ s: 42n * 30n })
})

test('a limit reads the beginning of a file only', async () => {
  const { avroEncoder } = await import('../format/avro/avro-encoder.ts')
  const { batchFromRows } = await import('../types/batch-from-rows.ts')
  const batch = batchFromRows({ text: Array.from({ length: 60_000 }, (_, row) => `${row}`.repeat(20)) })
  const encoder = await avroEncoder(batch.schema, { codec: 'null' })
  const chunks = [...encoder.head()]
  for await (const chunk of encoder.batch(batch)) chunks.push(chunk)
  for await (const chunk of encoder.tail()) chunks.push(chunk)
  const bytes = new Uint8Array(Buffer.concat(chunks))
  const server = await FaultServer.start(bytes)
  const fetched: number[] = []
  const stop = db.on('query', ({ metrics }) => fetched.push(metrics?.scans[0]?.bytesFetched ?? 0))
  try {
    expect(await db.read.avro(server.url('/long.avro')).limit(3).collect()).toHaveLength(3)
    expect(await db.read.avro(server.url('/other.avro')).count()).toBe(60_000)
    expect(fetched).toHaveLength(2)
    expect(fetched[0]).toBeLessThan(bytes.length / 4)
  } finally {
    stop()
    await server.close()
  }
})

test('over HTTP by ranges; a registered name; a file that is something else', async () => {
  const server = await FaultServer.start(bytesOf('types-deflate.avro'))
  try {
    expect(await db.read.avro(server.url('/x.avro')).filter('flag').count()).toBeGreaterThan(10)
  } finally {
    await server.close()
  }
  await db.registerFile('mine.avro', bytesOf('weather.avro'))
  expect(await db.sql("SELECT count(*) AS n FROM 'mine.avro'").collect()).toEqual([{ n: 5n }])
  expect(await failure(db.read.avro(path('golden.py').replace('foreign/', '')).collect())).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('is text, as CSV is, not an Avro file. Read it as what it is'),
  })
  expect(await failure(db.read.avro(join(folder, 'none.avro')).collect())).toMatchObject({ code: 'NOT_FOUND' })
})
