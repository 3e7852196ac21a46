import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import type { Lake } from '../frame/lake.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { audited, differences, judged, lakeJudges, noLakeJudges, runReference } from './fixtures/lake-judges.ts'
import type { LakeJudge } from './fixtures/lake-judges.ts'
import { readLake } from './fixtures/read-lake.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)

/** What is done to a lake, and which judges are known not to read the outcome right. */
interface Story {
  readonly name: string
  readonly run: (lake: Lake, session: Session) => Promise<unknown>
  readonly gaps?: readonly LakeJudge[]
}

const numbers = (from: number, to: number): string =>
  `SELECT i AS id, 'v' || i AS s, i / 3 AS d FROM range(${from}, ${to}) r(i)`
const columns = { id: 'bigint', s: 'varchar', d: 'double' }

const stories: readonly Story[] = [
  {
    name: 'append, delete, update, a second delete, a whole file',
    run: async (lake, session) => {
      await lake.createTable('t', columns)
      const t = lake.table('t')
      await t.insert(session.sql(numbers(0, 100)))
      await t.insert(session.sql(numbers(100, 150)))
      await t.delete('id % 10 = 3')
      await t.update({ set: { s: 'new' }, where: col('id').lt(20) })
      await t.delete('id % 10 = 4')
      await t.delete(col('id').ge(100))
      await t.insert([{ id: 1000, s: null, d: null }])
    },
  },
  {
    name: 'every type, with extremes and nulls',
    gaps: ['dataframe'],
    run: async (lake, session) => {
      const rows = session.sql(`
        SELECT true AS b, (-128)::TINYINT AS i8, (-32768)::SMALLINT AS i16, (-2147483648)::INTEGER AS i32, (-9223372036854775808)::BIGINT AS i64,
          255::UTINYINT AS u8, 65535::USMALLINT AS u16, 4294967295::UINTEGER AS u32, 18446744073709551615::UBIGINT AS u64,
          1.5::FLOAT AS f, '-inf'::DOUBLE AS dbl, (-999.9)::DECIMAL(4,1) AS d4, 12345678901234.5678::DECIMAL(18,4) AS d18,
          1234567890123456789012345678.0123456789::DECIMAL(38,10) AS d38, DATE '0001-01-01' AS dt, TIME '23:59:59.999999' AS tm,
          TIMESTAMP '1969-12-31 23:59:59.999999' AS ts, TIMESTAMPTZ '2024-02-29 10:00:00+00' AS tz, 'héllo 世界 🦆' AS v, '\\x00\\xFF'::BLOB AS bl,
          '01234567-89ab-cdef-0123-456789abcdef'::UUID AS u, [1, NULL, 3] AS l, {'a': 1, 'b': ['x', NULL]} AS st, MAP {'k': 1, 'z': NULL} AS m,
          [[1], [], NULL] AS ll, TIMETZ '23:59:59.999999+00' AS tt, '{"a": [1,  null], "b": 2.50}'::JSON AS j
        UNION ALL SELECT false, 127, 32767, 2147483647, 9223372036854775807, 0, 0, 0, 0::UBIGINT, 'nan', 'nan', 999.9, 0, 0, '9999-12-31', '00:00:00',
          '2262-01-01 00:00:00', '1970-01-01 00:00:00+00', '', '', 'ffffffff-ffff-ffff-ffff-ffffffffffff', [], {'a': NULL, 'b': []}, MAP {}, [], '00:00:00+00', 'null'
        UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`)
      const { fields } = await rows.schema()
      await lake.createTable('all types', Object.fromEntries(fields.map(({ name, type }) => [name, type])))
      await lake.table('all types').insert(rows)
      await lake.table('all types').insert(rows.filter(col('b').isNull()))
      await lake.table('all types').delete('b')
    },
  },
  {
    name: 'columns that come, go, are renamed and widened, nested ones too',
    gaps: ['dataframe'],
    run: async (lake, session) => {
      await lake.createTable('t', { id: 'integer', name: 'varchar', s: 'struct(a integer, b varchar)', l: 'integer[]' })
      const t = lake.table('t')
      await t.insert(
        session.sql(
          `SELECT i::INTEGER AS id, 'n' || i AS name, {'a': i::INTEGER, 'b': 'x'} AS s, [i::INTEGER] AS l FROM range(5) r(i)`,
        ),
      )
      await t.addColumn('extra', 'varchar', { default: 'dflt' })
      await t.addColumn('plain', 'double')
      await t.renameColumn('name', 'label')
      await t.alterType('id', 'bigint')
      await t.insert([{ id: 9_000_000_000n, label: 'big', s: { a: 1, b: 'y' }, extra: 'given', plain: 1.5 }])
      await t.addColumn(['s', 'c'], 'bigint')
      await t.renameColumn(['s', 'b'], 'text')
      await t.insert([{ id: 7, label: null, s: { a: 1, text: 'z', c: 5 } }])
      await t.insert([{ id: 10, l: [5_000_000_000n] }], { mergeSchema: true })
      await t.dropColumn('plain')
      await t.update({ set: { label: 'changed' }, where: 'id < 2' })
      await lake.renameTable('t', 'renamed')
      await lake.table('renamed').insert([{ id: 8, label: 'after', s: null }])
    },
  },
  {
    name: 'partitions, and others later',
    run: async (lake, session) => {
      await lake.createTable(
        't',
        { id: 'bigint', at: 'timestamp', kind: 'varchar' },
        { partitionBy: ['year(at)', 'kind'] },
      )
      const t = lake.table('t')
      const rows = session.sql(
        `SELECT i AS id, TIMESTAMP '2022-06-01' + INTERVAL (i * 40) DAY AS at, ['a/b c=é', '', NULL, 'x'][i % 4 + 1] AS kind FROM range(40) r(i)`,
      )
      await t.insert(rows)
      await t.setPartitioning(['bucket(4, id)'])
      await t.insert(rows)
      await t.delete(col('id').lt(5))
      await t.update({ set: { kind: 'moved' }, where: 'id % 9 = 0' })
      await t.setPartitioning([])
      await t.insert([{ id: 1, at: null, kind: 'none' }])
    },
  },
  {
    name: 'schemas, odd names, views, comments, several tables in one commit',
    run: async (lake, session) => {
      await lake.createSchema('odd schema')
      await lake.createTable(
        'we"ird, name',
        { select: 'integer', 'col, with comma': 'varchar' },
        { schema: 'odd schema', comment: "it's odd" },
      )
      await lake.table('we"ird, name', { schema: 'odd schema' }).insert([{ select: 1, 'col, with comma': 'x' }])
      await lake.createTable('base', columns)
      await lake.createView('vw', 'SELECT id FROM lake.base WHERE id > 3')
      await lake.transaction(async (tx) => {
        await tx.table('base').insert(session.sql(numbers(0, 30)))
        await tx.createTable('made', columns)
        await tx.table('made').insert(session.sql(numbers(5, 9)))
        await tx.table('base').delete('id % 2 = 0')
      })
      await lake.table('base').comment('of a column', { column: 'id' })
      await lake.createTable('gone', columns)
      await lake.table('gone').insert(session.sql(numbers(0, 3)))
      await lake.dropTable('gone')
    },
  },
  {
    name: 'merges, overwrites and a step back',
    run: async (lake, session) => {
      await lake.createTable('t', columns)
      const t = lake.table('t')
      await t.insert(session.sql(numbers(0, 50)))
      await t.merge(session.sql(numbers(40, 60)).withColumn('s', lit('merged')), {
        on: 'id',
        whenMatched: 'update',
        whenNotMatched: 'insert',
      })
      await t.overwrite(session.sql(numbers(3, 6)), { where: col('id').lt(10) })
      await t.overwrite(session.sql(numbers(0, 7)))
      await t.rollback(3)
    },
  },
  {
    name: 'an order, defaults, and values that must be there',
    run: async (lake) => {
      await lake.createTable(
        't',
        { id: 'bigint', n: 'integer', s: 'varchar' },
        { sortBy: ['n desc'], notNull: ['id'], defaults: { s: 'none' } },
      )
      const t = lake.table('t')
      await t.insert([5, 3, 9, 1].map((n) => ({ id: n, n })))
      await t.setDefault('s', 'other')
      await t.insert([{ id: 10, n: 0 }])
      await t.delete('n = 9')
    },
  },
]

