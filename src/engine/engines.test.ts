import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import type { Session } from '../connect/session.ts'
import { col } from '../expr/col.ts'
import * as F from '../functions.ts'
import { missingPostgres, postgresCluster } from './fixtures/postgres-cluster.ts'
import type { PostgresCluster } from './fixtures/postgres-cluster.ts'

const why = missingPostgres()
let cluster: PostgresCluster | undefined

beforeAll(async () => {
  if (why === undefined) cluster = await postgresCluster()
})
afterAll(() => cluster?.stop())

const engines: readonly (readonly [name: string, open: () => Promise<Session>])[] = [
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

  test('rows come in batches, and a result may be left', async () => {
    const numbers = db.createDataFrame({ n: Array.from({ length: 20_000 }, (_, index) => index) })
    const stream = await numbers.orderBy('n').batches()
    const first = await stream.next()
    expect(first!.length).toBeLessThan(20_000)
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

test('a session that is closed says so', async () => {
  for (const [name, open] of engines) {
    if (name === 'postgres' && why !== undefined) continue
    const db = await open()
    await db.close()
    await db.close()
    await expect(db.sql('SELECT 1').collect()).rejects.toMatchObject({ code: 'CLOSED' })
  }
})
