import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import type { LakefrontError } from '../../errors.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Row } from '../../types/rows.ts'
import type { Engine, ExecuteOptions, Statement } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)
const flights = 'node_modules/vega-datasets/data/flights-3m.parquet'

async function batchesOf(
  engine: Engine,
  sql: string,
  parameters?: Statement['parameters'],
  options?: ExecuteOptions,
): Promise<ColumnBatch[]> {
  const result = await engine.execute({ sql, ...(parameters === undefined ? {} : { parameters }) }, options)
  const batches: ColumnBatch[] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next()) batches.push(batch)
  return batches
}

async function rowsOf(
  engine: Engine,
  sql: string,
  parameters?: Statement['parameters'],
  options?: ExecuteOptions,
): Promise<Row[]> {
  return (await batchesOf(engine, sql, parameters, options)).flatMap(rowsFromBatch)
}

async function failure(work: Promise<unknown>): Promise<LakefrontError> {
  const error = await work.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  if (!isLakefrontError(error)) throw error
  return error
}

/** What native DuckDB answers to the same text, as text. */
async function native(sql: string): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run("SET TimeZone = 'UTC'")
  return (await connection.runAndReadAll(sql)).getRows() as unknown[][]
}

/** Types that cannot leave the engine. */
const uncarried = ['BIGNUM', 'GEOMETRY', 'VARIANT']

