import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binary, fileOf, i32, i64, leaf, root, structs } from '../format/parquet/fixtures/handmade.ts'
import { writeThriftStruct } from '../format/parquet/thrift.ts'
import type { ThriftField, ThriftFields } from '../format/parquet/thrift.ts'
import { nativeConnection, nativeRows, nativeSchema, provider, schemaOf, tableRows } from './fixtures/native.ts'

let native: DuckDBConnection
let folder: string
const scans = provider()

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-foreign-'))
})

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

/** What native DuckDB does not write: columns of plain values, made by hand. */
interface Column {
  readonly elements: readonly ThriftFields[]
  readonly path: readonly string[]
  readonly type: number
  readonly values: number
  readonly page: readonly number[]
}

function handmade(...columns: Column[]): Uint8Array {
  const data: number[] = []
  const chunks = columns.map(({ path, type, values, page }): ThriftFields => {
    const start = 4 + data.length
    data.push(...pageHeader(page.length, values), ...page)
    const length = 4 + data.length - start
    const meta: ThriftFields = [
      [1, i32(type)],
      [2, { type: 'list', of: 'i32', value: [0, 3] }],
      [3, { type: 'list', of: 'binary', value: path }],
      [4, i32(0)],
      [5, i64(values)],
      [6, i64(length)],
      [7, i64(length)],
      [9, i64(start)],
    ]
    return [
      [2, i64(start)],
      [3, { type: 'struct', value: meta }],
    ]
  })
  const rows = 3
  const metadata = writeThriftStruct([
    [1, i32(1)],
    [2, structs([root(columns.length), ...columns.flatMap((column) => column.elements)])],
    [3, i64(rows)],
    [
      4,
      structs([
        [
          [1, structs(chunks)],
          [2, i64(data.length)],
          [3, i64(rows)],
        ],
      ]),
    ],
  ])
  return fileOf(metadata, Uint8Array.from(data))
}

function pageHeader(length: number, values: number): Uint8Array {
  const details: ThriftFields = [
    [1, i32(values)],
    [2, i32(0)],
    [3, i32(3)],
    [4, i32(3)],
  ]
  return writeThriftStruct([
    [1, i32(0)],
    [2, i32(length)],
    [3, i32(length)],
    [5, { type: 'struct', value: details }],
  ])
}

/** A required column of three plain values. */
function required(
  name: string,
  type: number,
  page: readonly number[],
  annotation: readonly (readonly [number, ThriftField])[],
  length?: number,
): Column {
  const element: ThriftFields = [
    [1, i32(type)],
    [2, length === undefined ? undefined : i32(length)],
    [3, i32(0)],
    [4, binary(name)],
    ...annotation,
  ]
  return { elements: [element], path: [name], type, values: 3, page }
}

const bytesOf = (values: ArrayBufferView): number[] => [...new Uint8Array(values.buffer)]
const logical = (id: number, parameters: ThriftFields = []): readonly [number, ThriftField] => [
  10,
  { type: 'struct', value: [[id, { type: 'struct', value: parameters }]] },
]
const unit = (id: number): ThriftField => ({ type: 'struct', value: [[id, { type: 'struct', value: [] }]] })
const inUtc = (value: boolean): ThriftField => ({ type: 'bool', value })
const instants = bytesOf(BigInt64Array.of(0n, -1234567890123n, 1700000000123n))
const times = bytesOf(BigInt64Array.of(0n, 1n, 86_399_999_999n))
const text = (...values: string[]): number[] =>
  values.flatMap((value) => [...bytesOf(Uint32Array.of(value.length)), ...new TextEncoder().encode(value)])

async function expectEqualToNative(name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, `${name}.parquet`)
  writeFileSync(path, bytes)
  const table = await scans.table({ id: path, format: 'parquet', files: [path] })
  expect(schemaOf(table)).toEqual(await nativeSchema(native, path))
  expect(await tableRows(table)).toEqual(await nativeRows(native, path))
}

