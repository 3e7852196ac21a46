import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import { Session } from './session.ts'

/** Columns of the table in docs/formats.md. */
const formats = { Parquet: 'parquet', Avro: 'avro', CSV: 'csv', JSON: 'json', Arrow: 'arrow' } as const

/** Two values of each type, as SQL. */
const types: Readonly<Record<string, readonly [string, string]>> = {
  BOOLEAN: ['true', 'false'],
  TINYINT: ['-128', '127'],
  SMALLINT: ['-32768', '32767'],
  INTEGER: ['-2147483648', '2147483647'],
  BIGINT: ["'-9223372036854775808'", '9223372036854775807'],
  HUGEINT: ["'-99999999999999999999999999999999999999'", '7'],
  UTINYINT: ['0', '255'],
  USMALLINT: ['0', '65535'],
  UINTEGER: ['0', '4294967295'],
  UBIGINT: ['0', '18446744073709551615'],
  UHUGEINT: ["'99999999999999999999999999999999999999'", '7'],
  FLOAT: ['1.5', '-0.25'],
  DOUBLE: ['0.1', '-1e300'],
  'DECIMAL(9,2)': ['-1234567.50', '0.01'],
  'DECIMAL(38,10)': ['1234567890123456789012345678.0123456789', '-0.0000000001'],
  VARCHAR: ["'a,\"b'", "'é日本語 😀'"],
  JSON: [`'{"a":[1]}'`, `'[true]'`],
  BLOB: ["'a'", "'\\x00\\xFF'"],
  BIT: ["'0101'", "'1'"],
  UUID: ["'550e8400-e29b-41d4-a716-446655440000'", "'00000000-0000-0000-0000-000000000000'"],
  DATE: ["'2024-02-29'", "'0001-01-01'"],
  TIME: ["'00:00:00'", "'23:59:59.999999'"],
  TIME_NS: ["'00:00:00'", "'23:59:59.999999999'"],
  'TIME WITH TIME ZONE': ["'00:00:00+02'", "'23:59:59.999999-07:30'"],
  TIMESTAMP: ["'2024-02-29 10:11:12.123456'", "'1969-12-31 23:59:59.999999'"],
  TIMESTAMP_S: ["'2024-02-29 10:11:12'", "'1969-12-31 23:59:59'"],
  TIMESTAMP_MS: ["'2024-02-29 10:11:12.5'", "'1969-12-31 23:59:59.9'"],
  TIMESTAMP_NS: ["'2024-02-29 10:11:12.000000001'", "'1969-12-31 23:59:59.999999999'"],
  'TIMESTAMP WITH TIME ZONE': ["'2024-02-29 10:11:12.123456+00'", "'1969-12-31 23:59:59.5+00'"],
  INTERVAL: ["'2 months 3 days'", "'1 year 03:04:05.006'"],
  "ENUM('a', 'b')": ["'a'", "'b'"],
  'INTEGER[]': ['[1, NULL, 3]', '[2]'],
  'INTEGER[2]': ['[1, 2]', '[3, 4]'],
  'STRUCT(x INTEGER, y VARCHAR)': ["{'x': 1, 'y': 'a'}", "{'x': NULL, 'y': 'b'}"],
  'MAP(VARCHAR, INTEGER)': ["MAP {'a': 1, 'é': NULL}", "MAP {'b': 2}"],
  'MAP(INTEGER, VARCHAR)': ["MAP {1: 'a'}", "MAP {2: 'b'}"],
  'UNION(num INTEGER, str VARCHAR)': ['1', "'a'"],
}

let db: Session

beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)), { decodeWorkers: 0 }))
})

afterAll(() => db?.close())

interface Read {
  readonly type: string
  readonly values: readonly unknown[]
}

async function readOf(from: string): Promise<Read> {
  const rows = await db.sql(`SELECT typeof(c) AS type, c::VARCHAR AS value FROM ${from}`).collect()
  return { type: String(rows[0]!['type']), values: rows.map((row) => row['value']) }
}

/** What the table says of a type in a format. */
async function cellOf(type: string, format: (typeof formats)[keyof typeof formats]): Promise<string> {
  const rows = `(SELECT * FROM (VALUES ${[...types[type]!, 'NULL'].map((value) => `(CAST(${value} AS ${type}), 1)`).join(', ')}) t(c, one))`
  const path = `memory:${Object.keys(types).indexOf(type)}.${format}`
  try {
    await db.sql(`FROM ${rows}`).write.mode('overwrite')[format](path)
  } catch (error) {
    if (isLakefrontError(error, 'UNSUPPORTED')) return 'refused'
    throw error
  }
  const [written, read] = [await readOf(rows), await readOf(`'${path}'`)]
  const isSame = JSON.stringify(read.values) === JSON.stringify(written.values)
  if (read.type === written.type && isSame) return ''
  return [...(read.type === written.type ? [] : [`\`${read.type}\``]), ...(isSame ? [] : ['other text'])].join(', ')
}

test('docs/formats.md says of every type what it comes back as from every format', async () => {
  const lines: string[] = []
  for (const type of Object.keys(types)) {
    const cells: string[] = []
    for (const format of Object.values(formats)) cells.push(await cellOf(type, format))
    if (cells.some((cell) => cell !== '')) lines.push(`| \`${type}\` | ${cells.join(' | ')} |`)
  }
  const head = `| written | ${Object.keys(formats).join(' | ')} |`
  const expected = [head, `|${'---|'.repeat(6)}`, ...lines].join('\n')
  const page = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8')
  expect(/<!-- types -->\n\n([\s\S]*?)\n\n<!-- end of types -->/.exec(page)?.[1]).toBe(expected)
})
