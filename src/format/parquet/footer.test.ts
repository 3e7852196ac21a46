import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure } from '../../storage/conformance.ts'
import { memorySource } from '../../storage/memory.ts'
import type { ByteSource } from '../../storage/storage.ts'
import { readFooter } from './footer.ts'
import type { ParquetFooter } from './footer.ts'
import { columnBounds } from './statistics.ts'
import type { ColumnBounds } from './statistics.ts'
import { binary, fileOf, group, i32, i64, leaf, root, structs, text } from './fixtures/handmade.ts'
import { writeThriftStruct } from './thrift.ts'
import type { ThriftFields } from './thrift.ts'

let native: DuckDBConnection
let folder: string

beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:')).connect()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-footer-'))
})

afterAll(() => {
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function written(query: string, options = 'ROW_GROUP_SIZE 2048'): Promise<Uint8Array> {
  const path = join(folder, 'file.parquet')
  await native.run(`COPY (${query}) TO '${path}' (FORMAT parquet, ${options})`)
  return new Uint8Array(readFileSync(path))
}

const footerOf = (bytes: Uint8Array): Promise<ParquetFooter> => readFooter(memorySource(bytes, 'some.file'))

describe('files that are no Parquet say what they look like', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'is empty'],
    ['CSV', text('id,name\n1,a\n'), 'CSV'],
    ['tabs', text('id\tname\n1\ta\n'), 'tab-separated'],
    ['JSON', text('[{"a": 1}, {"a": 2}]'), 'JSON'],
    ['HTML', text('<!doctype html><html><body>404</body></html>'), 'HTML page'],
    ['an error of a store', text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), 'XML'],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0), 'gzip'],
    ['zip', text('PK\u0003\u0004 and more bytes'), 'ZIP'],
    ['Avro', text('Obj\u0001 and more bytes'), 'Avro'],
    ['Arrow', text('ARROW1\0\0 and more bytes'), 'Arrow IPC'],
    ['words', text('hello there nobody'), 'plain text'],
    ['noise', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 'starts with bytes 01 02 03 04'],
    ['one byte', Uint8Array.of(0x50), 'plain text'],
  ])('%s', async (_, bytes, looks) => {
    expect(await failure(footerOf(bytes))).toMatchObject({
      code: 'NOT_A_PARQUET_FILE',
      message: expect.stringContaining(looks),
    })
    expect(await failure(footerOf(bytes))).toMatchObject({ message: expect.stringContaining('"some.file"') })
  })
})