describe('annotations that native DuckDB reads but does not write', () => {
  test.each<[string, Column]>([
    ['milliseconds', required('a', 2, instants, [[6, i32(9)]])],
    [
      'milliseconds, newer',
      required('a', 2, instants, [
        logical(8, [
          [1, inUtc(false)],
          [2, unit(1)],
        ]),
      ]),
    ],
    [
      'milliseconds in UTC',
      required('a', 2, instants, [
        logical(8, [
          [1, inUtc(true)],
          [2, unit(1)],
        ]),
      ]),
    ],
    ['microseconds, older', required('a', 2, instants, [[6, i32(10)]])],
    [
      'nanoseconds',
      required('a', 2, instants, [
        logical(8, [
          [1, inUtc(false)],
          [2, unit(3)],
        ]),
      ]),
    ],
    [
      'nanoseconds in UTC',
      required('a', 2, instants, [
        logical(8, [
          [1, inUtc(true)],
          [2, unit(3)],
        ]),
      ]),
    ],
    ['a time in milliseconds', required('a', 1, bytesOf(Int32Array.of(0, 1, 86_399_999)), [[6, i32(7)]])],
    [
      'a time in milliseconds in UTC',
      required('a', 1, bytesOf(Int32Array.of(0, 1, 86_399_999)), [
        [6, i32(7)],
        logical(7, [
          [1, inUtc(true)],
          [2, unit(1)],
        ]),
      ]),
    ],
    ['a time in microseconds', required('a', 2, times, [[6, i32(8)]])],
    [
      'a time in nanoseconds',
      required('a', 2, times, [
        logical(7, [
          [1, inUtc(false)],
          [2, unit(3)],
        ]),
      ]),
    ],
    [
      'a time in nanoseconds in UTC',
      required('a', 2, times, [
        logical(7, [
          [1, inUtc(true)],
          [2, unit(3)],
        ]),
      ]),
    ],
    ['float16', required('a', 7, bytesOf(Uint16Array.of(0x3c00, 0xfbff, 0x0001)), [logical(15)], 2)],
    ['fixed-length text', required('a', 7, [...new TextEncoder().encode('abcdéfgh')], [[6, i32(0)]], 3)],
    ['an enum', required('a', 6, text('x', 'yy', ''), [[6, i32(4)]])],
    ['JSON', required('a', 6, text('1', '{}', 'null'), [[6, i32(19)]])],
    ['no annotation', required('a', 6, text('x', 'yy', ''), [])],
    ['fixed-length bytes', required('a', 7, [1, 2, 3, 4, 5, 6], [], 2)],
    [
      'a decimal of text length',
      required(
        'a',
        6,
        [
          ...bytesOf(Uint32Array.of(1)),
          0x85,
          ...bytesOf(Uint32Array.of(2)),
          1,
          0,
          ...bytesOf(Uint32Array.of(3)),
          0xff,
          0,
          0,
        ],
        [
          [6, i32(5)],
          [7, i32(2)],
          [8, i32(9)],
        ],
      ),
    ],
    [
      'a decimal in an int64 with few digits',
      required('a', 2, bytesOf(BigInt64Array.of(-5n, 0n, 9999n)), [
        [6, i32(5)],
        [7, i32(2)],
        [8, i32(4)],
      ]),
    ],
    [
      'a decimal in an int32 with many digits',
      required('a', 1, bytesOf(Int32Array.of(-5, 0, 9999)), [
        [6, i32(5)],
        [7, i32(2)],
        [8, i32(20)],
      ]),
    ],
    [
      'an interval',
      required('a', 7, bytesOf(Uint32Array.of(1, 2, 3, 0, 0, 0, 14, 400, 4_000_000_000)), [[6, i32(21)]], 12),
    ],
    ['always null', required('a', 1, bytesOf(Int32Array.of(1, 2, 3)), [logical(11)])],
    [
      'INT96',
      required(
        'a',
        3,
        [
          ...Array.from({ length: 8 }, () => 0),
          ...bytesOf(Uint32Array.of(2_440_588)),
          ...Array.from({ length: 8 }, () => 1),
          ...bytesOf(Uint32Array.of(2_000_000)),
          ...Array.from({ length: 8 }, () => 2),
          ...bytesOf(Uint32Array.of(3_000_000)),
        ],
        [],
      ),
    ],
  ])('%s', async (name, column) => {
    await expectEqualToNative(name.replaceAll(' ', '-'), handmade(column))
  })

  test('newer annotations without their older form mean the same as with it', async () => {
    const both = (id: number, parameters: ThriftFields, converted: number): Column[] => {
      const page = bytesOf(Int32Array.of(1, 200, 70_000))
      return [
        required('a', 1, page, [[6, i32(converted)], logical(id, parameters)]),
        required('a', 1, page, [logical(id, parameters)]),
      ]
    }
    for (const columns of [
      both(6, [], 6),
      both(
        5,
        [
          [1, i32(2)],
          [2, i32(9)],
        ],
        5,
      ).map((column) => withDecimal(column)),
    ]) {
      const [older, newer] = await Promise.all(
        columns.map((column) => scans.table({ id: crypto.randomUUID(), format: 'parquet', files: [handmade(column)] })),
      )
      expect(newer!.schema).toEqual(older!.schema)
      expect(await tableRows(newer!)).toEqual(await tableRows(older!))
    }
  })
})

