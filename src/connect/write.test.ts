import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { col } from '../expr/col.ts'
import type { Progress } from '../engine/engine.ts'
import { hasPyarrow, readWithPyarrow } from '../format/parquet/fixtures/pyarrow.ts'
import type { DataFrame } from '../frame/dataframe.ts'
import { failure } from '../storage/conformance.ts'
import { batchesFromArrow } from '../types/arrow.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { Session } from './session.ts'

let db: Session
let native: DuckDBConnection
let folder: string
let places = 0

beforeAll(async () => {
  db = await connect({ workerUrl: new URL('../../dist/worker/engine-node.js', import.meta.url) })
  native = await (await DuckDBInstance.create(':memory:')).connect()
  await native.run("SET TimeZone = 'UTC'")
  folder = mkdtempSync(join(tmpdir(), 'lakefront-write-'))
})

afterAll(async () => {
  await db.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

/** A folder of its own, ending in a slash. */
const place = (): string => join(folder, `place ${places++}/`)

const files = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length))
    .sort()

async function asked(sql: string): Promise<unknown[]> {
  return (await native.runAndReadAll(sql)).getRowObjectsJson()
}

const values = `SELECT i AS id, CASE WHEN i % 3 = 0 THEN NULL WHEN i % 3 = 1 THEN '' ELSE 'é"😀,' || chr(10) || i END AS label, i / 8.0 AS ratio,
  (i * 1.25)::DECIMAL(9, 2) AS price, DATE '2024-02-28' + i::INT AS day, TIMESTAMP '2024-02-29 12:00:00.5' + i * INTERVAL 1 HOUR AS at,
  i % 2 = 0 AS even, [i, NULL] AS list, {'a': i, 'b': 'x'} AS pair`
const rows = (count: number): DataFrame => db.sql(`${values} FROM range(${count}) t(i)`)
const same = (count: number, from: string): Promise<unknown[]> =>
  asked(`SELECT count(*)::INT AS n, sum(hash(t))::VARCHAR AS h FROM (${from.replace('$n', String(count))}) t`)
const expected = (count: number): Promise<unknown[]> => same(count, `${values} FROM range($n) t(i)`)

