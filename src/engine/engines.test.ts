import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import type { Session } from '../connect/session.ts'
import type { DataFrame } from '../frame/dataframe.ts'
import { col } from '../expr/col.ts'
import * as F from '../functions.ts'
import { missingPostgres, postgresCluster } from './fixtures/postgres-cluster.ts'
import type { PostgresCluster } from './fixtures/postgres-cluster.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)
const why = missingPostgres()
let cluster: PostgresCluster | undefined

beforeAll(async () => {
  if (why === undefined) cluster = await postgresCluster()
})
afterAll(() => cluster?.stop())

const engines: readonly (readonly [name: string, open: () => Promise<Session>])[] = [
  ['duckdb-wasm', () => connect({ workerUrl })],
  ['duckdb-native', () => connect({ engine: 'duckdb-native' })],
  ['sqlite', () => connect('sqlite::memory:')],
  ['pglite', () => connect('pglite:')],
  ['postgres', () => connect(cluster!.address)],
]

describe.each(engines)('%s', (name, open) => {
  let db: Session
  beforeAll(async () => {
    if (name !== 'postgres' || why === undefined) db = await open()
  })
  afterAll(() => db?.close())
  beforeEach(({ skip }) => {
    if (name === 'postgres' && why !== undefined) skip(why)
  })

  test('rows of ours are joined, grouped and sorted', async () => {
    const people = db.createDataFrame([
      { id: 1, name: 'Ada', age: 36.5 },
      { id: 2, name: 'Bob', age: null },
      { id: 3, name: `é'"\\`, age: -1 },
    ])
    const marks = db.createDataFrame([
      { id: 1, mark: 5n },
      { id: 1, mark: 7n },
      { id: 9, mark: 1n },
    ])
    const query = people
      .join(marks, 'id', 'left')
      .groupBy('name')
      .agg(F.sum('mark').as('sum'), F.avg('age').as('age'), F.count().as('rows'))
      .orderBy(col('name').desc())
    expect(await query.collect()).toEqual([
      { name: `é'"\\`, sum: null, age: -1, rows: 1n },
      { name: 'Bob', sum: null, age: null, rows: 1n },
      { name: 'Ada', sum: 12n, age: 36.5, rows: 2n },
    ])
    expect(await people.join(marks, 'id', 'semi').select('name').collect()).toEqual([{ name: 'Ada' }])
    expect((await people.join(marks, 'id', 'anti').toArrow()).numRows).toBe(2)
  })

  test('lists come as they went, and are made of groups', async () => {
    const rows = [
      {
        id: 1,
        l: [3, null, 1],
        n: [9007199254740993n, -1n],
        x: [0.1, -1.5e300, 1e-7, 2],
        w: ['é"\\', '', 'null'],
        b: [true, false, null],
      },
      { id: 2, l: [], n: null, x: [], w: [null, '{}'], b: [] },
    ]
    const schema = { id: 'integer', l: 'integer[]', n: 'bigint[]', x: 'double[]', w: 'varchar[]', b: 'boolean[]' }
    const frame = db.createDataFrame(rows, schema) as DataFrame
    expect(await frame.orderBy('id').collect()).toEqual(rows)
    expect(
      await frame.select('id', F.explode('n').as('n')).groupBy('id').agg(F.collectList('n').as('n')).collect(),
    ).toEqual([{ id: 1, n: [9007199254740993n, -1n] }])
  })

  test('a sample with a seed is the same again, and of the size asked for', async () => {
    const numbers = db.createDataFrame({ n: Array.from({ length: 10_000 }, (_, index) => index) })
    const sample = (seed: number): Promise<{ n: number }[]> => numbers.sample(0.3, { seed }).collect() as never
    const first = await sample(1)
    expect(first.length).toBeGreaterThan(2700)
    expect(first.length).toBeLessThan(3300)
    expect(await sample(1)).toEqual(first)
    expect(await sample(2)).not.toEqual(first)
    const twice = await numbers.sample(2, { seed: 3, withReplacement: true }).count()
    expect(twice).toBeGreaterThan(19_000)
    expect(twice).toBeLessThan(21_000)
    expect(await numbers.sample(0.5).count()).toBeGreaterThan(4500)
  })

  test('a statement that comes again sees what has changed since', async () => {
    const text = 'SELECT * FROM kept WHERE id >= $1 ORDER BY id'
    const again = async (value: unknown = 1): Promise<unknown[]> => {
      const found: unknown[] = []
      for (let time = 0; time < 4; time++) found.push(...(await db.sql(text, [value as number]).collect()).slice(0, 1))
      return found.slice(-1)
    }
    await db.sql('CREATE TABLE kept (id INTEGER, name TEXT)').collect()
    await db.table('kept').insert([
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ] as never)
    expect(await again()).toMatchObject([{ name: 'a' }])
    await db.sql('ALTER TABLE kept ADD COLUMN more INTEGER').collect()
    expect(await again()).toMatchObject([{ name: 'a', more: null }])
    await db.sql('DROP TABLE kept').collect()
    await expect(again()).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    await db.sql('CREATE TABLE kept (other TEXT, id DOUBLE PRECISION)').collect()
    await db.sql("INSERT INTO kept VALUES ('x', 1.5)").collect()
    expect(await again()).toEqual([{ other: 'x', id: 1.5 }])
    expect(await again(1.25)).toEqual([{ other: 'x', id: 1.5 }])
    expect(await again(2)).toEqual([])
    const many = Array.from({ length: 100 }, (_, at) => db.sql(`SELECT ${at} AS n FROM kept`).collect())
    expect((await Promise.all(many)).flat()).toHaveLength(100)
    expect(await again()).toEqual([{ other: 'x', id: 1.5 }])
    await db.sql('DROP TABLE kept').collect()
  })

  test('rows come in batches, and a result may be left', async () => {
    const numbers = db.createDataFrame({ n: Array.from({ length: 20_000 }, (_, index) => index) })
    const stream = await numbers.orderBy('n').batches()
    const first = await stream.next()
    if (name !== 'duckdb-wasm') expect(first!.length).toBeLessThan(20_000)
    await stream.close()
    expect(await stream.next()).toBeUndefined()
    expect(await numbers.count()).toBe(20_000)
    expect(await numbers.agg(F.sum('n').as('sum')).collect()).toEqual([{ sum: 199_990_000n }])
  })

  test('two results are read side by side', async () => {
    const numbers = db.createDataFrame({ n: Array.from({ length: 20_000 }, (_, index) => index) })
    const [one, two] = [await numbers.batches(), await numbers.batches()]
    let rows = 0
    for (let left = await one.next(), right = await two.next(); left !== undefined || right !== undefined;) {
      rows += (left?.length ?? 0) + (right?.length ?? 0)
      left = await one.next()
      right = await two.next()
    }
    expect(rows).toBe(40_000)
  })

  test('statements, parameters and errors', async () => {
    await db.sql('CREATE TABLE things (id INTEGER, label VARCHAR(20)); INSERT INTO things VALUES (1, NULL)').collect()
    const added = await db.sql('INSERT INTO things VALUES (?, ?), (3, $2)', [2, "it's"]).collect()
    expect(added.map((row) => Object.values(row))).toEqual([[2n]])
    const found = await db.table('things').filter(col('id').gt(1)).orderBy('id').select('label').collect()
    expect(found).toEqual([{ label: "it's" }, { label: "it's" }])
    await expect(db.table('nothing').collect()).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    await expect(db.sql('SELEC 1').collect()).rejects.toMatchObject({ code: 'SYNTAX_ERROR' })
    await expect(db.table('things').select('labl').collect()).rejects.toMatchObject({ code: 'COLUMN_NOT_FOUND' })
  })
})