describe.each(['slim', 'full'] as const)('the %s binary', (binary) => {
  let engine: Engine

  beforeAll(async () => {
    engine = await openEngine(nodeHost(wasm), { binary })
  })
  afterAll(() => engine.close())

  test('tells what it is', () => {
    expect(engine.info).toMatchObject({ name: 'duckdb-wasm', version: 'v1.5.6', binary })
    expect(engine.info.suspends).toBe('Suspending' in WebAssembly)
  })

  test('carries every type out exactly, and back in', async () => {
    const { fields } = await engine.describe({
      sql: "SELECT COLUMNS(c -> c NOT IN ('bignum', 'geometry', 'variant')) FROM test_all_types()",
    })
    const names = fields.map((field) => field.name)
    expect(names.length).toBeGreaterThan(50)
    // Native DuckDB prints TIMESTAMPTZ by ICU, which rounds the last microsecond of time; the number behind it is compared.
    const texts = names
      .map((name) => `CAST(${name === 'timestamp_tz' ? `epoch_us("${name}")` : `"${name}"`} AS VARCHAR)`)
      .join(', ')
    const expected = await native(`SELECT ${texts} FROM test_all_types()`)
    const select = `SELECT ${names.map((name) => `"${name}"`).join(', ')} FROM test_all_types()`

    const inside = await rowsOf(engine, `SELECT ${texts} FROM test_all_types()`)
    expect(inside.map((row) => Object.values(row))).toEqual(expected)

    const batches = await batchesOf(engine, select)
    await engine.register({ id: 'all types', format: 'batches', schema: batches[0]!.schema, batches })
    const back = await rowsOf(engine, `SELECT ${texts} FROM lf_scan('all types')`)
    names.forEach((name, index) => {
      expect(
        back.map((row) => Object.values(row)[index]),
        name,
      ).toEqual(expected.map((row) => row[index]))
    })
    const types = await rowsOf(engine, `DESCRIBE FROM lf_scan('all types')`)
    const before = await rowsOf(engine, `DESCRIBE ${select}`)
    expect(types.map((row) => row['column_type'])).toEqual(before.map((row) => row['column_type']))
  })

  test.each(uncarried)('names a column of type %s that cannot be carried', async (type) => {
    const error = await failure(batchesOf(engine, `SELECT CAST(NULL AS ${type}) AS odd`))
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.message).toContain(type)
    expect(error.message).toContain('CAST("odd" AS VARCHAR)')
  })

  test('binds every kind of value with its own type', async () => {
    const values = [
      null,
      true,
      7,
      2 ** 40,
      1.5,
      -0,
      2n ** 63n - 1n,
      2n ** 100n,
      'naïve 🦆',
      new Date(1234),
      Uint8Array.of(0, 255),
    ]
    const [types] = await rowsOf(
      engine,
      `SELECT ${values.map((_, index) => `typeof($${index + 1}) AS t${index}`).join(', ')}`,
      values,
    )
    expect(Object.values(types!)).toEqual([
      '"NULL"',
      'BOOLEAN',
      'INTEGER',
      'BIGINT',
      'DOUBLE',
      'DOUBLE',
      'BIGINT',
      'HUGEINT',
      'VARCHAR',
      'TIMESTAMP',
      'BLOB',
    ])
    const [row] = await rowsOf(
      engine,
      `SELECT ${values.map((_, index) => `$${index + 1} AS v${index}`).join(', ')}`,
      values,
    )
    expect(Object.values(row!)).toEqual([
      null,
      true,
      7,
      1_099_511_627_776n,
      1.5,
      -0,
      2n ** 63n - 1n,
      2n ** 100n,
      'naïve 🦆',
      '1970-01-01 00:00:01.234',
      Uint8Array.of(0, 255),
    ])
    expect(await rowsOf(engine, 'SELECT $b || $a AS t', { a: 'x', b: 'y' })).toEqual([{ t: 'yx' }])
  })

  test('says which parameter is missing or cannot be bound, without its value', async () => {
    expect((await failure(rowsOf(engine, 'SELECT ?, ?', [1]))).message).toContain('2 parameters, but 1')
    expect((await failure(rowsOf(engine, 'SELECT $who', { other: 1 }))).message).toContain('$who')
    const error = await failure(rowsOf(engine, 'SELECT ?', [{ secret: 'hunter2' } as never]))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).not.toContain('hunter2')
  })

  test('runs a script and returns the rows of its last statement', async () => {
    const rows = await rowsOf(
      engine,
      'CREATE OR REPLACE TABLE script AS SELECT 1 AS a; INSERT INTO script VALUES (2);; SELECT sum(a) AS s FROM script -- end',
    )
    expect(rows).toEqual([{ s: 3n }])
  })

  test('streams large results in batches of bounded size, in order', async () => {
    const result = await engine.execute({ sql: 'SELECT range AS i, CAST(range AS VARCHAR) AS s FROM range(1000000)' })
    let expected = 0n
    let batches = 0
    for (let batch = await result.next(); batch !== undefined; batch = await result.next()) {
      expect(batch.length).toBeLessThanOrEqual(122_880 + 2048)
      const [first] = rowsFromBatch({ ...batch, length: 1 })
      expect(first).toEqual({ i: expected, s: String(expected) })
      expected += BigInt(batch.length)
      batches++
    }
    expect(expected).toBe(1_000_000n)
    expect(batches).toBeGreaterThan(5)
    expect((await result.metrics()).rows).toBe(1_000_000)
  })

  test('reads Parquet named in SQL text as native DuckDB does', async () => {
    const sql = `SELECT origin, count(*)::VARCHAR AS n, CAST(avg(delay) AS DECIMAL(18,6))::VARCHAR AS d, max(destination) AS m
      FROM '${flights}' WHERE delay > 60 AND distance BETWEEN 200 AND 900 GROUP BY origin ORDER BY count(*) DESC, origin LIMIT 20`
    expect((await rowsOf(engine, sql)).map((row) => Object.values(row))).toEqual(await native(sql))
  })

  test.each([
    `SELECT count(*)::VARCHAR FROM '${flights}'`,
    `SELECT count(delay)::VARCHAR, sum(delay)::VARCHAR FROM read_parquet('${flights}')`,
    `SELECT count(*)::VARCHAR FROM read_parquet(['${flights}', '${flights}'])`,
    `SELECT date::VARCHAR, origin FROM '${flights}' LIMIT 3`,
    `SELECT origin FROM '${flights}' WHERE origin = 'SEA' LIMIT 3 OFFSET 200`,
    `SELECT count(*)::VARCHAR FROM '${flights}' a JOIN (SELECT DISTINCT origin FROM '${flights}' WHERE delay > 900) b USING (origin)`,
    `SELECT * FROM (SELECT min(origin) AS o FROM '${flights}' UNION ALL SELECT max(destination) FROM '${flights}') ORDER BY o`,
    `SELECT count(distance)::VARCHAR, sum(delay)::VARCHAR FROM '${flights}' AS f(date, distance, delay) WHERE distance > 500 AND delay < 200`,
    `SELECT count(*)::VARCHAR FROM '${flights}' AS a(d, distance, delay) WHERE distance > 300 UNION ALL SELECT count(*)::VARCHAR FROM '${flights}' WHERE distance > 4000 ORDER BY 1`,
    `SELECT (SELECT count(*) FROM '${flights}')::VARCHAR, (SELECT count(delay) FROM '${flights}' WHERE delay > 1000)::VARCHAR`,
    `WITH f AS (FROM '${flights}') SELECT (SELECT count(*) FROM f WHERE delay < 0)::VARCHAR, (SELECT max(distance) FROM f)::VARCHAR`,
  ])('agrees with native DuckDB: %s', async (sql) => {
    expect((await rowsOf(engine, sql)).map((row) => Object.values(row))).toEqual(await native(sql))
  })

  test('answers count(*) from the footer', async () => {
    const result = await engine.execute({ sql: `SELECT count(*) FROM '${flights}'` })
    while ((await result.next()) !== undefined);
    const [scan] = (await result.metrics()).scans
    expect(scan).toMatchObject({ rows: 3_000_000, rowGroupsRead: 0 })
  })

  test('skips row groups by what the plan filters each scan by, also of the same file twice', async () => {
    const sql = `SELECT (SELECT count(*) FROM '${flights}' WHERE delay > 99999), (SELECT max(delay) FROM '${flights}')`
    const result = await engine.execute({ sql })
    while ((await result.next()) !== undefined);
    const skipped = (await result.metrics()).scans.map((scan) => scan.rowGroupsSkipped)
    expect(skipped.toSorted((a, b) => a - b)).toEqual([0, 11])
  })

  test('an unread result and other statements do not disturb each other', async () => {
    const sql = 'SELECT range AS i FROM range(500000)'
    const first = await engine.execute({ sql })
    const start = await first.next()
    expect(await rowsOf(engine, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await rowsOf(engine, 'CREATE TEMP TABLE kept AS SELECT 42 AS a')
    expect(await rowsOf(engine, 'FROM kept')).toEqual([{ a: 42 }])
    let rows = start!.length
    for (let batch = await first.next(); batch !== undefined; batch = await first.next()) rows += batch.length
    expect(rows).toBe(500_000)
    await rowsOf(engine, 'DROP TABLE kept')
  })

  test('twenty statements at once each get their own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => rowsOf(engine, `SELECT sum(range + ${index}) AS s FROM range(10000)`)),
    )
    answers.forEach(([row], index) => expect(row).toEqual({ s: 49_995_000n + BigInt(index) * 10_000n }))
  })

  test('a short statement does not wait for a long one', async () => {
    await using fresh = await openEngine(nodeHost(wasm), { binary })
    const order: string[] = []
    const long = rowsOf(fresh, 'SELECT sum(hash(range)) FROM range(30000000)').then(() => order.push('long'))
    const short = rowsOf(fresh, 'SELECT 1 AS one').then(() => order.push('short'))
    await Promise.all([long, short])
    expect(order).toEqual(['short', 'long'])
  })

  test('statements that write wait for the one before them', async () => {
    await Promise.all([
      rowsOf(engine, 'CREATE OR REPLACE TABLE counted AS SELECT range AS i FROM range(300000)'),
      rowsOf(engine, 'INSERT INTO counted SELECT i FROM counted'),
      rowsOf(engine, 'DELETE FROM counted WHERE i % 2 = 0'),
    ])
    expect(await rowsOf(engine, 'SELECT count(*) AS n FROM counted')).toEqual([{ n: 300_000n }])
  })

  test.each([
    ['SELEC 1', 'SYNTAX_ERROR', 0],
    ['SELECT 1 +', 'SYNTAX_ERROR', undefined],
    ["SELECT\n  'ü', nope(1)", 'FUNCTION_NOT_FOUND', 14],
    ['SELECT a FROM (SELECT 1 AS b)', 'COLUMN_NOT_FOUND', 7],
    ['FROM missing', 'TABLE_NOT_FOUND', 5],
    ["SELECT CAST('x' AS INTEGER)", 'INVALID_VALUE', undefined],
    ['', 'SYNTAX_ERROR', 0],
    ['LOAD httpfs', 'UNSUPPORTED', undefined],
    ["SELECT json_serialize_sql('SELECT 1')", 'UNSUPPORTED', undefined],
    ["SELECT 'a' COLLATE de = 'b'", 'UNSUPPORTED', undefined],
    ["FROM 'absent.parquet'", 'NOT_FOUND', undefined],
    ["FROM read_parquet('package.json')", 'NOT_A_PARQUET_FILE', undefined],
    [`SELECT delayy FROM '${flights}'`, 'COLUMN_NOT_FOUND', 7],
    ["FROM lf_scan('unknown')", 'NOT_FOUND', undefined],
    ['FROM read_parquet(NULL)', 'INVALID_ARGUMENT', undefined],
  ] as const)('%j fails at once with %s, and the engine goes on', async (sql, code, position) => {
    const started = performance.now()
    const error = await failure(rowsOf(engine, sql))
    expect(error.code).toBe(code)
    if (position !== undefined) expect(error.details['position']).toBe(position)
    expect(performance.now() - started).toBeLessThan(5000)
    expect(await rowsOf(engine, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('an abort before the start, while planning and while running stops with the reason of the signal', async () => {
    const reason = new Error('enough')
    await expect(rowsOf(engine, 'SELECT 1', [], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const many = Array.from({ length: 200 }, () => `'${flights}'`).join(', ')
    for (const sql of [
      'SELECT sum(hash(range)) FROM range(10000000000)',
      `SELECT max(hash(delay, distance)) FROM read_parquet([${many}])`,
    ]) {
      const controller = new AbortController()
      let abortedAt = 0
      setTimeout(() => {
        abortedAt = performance.now()
        controller.abort(reason)
      }, 100)
      await expect(rowsOf(engine, sql, [], { signal: controller.signal })).rejects.toBe(reason)
      expect(performance.now() - abortedAt).toBeLessThan(2000)
      expect(await rowsOf(engine, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    }
  })

  test('a result closed early stops its statement and frees the connection', async () => {
    const result = await engine.execute({ sql: 'SELECT hash(a.range, b.range) FROM range(100000) a, range(100000) b' })
    await result.next()
    await result.close()
    await result.close()
    expect((await failure(result.next())).code).toBe('CLOSED')
    expect(await rowsOf(engine, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('progress rises and ends', async () => {
    const seen: number[] = []
    await rowsOf(
      engine,
      `SELECT max(a.delay + b.delay) FROM '${flights}' a JOIN (FROM '${flights}' LIMIT 20) b ON a.origin <> b.origin`,
      [],
      {
        onProgress: ({ rowsScanned }) => seen.push(rowsScanned),
      },
    )
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen)
  })

  test('a source can be replaced and taken away', async () => {
    const source = (rows: object[]) => {
      const batch = batchFromRows(rows)
      return { id: 's', format: 'batches' as const, schema: batch.schema, batches: [batch] }
    }
    await engine.register(source([{ a: 1 }]))
    expect(await rowsOf(engine, "FROM lf_scan('s')")).toEqual([{ a: 1 }])
    await engine.register(source([{ b: 'x' }, { b: null }]))
    expect(await rowsOf(engine, "FROM lf_scan('s')")).toEqual([{ b: 'x' }, { b: null }])
    await engine.unregister('s')
    expect((await failure(rowsOf(engine, "FROM lf_scan('s')"))).code).toBe('NOT_FOUND')
  })
})

test('low memory is OUT_OF_MEMORY with what to do, and the engine goes on', async () => {
  await using engine = await openEngine(nodeHost(wasm), { memoryLimitBytes: 40_000_000 })
  const error = await failure(rowsOf(engine, 'SELECT list(range) FROM range(20000000)'))
  expect(error.code).toBe('OUT_OF_MEMORY')
  expect(await rowsOf(engine, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a closed engine says so, and closing twice is fine', async () => {
  const engine = await openEngine(nodeHost(wasm))
  const running = engine.execute({ sql: 'SELECT 1' })
  await running
  await engine.close()
  await engine.close()
  expect((await failure(Promise.resolve().then(() => engine.execute({ sql: 'SELECT 1' })))).code).toBe('CLOSED')
})

test('a file that is no engine is refused in words', async () => {
  const error = await failure(openEngine(nodeHost(wasm), { binary: new URL('parquet_wasm_bg.wasm', wasm).href }))
  expect(error.code).toBe('ENGINE_FAILED')
})