describe('one file', () => {
  test('Parquet with field ids, of what is in columns too, as native DuckDB and pyarrow find them', async () => {
    const path = join(folder, 'ids.parquet')
    const ids = {
      id: 1,
      list: { id: 7, fields: { element: 8 } },
      pair: { fields: { b: 0 } },
      map: { id: 2, fields: { key: 3, value: { id: 4, fields: { x: 2 ** 31 - 1 } } } },
    }
    const frame = db
      .sql(`${values}, MAP {'k': {'x': 1}} AS map FROM range(3) t(i)`)
      .select('id', 'price', 'list', 'pair', 'map')
    await frame.write.parquet(path, { fieldIds: ids })
    const found = await asked(`SELECT name, field_id AS id FROM parquet_schema('${path}') WHERE field_id IS NOT NULL`)
    const expected = { id: 1, list: 7, element: 8, b: 0, map: 2, key: 3, value: 4, x: 2 ** 31 - 1 }
    expect(found).toEqual(Object.entries(expected).map(([name, id]) => ({ name, id: String(id) })))
    if (hasPyarrow()) {
      expect(readWithPyarrow([path])[0]!.columns.map((column) => column.ids)).toEqual([
        [1],
        [null],
        [7, [8]],
        [null, [null], [0]],
        [2, [3], [4, [2 ** 31 - 1]]],
      ])
    }
    for (const [wrong, code, message] of [
      [{ idd: 1 }, 'COLUMN_NOT_FOUND', /names "idd", .* Did you mean "id"\?/],
      [
        { pair: { fields: { city: 1 } } },
        'COLUMN_NOT_FOUND',
        /names "pair.city", but "pair" has no such field\. There are: a, b\./,
      ],
      [{ id: 1, pair: 1 }, 'INVALID_ARGUMENT', /^"id" and "pair" have the field id 1 both/],
      [{ id: 1.5 }, 'INVALID_ARGUMENT', /"id" is 1\.5/],
      [{ id: -1 }, 'INVALID_ARGUMENT', /"id" is -1/],
      [7, 'INVALID_ARGUMENT', /give an object/],
    ] as const) {
      const error = await failure(frame.write.mode('overwrite').parquet(path, { fieldIds: wrong as never }))
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    }
    expect(await asked(`SELECT count(*)::INT AS n FROM '${path}'`)).toEqual([{ n: 3 }])
  })

  test('Parquet, as native DuckDB reads it', async () => {
    const path = join(folder, 'a.parquet')
    const result = await rows(5000).write.parquet(path, { compression: 'zstd', rowGroupRows: 2000 })
    expect(await same(0, `FROM '${path}'`)).toEqual(await expected(5000))
    expect(result).toMatchObject({ rows: 5000, bytes: readFileSync(path).length, metrics: { rows: 5000 } })
    expect(result.files).toEqual([
      expect.objectContaining({
        path,
        rows: 5000,
        partition: {},
        columns: expect.objectContaining({
          id: { min: 0n, max: 4999n, nullCount: 0 },
          label: { min: '', max: expect.stringContaining('998'), nullCount: 1667 },
          day: { min: '2024-02-28', max: '2037-11-05', nullCount: 0 },
        }),
      }),
    ])
    expect(await asked(`SELECT DISTINCT compression FROM parquet_metadata('${path}')`)).toEqual([
      { compression: 'ZSTD' },
    ])
  })

  test.each([
    ['csv', 'a.csv', {}],
    ['csv', 'a.csv.gz', {}],
    ['csv', 'quoted.csv', { quoteAll: true, delim: ';', newLine: '\r\n', nullstr: 'NULL' }],
  ] as const)('%s as %s, as native DuckDB reads it', async (_, name, options) => {
    const path = join(folder, name)
    const frame = rows(3000).drop('list', 'pair')
    expect((await frame.write.csv(path, options)).files[0]!.columns['label']).toEqual({ nullCount: 1000 })
    const types =
      "{'id': 'BIGINT', 'ratio': 'DOUBLE', 'price': 'DECIMAL(9,2)', 'day': 'DATE', 'at': 'TIMESTAMP', 'even': 'BOOLEAN', 'label': 'VARCHAR'}"
    const read = `FROM read_csv('${path}', types = ${types}, allow_quoted_nulls = false, nullstr = '${'nullstr' in options ? options.nullstr : ''}'${'delim' in options ? ", delim = ';'" : ''})`
    expect(await same(0, read)).toEqual(
      await same(3000, `SELECT * EXCLUDE (list, pair) FROM (${values} FROM range($n) t(i))`),
    )
  })

  test.each([
    ['a.ndjson', {}],
    ['a.json', { form: 'array' }],
    ['a.json.gz', {}],
  ] as const)('JSON as %s, as native DuckDB reads it', async (name, options) => {
    const path = join(folder, name)
    await rows(3000).write.json(path, options)
    const columns = `{id: 'BIGINT', label: 'VARCHAR', ratio: 'DOUBLE', price: 'DECIMAL(9,2)', day: 'DATE', "at": 'TIMESTAMP', even: 'BOOLEAN', list: 'BIGINT[]', pair: 'STRUCT(a BIGINT, b VARCHAR)'}`
    expect(await same(0, `FROM read_json('${path}', columns = ${columns})`)).toEqual(await expected(3000))
    expect(await db.read.json(path).count()).toBe(3000)
  })

  test.each(['file', 'stream'] as const)('Arrow as a %s', async (form) => {
    const path = join(folder, `a.${form}`)
    await rows(3000).write.format('arrow').option('form', form).save(path)
    const { batches } = batchesFromArrow(new Uint8Array(readFileSync(path)))
    expect(batches.flatMap((batch) => rowsFromBatch(batch))).toEqual(await rows(3000).collect())
    expect(readFileSync(path).subarray(0, 4).toString('latin1')).toBe(form === 'file' ? 'ARRO' : '\xff\xff\xff\xff')
  })

  test.each(['none', 'deflate', 'snappy'] as const)('Avro with %s', async (compression) => {
    await rows(3000).write.mode('overwrite').avro('memory:/a.avro', { compression })
    expect(await db.read.avro('memory:a.avro').collect()).toEqual(await rows(3000).collect())
  })

  test('in memory it is read by DataFrames and by SQL text', async () => {
    await rows(100).write.save('memory:data/b.parquet')
    await rows(50).write.save('memory:data/c.parquet')
    expect(await db.read.parquet('memory:/data/b.parquet').count()).toBe(100)
    expect(await db.sql("SELECT count(*) AS n FROM 'memory:data/*.parquet'").collect()).toEqual([{ n: 150n }])
  })

  test('without rows it still has its columns', async () => {
    for (const name of ['none.parquet', 'none.avro', 'none.json', 'none.csv', 'none.arrow'])
      expect(await rows(0).write.save(`memory:${name}`)).toMatchObject({ rows: 0, files: [{ rows: 0 }] })
    expect(await db.read.parquet('memory:none.parquet').columns()).toEqual(await rows(0).columns())
    expect(await db.read.avro('memory:none.avro').collect()).toEqual([])
  })
})

