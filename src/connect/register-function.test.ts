import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { connect } from '../connect.ts'
import { isLakefrontError } from '../errors.ts'
import type { LakefrontError } from '../errors.ts'
import type { Session } from './session.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)

async function failure(work: () => unknown): Promise<LakefrontError> {
  try {
    await work()
  } catch (error) {
    if (isLakefrontError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** Types, and a value of each as functions are given it and as they may return it. */
const everyType: readonly (readonly [type: string, sql: string])[] = [
  ['boolean', 'true'],
  ['tinyint', '-128'],
  ['usmallint', '65535'],
  ['integer', '-2147483648'],
  ['bigint', '9223372036854775807'],
  ['ubigint', '18446744073709551615'],
  ['hugeint', '170141183460469231731687303715884105727'],
  ['float', '0.1'],
  ['double', "'-inf'::DOUBLE"],
  ['decimal(18,3)', '-12345.678'],
  ['decimal(38,10)', '1234567890123456789012345678.0123456789'],
  ['varchar', "'naïve 🦆, longer than twelve bytes'"],
  ['json', `'{"a": [1]}'`],
  ['blob', "'\\x00\\xFF'::BLOB"],
  ['uuid', "'47183823-2574-4bfd-b411-99ed177d3e43'"],
  ['date', "DATE '0044-03-15 (BC)'"],
  ['time', "TIME '23:59:59.999999'"],
  ['timestamp', "TIMESTAMP '2026-11-21 12:00:00.123456'"],
  ['timestamp_ns', "TIMESTAMP_NS '2026-11-21 12:00:00.123456789'"],
  ['timestamptz', "TIMESTAMPTZ '2026-11-21 12:00:00+00'"],
  ['interval', "INTERVAL '1 month 2 days 3 hours'"],
  ['integer[]', '[1, NULL, 3]'],
  ['varchar[2]', "['a', NULL]"],
  ['struct(a integer, b varchar[])', "{'a': 1, 'b': ['x', NULL]}"],
  ['map(varchar, double)', "MAP {'k': 1.5}"],
  ["enum('happy', 'sad')", "'sad'"],
]

describe.each([true, false])('functions of the application, with worker: %s', (worker) => {
  let db: Session
  beforeAll(async () => {
    db = await connect({ worker, workerUrl })
  })
  afterAll(() => db.close())

  const rows = (sql: string): Promise<object[]> => db.sql(sql).collect()

  test('are called by row, from SQL and from DataFrames', async () => {
    const slug = db.registerFunction('slug', (title) => title.toLowerCase().replace(/\W+/g, '-'), {
      args: ['varchar'],
      returns: 'varchar',
    })
    expect(await rows("SELECT slug('Hello, World') AS s, slug(NULL) AS n")).toEqual([{ s: 'hello-world', n: null }])
    const posts = db.createDataFrame([{ title: 'A  B' }, { title: null }, { title: 'Ünï' }])
    const frame = posts.select('title', slug('title').as('s'))
    expect(await frame.collect()).toEqual([
      { title: 'A  B', s: 'a-b' },
      { title: null, s: null },
      { title: 'Ünï', s: '-n-' },
    ])
    const [field] = (await frame.select('s').schema()).fields
    expect(field!.type).toEqual({ kind: 'varchar' })
    await slug.ready
  })

  test.each(everyType)('carry %s in and out', async (type, sql) => {
    db.registerFunction('same', (value) => value, { args: [type], returns: type })
    const [row] = (await rows(
      `SELECT same(x) IS NOT DISTINCT FROM x AS same, typeof(same(x)) = typeof(x) AS type, same(NULL) IS NULL AS n FROM (SELECT CAST(${sql} AS ${type}) AS x)`,
    )) as [Record<string, boolean>]
    expect(row).toEqual({ same: true, type: true, n: true })
  })

  test('are given nulls when they ask for them', async () => {
    db.registerFunction('orElse', (value, other) => value ?? other, {
      args: ['integer', 'integer'],
      returns: 'integer',
      nulls: 'pass',
    })
    expect(await rows('SELECT orElse(NULL, 2) AS a, orElse(1, NULL) AS b, orElse(NULL, NULL) AS c')).toEqual([
      { a: 2, b: 1, c: null },
    ])
  })

  test('are called with columns', async () => {
    const squared = db.registerFunction('squared', (values: Float64Array) => values.map((value) => value * value), {
      args: ['double'],
      returns: 'double',
      form: 'columns',
    })
    expect(await rows('SELECT sum(squared(i)) AS s, count(squared(NULLIF(i, 3))) AS n FROM range(5000) t(i)')).toEqual([
      { s: 41654167500, n: 4999n },
    ])
    const frame = db.createDataFrame({ x: [1, 2, null] }, { x: 'double' }).select(squared('x').as('y'))
    expect(await frame.collect()).toEqual([{ y: 1 }, { y: 4 }, { y: null }])
  })

  test('are aggregates', async () => {
    const product = db.registerFunction(
      'product_of',
      {
        init: () => ({ value: 1 }),
        step: (state, x) => {
          state.value *= x
          return state
        },
        merge: (a, b) => ({ value: a.value * b.value }),
        finish: (state) => state.value,
      },
      { args: ['double'], returns: 'double' },
    )
    expect(await rows('SELECT i % 2 AS g, product_of(i) AS p FROM range(1, 7) t(i) GROUP BY g ORDER BY g')).toEqual([
      { g: 0n, p: 48 },
      { g: 1n, p: 15 },
    ])
    expect(
      await rows('SELECT product_of(NULL::DOUBLE) AS n, product_of(i) FILTER (i > 9) AS none FROM range(3) t(i)'),
    ).toEqual([{ n: 1, none: 1 }])
    expect(
      await rows('SELECT i, product_of(i) OVER (ORDER BY i ROWS 1 PRECEDING) AS p FROM range(1, 5) t(i) ORDER BY i'),
    ).toEqual([1n, 2n, 3n, 4n].map((i) => ({ i, p: Number(i) * Math.max(1, Number(i) - 1) })))
    const numbers = db.createDataFrame({ k: ['a', 'b', 'a'], x: [2, 3, 5] })
    expect(await numbers.groupBy('k').agg(product('x').as('p')).orderBy('k').collect()).toEqual([
      { k: 'a', p: 10 },
      { k: 'b', p: 3 },
    ])
    const many = await rows(
      'SELECT count(*) AS n, sum(p)::BIGINT AS s FROM (SELECT i % 3000 AS g, product_of(1) AS p FROM range(20000) t(i) GROUP BY g)',
    )
    expect(many).toEqual([{ n: 3000n, s: 3000n }])
  })

  test('come from modules', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lakefront-functions-'))
    writeFileSync(join(folder, 'base.mjs'), 'export const base = 40')
    writeFileSync(
      join(folder, 'functions.mjs'),
      "import { base } from './base.mjs'\nexport const answer = (x) => base + x",
    )
    const module = pathToFileURL(join(folder, 'functions.mjs'))
    const answer = db.registerFunction('answer', { module }, { args: ['integer'], returns: 'integer' })
    expect(await rows('SELECT answer(2) AS a')).toEqual([{ a: 42 }])
    await answer.ready
    db.registerFunction('absent', { module, export: 'nothing' }, { args: [], returns: 'integer' })
    const error = await failure(() => rows('SELECT absent()'))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(error.message).toContain('Exports: answer')
    rmSync(folder, { recursive: true })
  })

  test('say which row they failed at', async () => {
    db.registerFunction(
      'positive',
      (x) => {
        if (x < 0) throw new RangeError('too small')
        return x
      },
      { args: ['integer'], returns: 'integer' },
    )
    const error = await failure(() =>
      rows('SELECT positive(CASE WHEN i = 3000 THEN -1 ELSE i END::INTEGER) FROM range(5000) t(i)'),
    )
    expect(error.code).toBe('UDF_FAILED')
    expect(error.details).toMatchObject({ function: 'positive', row: 3001 })
    expect(error.message).toBe(
      'The function "positive" failed at row 3001 of those it was given: RangeError: too small',
    )
    expect(await rows('SELECT TRY(positive(-1)) AS n, positive(1) AS one')).toEqual([{ n: null, one: 1 }])
  })

  test.each([
    ['a value of another type', (): unknown => 'text', /It has to return INTEGER/],
    ['a promise', (): unknown => Promise.resolve(1), /returned a promise/],
    ['nothing that fits', (): unknown => 2 ** 40, /It has to return INTEGER/],
  ])('may not return %s', async (_, fn, message) => {
    db.registerFunction('wrong', fn as () => number, { args: [], returns: 'integer', volatile: true })
    const error = await failure(() => rows('SELECT wrong()'))
    expect(error.code).toBe('UDF_FAILED')
    expect(error.message).toMatch(message)
  })

  test('may not return fewer values than rows', async () => {
    db.registerFunction('short', () => [1], { args: ['bigint'], returns: 'integer', form: 'columns' })
    expect((await failure(() => rows('SELECT short(i) FROM range(3) t(i)'))).message).toContain('one array of 3 values')
  })

  test('are called anew for every row when they are volatile', async () => {
    db.registerFunction('dice', () => Math.random(), { args: [], returns: 'double', volatile: true })
    expect(await rows('SELECT count(DISTINCT dice()) > 90 AS many FROM range(100)')).toEqual([{ many: true }])
  })

  test('are replaced and forgotten', async () => {
    db.registerFunction('which', () => 1, { args: [], returns: 'integer' })
    expect(await rows('SELECT which() AS w')).toEqual([{ w: 1 }])
    db.registerFunction('which', () => 'two', { args: [], returns: 'varchar' })
    expect(await rows('SELECT which() AS w')).toEqual([{ w: 'two' }])
    await db.unregisterFunction('which')
    expect((await failure(() => rows('SELECT which()'))).code).toBe('FUNCTION_NOT_FOUND')
    await db.unregisterFunction('never there')
    db.registerFunction('which', () => 3, { args: [], returns: 'double' })
    expect(await rows('SELECT which() AS w')).toEqual([{ w: 3 }])
    expect((await failure(() => rows('SELECT which(1)'))).message).toContain('takes 0 arguments')
    const agg = {
      init: () => 0,
      step: (n: number) => n + 1,
      merge: (a: number, b: number) => a + b,
      finish: (n: number) => n,
    }
    db.registerFunction('how_many', agg, { args: ['integer'], returns: 'integer' })
    expect(await rows('SELECT how_many(i::INTEGER) AS n FROM range(5) t(i)')).toEqual([{ n: 5 }])
    db.registerFunction('how_many', { ...agg, finish: (n: number) => -n }, { args: ['integer'], returns: 'integer' })
    expect(await rows('SELECT how_many(i::INTEGER) AS n FROM range(5) t(i)')).toEqual([{ n: -5 }])
    const other = db.registerFunction('how_many', agg, { args: ['varchar'], returns: 'integer' })
    expect((await failure(() => other.ready)).code).toBe('UNSUPPORTED')
  })

  test('leave results alone that were begun before they were replaced', async () => {
    db.registerFunction('shape', (i) => i, { args: ['bigint'], returns: 'bigint' })
    const batches = db.sql('SELECT shape(i) AS s FROM range(400000) t(i)').stream()[Symbol.asyncIterator]()
    let count = (await batches.next()).value!.numRows
    await db.registerFunction('shape', () => ['text'], { args: ['bigint'], returns: 'varchar[]' }).ready
    for (let step = await batches.next(); step.done !== true; step = await batches.next()) count += step.value.numRows
    expect(count).toBe(400000)
    expect(await rows('SELECT shape(1) AS s')).toEqual([{ s: ['text'] }])
  })

  test('do not take the names of the engine', async () => {
    const lower = db.registerFunction('lower', (s) => s, { args: ['varchar'], returns: 'varchar' })
    expect((await failure(() => lower.ready)).message).toContain("function of the engine's own")
    expect(await rows("SELECT lower('A') AS a")).toEqual([{ a: 'a' }])
  })

  test('have names that need quotes', async () => {
    const odd = db.registerFunction('my "odd" fn', (x) => x + 1, { args: ['integer'], returns: 'integer' })
    expect(
      await db
        .createDataFrame([{ x: 1 }])
        .select(odd('x').as('y'))
        .collect(),
    ).toEqual([{ y: 2 }])
  })
})

describe('what is refused at once', () => {
  let db: Session
  beforeAll(async () => {
    db = await connect({ worker: false, workerUrl })
  })
  afterAll(() => db.close())
  const types = { args: ['integer'], returns: 'integer' } as const

  test('closures, by the names they use', async () => {
    const factor = 3
    const error = await failure(() => db.registerFunction('scaled', (x) => x * factor, types))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain('"factor"')
    expect(error.message).toContain('module')
  })

  test.each([
    ['native functions', Math.abs, /native/],
    ['functions that wait', async (x: number) => x, /cannot wait/],
    ['what is no function', 42, /takes a function/],
    ['half an aggregate', { init: () => 0 }, /takes a function/],
    ['a module by a relative address', { module: './x.js' }, /absolute address/],
  ])('%s', async (_, fn, message) => {
    expect((await failure(() => db.registerFunction('f', fn as () => number, types))).message).toMatch(message)
  })

  test('functions without types', async () => {
    expect((await failure(() => db.registerFunction('f', (x) => x, {} as typeof types))).message).toContain(
      'needs the types',
    )
    expect((await failure(() => db.registerFunction('f', (x) => x, { ...types, returns: 'intger' }))).code).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('calls with another number of arguments', async () => {
    const f = db.registerFunction('one', (x) => x, types)
    expect((await failure(() => f('a', 'b'))).message).toBe('one() takes 1 arguments (INTEGER); 2 were given.')
  })
})

test('functions outlive the worker they were sent to', async () => {
  const { Worker } = await import('node:worker_threads')
  const workers: InstanceType<typeof Worker>[] = []
  const { supervisedEngine } = await import('../rpc/supervised-engine.ts')
  const { nodeWorker } = await import('../rpc/node-worker.ts')
  const engine = await supervisedEngine(() => {
    const worker = new Worker(workerUrl, { workerData: 'lakefront.engine' })
    workers.push(worker)
    return nodeWorker(worker, 'engine')
  })
  await engine.registerFunction!({
    name: 'twice',
    form: 'rows',
    code: { source: '(x) => x * 2' },
    args: [{ kind: 'integer' }],
    returns: { kind: 'integer' },
    takesNulls: false,
    isVolatile: false,
  })
  await workers[0]!.terminate()
  const result = await engine.execute({ sql: 'SELECT twice(21) AS t' })
  const batch = await result.next()
  expect(new Int32Array(batch!.columns[0]!.values!.buffer)[0]).toBe(42)
  expect(workers).toHaveLength(2)
  await engine.close()
})