describe('lakes that were written here', { timeout: 900_000 }, () => {
  let session: Session
  let folder: string
  beforeAll(async () => {
    session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  })
  afterAll(() => session.close())
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lake-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('are read as we read them by every judge, and their numbers are right', async ({ skip }) => {
    if (noLakeJudges !== undefined) skip(noLakeJudges)
    const folders = stories.map((_, index) => join(folder, String(index)))
    const ours = []
    for (const [index, { run }] of stories.entries()) {
      await using lake = await session.openLake(folders[index]!, { create: true })
      await run(lake, session)
      ours.push(await readLake(session, lake))
    }
    const wrong: string[] = []
    for (const judge of lakeJudges) {
      const found = await judged(judge, folders)
      for (const [index, { name, gaps = [] }] of stories.entries()) {
        const told = differences(ours[index]!, found[index]!)
        if (gaps.includes(judge)) expect(told, `${judge} reads "${name}" now`).not.toEqual([])
        else wrong.push(...told.slice(0, 3).map((text) => `${judge}, ${name}: ${text}`))
      }
    }
    for (const [index, told] of (await audited(folders)).entries())
      wrong.push(...told.slice(0, 3).map((text) => `audit, ${stories[index]!.name}: ${text}`))
    expect(wrong).toEqual([])
  })

  test('are written by the reference extension too, in turns, and both read all of it', async ({ skip }) => {
    if (noLakeJudges !== undefined) skip(noLakeJudges)
    const theirs = (...statements: string[]): Promise<unknown> => runReference(folder, statements)
    await using lake = await session.openLake(folder, { create: true })
    await lake.createTable('t', { ...columns, n: 'integer' }, { partitionBy: ['bucket(2, id)'] })
    const t = lake.table('t')
    await t.insert(session.sql(`SELECT *, id::INTEGER AS n FROM (${numbers(0, 60)})`))
    await theirs(
      "INSERT INTO lake.t SELECT i, 'theirs', i, i FROM range(60, 90) r(i)",
      'DELETE FROM lake.t WHERE id % 7 = 2',
    )
    await t.delete('id % 7 = 3')
    await theirs('DELETE FROM lake.t WHERE id % 7 = 4', "UPDATE lake.t SET s = 'up' WHERE id % 5 = 0")
    await t.update({ set: { s: 'ours' }, where: 'id % 5 = 1' })
    await theirs("ALTER TABLE lake.t ADD COLUMN extra VARCHAR DEFAULT 'x'", 'ALTER TABLE lake.t ALTER n TYPE BIGINT')
    await t.insert([{ id: 500, s: 'wide', d: 1, n: 9_000_000_000n, extra: null }])
    await t.renameColumn('extra', 'more')
    await theirs("INSERT INTO lake.t VALUES (501, 'one', 2, 3, 'inline?')", 'ALTER TABLE lake.t RENAME d TO e')
    await t.delete('id = 501')
    await theirs('CREATE TABLE lake.other AS SELECT 1 AS a', 'CREATE VIEW lake.vw AS SELECT * FROM lake.other')
    await lake.table('other').insert([{ a: 2 }])
    const found = await readLake(session, lake)
    const rows = await t.collect()
    expect(
      rows
        .filter(({ id }) => (id as bigint) < 90n)
        .map(({ id }) => Number(id))
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 90 }, (_, id) => id).filter((id) => ![2, 3, 4].includes(id % 7)))
    expect((await session.sql('SELECT * FROM lake.vw ORDER BY a').collect()).map(({ a }) => a)).toEqual([1, 2])
    for (const judge of ['reference', 'native', 'pyarrow'] as const)
      expect(differences(found, (await judged(judge, [folder]))[0]!), judge).toEqual([])
    expect(await audited([folder])).toEqual([[]])
    await theirs(
      "CALL ducklake_merge_adjacent_files('lake')",
      "CALL ducklake_rewrite_data_files('lake', 't', delete_threshold => 0)",
      "CALL ducklake_expire_snapshots('lake', versions => [2, 3])",
      "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    )
    await lake.table('t').insert([{ id: 600, s: 'after', e: 0, n: 1, more: 'm' }])
    const [later] = await judged('reference', [folder])
    expect(differences(await readLake(session, lake), later!)).toEqual([])
    expect(await t.orderBy('id').filter(col('id').ne(600)).collect()).toEqual(
      rows.toSorted((a, b) => Number((a['id'] as bigint) - (b['id'] as bigint))),
    )
  })

  test('keep their row ids and what changed when the extension rewrites and merges', async ({ skip }) => {
    if (noLakeJudges !== undefined) skip(noLakeJudges)
    await using lake = await session.openLake(folder, { create: true })
    const [t, u] = [lake.table('t'), lake.table('u')]
    for (const table of ['t', 'u']) {
      await lake.createTable(table, columns)
      await lake.table(table).insert(session.sql(numbers(0, 10)))
    }
    await t.delete('id = 3')
    await runReference(folder, ["CALL ducklake_rewrite_data_files('lake', 't', delete_threshold => 0)"])
    await t.insert(session.sql(numbers(10, 20)))
    await u.upsert(session.sql(numbers(0, 12)), { key: 'id' })
    const told = async (): Promise<unknown> => [
      await t.changes(2, 8).collect(),
      await u.changes(2, 8).collect(),
      await u.withRowIds().orderBy('id').select('rowid', 'id').collect(),
    ]
    const before = await told()
    await runReference(folder, ["CALL ducklake_merge_adjacent_files('lake')"])
    expect([await (await t.files()).count(), await (await u.files()).count()]).toEqual([1, 1])
    expect(await told()).toEqual(before)
  })
})
