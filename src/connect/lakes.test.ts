import { createReadStream } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { referenceRoot } from '../lake/fixtures/reference-lakes.ts'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import type { Session } from './session.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)

describe('lakes of a session', () => {
  let db: Session
  let folder: string
  let lakes = 0

  beforeAll(async () => {
    db = await connect({ workerUrl })
    folder = await mkdtemp(join(tmpdir(), 'lakefront-lakes-'))
  })

  afterAll(async () => {
    await db.close()
    await rm(folder, { recursive: true })
  })

  const newPlace = (): string => join(folder, `lake ${++lakes} é`)

  const count = async (session: Session, from: string): Promise<number> => {
    const [row] = await session.sql<{ n: bigint }>(`SELECT count(*) AS n FROM ${from}`).collect()
    return Number(row!.n)
  }

  test('connect({ lake }) makes one, and everything that names a table finds it', async () => {
    const place = newPlace()
    await using own = await connect({ workerUrl, lake: place })
    await own.lake().createTable('t', { a: 'integer', b: 'varchar' })
    await own
      .lake()
      .table('t')
      .insert([{ a: 1, b: 'x' }])
    const rows = [{ a: 1, b: 'x' }]
    expect(await own.lake().table('t').collect()).toEqual(rows)
    expect(await own.table('lake.t').collect()).toEqual(rows)
    expect(await own.table('lake.main.t').collect()).toEqual(rows)
    expect(await own.sql('USE lake; FROM t').collect()).toEqual(rows)
    expect(await own.sql`FROM ${own.lake().table('t')} WHERE a = ${1}`.collect()).toEqual(rows)
    expect((await readdir(place)).toSorted()).toEqual(['catalog.ducklake', 'data'])
  })

  test('the path of a catalog opens that one, wherever its folder is moved', async () => {
    const moved = newPlace()
    await cp(join(referenceRoot, 'basic'), moved, { recursive: true })
    const lake = await db.openLake(join(moved, 'catalog.ducklake'), { name: 'moved', readOnly: true })
    expect(await lake.table('t').count()).toBe(await lake.table('t', { version: 7 }).count())
    await lake.close()
    const data = await db.openLake(join(moved, 'catalog.ducklake'), {
      name: 'moved',
      readOnly: true,
      dataPath: join(referenceRoot, 'basic/data'),
    })
    await rm(join(moved, 'data'), { recursive: true })
    expect(await data.table('t').count()).toBeGreaterThan(0)
    await data.close()
  })

  test('what is written elsewhere is seen by the next statement, columns and tables too', async () => {
    const place = newPlace()
    const mine = await db.openLake(place, { name: 'shared', create: true })
    await using other = await connect({ workerUrl })
    const theirs = await other.openLake(place, { name: 'theirs' })
    await theirs.createTable('t', { a: 'integer' })
    await theirs.table('t').insert([{ a: 1 }])
    const table = mine.table('t')
    expect(await table.collect()).toEqual([{ a: 1 }])
    expect(await count(db, 'shared.t')).toBe(1)
    await theirs.table('t').addColumn('b', 'varchar', { default: 'new' })
    await theirs.table('t').insert([{ a: 2, b: 'y' }])
    expect(await table.orderBy('a').collect()).toEqual([
      { a: 1, b: 'new' },
      { a: 2, b: 'y' },
    ])
    expect(await db.sql('SELECT b FROM shared.t ORDER BY a').collect()).toEqual([{ b: 'new' }, { b: 'y' }])
    await table.createOrReplaceTempView('seen')
    await db.sql('CREATE OR REPLACE VIEW too AS FROM shared.t').collect()
    await theirs.table('t').insert([{ a: 3 }])
    expect([await count(db, 'seen'), await count(db, 'too')]).toEqual([3, 3])
    await theirs.createSchema('s')
    await theirs.createTable('u', { c: 'date' }, { schema: 's' })
    expect(await count(db, 'shared.s.u')).toBe(0)
    await theirs.dropTable('t')
    await expect(db.sql('FROM shared.t').collect()).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    expect(await db.sql('FROM shared.t AT (VERSION => 2)').collect()).toEqual([{ a: 1 }])
    await mine.close()
  })

  test('a statement sees one snapshot of all tables, and rows that are being read stay what they were', async () => {
    const place = newPlace()
    const lake = await db.openLake(place, { name: 'steady', create: true })
    await lake.createTable('t', { a: 'integer' })
    await lake.createTable('u', { a: 'integer' })
    const rows = (from: number): { a: number }[] => Array.from({ length: 50 }, (_, at) => ({ a: from + at }))
    const writing = (async (): Promise<void> => {
      for (let step = 0; step < 5; step++) {
        await lake.transaction(async (tx) => {
          await tx.table('t').insert(rows(step * 50))
          await tx.table('u').insert(rows(step * 50))
        })
      }
    })()
    const progress = { isOver: false }
    void writing.finally(() => (progress.isOver = true))
    let looks = 0
    while (!progress.isOver) {
      const [row] = await db
        .sql<{ t: bigint; u: bigint }>(
          'SELECT (SELECT count(*) FROM steady.t) AS t, (SELECT count(*) FROM steady.u) AS u',
        )
        .collect()
      expect(row!.t).toBe(row!.u)
      looks++
    }
    await writing
    expect(looks).toBeGreaterThan(0)
    const seen: number[] = []
    for await (const batch of lake.table('t').stream()) {
      if (seen.length === 0) await lake.table('t').delete('a >= 0')
      seen.push(batch.numRows)
    }
    expect(seen.reduce((sum, own) => sum + own, 0)).toBe(250)
    expect(await lake.table('t').count()).toBe(0)
    await lake.close()
  })

  test.each(['select', 'a.b', 'quote"d', "apos'trophe", 'späces und 日本語', '%41/..\\x', '--', 'AT (VERSION => 1)'])(
    'a table may be called %s',
    async (name) => {
      const lake = await db.openLake('memory:odd', { name: 'odd', create: true })
      await lake.createTable(name, { [name]: 'integer' })
      await lake.table(name).insert([{ [name]: 7 }])
      expect(await lake.table(name).collect()).toEqual([{ [name]: 7 }])
      const quoted = `"${name.replaceAll('"', '""')}"`
      expect(await db.sql(`SELECT ${quoted} AS v FROM odd.${quoted}`).collect()).toEqual([{ v: 7 }])
      const [{ snapshot_id: version }] = (await lake.table(name).withRowIds().collect()) as unknown as [
        { snapshot_id: bigint },
      ]
      expect(await count(db, `odd.main.${quoted} AT (VERSION => ${version})`)).toBe(1)
      await lake.close()
    },
  )

  describe('says what is wrong', () => {
    test('with what is opened', async () => {
      await expect(db.openLake(join(folder, 'none'))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('create: true'),
      })
      await expect(db.openLake('memory:x', { name: 'temp', create: true })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
      await expect(db.openLake('memory:x', { nmae: 'x' } as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(db.openLake('gopher://x/y')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      await using lake = await db.openLake('memory:once', { name: 'once', create: true })
      await expect(db.openLake('memory:twice', { name: 'ONCE', create: true })).rejects.toMatchObject({
        message: expect.stringContaining('open already'),
      })
      await lake.close()
      await expect(lake.tables()).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(() => db.lake('once')).toThrow(/No lake "once" is open/)
      await using sqlite = await connect('sqlite::memory:')
      await expect(sqlite.openLake('memory:x')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })

    test('with names and moments', async () => {
      await using lake = await db.openLake(join(referenceRoot, 'basic'), { name: 'basic', readOnly: true })
      await expect(lake.table('tt').collect()).rejects.toMatchObject({
        code: 'TABLE_NOT_FOUND',
        message: expect.stringContaining('Did you mean "t"?'),
      })
      await expect(lake.table('t', { schema: 'nope' }).collect()).rejects.toMatchObject({
        message: expect.stringContaining('Schemas: main'),
      })
      await expect(lake.table('t', { version: 99 }).collect()).rejects.toMatchObject({
        code: 'SNAPSHOT_NOT_FOUND',
        details: { first: 0, last: 7 },
      })
      await expect(lake.table('t', { timestamp: '2001-01-01' }).collect()).rejects.toMatchObject({
        code: 'SNAPSHOT_NOT_FOUND',
      })
      await expect(lake.table('t', { timestamp: 'yesterday' }).collect()).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
      expect(() => lake.table('t', { version: 1, timestamp: '2026-01-01' })).toThrow(/not both/)
      await expect(db.sql('FROM basic.t AT (VERSION => ?)', [1]).collect()).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
      await expect(db.sql('DELETE FROM basic.t').collect()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      await expect(lake.table('t').insert([{ id: 1 }])).rejects.toMatchObject({
        message: expect.stringContaining('for reading only'),
      })
    })

    test('with data files that are gone, or are others', async () => {
      const place = newPlace()
      await cp(join(referenceRoot, 'stats'), place, { recursive: true })
      await using lake = await db.openLake(place, { name: 'broken', readOnly: true })
      const files = await (await lake.table('t').files()).collect()
      const [first, second] = files.map(({ path }) => join(place, 'data', path))
      await rm(first!)
      await expect(lake.table('t').collect()).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(files[0]!.path.split('/').at(-1)!),
      })
      await cp(second!, first!)
      await expect(lake.table('t').collect()).rejects.toMatchObject({ code: expect.stringMatching(/CHANGED|CORRUPT/) })
      await writeFile(second!, 'not a file of rows')
      await expect(lake.table('t').collect()).rejects.toMatchObject({
        code: expect.stringMatching(/CHANGED|CORRUPT|PARQUET/),
      })
    })

    test('with a catalog that is damaged or goes away meanwhile', async () => {
      const place = newPlace()
      await using lake = await db.openLake(place, { name: 'fading', create: true })
      await lake.createTable('t', { a: 'integer' })
      const catalog = join(place, 'catalog.ducklake')
      const bytes = await readFile(catalog)
      await writeFile(catalog, bytes.subarray(0, 20_000))
      await expect(lake.table('t').collect()).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
      await rm(catalog)
      await expect(lake.table('t').collect()).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await writeFile(catalog, bytes)
      expect(await lake.table('t').collect()).toEqual([])
    })
  })

  test('over plain https it is read, by ranges, and not changed', async () => {
    const asked: string[] = []
    const server = createServer(async (request, response) => {
      const path = join(referenceRoot, 'basic', decodeURIComponent(new URL(request.url!, 'http://x').pathname))
      const found = await stat(path).catch(() => undefined)
      asked.push(request.headers.range ?? 'whole')
      if (found?.isFile() !== true) return void response.writeHead(404).end()
      const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? []
      const [start, end] = [Number(from ?? 0), to === undefined || to === '' ? found.size - 1 : Number(to)]
      const range = from === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${found.size}` }
      const head = { etag: `"${found.size}"`, 'accept-ranges': 'bytes', 'content-length': end - start + 1, ...range }
      response.writeHead(from === undefined ? 200 : 206, head)
      if (request.method === 'HEAD') response.end()
      else createReadStream(path, { start, end }).pipe(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      await using lake = await db.openLake(url, { name: 'web' })
      expect(lake.isReadOnly).toBe(true)
      expect(await count(db, 'web.t AT (VERSION => 2)')).toBe(1000)
      expect(await lake.table('t').filter('id = 1').collect()).toHaveLength(1)
      expect(asked.some((range) => range !== 'whole')).toBe(true)
      await expect(lake.createTable('u', { a: 'integer' })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    } finally {
      server.close()
    }
  })

  test('on S3 it is made, changed by two sessions, and read', async () => {
    const store = await S3Store.start()
    try {
      const storage = { s3: { endpoint: store.endpoint, region: 'us-east-1', credentials: account } }
      await using one = await connect({ workerUrl, storage })
      await using two = await connect({ workerUrl, storage })
      const place = 's3://bucket/some/lake'
      const mine = await one.openLake(place, { create: true })
      await mine.createTable('t', { a: 'integer' })
      const theirs = await two.openLake(place)
      await Promise.all([mine.table('t').insert([{ a: 1 }]), theirs.table('t').insert([{ a: 2 }])])
      expect(await mine.table('t').orderBy('a').collect()).toEqual([{ a: 1 }, { a: 2 }])
      expect(await theirs.table('t').orderBy('a').collect()).toEqual([{ a: 1 }, { a: 2 }])
    } finally {
      await store.close()
    }
  })
})