describe('a folder', () => {
  test('has files of a size, in order, whose names sort by time', async () => {
    const path = place()
    const frame = db.sql('SELECT i, md5(i::VARCHAR) AS hash FROM range(200000) t(i)')
    const result = await frame.write.option('maxFileBytes', '2MB').csv(path)
    expect(result.files.length).toBeGreaterThan(2)
    expect(files(path)).toEqual(result.files.map((file) => file.path.slice(path.length)))
    expect(files(path).every((name) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}-\d{4}\.csv$/.test(name))).toBe(true)
    for (const { bytes } of result.files.slice(0, -1))
      expect([bytes >= 2_000_000, bytes < 2_400_000]).toEqual([true, true])
    expect(await asked(`SELECT count(*)::INT AS n, count(DISTINCT i)::INT AS d FROM '${path}*.csv'`)).toEqual([
      { n: 200000, d: 200000 },
    ])
  })

  test('is partitioned as DuckDB does it, and both read it', async () => {
    const path = place()
    const odd = ["a b/c=d%é.*'", '..', '.', 'x:y+z~_-', '\\', 'ü'.repeat(20), null, '']
    const frame = db.createDataFrame(
      odd.map((key, id) => ({ id, 'k é/=': key, day: id % 2 === 0 ? '2024-02-29' : null })),
    )
    const result = await frame
      .select('id', 'k é/=', col('day').cast('date').as('day'))
      .write.partitionBy('k é/=', 'day')
      .parquet(path)
    expect(result.files).toHaveLength(odd.length)
    expect(result.files[0]!.partition).toEqual({ 'k é/=': odd[0], day: '2024-02-29' })
    expect(files(path).map((name) => name.split('/').slice(0, 2).join('/'))).toContain(
      'k%20%C3%A9%2F%3D=a%20b%2Fc%3Dd%25%C3%A9.%2A%27/day=2024-02-29',
    )
    // DuckDB encodes the names of columns, and does not decode them.
    const read = (await asked(
      `SELECT id::INT AS id, "k%20%C3%A9%2F%3D" AS k, day::VARCHAR AS day FROM read_parquet('${path}**/*.parquet', hive_partitioning = true) ORDER BY id`,
    )) as { k: string | null }[]
    expect(read.map(({ k }) => k)).toEqual(odd)
    const ours = await db.read.parquet(`${path}**/*.parquet`).orderBy('id').collect()
    expect(ours.map((row) => [row['id'], row['k é/='], row['day']])).toEqual(
      odd.map((key, id) => [id, key, id % 2 === 0 ? '2024-02-29' : null]),
    )
  })

  test('of very many partitions has few files open, and all rows', async () => {
    const path = place()
    const result = await db.sql('SELECT i, i % 100 AS k FROM range(20000) t(i)').write.partitionBy('k').csv(path)
    expect(new Set(result.files.map((file) => file.partition['k'])).size).toBe(100)
    expect(
      await asked(
        `SELECT count(DISTINCT i)::INT AS n, sum(k)::INT AS k FROM read_csv('${path}*/*.csv', hive_partitioning = true)`,
      ),
    ).toEqual([{ n: 20000, k: 990000 }])
  })

  test('cannot be partitioned by what is not there, by all columns, by lists, by the name of null', async () => {
    const write = rows(10).write
    expect(await failure(write.partitionBy('evn').csv(place()))).toMatchObject({
      code: 'COLUMN_NOT_FOUND',
      message: expect.stringContaining('Did you mean "even"?'),
    })
    expect(await failure(db.sql('SELECT 1 AS a').write.partitionBy('a').csv(place()))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await failure(write.partitionBy('list').csv(place()))).toMatchObject({ code: 'UNSUPPORTED' })
    const path = place()
    const named = db.sql(
      "SELECT 1 AS a, CASE WHEN i = 0 THEN 'a' ELSE '__HIVE_DEFAULT_PARTITION__' END AS k FROM range(2) t(i)",
    )
    expect(await failure(named.write.partitionBy('k').csv(path))).toMatchObject({ code: 'INVALID_VALUE' })
    expect(files(path)).toEqual([])
  })
})

