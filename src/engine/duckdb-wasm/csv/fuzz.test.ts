import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCsv, readCsv } from '../../../format/csv/read-csv.ts'
import { checkColumn, fuzzed } from '../../../format/fixtures/fuzz.ts'
import { memorySource } from '../../../storage/memory.ts'
import { bootDuckdb } from '../boot.ts'
import type { Duckdb } from '../boot.ts'
import { LogicalTypes } from '../logical-types.ts'
import { NativeFunctions } from '../natives/native-functions.ts'
import { nodeHost } from '../node-host.ts'
import { CsvRejects } from './csv-rejects.ts'
import { DuckdbCsvParser } from './duckdb-csv-parser.ts'
import { takeOverCsv } from './take-over-csv.ts'

let duckdb: Duckdb
let parser: DuckdbCsvParser

beforeAll(async () => {
  duckdb = await bootDuckdb(nodeHost(new URL('../../../../dist/wasm/', import.meta.url)), 'slim')
  const types = new LogicalTypes(duckdb.capi, duckdb.heap)
  takeOverCsv(new NativeFunctions(duckdb, types, duckdb.connect()), [])
  parser = new DuckdbCsvParser(duckdb, types, new CsvRejects())
})
afterAll(() => parser.close())

const texts = {
  plain: 'a,b,c\n1,x,2024-02-29\n2,y,1970-01-01\n',
  quoted: 'id;text\n1;"a ""b""; c"\n2;"line\nbreak"\n3;\n',
  dates: 'd|t\n29.02.2024|10:11:12\n01.01.1970|00:00:00\n',
  wide: 'é,日本語\n"ü",😀\n',
  none: '1,2.5,true\n-3,1e5,false\n',
}
const seeds = Object.entries(texts).flatMap(([name, text]) => [
  { name, bytes: new TextEncoder().encode(text) },
  { name: `${name} in UTF-16`, bytes: new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le')) },
  { name: `${name} in gzip`, bytes: new Uint8Array(gzipSync(text)) },
])

let turn = 0
async function read(bytes: Uint8Array): Promise<number> {
  const parameters: Record<string, string> = turn++ % 3 === 0 ? { store_rejects: 'true' } : {}
  const file = await openCsv(memorySource(bytes, 'fuzz.csv'), { parser, parameters })
  let rows = 0
  const wanted = file.fields.map((_, index) => index)
  for await (const { length, columns } of readCsv(file, wanted, { readsAhead: false })) {
    rows += length
    columns.forEach(checkColumn)
  }
  return rows
}

test('10,000 damaged texts end in rows or in an error that says what is wrong, and leave the engine as it was', async () => {
  const before = duckdb.heap.byteLength
  const outcomes = await fuzzed(seeds, { turns: 10_000, seed: 4180, read })
  expect(outcomes.get('rows')).toBeGreaterThan(2000)
  expect(outcomes.get('CORRUPT_FILE')).toBeGreaterThan(1000)
  expect(duckdb.heap.byteLength - before).toBeLessThan(256 * 1024 * 1024)
  expect(await read(new TextEncoder().encode(texts.plain))).toBe(2)
}, 300_000)