describe('damaged files', () => {
  test('cut anywhere are truncated', async () => {
    const bytes = await written('SELECT i, i::VARCHAR AS s FROM range(5000) t(i)')
    for (const length of [
      4,
      5,
      8,
      11,
      12,
      100,
      bytes.length >> 1,
      bytes.length - 9,
      bytes.length - 4,
      bytes.length - 1,
    ]) {
      expect(await failure(footerOf(bytes.slice(0, length)))).toMatchObject({
        code: 'CORRUPT_FILE',
        message: expect.stringContaining('"some.file"'),
      })
    }
  })

  test.each([0, 1, 0x7fffffff, 0xffffffff])('a metadata length of %i is refused', async (length) => {
    const bytes = await written('SELECT 1 AS a')
    new DataView(bytes.buffer).setUint32(bytes.length - 8, length, true)
    expect(await failure(footerOf(bytes))).toMatchObject({ code: 'CORRUPT_FILE' })
  })

  test('an encrypted footer is unsupported', async () => {
    const bytes = await written('SELECT 1 AS a')
    bytes.set(text('PARE'), bytes.length - 4)
    expect(await failure(footerOf(bytes))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('encrypted'),
    })
  })

  test.each<[string, ThriftFields]>([
    ['no schema', [[3, i64(0)]]],
    [
      'an empty schema',
      [
        [2, structs([])],
        [3, i64(0)],
      ],
    ],
    [
      'a root that counts too many',
      [
        [2, structs([root(5)])],
        [4, structs([])],
      ],
    ],
    [
      'a leaf without a type',
      [
        [2, structs([root(1), [[4, binary('a')]]])],
        [4, structs([])],
      ],
    ],
    [
      'a leaf without a name',
      [
        [2, structs([root(1), [[1, i32(1)]]])],
        [4, structs([])],
      ],
    ],
    [
      'a decimal of 0 digits',
      [
        [
          2,
          structs([
            root(1),
            [
              [1, i32(1)],
              [4, binary('a')],
              [6, i32(5)],
              [7, i32(0)],
              [8, i32(0)],
            ],
          ]),
        ],
        [4, structs([])],
      ],
    ],
    [
      'a decimal whose two scales differ',
      [
        [
          2,
          structs([
            root(1),
            [
              [1, i32(1)],
              [4, binary('a')],
              [6, i32(5)],
              [7, i32(4)],
              [8, i32(9)],
              [
                10,
                {
                  type: 'struct',
                  value: [
                    [
                      5,
                      {
                        type: 'struct',
                        value: [
                          [1, i32(2)],
                          [2, i32(9)],
                        ],
                      },
                    ],
                  ],
                },
              ],
            ],
          ]),
        ],
        [4, structs([])],
      ],
    ],
    [
      'a row group without chunks',
      [
        [2, structs([root(1), leaf('a')])],
        [
          4,
          structs([
            [
              [1, structs([])],
              [3, i64(1)],
            ],
          ]),
        ],
      ],
    ],
    [
      'negative rows',
      [
        [2, structs([root(1), leaf('a')])],
        [4, structs([group(-1)])],
      ],
    ],
    [
      'a chunk outside the file',
      [
        [2, structs([root(1), leaf('a')])],
        [4, structs([group(1, 4, 1 << 20)])],
      ],
    ],
    [
      'a chunk of another type',
      [
        [2, structs([root(1), leaf('a')])],
        [4, structs([group(1, 4, 0, 2)])],
      ],
    ],
  ])('metadata with %s', async (_, fields) => {
    expect(await failure(footerOf(fileOf(writeThriftStruct(fields))))).toMatchObject({
      code: 'CORRUPT_FILE',
      message: expect.stringContaining('"some.file"'),
    })
  })

  test.each<[string, number[]]>([
    ['a list of two thousand million elements', [0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07]],
    ['a number that never ends', [0x15, ...Array.from({ length: 50_000 }, () => 0x80)]],
    ['structs nested without end', Array.from({ length: 50_000 }, () => 0x1c)],
    ['lists nested without end', [0x19, ...Array.from({ length: 50_000 }, () => 0x19)]],
  ])('metadata with %s ends quickly', async (_, bytes) => {
    const started = performance.now()
    expect(await failure(footerOf(fileOf(Uint8Array.from(bytes))))).toMatchObject({ code: 'CORRUPT_FILE' })
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

test('one read of the tail is enough, a second only for long metadata', async () => {
  const short = memorySource(await written('SELECT i FROM range(100000) t(i)'))
  await readFooter(short)
  expect(short.traffic.requests).toBe(1)
  expect(short.traffic.bytes).toBeLessThanOrEqual(64 * 1024)
  const columns = Array.from({ length: 100 }, (_, index) => `i AS column_number_${index}`)
  const long = memorySource(await written(`SELECT ${columns.join(', ')} FROM range(40000) t(i)`))
  const footer = await readFooter(long)
  expect(footer.footerBytes).toBeGreaterThan(64 * 1024)
  expect(long.traffic).toEqual({ requests: 2, bytes: footer.footerBytes + 8 })
  expect(footer.rows).toBe(40_000)
  expect(footer.columns).toHaveLength(100)
})

test('the file is pinned to the validator it had', async () => {
  const source = memorySource(await written('SELECT 1 AS a'))
  const pins: (string | undefined)[] = []
  const spied: ByteSource = {
    ...source,
    read: (start, end, options) => (pins.push(options?.ifMatch), source.read(start, end, options)),
  }
  const { etag } = await readFooter(spied)
  expect(pins).toEqual([etag])
})

test('names that differ only in case are told apart as DuckDB does', async () => {
  const elements = [root(4), leaf('a'), leaf('A'), leaf('a'), leaf('A_1')]
  const bytes = fileOf(
    writeThriftStruct([
      [1, i32(1)],
      [2, structs(elements)],
      [3, i64(0)],
      [4, structs([])],
    ]),
  )
  const footer = await footerOf(bytes)
  const path = join(folder, 'names.parquet')
  writeFileSync(path, bytes)
  const described = await native.runAndReadAll(`DESCRIBE FROM read_parquet('${path}')`)
  expect(footer.columns.map(({ field }) => field.name)).toEqual(described.getRows().map(([name]) => String(name)))
})

describe('statistics', () => {
  const boundsOf = async (bytes: Uint8Array): Promise<ColumnBounds[]> => {
    const footer = await footerOf(bytes)
    return footer.columns.map((column) => columnBounds(column, footer.rowGroups[0]!.chunks[column.firstLeaf]!))
  }

  test('of each type are values that compare', async () => {
    const bytes =
      await written(`SELECT i::TINYINT - 50 AS a, (250 + i // 50)::UTINYINT AS b, (18446744073709551615 - i)::UBIGINT AS c, i / 8 AS d, (i - 50)::DECIMAL(30,2) AS e,
      DATE '1970-01-02' + i::INTEGER AS f, TIMESTAMP '1970-01-01 00:00:01' AS g, CASE WHEN i > 50 THEN 'k' || i END AS h, i < 0 AS j FROM range(100) t(i)`)
    expect(await boundsOf(bytes)).toEqual([
      { nulls: 0, min: -50n, max: 49n },
      { nulls: 0, min: 250n, max: 251n },
      { nulls: 0, min: 18446744073709551516n, max: 18446744073709551615n },
      { nulls: 0, min: 0, max: 12.375 },
      { nulls: 0, min: -5000n, max: 4900n },
      { nulls: 0, min: 1n, max: 100n },
      { nulls: 0, min: 1_000_000n, max: 1_000_000n },
      { nulls: 51, min: text('k51'), max: text('k99') },
      { nulls: 0, min: false, max: false },
    ])
  })

  test('of nested columns and of columns without any are none', async () => {
    expect(await boundsOf(await written('SELECT [1, 2] AS a'))).toEqual([{}])
  })

  test('of the first format version count for signed numbers only', async () => {
    const old: ThriftFields = [
      [1, { type: 'binary', value: Uint8Array.of(9, 0, 0, 0) }],
      [2, { type: 'binary', value: Uint8Array.of(1, 0, 0, 0) }],
      [3, i64(0)],
    ]
    const fileWith = (converted: number | undefined): Uint8Array =>
      fileOf(
        writeThriftStruct([
          [2, structs([root(1), leaf('a', converted)])],
          [3, i64(1)],
          [4, structs([group(1, 4, 0, 1, old)])],
        ]),
      )
    expect(await boundsOf(fileWith(undefined))).toEqual([{ nulls: 0, min: 1n, max: 9n }])
    expect(await boundsOf(fileWith(13))).toEqual([{ nulls: 0 }])
  })

  test('that contradict themselves are not believed', async () => {
    const wrong: ThriftFields = [
      [5, { type: 'binary', value: Uint8Array.of(1, 0, 0, 0) }],
      [6, { type: 'binary', value: Uint8Array.of(9, 0, 0, 0) }],
    ]
    expect(
      await boundsOf(
        fileOf(
          writeThriftStruct([
            [2, structs([root(1), leaf('a')])],
            [3, i64(1)],
            [4, structs([group(1, 4, 0, 1, wrong)])],
          ]),
        ),
      ),
    ).toEqual([{}])
  })
})