describe('what is there already', () => {
  const count = (path: string): Promise<number> => db.read.parquet(path).count()

  test('is refused, ignored, added to, or replaced: a folder', async () => {
    const path = place()
    await rows(10).write.parquet(path)
    const error = await failure(rows(1).write.parquet(path))
    expect(error).toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringContaining('mode("append")') })
    expect(await rows(1).write.mode('ignore').parquet(path)).toEqual({ files: [], rows: 0, bytes: 0 })
    expect(await count(path)).toBe(10)
    await rows(5).write.mode('append').parquet(path)
    expect([await count(path), files(path).length]).toEqual([15, 2])
    const result = await rows(3).write.mode('overwrite').parquet(path)
    expect([await count(path), files(path)]).toEqual([3, [result.files[0]!.path.slice(path.length)]])
  })

  test('is refused, ignored or replaced: a file', async () => {
    const path = join(folder, 'there.csv')
    await rows(10).write.csv(path)
    expect(await failure(rows(1).write.csv(path))).toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect(await rows(1).write.mode('ignore').csv(path)).toEqual({ files: [], rows: 0, bytes: 0 })
    expect(await failure(rows(1).write.mode('append').csv(path))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    await db.sql('SELECT 1 AS a').write.mode('overwrite').csv(path)
    expect(readFileSync(path, 'utf8')).toBe('a\n1\n')
  })

  test.each(['memory:', 'memory:/', '/', './', 's3://bucket/', 's3://bucket', 'opfs:/'])(
    'is not overwritten where it is the root of a place: %s',
    async (url) => {
      const write = rows(1).write.mode('overwrite').partitionBy('even')
      expect(await failure(write.csv(url))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('Name a folder in it'),
      })
    },
  )

  test('may be what the rows are read from', async () => {
    const path = place()
    await rows(1000).write.parquet(path)
    await db.read.parquet(`${path}*`).filter('id < 10').write.mode('overwrite').parquet(path)
    expect(await count(path)).toBe(10)
    await rows(20).write.parquet('memory:own.parquet')
    await db.read.parquet('memory:own.parquet').limit(5).write.mode('overwrite').parquet('memory:own.parquet')
    expect(await db.read.parquet('memory:own.parquet').count()).toBe(5)
  })

  test('is there as it was when an overwrite fails', async () => {
    const path = place()
    await rows(1000).write.parquet(path)
    const before = files(path)
    const failing = db.sql(
      "SELECT i, CASE WHEN i = 400000 THEN error('broken') ELSE 'x' END AS e FROM range(500000) t(i)",
    )
    expect(await failure(failing.write.mode('overwrite').option('maxFileBytes', 100_000).parquet(path))).toMatchObject({
      message: expect.stringContaining('broken'),
    })
    expect(files(path)).toEqual(before)
  })
})

