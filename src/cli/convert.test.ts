import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'

const formats = ['parquet', 'avro', 'csv', 'json', 'arrow'] as const
type Format = (typeof formats)[number]

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

let db: Session
let native: DuckDBConnection
let folder: string

const rows = `SELECT i AS id, CASE WHEN i % 3 = 0 THEN NULL ELSE 'é"😀,' || chr(10) || i END AS label, (i * 1.25)::DECIMAL(9, 2) AS price, (i % 97) / 7.0::DOUBLE AS ratio,
  i % 2 = 0 AS even, DATE '2024-02-28' + (i % 400)::INT AS day, TIMESTAMP '2024-02-29 12:00:00.5' + i * INTERVAL 1 HOUR AS moment, [i, NULL, i + 1] AS list,
  {'a': i, 'b': 'x'} AS pair FROM range(1000) t(i)`

/** What the rows are whatever format they went through: text has types of its own. */
const normal = (from: string): string =>
  `SELECT id::BIGINT::VARCHAR AS id, label, price::DECIMAL(9, 2)::VARCHAR AS price, ratio::DOUBLE::VARCHAR AS ratio, even::BOOLEAN::VARCHAR AS even,
     day::DATE::VARCHAR AS day, moment::TIMESTAMP::VARCHAR AS moment, list::VARCHAR AS list, pair::VARCHAR AS pair FROM ${from} ORDER BY id::BIGINT`

const pathOf = (...names: readonly Format[]): string => join(folder, `${names.join('-')}.${names.at(-1)}`)

beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)), { decodeWorkers: 0 }))
  native = await (await DuckDBInstance.create(':memory:')).connect()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-convert-'))
  for (const format of formats) await db.sql(rows).write[format](pathOf(format))
})

afterAll(async () => {
  await db.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function lakefront(...given: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  const child = spawn(process.execPath, [cli, ...given], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, error] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text))
  const code = await new Promise<number>((resolve) => child.once('close', resolve))
  return { code, out, error }
}

/** What is read does not know what is written: each is tried from and to Parquet. */
const pairs = formats.flatMap((from) =>
  formats.filter((to) => from === 'parquet' || to === 'parquet').map((to) => [from, to] as const),
)

test.each(pairs)('from %s to %s nothing is lost', async (from, to) => {
  const expected = (await native.runAndReadAll(normal(`(${rows})`))).getRowObjects()
  const path = pathOf(from, to)
  expect(await lakefront('convert', pathOf(from), path)).toEqual({ code: 0, out: '', error: '' })
  expect(await db.sql(normal(`'${path}'`)).collect()).toEqual(expected)
})

test('a file by its mere name, whatever that ends in, is converted by what is in it', async () => {
  const name = 'mere name'
  copyFileSync(pathOf('avro'), join(folder, name))
  const child = spawn(process.execPath, [cli, 'convert', name, 'mere.csv'], { cwd: folder, stdio: 'inherit' })
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
  expect(await db.read.csv(join(folder, 'mere.csv')).count()).toBe(1000)
})

test.each(formats)('inspect tells of %s what is in it, as text and as JSON', async (format) => {
  const path = pathOf(format)
  const [text, json] = await Promise.all([lakefront('inspect', path), lakefront('inspect', path, '--format', 'json')])
  expect([text.code, text.error, json.code, json.error]).toEqual([0, '', 0, ''])
  const described = JSON.parse(json.out) as { rows: number; columns: { name: string; type: string }[] }
  const types = (await db.sql(`DESCRIBE FROM '${path}'`).collect()).map((row) => [
    row['column_name'],
    row['column_type'],
  ])
  expect(described.rows).toBe(1000)
  expect(described.columns.map(({ name, type }) => [name, type])).toEqual(types)
  for (const [name, type] of types)
    expect(text.out).toMatch(new RegExp(`${String(name)} .*${String(type).replace(/[()[\]]/g, '\\$&')}`))
  expect(text.out).toMatch(/1,000/)
})
