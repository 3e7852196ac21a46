import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Session } from '../../connect/session.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { col } from '../../expr/col.ts'
import { lit } from '../../expr/lit.ts'
import { sql } from '../../expr/sql.ts'
import type { LakeTransaction } from '../../frame/lake-writes.ts'
import type { Lake } from '../../frame/lake.ts'
import { lakesBeside } from '../engine-with-lakes.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)
let session: Session
let lake: Lake
let folder: string
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
})
afterAll(() => session.close())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'transaction-'))
  lake = await session.openLake(folder, { create: true })
})
afterEach(async () => {
  await lake.close()
  rmSync(folder, { recursive: true })
})

const rows = (name = 't'): Promise<unknown[]> => lake.table(name).orderBy('id').collect()
const newest = async (): Promise<bigint> => (await (await lake.snapshots()).limit(1).collect())[0]!.version

describe('a transaction', () => {
  it('reads what it wrote, is one snapshot, and leaves nothing when it fails', async () => {
    await lake.createTable('t', { id: 'bigint' })
    await lake.table('t').insert([{ id: 1 }])
    const report = await lake.transaction(
      async (tx) => {
        await tx.createTable('b', { id: 'bigint', n: 'integer' })
        await tx.table('b').insert([
          { id: 1, n: 1 },
          { id: 2, n: 2 },
          { id: 3, n: 3 },
        ])
        await tx.table('b').delete(col('id').eq(2))
        await tx.table('b').update({ set: { n: 30 }, where: col('id').eq(3) })
        await tx.table('t').delete(lit(true))
        expect(await tx.table('b').orderBy('id').collect()).toEqual([
          { id: 1n, n: 1 },
          { id: 3n, n: 30 },
        ])
        expect(await tx.table('t').count()).toBe(0)
        expect(await lake.table('t').count()).toBe(1)
        await expect(lake.table('b').count()).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
      },
      { message: 'moved', author: 'me' },
    )
    expect(report).toMatchObject({ snapshot: 3, rowsInserted: 3, rowsDeleted: 2, rowsUpdated: 1 })
    expect(await rows('b')).toEqual([
      { id: 1n, n: 1 },
      { id: 3n, n: 30 },
    ])
    expect(await lake.verify(report.commitId)).toEqual({ committed: true, snapshot: 3 })
    const failed = lake.transaction(async (tx) => {
      await tx.table('b').insert([{ id: 9, n: 9 }])
      await tx.dropTable('t')
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await lake.table('b').count()).toBe(2)
    expect(await lake.table('t').count()).toBe(0)
  })

  it('gives the id of a column that it added and dropped to no other: files have it', async () => {
    await lake.transaction(async (tx) => {
      await tx.createTable('t', { id: 'bigint', at: 'struct(n integer, day date)', day: 'date' })
      const t = tx.table('t')
      await t.insert([{ id: 1, at: { n: 1, day: '2026-01-01' }, day: '2026-01-01' }])
      await t.dropColumn('day')
      await t.dropColumn(['at', 'day'])
    })
    const t = lake.table('t')
    await t.addColumn('other', 'date')
    await t.addColumn(['at', 'other'], 'double')
    expect(await rows()).toEqual([{ id: 1n, at: { n: 1, other: null }, other: null }])
    expect((await lake.check()).findings).toEqual([])
  })

  it('conflicts with what others did to the same rows, and can be run again', async () => {
    await lake.createTable('t', { id: 'bigint', n: 'integer' })
    const t = lake.table('t')
    await t.insert([{ id: 1, n: 1 }])
    let runs = 0
    const add = (reruns: number): Promise<unknown> =>
      lake.transaction(
        async (tx) => {
          const [row] = await tx.table('t').collect()
          if (++runs === 1) await t.update({ set: { n: 100 } })
          await tx.table('t').update({ set: { n: (row as { n: number }).n + 1 } })
        },
        { reruns },
      )
    await expect(add(0)).rejects.toMatchObject({
      code: 'COMMIT_CONFLICT',
      message: expect.stringContaining('"t" was changed by another commit first (snapshot 3'),
    })
    runs = 0
    await add(1)
    expect(await rows()).toEqual([{ id: 1n, n: 101 }])
  })

  it('of one statement goes on past a compaction, which changed no row; one in a transaction does not', async () => {
    await lake.createTable('t', { id: 'bigint', n: 'bigint' })
    const t = lake.table('t')
    const compacted = async (): Promise<void> => {
      expect((await lake.compact()).tables).toMatchObject([{ conflicts: 0 }])
    }
    async function* news(): AsyncGenerator<object> {
      await compacted()
      yield { id: 1n, n: 5n }
    }
    for (const id of [1n, 2n]) await t.insert([{ id, n: 0n }])
    await t.merge(news(), { on: 'id', whenMatched: 'update' })
    for (const id of [3n, 4n]) await t.insert([{ id, n: 0n }])
    await t.overwrite(news(), { where: col('id').lt(3) })
    expect(await rows()).toEqual([
      { id: 1n, n: 5n },
      { id: 3n, n: 0n },
      { id: 4n, n: 0n },
    ])
    for (const id of [5n, 6n]) await t.insert([{ id, n: 0n }])
    const within = lake.transaction(async (tx) => {
      await tx.table('t').delete('id = 1')
      await compacted()
    })
    await expect(within).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
  })

  it('of a series happens once', async () => {
    await lake.createTable('t', { id: 'bigint' })
    const batch = (version: number): ReturnType<ReturnType<typeof lake.table>['insert']> =>
      lake.table('t').insert([{ id: version }], { appId: 'feed', version })
    expect(await batch(1)).toMatchObject({ skipped: false, snapshot: 2 })
    expect(await batch(1)).toMatchObject({ skipped: true, snapshot: 2 })
    expect(await batch(2)).toMatchObject({ skipped: false, snapshot: 3 })
    expect(await batch(1)).toMatchObject({ skipped: true })
    expect(await rows()).toEqual([{ id: 1n }, { id: 2n }])
    for (const series of [
      { appId: 'feed' },
      { version: 3 },
      { appId: 'feed', version: 3.5 },
      { appId: '', version: 3 },
    ])
      await expect(lake.table('t').insert([{ id: 3 }], series)).rejects.toThrow(/needs a text and a whole number/)
    const within = lake.transaction((tx) => tx.table('t').insert([{ id: 3 }], { appId: 'feed', version: 3 }))
    await expect(within).rejects.toThrow(/transaction\(work, \{ appId, version \}\)/)
    expect(await rows()).toHaveLength(2)
  })
})

describe('a statement of a transaction that fails', () => {
  const failing: readonly {
    readonly name: string
    readonly run: (tx: LakeTransaction) => Promise<unknown>
    readonly code: string
  }[] = [
    {
      name: 'columns are merged into the table, and a value is missing that must be there',
      run: (tx) => tx.table('t').insert([{ n: 5, more: 'x' }], { mergeSchema: true }),
      code: 'INVALID_VALUE',
    },
    {
      name: 'columns are widened, and the rows end in an error',
      run: (tx) =>
        tx
          .table('t')
          .insert(
            session.sql(
              "SELECT i AS id, CASE WHEN i < 9000 THEN 1::BIGINT ELSE error('late')::BIGINT END AS n, 1 AS more FROM range(9001) r(i)",
            ),
            {
              mergeSchema: true,
            },
          ),
      code: 'INVALID_VALUE',
    },
    {
      name: 'an overwrite whose rows have nulls',
      run: (tx) => tx.table('t').overwrite(session.sql('SELECT NULL::BIGINT AS id, 1 AS n')),
      code: 'INVALID_VALUE',
    },
    {
      name: 'an update that divides text',
      run: (tx) => tx.table('t').update({ set: { n: sql("CAST('x' || n AS INTEGER)") } }),
      code: 'INVALID_VALUE',
    },
    {
      name: 'a merge with two rows for one',
      run: (tx) =>
        tx.table('t').merge(
          [
            { id: 1, n: 5 },
            { id: 1, n: 6 },
          ],
          { on: 'id', whenMatched: 'update', whenNotMatched: 'insert' },
        ),
      code: 'INVALID_VALUE',
    },
    { name: 'a table that is there', run: (tx) => tx.createTable('t', { a: 'integer' }), code: 'INVALID_ARGUMENT' },
    {
      name: 'a table with a bad partition',
      run: (tx) => tx.createTable('u', { a: 'integer' }, { partitionBy: ['year(a)'] }),
      code: 'TYPE_MISMATCH',
    },
    { name: 'a narrower type', run: (tx) => tx.table('t').alterType('id', 'integer'), code: 'TYPE_MISMATCH' },
    {
      name: 'files of which one is not there',
      run: (tx) => tx.table('t').registerFiles([join(folder, 'none.parquet')]),
      code: 'NOT_FOUND',
    },
    {
      name: 'one that was called off',
      run: (tx) => tx.table('t').insert([{ id: 7, n: 7 }], { signal: AbortSignal.abort(new Error('called off')) }),
      code: '',
    },
  ]

  it.each(failing)('leaves it as it was: $name', async ({ run, code }) => {
    await lake.createTable('t', { id: 'bigint', n: 'integer' }, { notNull: ['id'] })
    await lake.table('t').insert([
      { id: 1, n: 1 },
      { id: 2, n: 2 },
    ])
    const report = await lake.transaction(async (tx) => {
      await tx.table('t').insert([{ id: 3, n: 3 }])
      await tx.table('t').delete('id = 2')
      const [columns, before] = [await tx.table('t').schema(), await tx.table('t').orderBy('id').collect()]
      const error = await run(tx).then(
        () => expect.unreachable(),
        (thrown: unknown) => thrown,
      )
      if (code !== '') expect(error).toMatchObject({ code })
      expect(await tx.table('t').schema()).toEqual(columns)
      expect(await tx.table('t').orderBy('id').collect()).toEqual(before)
      await tx.table('t').insert([{ id: 4, n: 4 }])
    })
    expect(report).toMatchObject({ rowsInserted: 2, rowsDeleted: 1, rowsUpdated: 0 })
    expect(await rows()).toEqual([1n, 3n, 4n].map((id) => ({ id, n: Number(id) })))
    expect(await lake.check()).toMatchObject({ findings: [] })
    expect((await lake.vacuum({ dryRun: true, olderThan: new Date(Date.now() + 60_000) })).orphans).toEqual([])
  })

  it('is CLOSED when it comes after the end', async () => {
    await lake.createTable('t', { id: 'bigint' })
    let late: LakeTransaction
    await lake.transaction(async (tx) => void (late = tx))
    await expect(late!.table('t').insert([{ id: 1 }])).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(late!.createTable('b', { id: 'bigint' })).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(late!.table('t').count()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('alone leaves nothing to commit', async () => {
    await lake.createTable('t', { id: 'bigint' })
    const report = await lake.transaction(async (tx) => {
      await expect(tx.table('t').insert([{ id: 'x' }])).rejects.toBeDefined()
      await expect(tx.dropTable('none')).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    })
    expect(report).toMatchObject({ snapshot: 1, attempts: 0 })
    expect(await newest()).toBe(1n)
  })
})

describe('statements of a transaction that are begun side by side', () => {
  it('are all done, one after the other', async () => {
    await lake.createTable('t', { id: 'bigint', n: 'integer' })
    await lake.table('t').insert([1, 2, 3, 4].map((id) => ({ id, n: id })))
    await lake.transaction(async (tx) => {
      await Promise.all([
        tx.createTable('b', { id: 'bigint' }),
        tx.table('t').update({ set: { n: 10 }, where: 'id = 1' }),
        tx.table('t').insert([{ id: 5, n: 5 }]),
        tx.table('t').delete('id = 2'),
        tx.table('t').insert([{ id: 6, n: 6 }]),
      ])
    })
    expect(await rows()).toEqual([{ id: 1n, n: 10 }, ...[3n, 4n, 5n, 6n].map((id) => ({ id, n: Number(id) }))])
    expect(await lake.check()).toMatchObject({ findings: [] })
  })

  it('fail where they change the same rows, which the second does not see', async () => {
    await lake.createTable('t', { id: 'bigint', n: 'integer' })
    await lake.table('t').insert([1, 2, 3].map((id) => ({ id, n: id })))
    await lake.transaction(async (tx) => {
      const both = await Promise.allSettled([
        tx.table('t').update({ set: { n: col('n').add(1) }, where: 'id < 3' }),
        tx.table('t').update({ set: { n: col('n').add(1) }, where: 'id > 1' }),
      ])
      expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      expect((both[1] as PromiseRejectedResult).reason).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('Await each'),
      })
    })
    expect(await rows()).toEqual([
      { id: 1n, n: 2 },
      { id: 2n, n: 3 },
      { id: 3n, n: 3 },
    ])
  })
})

it('what is asked for in a wrong way is told in words of who asks', async () => {
  await lake.createTable('t', { id: 'bigint' })
  const t = lake.table('t')
  await expect(t.merge(session.sql('SELECT 1 AS id, 2 AS n'), { on: 'n', whenMatched: 'delete' })).rejects.toThrow(
    'not found in the table. Columns: id.',
  )
  await expect(t.merge(session.sql('SELECT 2 AS n'), { on: 'id', whenMatched: 'delete' })).rejects.toThrow(
    '"id" not found in the source',
  )
  await expect(lake.transaction((tx) => tx.transaction())).rejects.toThrow(/cannot begin within another/)
  expect(() => lake.table('t', { timestamp: new Date(Number.NaN) })).toThrow(/Date without a time/)
})

describe('a change of no row', () => {
  it('makes no snapshot, and stores nothing', async () => {
    await lake.createTable('t', { id: 'bigint', n: 'integer' }, { partitionBy: ['bucket(2, id)'] })
    const t = lake.table('t')
    const nothing = [
      () => t.insert([]),
      () => t.insert(session.sql('SELECT 1 AS id WHERE false')),
      () => t.overwrite([]),
      () => t.overwrite([], { where: 'partitions' }),
      () => t.overwrite([], { where: col('id').lt(0) }),
      () => t.delete(col('id').lt(0)),
      () => t.update({ set: { n: 0 }, where: col('id').lt(0) }),
      () => t.merge([{ id: 100, n: 1 }], { on: 'id', whenMatched: 'update' }),
      () => t.merge([], { on: 'id', whenMatched: 'update', whenNotMatched: 'insert' }),
      () => t.insert([], { mergeSchema: true }),
      () => lake.transaction((tx) => tx.table('t').insert([])),
    ]
    for (const change of nothing) expect(await change()).toMatchObject({ snapshot: 1, rowsInserted: 0, filesAdded: 0 })
    await t.insert([{ id: 1, n: 1 }])
    for (const change of nothing.filter((_, at) => at !== 2))
      expect(await change()).toMatchObject({ snapshot: 2, rowsDeleted: 0, rowsUpdated: 0 })
    expect(await newest()).toBe(2n)
    expect(await t.overwrite([])).toMatchObject({ snapshot: 3 })
    expect(await t.count()).toBe(0)
    expect(
      readdirSync(join(folder, 'data/main/t'), { recursive: true }).filter((name) => String(name).endsWith('parquet')),
    ).toHaveLength(1)
  })

  it('of a series is noted all the same, without a snapshot', async () => {
    await lake.createTable('t', { id: 'bigint' })
    const batch = (version: number, given: readonly object[]): ReturnType<ReturnType<typeof lake.table>['insert']> =>
      lake.table('t').insert(given, { appId: 'feed', version })
    expect(await batch(1, [])).toMatchObject({ skipped: false, snapshot: 1 })
    expect(await batch(1, [{ id: 1 }])).toMatchObject({ skipped: true, snapshot: 1 })
    expect(await batch(2, [{ id: 2 }])).toMatchObject({ skipped: false, snapshot: 2 })
    expect(await batch(3, [])).toMatchObject({ skipped: false, snapshot: 2 })
    expect(await rows()).toEqual([{ id: 2n }])
    expect(await newest()).toBe(2n)
  })
})
