import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Session } from '../../connect/session.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { col } from '../../expr/col.ts'
import { lit } from '../../expr/lit.ts'
import { sql } from '../../expr/sql.ts'
import type { Lake } from '../../frame/lake.ts'
import { lakesBeside } from '../engine-with-lakes.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)
let session: Session
let lake: Lake
let lakes = 0
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
})
afterAll(() => session.close())
beforeEach(async () => {
  lake = await session.openLake(`memory:writes-${++lakes}`, { create: true })
})
afterEach(() => lake.close())

const rows = (name = 't', version?: number): Promise<unknown[]> =>
  lake
    .table(name, version === undefined ? {} : { version })
    .orderBy('id')
    .collect()

async function made(version: bigint): Promise<string | null> {
  const all = await (await lake.snapshots()).collect()
  return all.find((snapshot) => snapshot.version === version)!.changes
}

describe('rows of a lake', () => {
  it('have every type, at both ends and null, and are found by it', async () => {
    const values: Readonly<Record<string, string>> = {
      boolean: 'true',
      tinyint: '-128',
      smallint: '-32768',
      integer: '-2147483648',
      bigint: '-9223372036854775808',
      hugeint: '-99999999999999999999999999999999999999',
      utinyint: '255',
      usmallint: '65535',
      uinteger: '4294967295',
      ubigint: '18446744073709551615',
      uhugeint: '99999999999999999999999999999999999999',
      float: `'-infinity'`,
      double: `'nan'`,
      'decimal(4,1)': '-999.9',
      'decimal(18,3)': '999999999999999.999',
      'decimal(38,10)': '-9999999999999999999999999999.9999999999',
      varchar: `'日本 ''quoted'''`,
      json: `'{"a":[1]}'`,
      blob: `'\\x00\\xFF'`,
      uuid: `'00000000-0000-4000-8000-0000000000ff'`,
      date: `'1600-02-29'`,
      time: `'23:59:59.999999'`,
      timestamp: `'1969-12-31 23:59:59.999999'`,
      timestamp_s: `'9999-12-31 23:59:59'`,
      timestamp_ms: `'2024-02-29 12:00:00.123'`,
      timestamp_ns: `'2024-02-29 12:00:00.123456789'`,
      timestamptz: `'2024-02-29 12:00:00+05:30'`,
      'integer[]': '[1, NULL, 3]',
      'struct(a integer, b varchar[])': `{a: 1, b: ['x', NULL]}`,
      'map(varchar, bigint)': `map {'k': 9007199254740993}`,
    }
    const types = Object.keys(values)
    const names = types.map((_, at) => `c${at}`)
    await lake.createTable('every', Object.fromEntries(names.map((name, at) => [name, types[at]!])))
    const columns = types.map((type, at) => `CAST(${values[type]} AS ${type}) AS c${at}`).join(', ')
    const nulls = types.map((type, at) => `CAST(NULL AS ${type}) AS c${at}`).join(', ')
    const given = session.sql(`SELECT ${columns} UNION ALL SELECT ${nulls}`)
    await lake.table('every').insert(given)
    expect(await session.sql('FROM lake.every').collect()).toEqual(await given.collect())
    for (const [at, type] of types.entries()) {
      const found = session.sql(`SELECT count(*) AS n FROM lake.every WHERE c${at} = CAST(${values[type]} AS ${type})`)
      expect([type, await found.collect()]).toEqual([type, [{ n: 1n }]])
    }
    expect(await lake.check()).toMatchObject({ isSound: true })
  })

  it('come, change and go, and are there in their versions', async () => {
    await lake.createTable(
      't',
      { id: 'bigint', n: 'integer', s: 'varchar' },
      { partitionBy: ['bucket(2, id)'], notNull: ['id'] },
    )
    const t = lake.table('t')
    const inserted = await t.insert(
      session.sql(`SELECT i AS id, i::INTEGER * 10 AS n, 'v' || i AS s FROM range(5) r(i)`),
    )
    expect(inserted).toMatchObject({ snapshot: 2, rowsInserted: 5, filesAdded: 2, attempts: 1, skipped: false })
    const updated = await t.update({ set: { n: col('n').add(1), s: 'new' }, where: col('id').lt(2) })
    expect(updated).toMatchObject({ snapshot: 3, rowsUpdated: 2, rowsDeleted: 0, rowsInserted: 0 })
    expect(await t.delete(col('id').eq(3))).toMatchObject({ rowsDeleted: 1, filesAdded: 0 })
    expect(await rows()).toEqual([
      { id: 0n, n: 1, s: 'new' },
      { id: 1n, n: 11, s: 'new' },
      { id: 2n, n: 20, s: 'v2' },
      { id: 4n, n: 40, s: 'v4' },
    ])
    expect(await rows('t', 2)).toHaveLength(5)
    expect(await made(3n)).toBe('inserted_into_table:1,deleted_from_table:1')
    const ids = await t.withRowIds().orderBy('id').select('rowid').collect()
    const first = await lake
      .table('t', { version: 2 })
      .withRowIds()
      .filter(col('id').ne(3))
      .orderBy('id')
      .select('rowid')
      .collect()
    expect(ids).toEqual(first)
    expect(await t.delete(lit(true))).toMatchObject({ rowsDeleted: 4 })
    expect(await (await t.files()).collect()).toEqual([])
  })

  it.each([
    ['decimal(9,2)', 'decimal(12,4)'],
    ['utinyint', 'integer'],
    ['float', 'double'],
  ])('are found in their partitions when a column they go by was %s and is %s', async (from, to) => {
    const values = `SELECT i AS id, (i * 0.5)::${from} AS x FROM range(0, 40, 2) r(i)`
    for (const [name, key] of [
      ['t', 'bucket(8, x)'],
      ['u', 'x'],
    ] as const) {
      const t = lake.table(name)
      await lake.createTable(name, { id: 'bigint', x: from }, { partitionBy: [key] })
      await t.insert(session.sql(values))
      await t.alterType('x', to)
      await t.insert(session.sql(values))
      for (let x = 0; x < 20; x += 3) expect(await t.filter(col('x').eq(x)).count()).toBe(2)
      await expect(t.overwrite([{ id: 1, x: 3 }], { where: 'partitions' })).rejects.toMatchObject({
        code: 'UNSUPPORTED',
      })
      await t.overwrite([{ id: 1, x: 3 }], { where: col('x').eq(3) })
      expect(await t.filter(col('x').eq(3)).count()).toBe(1)
      expect(await lake.check()).toMatchObject({ isSound: true })
    }
  })

  it('are merged: updated, deleted and inserted in one commit', async () => {
    await lake.createTable(
      't',
      { id: 'bigint', n: 'integer', s: 'varchar' },
      { defaults: { s: 'none', n: sql('40 + 2') } },
    )
    const t = lake.table('t')
    await t.insert([1, 2, 3, 4].map((id) => ({ id, n: id, s: 'old' })))
    const report = await t.merge(
      [
        { id: 1, n: 100 },
        { id: 2, n: -1 },
        { id: 9, n: 9 },
      ],
      {
        on: 'id',
        whenMatched: [
          { when: col('source.n').lt(0), delete: true },
          { update: { n: col('target.n').add(col('source.n')) } },
        ],
        whenNotMatched: 'insert',
        whenNotMatchedBySource: { when: col('target.id').gt(3), update: { s: 'orphan' } },
      },
    )
    expect(report).toMatchObject({ rowsInserted: 1, rowsDeleted: 1, rowsUpdated: 2 })
    expect(await rows()).toEqual([
      { id: 1n, n: 101, s: 'old' },
      { id: 3n, n: 3, s: 'old' },
      { id: 4n, n: 4, s: 'orphan' },
      { id: 9n, n: 9, s: 'none' },
    ])
    await t.upsert(
      [
        { id: 9, n: 90 },
        { id: 10, n: 10 },
      ],
      { key: 'id' },
    )
    expect((await rows()).slice(-2)).toEqual([
      { id: 9n, n: 90, s: 'none' },
      { id: 10n, n: 10, s: 'none' },
    ])
    await t.insert([{ id: 11 }])
    expect((await rows()).at(-1)).toEqual({ id: 11n, n: 42, s: 'none' })
    const twice = session.sql('SELECT 1 AS id, 2 AS n UNION ALL SELECT 1, 3')
    await expect(t.merge(twice, { on: 'id', whenMatched: 'update' })).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await expect(t.merge(twice, { on: 'id' })).rejects.toThrow(/changes nothing/)
  })

  it('are overwritten: all, partitions, or those of a condition', async () => {
    await lake.createTable('t', { id: 'bigint', day: 'date' }, { partitionBy: ['day'] })
    const t = lake.table('t')
    await t.insert([
      { id: 1, day: '2026-01-01' },
      { id: 2, day: '2026-01-02' },
      { id: 3, day: null },
    ])
    await t.overwrite([{ id: 20, day: '2026-01-02' }], { where: 'partitions' })
    expect(await rows()).toEqual([
      { id: 1n, day: '2026-01-01' },
      { id: 3n, day: null },
      { id: 20n, day: '2026-01-02' },
    ])
    await t.overwrite([{ id: 30, day: null }], { where: col('day').isNull() })
    expect(await rows()).toEqual([
      { id: 1n, day: '2026-01-01' },
      { id: 20n, day: '2026-01-02' },
      { id: 30n, day: null },
    ])
    await t.overwrite([{ id: 7, day: '2026-01-07' }])
    expect(await rows()).toEqual([{ id: 7n, day: '2026-01-07' }])
    await t.rollback(2)
    expect(await rows()).toEqual([
      { id: 1n, day: '2026-01-01' },
      { id: 2n, day: '2026-01-02' },
      { id: 3n, day: null },
    ])
  })

  it('of other columns are refused, or widen the table when asked to', async () => {
    await lake.createTable('t', { id: 'integer', s: 'struct(a integer)' })
    const t = lake.table('t')
    await expect(t.insert([{ id: 1, nope: 1 }])).rejects.toMatchObject({ code: 'COLUMN_NOT_FOUND' })
    await expect(t.insert(session.sql('SELECT 1.5 AS id'))).rejects.toMatchObject({ code: 'TYPE_MISMATCH' })
    await expect(t.insert(session.sql('SELECT 1 AS id, 2 AS extra'))).rejects.toThrow(/mergeSchema/)
    await t.insert([{ id: 5_000_000_000, s: { a: 1, b: 'x' }, extra: true }], { mergeSchema: true })
    expect(await rows()).toEqual([{ id: 5_000_000_000n, s: { a: 1, b: 'x' }, extra: true }])
    expect(await made(2n)).toBe('inserted_into_table:1,altered_table:1')
    await lake
      .table('t')
      .alterType('id', 'hugeint')
      .then(
        () => expect.unreachable(),
        (error: unknown) => expect(error).toMatchObject({ code: 'TYPE_MISMATCH' }),
      )
  })

  it('widen what is in lists and maps, too', async () => {
    await lake.createTable('t', { l: 'integer[]', m: 'map(integer, float)', s: 'struct(a integer)[]' })
    const t = lake.table('t')
    await t.insert(session.sql("SELECT [1, NULL] AS l, MAP {1: 0.5::FLOAT} AS m, [{'a': 1}] AS s"))
    const wider = session.sql("SELECT [5000000000] AS l, MAP {1: 0.1::DOUBLE} AS m, [{'a': 2::BIGINT, 'b': 'x'}] AS s")
    await expect(t.insert(wider)).rejects.toMatchObject({ code: 'TYPE_MISMATCH' })
    await t.insert(wider, { mergeSchema: true })
    expect(await t.orderBy('l').collect()).toEqual([
      { l: [1n, null], m: new Map([[1, 0.5]]), s: [{ a: 1n, b: null }] },
      { l: [5_000_000_000n], m: new Map([[1, 0.1]]), s: [{ a: 2n, b: 'x' }] },
    ])
    await expect(t.insert(session.sql("SELECT ['x'] AS l"), { mergeSchema: true })).rejects.toThrow(
      /"l.element" of "t"/,
    )
  })
})

