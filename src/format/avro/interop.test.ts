import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memorySource } from '../../storage/memory.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import type { SchemaLike } from '../../types/batch-from-rows.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { foreign, noForeignReaders, noJava, rewrittenByJava } from '../fixtures/foreign-readers.ts'
import { avroEncoder } from './avro-encoder.ts'
import { openAvro } from './container.ts'
import { canonicalRows } from './fixtures/canonical.ts'
import { readAvro } from './read-avro.ts'

/** A type, and values of it. Every value of a column is in a file of its own, so that a failure tells which type it is of. */
const types: Readonly<Record<string, readonly unknown[]>> = {
  boolean: [true, false, null],
  tinyint: [-128, 127, null],
  smallint: [-32_768, 32_767, null],
  integer: [-(2 ** 31), 2 ** 31 - 1, 0, -1, null],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n, 0n, 64n, null],
  utinyint: [0, 255, null],
  usmallint: [0, 65_535, null],
  uinteger: [0, 4_294_967_295, null],
  ubigint: [0n, 2n ** 64n - 1n, null],
  hugeint: [10n ** 38n - 1n, -(10n ** 38n) + 1n, null],
  float: [1.5, -0.25, 3.5e10, null],
  double: [0.1, -1e300, 5e-324, null],
  varchar: ['', 'é日本語 😀', 'line\nbreak "quoted"', 'x'.repeat(70_000), null],
  json: ['{"a":[1]}', null],
  blob: [new Uint8Array(), Uint8Array.of(0, 255, 128), null],
  'decimal(4,1)': ['-999.9', '0.1', null],
  'decimal(9,0)': ['-999999999', '1', null],
  'decimal(18,6)': ['999999999999.999999', '-0.000001', null],
  'decimal(38,10)': ['1234567890123456789012345678.0123456789', '-0.0000000001', null],
  uuid: ['550e8400-e29b-41d4-a716-446655440000', '00000000-0000-0000-0000-000000000000', null],
  date: ['2024-02-29', '1969-12-31', '0001-01-01', '9999-12-31', null],
  time: ['00:00:00', '23:59:59.999999', null],
  timestamp: ['2024-02-29 10:11:12.123456', '1969-12-31 23:59:59.999999', null],
  timestamp_s: ['2024-02-29 10:11:12', null],
  timestamp_ms: ['2024-02-29 10:11:12.5', null],
  timestamp_ns: ['2024-02-29 10:11:12.000000001', '1969-12-31 23:59:59.999999999', null],
  timestamptz: ['2024-02-29 10:11:12.123456+00', '1969-12-31 23:59:59.5+00', null],
  interval: ['2 months 3 days', '1 year 2 months 03:04:05.006', null],
  "enum('a', 'b', 'c')": ['a', 'c', null],
  'integer[]': [[1, null, 3], [], null],
  'varchar[][]': [[['a'], [], ['b', null]], null],
  'integer[2]': [[1, 2], null],
  'struct(x integer, y varchar)': [{ x: 1, y: 'a' }, { x: null, y: null }, null],
  'map(varchar, bigint)': [
    new Map([
      ['a', 1n],
      ['é', null],
    ]),
    new Map(),
    null,
  ],
}

const codecs = ['null', 'deflate', 'snappy', ...('zstdCompressSync' in zlib ? (['zstandard'] as const) : [])] as const

async function written(batches: readonly ColumnBatch[], codec: (typeof codecs)[number]): Promise<Uint8Array> {
  const encoder = await avroEncoder(batches[0]!.schema, { codec, blockBytes: 1000 })
  const chunks = [...encoder.head()]
  for (const batch of batches) for await (const chunk of encoder.batch(batch)) chunks.push(chunk)
  for await (const chunk of encoder.tail()) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

async function read(path: string): Promise<unknown[]> {
  const file = await openAvro(memorySource(new Uint8Array(readFileSync(path)), path))
  const rows: unknown[] = []
  for await (const { columns } of readAvro(
    file,
    file.fields.map((_, index) => index),
    { readsAhead: false },
  ))
    rows.push(...canonicalRows(file.fields, columns))
  return rows
}

/** One column of one type in each file, and one file of all of them. */
const batches: Readonly<Record<string, ColumnBatch>> = {
  ...Object.fromEntries(
    Object.entries(types).map(([type, values]) => [type, batchFromRows({ c: [...values] }, { c: type } as SchemaLike)]),
  ),
  'all of them': batchFromRows(
    Object.fromEntries(
      Object.values(types).map((values, at) => [
        `c${at}`,
        Array.from({ length: 500 }, (_, row) => values[row % values.length]),
      ]),
    ),
    Object.fromEntries(Object.keys(types).map((type, at) => [`c${at}`, type])) as SchemaLike,
  ),
}

const cases = Object.keys(batches).flatMap((type) =>
  codecs.map((codec): [string, (typeof codecs)[number]] => [type, codec]),
)

let folder: string
const pathOf = (type: string, codec: string): string =>
  join(folder, `${Object.keys(batches).indexOf(type)}-${codec}.avro`)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lakefront-interop-'))
  for (const [type, codec] of cases) writeFileSync(pathOf(type, codec), await written([batches[type]!], codec))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(noForeignReaders !== undefined)('fastavro reads what we write', () => {
  const answers = new Map<string, { readonly codec: string; readonly rows: readonly unknown[] }>()

  beforeAll(() => {
    const paths = cases.map(([type, codec]) => pathOf(type, codec))
    const read = foreign('avro', ...paths) as { codec: string; rows: unknown[] }[]
    read.forEach((answer, at) => answers.set(paths[at]!, answer))
  })

  test.each(cases)('%s, %s', async (type, codec) => {
    const answer = answers.get(pathOf(type, codec))!
    expect(answer.codec).toBe(codec)
    expect(answer.rows).toEqual(await read(pathOf(type, codec)))
    expect(answer.rows).toHaveLength(batches[type]!.length)
    if (type === 'all of them') return
    const own = canonicalRows(batches[type]!.schema.fields, batches[type]!.columns)
    expect(answer.rows).toEqual(own)
  })
})

describe.skipIf(noJava !== undefined)("Java's Avro reads what we write, and we what it writes", () => {
  test.each(['null', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz'])(
    'with the schema it wrote down, %s',
    async (codec) => {
      const pairs = cases.map(([type, from]) => [pathOf(type, from), pathOf(type, `${from}-java-${codec}`)] as const)
      const rows = rewrittenByJava(codec, pairs)
      expect(rows).toEqual(cases.map(([type]) => batches[type]!.length))
      for (const [ours, theirs] of pairs) expect(await read(theirs), ours).toEqual(await read(ours))
    },
    180_000,
  )
})
