import { DuckDBInstance } from '@duckdb/node-api'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import * as F from '../functions.ts'
import { table } from '../plan/leaf.ts'
import { createDataFrame } from './create-data-frame.ts'
import { DataFrame } from './dataframe.ts'
import { engineExecutor } from './engine-executor.ts'
import type { Executor } from './executor.ts'
import { Reader } from './reader.ts'
import { sqlFrame } from './sql-frame.ts'

interface Flight {
  id: number
  origin: string | null
  delay: number | null
}

let engine: Engine
let session: Executor
let read: Reader
let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'lakefront-'))
  path = joinPath(folder, 'flights.parquet')
  const native = await (await DuckDBInstance.create(':memory:')).connect()
  await native.run(
    `COPY (SELECT i::INTEGER AS id, CASE WHEN i % 5 = 0 THEN NULL ELSE ['SEA', 'JFK', 'LAX'][i % 3 + 1] END AS origin, (i * 7 % 200 - 20)::INTEGER AS delay
     FROM range(100000) t(i)) TO '${path}' (ROW_GROUP_SIZE 10000)`,
  )
  engine = await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)))
  session = engineExecutor(engine)
  read = new Reader(session)
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const people = () =>
  createDataFrame(session, [
    { id: 1, name: 'Ada', age: 36 },
    { id: 2, name: 'Bob', age: null },
    { id: 3, name: 'Cy', age: 7 },
  ])
const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  )

