import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { lakesBeside } from '../lake/engine-with-lakes.ts'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { keysOf } from '../storage/case-checks.ts'
import { failure } from '../storage/conformance.ts'
import { storageCases } from '../storage/storage-cases.ts'
import { r2Place } from '../storage/r2-storage.ts'
import type { R2Bucket } from '../storage/r2-storage.ts'

let workerd: Miniflare
let LAKE: R2Bucket

beforeAll(async () => {
  workerd = new Miniflare({ modules: true, script: '', r2Buckets: ['LAKE'] })
  LAKE = (await workerd.getR2Bucket('LAKE')) as unknown as R2Bucket
})

afterAll(() => workerd?.dispose())

const open = async (): Promise<Session> =>
  new Session(
    await openEngine(
      nodeHost(new URL('../../dist/wasm/', import.meta.url)),
      { decodeWorkers: 0 },
      { r2: { LAKE } },
      lakesBeside,
    ),
  )

test('a session writes files into a bucket, partitions and overwrites them, and reads them by name, pattern and folder', async () => {
  await using db = await open()
  const rows = db.sql("SELECT i AS id, i % 3 AS part, 'é' || i AS label FROM range(3000) t(i)")
  for (const format of ['parquet', 'avro', 'csv', 'json', 'arrow'] as const) {
    await rows.write[format](`r2://LAKE/one/file.${format}`)
    const [{ n, last }] = (await db
      .sql(`SELECT count(*)::INT AS n, max(label) AS last FROM 'r2://LAKE/one/file.${format}'`)
      .collect()) as [{ n: number; last: string }]
    expect([n, last]).toEqual([3000, 'é999'])
  }
  await rows.write.partitionBy('part').parquet('r2://LAKE/parts/')
  const counted = async (): Promise<unknown> =>
    await db
      .sql("SELECT part::INT AS part, count(*)::INT AS n FROM 'r2://LAKE/parts/' GROUP BY ALL ORDER BY ALL")
      .collect()
  expect(await counted()).toEqual([0, 1, 2].map((part) => ({ part, n: 1000 })))
  await rows.filter('part = 1').limit(5).write.mode('overwrite').partitionBy('part').parquet('r2://LAKE/parts/')
  expect(await counted()).toEqual([{ part: 1, n: 5 }])
  expect(await db.read.parquet('r2://LAKE/parts/part=*/*.parquet').count()).toBe(5)
  expect(await keysOf(r2Place('r2://LAKE/parts/', { LAKE }))).toHaveLength(1)
  expect(await failure(rows.write.csv('r2://LAKE/one/file.csv'))).toMatchObject({
    code: 'PRECONDITION_FAILED',
    message: expect.stringContaining('"r2://LAKE/one/file.csv"'),
  })
  expect(await failure(rows.write.mode('overwrite').csv('r2://LAKE/'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('a lake lives in a bucket; of commits at the same time none is lost', async () => {
  await using one = await open()
  await using two = await open()
  const lake = await one.openLake('r2://LAKE/lake', { create: true })
  await lake.createTable('events', { id: 'bigint', who: 'varchar' })
  const other = await two.openLake('r2://LAKE/lake')
  const insert = (table: ReturnType<typeof lake.table>, who: string, id: number): Promise<unknown> =>
    table.insert([{ id: BigInt(id), who }])
  for (let round = 0; round < 4; round++)
    await Promise.all([insert(lake.table('events'), 'one', round), insert(other.table('events'), 'two', round)])
  await using third = await open()
  const found = await third.openLake('r2://LAKE/lake')
  expect(await found.table('events').groupBy('who').count().orderBy('who').collect()).toEqual([
    { who: 'one', count: 4n },
    { who: 'two', count: 4n },
  ])
})

test.each(storageCases.map(({ name }) => name))('a binding outside of workerd: %s', async (name) => {
  const place = `r2://LAKE/case-${storageCases.findIndex((one) => one.name === name)}/`
  const kept = storageCases.find((one) => one.name === name)!.run({ open: () => r2Place(place, { LAKE }) })
  await expect(kept).resolves.toBeUndefined()
})

test('what is no bucket, and where buckets cannot go, is said', async () => {
  await using db = await open()
  expect(await failure(db.sql("FROM 'r2://LKAE/a.csv'").collect())).toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('There are: LAKE.'),
  })
  expect(await failure(connect({ storage: { r2: { LAKE } } }))).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('worker: false'),
  })
  expect(await failure(connect({ worker: false, storage: { r2: { LAKE: {} as never } } }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('storage.r2.LAKE'),
  })
})