describe('rows that are cast to text', () => {
  it('go into text columns, and into text within structs, lists and maps', async () => {
    await lake.createTable('t', {
      v: 'varchar',
      s: 'struct(a integer, b varchar)',
      l: 'varchar[]',
      m: 'map(varchar, varchar)',
    })
    const t = lake.table('t')
    const given = session.sql("SELECT 1.50 AS v, {'B': 7} AS s, [DATE '2026-01-02'] AS l, MAP {5: true} AS m")
    await expect(t.insert(given, { mergeSchema: true })).rejects.toMatchObject({ code: 'TYPE_MISMATCH' })
    await t.insert(given, { castToVarchar: true })
    const wider = session.sql("SELECT '2' AS v, {'b': 8, 'c': 1, 'a': 5000000000} AS s")
    await t.insert(wider, { mergeSchema: true, castToVarchar: true })
    expect(await t.orderBy('v').collect()).toEqual([
      { v: '1.50', s: { a: null, b: '7', c: null }, l: ['2026-01-02'], m: new Map([['5', 'true']]) },
      { v: '2', s: { a: 5_000_000_000n, b: '8', c: 1 }, l: null, m: null },
    ])
  })
})

describe('registered files', () => {
  it('are rows of the table as they are, with exact statistics', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'register-'))
    try {
      const file = join(folder, 'other.parquet')
      const given = session.sql(
        `SELECT i::INTEGER AS ID, 'v' || i AS s, CASE i WHEN 2 THEN 'nan'::DOUBLE ELSE i / 2 END AS f, {'a': i} AS st FROM range(5) r(i)`,
      )
      await given.write.parquet(file)
      await lake.createTable('t', { id: 'bigint', s: 'varchar', f: 'double', st: 'struct(a bigint)', late: 'date' })
      const t = lake.table('t')
      await t.insert([{ id: 100, s: 'own', f: 1, st: { a: 1 } }])
      expect(await t.registerFiles(file)).toMatchObject({ rowsInserted: 5, filesAdded: 1 })
      expect((await rows()).slice(0, 2)).toEqual([
        { id: 0n, s: 'v0', f: 0, st: { a: 0n }, late: null },
        { id: 1n, s: 'v1', f: 0.5, st: { a: 1n }, late: null },
      ])
      await expect(t.registerFiles(file)).rejects.toThrow(/has the file .* already/)
      for (const same of [`file://${file}`, `${folder}/x/..//./other.parquet`])
        await expect(t.registerFiles(same)).rejects.toThrow(/has the file .* already/)
      await expect(t.registerFiles('other.parquet')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await lake.createTable('u', { id: 'smallint' })
      await expect(lake.table('u').registerFiles(file)).rejects.toMatchObject({ code: 'COLUMN_NOT_FOUND' })
      expect(await t.update({ set: { s: 'new' }, where: col('id').eq(3) })).toMatchObject({ rowsUpdated: 1 })
      expect(await t.filter(col('id').eq(3)).select('s', 'f').collect()).toEqual([{ s: 'new', f: 1.5 }])
      await lake.createTable('strict', { s: 'varchar', key: 'integer' }, { notNull: ['key'] })
      await session.sql(`SELECT 'a' AS s`).write.parquet(join(folder, 'short.parquet'))
      await expect(lake.table('strict').registerFiles(join(folder, 'short.parquet'))).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        message: expect.stringContaining('"key"'),
      })
      await using own = await session.openLake(join(folder, 'lake'), { create: true, name: 'own' })
      await own.createTable('t', { id: 'integer' })
      await own.table('t').insert([{ id: 1 }])
      const [stored] = await (await own.table('t').files()).collect()
      const again = own.table('t').registerFiles(join(folder, 'lake/data', stored!.path))
      await expect(again).rejects.toThrow(/is a data file of this lake/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('have columns that their folders tell, as the table has them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'register-'))
    try {
      await session
        .sql(`SELECT i AS n, i % 2 AS p, 'k' || i AS q FROM range(3) r(i)`)
        .write.partitionBy('p', 'q')
        .parquet(folder)
      const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet')).toSorted()
      await lake.createTable('t', { p: 'smallint', q: 'varchar', n: 'bigint' }, { partitionBy: ['p'] })
      const places = files.map((name) => join(folder, name))
      await lake.table('t').registerFiles(places, { hivePartitioning: true })
      expect(await lake.table('t').orderBy('n').collect()).toEqual(
        [0, 1, 2].map((i) => ({ p: i % 2, q: `k${i}`, n: BigInt(i) })),
      )
      await lake.createTable('u', { p: 'integer', q: 'date', n: 'bigint' })
      await expect(lake.table('u').registerFiles(places, { hivePartitioning: true })).rejects.toThrow(/k0/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('saveAsTable', () => {
  it('makes a table of a lake, adds to it, and replaces its rows', async () => {
    const frame = session.sql(`SELECT i AS id, 'k' || i % 2 AS kind FROM range(4) r(i)`)
    await frame.write.partitionBy('kind').saveAsTable('t')
    expect(await made(1n)).toBe('created_table:"main"."t",inserted_into_table:1')
    await expect(frame.write.saveAsTable('lake.t')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    await frame.write.mode('ignore').saveAsTable('lake.main.t')
    await frame.write.mode('append').saveAsTable('lake.t')
    expect(await lake.table('t').count()).toBe(8)
    await frame.limit(1).write.mode('overwrite').saveAsTable('t')
    expect(await rows()).toEqual([{ id: 0n, kind: 'k0' }])
    const [file] = await (await lake.table('t').files()).collect()
    expect(file!.path).toMatch(/^main\/t\/kind=k0\/ducklake-[-0-9a-f]+\.parquet$/)
    await frame.write.saveAsTable('memory.main.own')
    expect(await session.table('memory.main.own').count()).toBe(4)
  })
})

describe('columns of a lake', () => {
  it('are added, renamed, widened and dropped without rewriting', async () => {
    await lake.createTable('t', { id: 'integer', s: 'varchar' })
    const t = lake.table('t')
    await t.insert([{ id: 1, s: 'a' }])
    await t.addColumn('n', 'integer', { default: 5 })
    await t.renameColumn('s', 'label')
    await t.alterType('id', 'bigint')
    await t.addColumn('d', 'date')
    await t.dropColumn('d')
    await t.insert([{ id: 5_000_000_000, label: 'b' }])
    expect(await rows()).toEqual([
      { id: 1n, label: 'a', n: 5 },
      { id: 5_000_000_000n, label: 'b', n: 5 },
    ])
    expect(await rows('t', 2)).toEqual([{ id: 1, s: 'a' }])
    await t.setDefault('n', undefined)
    await t.insert([{ id: 2 }])
    await expect(t.setNotNull('n')).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await t.setNotNull('id')
    await expect(t.insert([{ label: 'c' }])).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await expect(t.insert(session.sql('SELECT NULL AS id'))).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await t.comment('events', {})
    await lake.renameTable('t', 'u')
    expect(await rows('u')).toHaveLength(3)
    const [told] = await (await lake.tables()).collect()
    expect(told).toMatchObject({ name: 'u', comment: 'events' })
    await expect(lake.table('u').addColumn('x', "enum('a')")).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(lake.table('u').dropColumn('nn')).rejects.toThrow(/Did you mean "n"/)
  })

  it('may be what rows are sorted by, and then are renamed there and not dropped', async () => {
    await expect(lake.createTable('t', { id: 'integer' }, { sortBy: ['nn'] })).rejects.toThrow(/"nn" not found/)
    await lake.createTable('t', { id: 'integer', s: 'varchar' }, { sortBy: ['lower(s) desc', 'id'] })
    const t = lake.table('t')
    await expect(t.setSorting(['s', 'nn'])).rejects.toMatchObject({ code: 'COLUMN_NOT_FOUND' })
    await t.insert([{ id: 4, s: 'd' }])
    await t.insert([{ id: 5, s: 'E' }])
    await t.renameColumn('s', 'order')
    expect((await lake.compact()).tables).toMatchObject([{ filesBefore: 2, filesAfter: 1 }])
    expect((await t.collect()).map(({ id }) => id)).toEqual([5, 4])
    await t.delete(lit(true))
    await t.renameColumn('order', 'the s')
    await t.insert([
      { id: 1, 'the s': 'a' },
      { id: 2, 'the s': 'B' },
    ])
    expect((await t.collect()).map(({ id }) => id)).toEqual([2, 1])
    await expect(t.dropColumn('the s')).rejects.toThrow(/sorted by lower\("the s"\).*setSorting/)
    await t.setSorting([])
    await t.dropColumn('the s')
    await t.insert([{ id: 3 }])
    expect(await rows()).toHaveLength(3)
  })

  it('of views and schemas', async () => {
    await lake.createSchema('sales')
    await lake.createTable('orders', { id: 'bigint' }, { schema: 'sales' })
    await lake.table('orders', { schema: 'sales' }).insert([{ id: 3 }])
    await lake.createView('recent', 'SELECT id + 1 AS next FROM lake.sales.orders')
    expect(await session.sql('SELECT * FROM lake.recent').collect()).toEqual([{ next: 4n }])
    await expect(lake.dropSchema('sales')).rejects.toThrow(/not empty: orders/)
    await lake.dropView('recent')
    await lake.dropSchema('sales', { cascade: true })
    expect(await (await lake.tables()).collect()).toEqual([])
    await lake.dropTable('none', { ifExists: true })
    await expect(lake.dropTable('none')).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  })
})