describe('actions', () => {
  test('collect, over a file: what native DuckDB says', async () => {
    const worst = read
      .parquet<Flight>(path)
      .filter(col('delay').gt(60).and(col('origin').isin('SEA', 'JFK')))
      .withColumn('hours', col('delay').div(60))
      .groupBy('origin')
      .agg(F.count().as('n'), F.round(F.avg('hours'), 9).as('mean_hours'), F.sum('delay').as('total'))
      .orderBy(col('n').desc(), 'origin')
    const native = await (await DuckDBInstance.create(':memory:')).connect()
    const expected = await native.runAndReadAll(
      `SELECT origin, count(*) AS n, round(avg(delay / 60), 9) AS mean_hours, sum(delay) AS total FROM '${path}' WHERE delay > 60 AND origin IN ('SEA', 'JFK') GROUP BY origin ORDER BY n DESC, origin`,
    )
    const rows = await worst.collect()
    expect(rows).toEqual(expected.getRowObjects())
    expect(rows).toHaveLength(2)
  })

  test('first, head, take, count, isEmpty', async () => {
    const frame = people().orderBy('id')
    expect(await frame.first()).toEqual({ id: 1, name: 'Ada', age: 36 })
    expect(await frame.head()).toEqual({ id: 1, name: 'Ada', age: 36 })
    expect(await frame.head(2)).toHaveLength(2)
    expect((await frame.take(2)).map(({ name }) => name)).toEqual(['Ada', 'Bob'])
    expect(await frame.count()).toBe(3)
    expect(await frame.isEmpty()).toBe(false)
    const none = frame.filter(lit(false))
    expect([await none.first(), await none.head(5), await none.count(), await none.isEmpty()]).toEqual([
      undefined,
      [],
      0,
      true,
    ])
    expect(await read.parquet(path).count()).toBe(100_000)
  })

  test('toArrow, toColumns and stream hold the same rows', async () => {
    const frame = read.parquet<Flight>(path).filter(col('id').lt(30_000))
    const arrow = await frame.toArrow()
    expect(arrow.numRows).toBe(30_000)
    expect(arrow.schema.fields.map(({ name }) => name)).toEqual(['id', 'origin', 'delay'])
    const columns = await frame.toColumns()
    expect(columns['id']).toBeInstanceOf(Int32Array)
    expect(columns['id']).toHaveLength(30_000)
    let rows = 0
    for await (const batch of frame.stream()) rows += batch.numRows
    expect(rows).toBe(30_000)
  })

  test('leaving a stream early gives the engine back', async () => {
    for await (const batch of read.parquet(path).stream()) {
      expect(batch.numRows).toBeGreaterThan(0)
      break
    }
    expect(await people().count()).toBe(3)
  })

  test('show prints, and says when there is more', async () => {
    const texts: string[] = []
    await people()
      .orderBy('id')
      .show(2, { print: (text) => texts.push(text) })
    await people()
      .filter(col('id').eq(3))
      .show(2, { print: (text) => texts.push(text) })
    expect(texts).toEqual([
      `+----+------+------+
| id | name |  age |
+----+------+------+
|  1 | Ada  |   36 |
|  2 | Bob  | NULL |
+----+------+------+
only showing top 2 rows`,
      `+----+------+-----+
| id | name | age |
+----+------+-----+
|  3 | Cy   |   7 |
+----+------+-----+`,
    ])
  })

  test('schema, columns, dtypes, printSchema', async () => {
    const frame = read.parquet<Flight>(path).withColumn('share', col('delay').div(2)).drop('origin')
    expect((await frame.schema()).fields.map(({ name, type }) => `${name} ${type.kind}`)).toEqual([
      'id integer',
      'delay integer',
      'share double',
    ])
    expect(await frame.columns()).toEqual(['id', 'delay', 'share'])
    expect(await frame.dtypes()).toEqual([
      ['id', 'INTEGER'],
      ['delay', 'INTEGER'],
      ['share', 'DOUBLE'],
    ])
    let text = ''
    await people().printSchema({ print: (tree) => (text = tree) })
    expect(text).toBe(
      'root\n |-- id: INTEGER (nullable = true)\n |-- name: VARCHAR (nullable = true)\n |-- age: INTEGER (nullable = true)',
    )
  })

  test('explain in all its modes', async () => {
    const frame = read.parquet<Flight>(path).filter(col('delay').gt(100)).select('id')
    expect(await frame.explain()).toBe(`Project id\n└─ Filter (delay > 100)\n   └─ Scan parquet ${path}`)
    expect(await frame.explain({ mode: 'sql' })).toBe(await frame.toSQL())
    expect(await frame.toSQL()).toMatch(/^SELECT "id"\nFROM lf_scan\('flights\.parquet#\w+'\)\nWHERE "delay" > 100$/)
    expect(await frame.explain({ mode: 'physical' })).toMatch(/LF_SCAN/)
    const analyzed = await frame.explain({ mode: 'analyze' })
    expect(analyzed).toMatch(/Total \d+ ms, planning \d+ ms, computing \d+ ms/)
    expect(analyzed).toMatch(/Scan .*flights\.parquet: \d+ of 10 row groups/)
    expect(JSON.parse(await frame.explain({ mode: 'engine' }))).toBeInstanceOf(Array)
  })

  test('toSQL stands alone: values are literals, also those bound', async () => {
    const frame = sqlFrame(session, 'SELECT ? AS a, $name AS b'.replace('?', '$x'), { x: "it's", name: new Date(0) })
    expect(await frame.toSQL()).toBe(`SELECT 'it''s' AS a, TIMESTAMP '1970-01-01 00:00:00' AS b`)
    expect(await frame.collect()).toEqual([{ a: "it's", b: '1970-01-01 00:00:00' }])
  })
})

