import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import * as F from '../functions.ts'

let native: DuckDBConnection
let engine: Engine
let db: Session
let folder: string
let asked: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakefront-'))
  native = await (await DuckDBInstance.create(':memory:')).connect()
  engine = await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)))
  db = new Session(counting(engine))
})
afterAll(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})
beforeEach(() => void (asked = []))

/** Writes down what the engine is asked. */
function counting(whole: Engine): Engine {
  return {
    info: whole.info,
    register: (source) => (asked.push('register'), whole.register(source)),
    unregister: (id) => whole.unregister(id),
    describe: (statement, options) => (asked.push('describe'), whole.describe(statement, options)),
    execute: (statement, options) => (asked.push('execute'), whole.execute(statement, options)),
    close: () => whole.close(),
    [Symbol.asyncDispose]: () => whole.close(),
  }
}

let writes = 0
/** Writes a file whose time of change is another one each time. */
async function write(name: string, query: string, options = ''): Promise<string> {
  const path = join(folder, name)
  await native.run(`COPY (${query}) TO '${path}' ${options}`)
  await utimes(path, new Date(), new Date(1_700_000_000_000 + ++writes * 10_000))
  return path
}

const everyType = `SELECT 1::UTINYINT AS a, 2::HUGEINT AS "b ""c", 3.5::DECIMAL(30, 4) AS d, [{ 'x': 1, 'y z': ['q'] }] AS e, MAP { 'k': 1.5 } AS f,
  TIMESTAMP '2024-01-01' AS g, TIMESTAMPTZ '2024-01-01' AS h, 'x'::BLOB AS i, uuid() AS j, DATE '2024-01-01' AS k, TIME '01:02:03' AS l, TRUE AS m,
  INTERVAL 1 DAY AS n, 'big'::ENUM('big', 'small') AS o, TIMESTAMP_NS '2024-01-01' AS p, '{"a": 1}'::JSON AS q`

test.each([
  ['parquet', everyType, ''],
  ['csv', "SELECT 1 AS a, DATE '2024-01-01' AS \"b c\", 1.5 AS d, 'x' AS e", '(HEADER)'],
  ['json', "SELECT 1 AS a, { 'x': [1, 2], 'y': DATE '2024-01-01' } AS b, 'x' AS c", '(FORMAT json)'],
] as const)('a chain over %s built anew asks for its rows and nothing else', async (format, query, options) => {
  const path = await write(`types.${format}`, query, options)
  const chain = () => db.read[format](path).withColumn('more', F.lit(1)).filter(col('more').eq(1)).limit(5)
  const first = await chain().collect()
  expect(asked).toEqual(['register', 'describe', 'execute'])
  asked = []
  expect(await chain().collect()).toEqual(first)
  expect(asked).toEqual(['execute'])
})

test('files that changed in between are read as they are now', async () => {
  await write('changing.parquet', "SELECT 1 AS id, 'a' AS kind")
  const read = () => db.read.parquet(join(folder, 'changing.parquet'))
  const all = () => read().withColumn('one', F.lit(1)).drop('one').collect()
  expect(await all()).toEqual([{ id: 1, kind: 'a' }])

  await write('changing.parquet', "SELECT 2 AS id, 'b' AS kind, 5 AS more")
  expect(await all()).toEqual([{ id: 2, kind: 'b', more: 5 }])
  await write('changing.parquet', 'SELECT 3 AS id, 6 AS other')
  expect(await read().select('other').collect()).toEqual([{ other: 6 }])
  await write('changing.parquet', "SELECT 'four' AS id")
  expect(await read().filter(F.length('id').eq(4)).collect()).toEqual([{ id: 'four' }])
  await write('changing.parquet', "SELECT 5 AS id, 'x' AS k, 1 AS v UNION ALL SELECT 5, 'y', 2")
  expect(await read().groupBy('id').pivot('k').sum('v').collect()).toEqual([{ id: 5, x: 1n, y: 2n }])
  await write('changing.parquet', "SELECT 6 AS id, 'z' AS k, 1 AS v, 2 AS w")
  expect(await read().groupBy('id', 'w').pivot('k').sum('v').collect()).toEqual([{ id: 6, w: 2, z: 1n }])
  await write('changing.parquet', 'SELECT 7 AS seven')
  expect(await read().limit(1).columns()).toEqual(['seven'])
  await write('changing.parquet', 'SELECT 8 AS eight')
  expect(await read().drop('seven').toSQL().catch(String)).toContain('Columns: eight.')
  await write('changing.parquet', 'SELECT 9 AS nine')
  await read().limit(1).createOrReplaceTempView('nines')
  expect(await db.sql('FROM nines').collect()).toEqual([{ nine: 9 }])
})

test('a name that is nowhere is said so, and what is there now', async () => {
  await write('named.parquet', 'SELECT 1 AS before')
  const read = () => db.read.parquet(join(folder, 'named.parquet'))
  expect(await read().filter(col('before').eq(1)).count()).toBe(1)
  await write('named.parquet', 'SELECT 1 AS after')
  await expect(read().filter(col('before').eq(1)).count()).rejects.toMatchObject({
    code: 'COLUMN_NOT_FOUND',
    message: expect.stringContaining('Columns: after.'),
  })
})

test('other options, and files in memory, are other sources', async () => {
  const path = await write('options.csv', 'SELECT 1 AS a, 2 AS b', "(DELIMITER ';')")
  const { readFile } = await import('node:fs/promises')
  const bytes = new Uint8Array(await readFile(path))
  expect(await db.read.csv(path, { delim: ';' }).limit(1).columns()).toEqual(['a', 'b'])
  expect(await db.read.csv(path, { delim: '|' }).limit(1).columns()).toEqual(['a;b'])
  expect(await db.read.csv(bytes, { delim: ';' }).limit(1).columns()).toEqual(['a', 'b'])
  expect(db.read.csv(bytes).plan).not.toEqual(db.read.csv(bytes).plan)
})