/** The older form keeps scale and precision beside the annotation. */
function withDecimal(column: Column): Column {
  const [element] = column.elements
  const fields = [
    ...element!.filter(([id]) => id < 7),
    [7, i32(2)] as const,
    [8, i32(9)] as const,
    ...element!.filter(([id]) => id > 8),
  ]
  return { ...column, elements: [fields] }
}

test('a decimal of more digits than DuckDB has is a double', async () => {
  const stored = [...Array.from({ length: 40 }, () => 0xff), ...Array.from({ length: 20 }, () => 1)]
  const table = await scans.table({
    id: 'long decimal',
    format: 'parquet',
    files: [
      handmade(
        required(
          'a',
          7,
          stored,
          [
            [6, i32(5)],
            [7, i32(2)],
            [8, i32(45)],
          ],
          20,
        ),
      ),
    ],
  })
  expect(schemaOf(table)).toEqual(['a DOUBLE'])
  const last = Number(BigInt(`0x${'01'.repeat(20)}`)) / 100
  expect((await tableRows(table)).map(([value]) => Number(value))).toEqual([-0.01, -0.01, last])
})

test('INT96 inside a list', async () => {
  const instant = (day: number): number[] => [
    ...bytesOf(BigInt64Array.of(3_600_000_000_000n)),
    ...bytesOf(Uint32Array.of(day)),
  ]
  // Three rows: two instants, null, a list of one null; levels bit-packed, eight at a time.
  const page = [2, 0, 0, 0, 3, 0b0010, 3, 0, 0, 0, 3, 0b10_00_11_11, 0, ...instant(2_440_588), ...instant(3_000_000)]
  const elements: ThriftFields[] = [
    [
      [3, i32(1)],
      [4, binary('l')],
      [5, i32(1)],
      [6, i32(3)],
    ],
    [
      [3, i32(2)],
      [4, binary('list')],
      [5, i32(1)],
    ],
    [
      [1, i32(3)],
      [3, i32(1)],
      [4, binary('element')],
    ],
  ]
  await expectEqualToNative(
    'int96-list',
    handmade({ elements, path: ['l', 'list', 'element'], type: 3, values: 4, page }),
  )
})

test('a list in two levels, as old writers made them', async () => {
  const page = [2, 0, 0, 0, 3, 0b0010, 3, 0, 0, 0, 3, 0b00_01_10_10, 0, ...bytesOf(Int32Array.of(7, 8))]
  const elements: ThriftFields[] = [
    [
      [3, i32(1)],
      [4, binary('l')],
      [5, i32(1)],
      [6, i32(3)],
    ],
    [
      [1, i32(1)],
      [3, i32(2)],
      [4, binary('array')],
    ],
  ]
  await expectEqualToNative('two-levels', handmade({ elements, path: ['l', 'array'], type: 1, values: 4, page }))
})

test('text that is not UTF-8 is refused, not guessed', async () => {
  const column = required('a', 6, [...text('x', 'y'), 1, 0, 0, 0, 0xff], [[6, i32(0)]])
  const table = await scans.table({ id: 'utf8', format: 'parquet', files: [handmade(column)] })
  await expect(tableRows(table)).rejects.toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('"a"'),
  })
})

test('a file of no row groups and one of several columns of each kind of name', async () => {
  await expectEqualToNative(
    'none',
    fileOf(
      writeThriftStruct([
        [1, i32(1)],
        [2, structs([root(2), leaf('a'), leaf('b c."d')])],
        [3, i64(0)],
        [4, structs([])],
      ]),
    ),
  )
})