describe('sources', () => {
  test('bytes, blobs and several files', async () => {
    const { readFile } = await import('node:fs/promises')
    const bytes = new Uint8Array(await readFile(path))
    expect(await read.parquet(bytes).count()).toBe(100_000)
    expect(await read.parquet([new Blob([bytes]), path]).count()).toBe(200_000)
  })

  test('some columns, in the order they are asked for', async () => {
    const frame = read.parquet<Flight>(path, { columns: ['delay', 'id'] })
    expect(await frame.columns()).toEqual(['delay', 'id'])
    expect(() => read.parquet(path, { schema: { id: 'int' } }).select('delay')).toThrow(
      'Column "delay" not found. Columns: id.',
    )
    expect(await rejection(read.parquet(path, { schema: { idd: 'int' } }).collect())).toMatchObject({
      code: 'COLUMN_NOT_FOUND',
      details: { nearest: 'id' },
    })
  })

  test('types that are declared are those of the columns, and texts of CSV are read as them', async () => {
    expect(
      await read
        .parquet(path, { schema: { id: 'varchar' } })
        .limit(1)
        .dtypes(),
    ).toEqual([['id', 'VARCHAR']])
    const text = new TextEncoder().encode('zip,n\n01234,1\n99,2\n')
    const declared = { schema: { n: 'double', zip: 'varchar' } } as const
    expect(await read.csv(text, declared).collect()).toEqual([
      { n: 1, zip: '01234' },
      { n: 2, zip: '99' },
    ])
    const [one, two] = ['a,b\n1,2\n', 'a\n03\n'].map((each) => new TextEncoder().encode(each)) as [
      Uint8Array,
      Uint8Array,
    ]
    expect(await read.csv([one, two], { schema: { a: 'varchar', b: 'tinyint' } }).collect()).toEqual([
      { a: '1', b: 2 },
      { a: '03', b: null },
    ])
    expect(await read.json(new TextEncoder().encode('{"a":1}'), { schema: { a: 'varchar' } }).collect()).toEqual([
      { a: '1' },
    ])
  })

  test('options are checked when they are given', () => {
    expect(() => read.json(path, { sample_size: -1 } as never)).toThrow(/no option "sample_size".*"sampleSize"/)
    expect(() => read.json(path, { sampleSize: 1.5 })).toThrow(/sampleSize has to be/)
    expect(() => read.avro(path, { readerSchema: 5 as never })).toThrow(/readerSchema has to be/)
    expect(() => read.parquet(path, { column: ['id'] } as never)).toThrow(/no option "column".*"columns"/)
  })

  test.each([[[]], [''], [['a', 5]], [new ArrayBuffer(4)], [null], [undefined], [{}]])('%j is no file', (source) => {
    expect(() => read.parquet(source as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('rows that change later change nothing, and none are fine', async () => {
    const rows = [{ a: 1 }]
    const frame = createDataFrame(session, rows)
    rows[0]!.a = 2
    expect(await frame.collect()).toEqual([{ a: 1 }])
    expect(await createDataFrame(session, [], { a: 'int' }).collect()).toEqual([])
    expect(await createDataFrame(session, { a: new Int32Array([1, 2]), b: ['x', null] }).collect()).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: null },
    ])
  })

  test('columns with names that SQL can hardly say', async () => {
    const frame = createDataFrame(session, [{ 'a"b': 1, select: 2, 'ü 🦆': 3, "it's": 4, 'a.b': 5 }])
    expect(
      await frame.select('a"b', 'select', 'ü 🦆', "it's", 'a.b').filter(col('a.b').eq(5)).orderBy('a"b').collect(),
    ).toEqual([{ 'a"b': 1, select: 2, 'ü 🦆': 3, "it's": 4, 'a.b': 5 }])
  })

  test('columns whose names differ by case or are empty', async () => {
    const frame = createDataFrame(session, { a: [1], A: [2], '': [3] })
    expect(await frame.select(col('a').as('x'), col('A').as('y')).collect()).toEqual([{ x: 1, y: 2 }])
    expect(await rejection(frame.collect())).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('ten thousand columns', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `c${index}`)
    const wide = createDataFrame(session, Object.fromEntries(names.map((name, index) => [name, [index]])))
    const row = await wide.withColumn('c5', col('c6').add(1)).drop('c7').select('c5', 'c9999').first()
    expect(row).toEqual({ c5: 7, c9999: 9999 })
  })

  test('SQL with DataFrames, values, and a join of three kinds of source', async () => {
    const frame = people()
    const older = sqlFrame<{ name: string; origin: string }>(
      session,
      ...template`SELECT p.name, f.origin FROM ${frame.filter(col('age').gt(10))} p JOIN ${read.parquet(path)} f USING (id) WHERE f.delay < ${1000} AND p.name IN ${['Ada', 'Bob']}`,
    )
    expect(await older.join(frame.select('name', 'age'), 'name').collect()).toEqual([
      { name: 'Ada', origin: 'JFK', age: 36 },
    ])
  })
})

function template(text: TemplateStringsArray, ...values: readonly unknown[]): [TemplateStringsArray, ...unknown[]] {
  return [text, ...values]
}

describe('mistakes', () => {
  test('a wrong name fails before any query runs, with the nearest', async () => {
    expect(() => people().filter(col('agee' as 'age').gt(1))).toThrow(
      'Column "agee" not found. Columns: id, name, age. Did you mean "age"?',
    )
    expect(await rejection(read.parquet(path).select('delayed').collect())).toMatchObject({
      code: 'COLUMN_NOT_FOUND',
      details: { nearest: 'delay' },
    })
    expect(await rejection(new DataFrame(session, table('nothing')).collect())).toMatchObject({
      code: 'TABLE_NOT_FOUND',
    })
  })

  test('two columns of one name cannot become an object', async () => {
    const both = people()
      .alias('a')
      .join(people().alias('b'), col('a.id').eq(col('b.id')))
    expect(await both.count()).toBe(3)
    expect(await rejection(both.collect())).toMatchObject({ code: 'COLUMN_AMBIGUOUS' })
    expect(await both.select('a.id', col('b.name').as('other')).orderBy('id').first()).toEqual({ id: 1, other: 'Ada' })
  })

  test('DataFrames of two sessions do not mix', () => {
    const elsewhere = createDataFrame(engineExecutor(engine), [{ id: 1 }])
    expect(() => people().join(elsewhere, 'id')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => sqlFrame(session, ...template`SELECT * FROM ${elsewhere}`)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
    expect(() => people().union({} as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test.each([[undefined], [{}], [() => 1], [[]], [[1, undefined]]])('%j cannot stand in a template', (value) => {
    expect(() => sqlFrame(session, ...template`SELECT ${value}`)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  test('a missing file fails every time, and the session goes on', async () => {
    const gone = read.parquet(joinPath(folder, 'gone.parquet'))
    expect(await rejection(gone.collect())).toMatchObject({ code: 'NOT_FOUND' })
    expect(await rejection(gone.count())).toMatchObject({ code: 'NOT_FOUND' })
    expect(await people().count()).toBe(3)
  })

  test('an abort before and during rethrows its reason', async () => {
    const reason = new Error('enough')
    expect(await rejection(people().collect({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    const controller = new AbortController()
    const slow = rejection(
      sqlFrame(session, 'SELECT count(*) FROM range(100000000000)').collect({ signal: controller.signal }),
    )
    setTimeout(() => controller.abort(reason), 50)
    expect(await slow).toBe(reason)
    expect(await people().first()).toBeDefined()
  })

  test('a direction is no column', () => {
    expect(() => people().select(col('id').desc())).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

test('sources nobody holds any more are given back', async () => {
  const given: string[] = []
  const watched: Engine = { ...bound(engine), unregister: async (id) => void given.push(id) }
  const executor = engineExecutor(watched)
  await (async () => {
    expect(await createDataFrame(executor, [{ a: 1 }]).count()).toBe(1)
  })()
  if (globalThis.gc === undefined) {
    const { setFlagsFromString } = await import('node:v8')
    const { runInNewContext } = await import('node:vm')
    setFlagsFromString('--expose-gc')
    globalThis.gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
  }
  for (let attempt = 0; attempt < 50 && given.length === 0; attempt++) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(given).toEqual([expect.stringMatching(/^rows#/)])
})

/** The methods of an engine, for a copy of it that watches one. */
function bound(whole: Engine): Engine {
  return {
    info: whole.info,
    register: (source) => whole.register(source),
    unregister: (id) => whole.unregister(id),
    describe: (statement, options) => whole.describe(statement, options),
    execute: (statement, options) => whole.execute(statement, options),
    close: () => whole.close(),
    [Symbol.asyncDispose]: () => whole.close(),
  }
}