describe('a write that is given up', () => {
  test('leaves nothing, and tells how far it came before', async () => {
    const path = place()
    const controller = new AbortController()
    const told: Progress[] = []
    const endless = db.sql('SELECT i, md5(i::VARCHAR) AS h FROM range(1000000000) t(i)')
    const writing = endless.write.option('maxFileBytes', '1MB').csv(path, {
      signal: controller.signal,
      onProgress(progress) {
        told.push(progress)
        if ((progress.bytesWritten ?? 0) > 3_000_000) controller.abort(new Error('enough'))
      },
    })
    expect(await failure(writing)).toMatchObject({ message: 'enough' })
    expect(files(path)).toEqual([])
    expect(told.at(-1)!.rowsWritten).toBeGreaterThan(50_000)
    expect(await db.sql('SELECT 1 AS one').collect()).toEqual([{ one: 1 }])
  })

  test('before it began leaves nothing', async () => {
    const reason = new Error('never')
    expect(await failure(rows(1).write.csv('memory:never.csv', { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(await failure(db.read.json('memory:never.csv').count())).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('mistakes show at the call', () => {
  test.each([
    [() => rows(1).write.mode('overwrit' as 'overwrite'), 'Did you mean "overwrite"?'],
    [() => rows(1).write.partitionBy(['id'] as never), 'takes names of columns'],
    [() => rows(1).write.format('orc' as 'csv'), 'parquet, avro, csv, json, arrow'],
    [() => rows(1).write.partitionBy('id', 'id'), '"id" twice'],
  ])('%s', (wrong, message) => {
    expect(wrong).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    )
  })

  test.each([
    ['csv', { delimi: ';' }, 'Did you mean "delim"?'],
    ['csv', { delim: ';;' }, 'one character'],
    ['csv', { header: 'yes' }, 'true or false'],
    ['parquet', { compression: 'lzo' }, '"snappy"'],
    ['parquet', { maxFileBytes: 'much' }, 'not a size'],
    ['json', { form: 'rows' }, '"lines", "array"'],
    ['avro', { compression: 'xz' }, '"zstandard"'],
  ] as const)('%s with %j', async (format, options, message) => {
    const error = await failure(rows(1).write[format]('memory:mistake', options as object))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })
  })

  test.each(['', '../', 'memory:/../a.csv', 's3://bucket', 'https://host/a.csv?secret', 'gs://b/a.csv'])(
    'to %j',
    async (url) => {
      if (url === '../') return
      const error = await failure(rows(1).write.csv(url))
      expect(['INVALID_ARGUMENT', 'UNSUPPORTED']).toContain((error as { code: string }).code)
      expect(String(error)).not.toContain('secret')
    },
  )

  test('save() without a format that is known', async () => {
    expect(await failure(rows(1).write.save('memory:a.xyz'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('types that a format has not', async () => {
    expect(await failure(db.sql("SELECT '101'::BIT AS b").write.avro('memory:bit.avro'))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('CAST'),
    })
    expect(await failure(db.read.avro('memory:bit.avro').count())).toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('saveAsTable makes a table, adds to it by names, replaces it, or leaves it', async () => {
  const frame = db.sql('SELECT i AS a, i * 2 AS b FROM range(3) t(i)')
  await frame.write.saveAsTable('saved')
  expect(await failure(frame.write.saveAsTable('saved'))).toMatchObject({ code: 'PRECONDITION_FAILED' })
  await frame.write.mode('ignore').saveAsTable('saved')
  await db.sql('SELECT 10 AS b, 5 AS a').write.mode('append').saveAsTable('saved')
  expect(await db.table('saved').orderBy('a').collect()).toEqual([
    { a: 0n, b: 0n },
    { a: 1n, b: 2n },
    { a: 2n, b: 4n },
    { a: 5n, b: 10n },
  ])
  expect(await failure(db.sql('SELECT 1 AS c').write.mode('append').saveAsTable('saved'))).toMatchObject({
    code: 'COLUMN_NOT_FOUND',
  })
  await db.table('saved').filter('a > 1').write.mode('overwrite').saveAsTable('saved')
  expect(await db.table('saved').count()).toBe(2)
  expect(await failure(frame.write.partitionBy('a').saveAsTable('other'))).toMatchObject({ code: 'UNSUPPORTED' })
})

test('the session remembers what a write cost', async () => {
  const seen: unknown[] = []
  const off = db.on('query', ({ outcome }) => seen.push(outcome))
  await rows(7).write.mode('overwrite').csv('memory:cost.csv')
  off()
  expect([seen, db.metrics.at(-1)!.rows]).toEqual([['done'], 7])
})