describe.each(engines)('changes of a table on %s', (name, open) => {
  let db: Session
  const rows = async (): Promise<unknown[]> =>
    (await db.table('t').orderBy('id').collect()).map((row) => Object.values(row))

  beforeAll(async () => {
    if (name !== 'postgres' || why === undefined) db = await open()
  })
  afterAll(() => db?.close())
  beforeEach(async ({ skip }) => {
    if (name === 'postgres' && why !== undefined) skip(why)
    await db
      .sql(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (id BIGINT PRIMARY KEY, label VARCHAR(20) DEFAULT 'none', price DOUBLE PRECISION)",
      )
      .collect()
    await db.table('t').insert([
      { id: 1, label: "it's", price: 1.5 },
      { id: 2n, label: null },
    ])
  })

  test('tables, columns and keys are told', async () => {
    await db
      .sql(
        'DROP TABLE IF EXISTS parts; CREATE TABLE parts (a INTEGER, b INTEGER, t_id BIGINT REFERENCES t (id), PRIMARY KEY (a, b), UNIQUE (t_id))',
      )
      .collect()
    const hasComments = name !== 'sqlite'
    if (hasComments)
      await db.sql("COMMENT ON TABLE parts IS 'all of them'; COMMENT ON COLUMN parts.b IS 'it''s one'").collect()
    await db.createDataFrame([{ x: 1 }]).collect()
    const tables = await db.catalog.listTables()
    expect(tables.map((each) => each.name).filter((each) => each !== 'things')).toEqual(['parts', 't'])
    expect(await db.catalog.listColumns('t')).toMatchObject([
      { name: 'id', type: 'BIGINT' },
      { name: 'label', type: 'VARCHAR' },
      { name: 'price', type: 'DOUBLE' },
    ])
    expect(tables.map(({ comment }) => comment)).toContain(hasComments ? 'all of them' : undefined)
    const columns = await db.catalog.listColumns('parts')
    expect(columns.map(({ comment }) => comment)).toEqual([undefined, hasComments ? "it's one" : undefined, undefined])
    const keys = await db.catalog.listKeys('parts')
    expect(keys).toContainEqual({ kind: 'primary', columns: ['a', 'b'] })
    expect(keys).toContainEqual({ kind: 'unique', columns: ['t_id'] })
    expect(keys).toContainEqual({ kind: 'foreign', columns: ['t_id'], references: { table: 't', columns: ['id'] } })
    expect(keys).toHaveLength(3)
    expect(await db.catalog.listKeys("no'such")).toEqual([])
    await db.sql('DROP TABLE parts').collect()
  })

  test('insert: rows, defaults, and what a query gives', async () => {
    expect(await db.table('t').insert([])).toBe(0)
    expect(await db.table('t').insert([{ id: 3 }])).toBe(1)
    const more = db.table('t').select(col('id').add(10).as('id'), col('price'))
    expect(await db.table('t').insert(more as never)).toBe(3)
    expect(await rows()).toEqual([
      [1n, "it's", 1.5],
      [2n, null, null],
      [3n, 'none', null],
      [11n, 'none', 1.5],
      [12n, 'none', null],
      [13n, 'none', null],
    ])
    await expect(db.table('t').insert([{ id: 5, labl: 'x' }])).rejects.toMatchObject({ code: 'COLUMN_NOT_FOUND' })
    await expect(db.table('t').insert([{ id: 'five' }])).rejects.toMatchObject({ code: 'TYPE_MISMATCH' })
    await expect(db.table('t').insert([{ id: 1 }])).rejects.toMatchObject({ code: 'INVALID_VALUE' })
  })

  test('update and delete, and how many', async () => {
    const t = db.table('t')
    expect(
      await t.update({ set: { price: col('id').mul(2), label: "'); DROP TABLE t; --" }, where: col('id').gt(1) }),
    ).toBe(1)
    expect(await t.update({ set: { price: col('price').add(1) } })).toBe(2)
    expect(await rows()).toEqual([
      [1n, "it's", 2.5],
      [2n, "'); DROP TABLE t; --", 5],
    ])
    expect(await t.delete(col('label').isNull())).toBe(0)
    expect(await t.delete(col('label').eq("it's"))).toBe(1)
    expect(await rows()).toEqual([[2n, "'); DROP TABLE t; --", 5]])
    await expect(t.update({ set: { nope: 1 } })).rejects.toMatchObject({ code: 'COLUMN_NOT_FOUND' })
  })

  test('upsert replaces by key', async () => {
    const changed = await db.table('t').upsert(
      [
        { id: 2, label: 'two' },
        { id: 3, label: 'three' },
      ],
      { key: 'id' },
    )
    expect(changed).toBe(2)
    expect(await rows()).toEqual([
      [1n, "it's", 1.5],
      [2n, 'two', null],
      [3n, 'three', null],
    ])
    await expect(db.table('t').upsert([{ label: 'x' }], { key: 'id' })).rejects.toMatchObject({
      code: 'COLUMN_NOT_FOUND',
    })
  })

  test('a transaction happens as a whole or not at all', async () => {
    await db.transaction(async (tx) => {
      await tx.table('t').delete(col('id').eq(1))
      await tx.table('t').insert(tx.createDataFrame([{ id: 7n, label: 'seven' }]) as never)
      expect(await tx.table('t').count()).toBe(2)
      await expect(tx.transaction(async () => {})).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })
    expect(await rows()).toEqual([
      [2n, null, null],
      [7n, 'seven', null],
    ])
    const failure = new Error('changed my mind')
    let kept: Session | undefined
    await expect(
      db.transaction(async (tx) => {
        kept = tx
        await tx.table('t').delete('id > 0')
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(await db.table('t').count()).toBe(2)
    await expect(kept!.table('t').count()).rejects.toMatchObject({ code: 'CLOSED' })
    await db.transaction(async (tx) => {
      await tx.table('t').insert([{ id: 8 }])
      const outside = db.table('t').count()
      if (name === 'postgres') expect(await outside).toBe(2)
      else await expect(outside).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    })
    expect(await db.table('t').count()).toBe(3)
  })
})

test('a session that is closed says so', async () => {
  for (const [name, open] of engines) {
    if (name === 'postgres' && why !== undefined) continue
    const db = await open()
    await db.close()
    await db.close()
    await expect(db.sql('SELECT 1').collect()).rejects.toMatchObject({ code: 'CLOSED' })
  }
})
