import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  nativeConnection,
  nativeRows,
  nativeSchema,
  provider,
  schemaOf,
  tableRows,
} from '../../scan/fixtures/native.ts'
import type { ByteRange } from '../../storage/coalesce.ts'
import { memorySource } from '../../storage/memory.ts'
import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import { columnFromValues } from '../../types/column-from-values.ts'
import { formatValue } from '../../types/format-value.ts'
import type { LogicalType, SimpleKind } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { bytesOf } from '../../types/typed-view.ts'
import { encodeHere, streamEncoder } from './encode.ts'
import { everyType } from './fixtures/every-type.ts'
import { batchOf, batchOfColumns, encoderHere, wasmOf, writeFile } from './fixtures/write-file.ts'
import { readFooter } from './footer.ts'
import { readPageLocations, readPageStatistics } from './page-index.ts'
import { parquetEncoder } from './parquet-encoder.ts'
import { parquetInstance } from './parquet-instance.ts'
import type { FileField, ParquetWriteOptions } from './parquet-writer.ts'
import { columnBounds } from './statistics.ts'

let connection: DuckDBConnection
const folder = mkdtempSync(join(tmpdir(), 'lakefront-write-'))
const path = join(folder, 'written.parquet')

beforeAll(async () => {
  connection = await nativeConnection()
})

afterAll(() => {
  connection.closeSync()
  rmSync(folder, { recursive: true })
})

const { fields, batch } = batchOf(everyType.map(({ name, type, values }) => [name, type, values]))

/** What a reader is to see, row by row. */
const expectedRows =
  batch.columns[0]!.length === 0
    ? []
    : [0, 1, 2, 3].map((row) =>
        everyType.map(({ type, values, stored }) => stored?.texts?.[row] ?? formatValue(values[row] ?? null, type)),
      )
const expectedSchema = everyType.map(({ name, type, stored }) => `${name} ${stored?.type ?? typeName(type)}`)

describe('every type', () => {
  test.each(['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'] as const)(
    'is read back from %s',
    async (compression) => {
      const { file, summary } = await writeFile(fields, [batch, batch], { compression, rowGroupRows: 5 })
      writeFileSync(path, file)
      expect(await nativeSchema(connection, path)).toEqual(expectedSchema)
      expect(await nativeRows(connection, path)).toEqual([...expectedRows, ...expectedRows])
      expect(summary).toMatchObject({ rows: 8, bytes: file.length })
      const table = await provider().table({ id: path, format: 'parquet', files: [path] })
      expect(await tableRows(table)).toEqual([...expectedRows, ...expectedRows])
      expect(schemaOf(table)).toEqual(expectedSchema)
    },
  )
})

const text: LogicalType = { kind: 'varchar' }
const integer: LogicalType = { kind: 'integer' }
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index)

async function rows(sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRowsJson()
}

describe('row groups', () => {
  test('end at a number of rows, whatever the batches', async () => {
    const batches = [7, 1, 0, 40, 2].map((count) => batchOf([['a', integer, numbers(count)]]).batch)
    const { file, summary } = await writeFile([{ name: 'a', type: integer }], batches, { rowGroupRows: 20 })
    writeFileSync(path, file)
    expect(
      await rows(`SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata('${path}') ORDER BY 1`),
    ).toEqual([
      ['0', '20'],
      ['1', '20'],
      ['2', '10'],
    ])
    expect(summary.rows).toBe(50)
  })

  test('have no more bytes than they may', async () => {
    const noise = Array.from({ length: 4000 }, (_, index) => Math.sin(index))
    const { batch: wide, fields: wideFields } = batchOf([
      ['a', { kind: 'double' }, noise],
      ['b', text, noise.map((value) => (value > 0.5 ? 'x'.repeat(200) + value : null))],
    ])
    const { file } = await writeFile(wideFields, [wide, wide], { rowGroupBytes: 10_000 })
    writeFileSync(path, file)
    const groups = await rows(
      `SELECT sum(total_compressed_size)::INTEGER, any_value(row_group_num_rows)::INTEGER FROM parquet_metadata('${path}') GROUP BY row_group_id`,
    )
    expect(groups.length).toBeGreaterThan(5)
    for (const [bytes] of groups) expect(bytes).toBeLessThanOrEqual(10_000)
    expect(groups.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(8000)
    expect(await rows(`SELECT count(DISTINCT a)::INTEGER, count(b)::INTEGER FROM '${path}'`)).toEqual([
      [new Set(noise).size, 2 * noise.filter((value) => value > 0.5).length],
    ])
  })

  test('are given away as they become full, their size known before', async () => {
    const pieces: Uint8Array[] = []
    const writer = encoderHere().open([{ name: 'a', type: integer }], {
      rowGroupRows: 1000,
      emit: (bytes) => void pieces.push(bytes),
    })
    await writer.write(batchOf([['a', integer, numbers(999)]]).batch)
    expect(pieces).toEqual([])
    expect(writer.size).toBeGreaterThan(3000)
    await writer.write(batchOf([['a', integer, numbers(2, 999)]]).batch)
    expect(pieces).toHaveLength(1)
    expect(writer.size).toBeGreaterThan(pieces[0]!.length)
    const summary = await writer.finish()
    expect(summary.bytes).toBe(pieces.reduce((sum, { length }) => sum + length, 0))
    expect(writer.size).toBe(summary.bytes)
  })

  test('of texts of megabytes are cut before memory is full', async () => {
    const large = Array.from({ length: 28 }, (_, index) => String.fromCharCode(97 + (index % 26)).repeat(8 * 2 ** 20))
    const { batch: megabytes, fields: one } = batchOf([['a', text, large]])
    const { file, summary } = await writeFile(one, [megabytes], { compression: 'zstd' })
    writeFileSync(path, file)
    const [[groups]] = (await rows(`SELECT count(*)::INTEGER FROM parquet_metadata('${path}')`)) as [[number]]
    expect(groups).toBeGreaterThan(2)
    expect(await rows(`SELECT sum(length(a))::INTEGER, min(a[1]), max(a[1]) FROM '${path}'`)).toEqual([
      [28 * 8 * 2 ** 20, 'a', 'z'],
    ])
    expect([summary.leaves[0]!.min, summary.leaves[0]!.max]).toEqual([large[0], large[25]])
  })
})

describe('what a file says of itself', () => {
  test('statistics are whole where the file cuts them short, and only of values that are there', async () => {
    const long = 'b'.repeat(100)
    const elements = columnFromValues(text, ['zz'.repeat(60), `${long}1`, null, `${long}0`, 'a'.repeat(80)])
    const lists: ColumnData = {
      length: 3,
      nullCount: 1,
      validity: Uint8Array.of(0b101),
      offsets: Int32Array.of(1, 3, 5, 5),
      children: [elements],
    }
    const { batch: hidden, fields: own } = batchOfColumns([['l', { kind: 'list', element: text }, lists]])
    const { file, summary } = await writeFile(own, [hidden])
    writeFileSync(path, file)
    expect(await rows(`SELECT l FROM '${path}'`)).toEqual([[[`${long}1`, null]], [null], [[]]])
    expect(summary.leaves).toEqual([
      {
        path: ['l', 'element'],
        type: text,
        valueCount: 1,
        nullCount: 3,
        min: `${long}1`,
        max: `${long}1`,
        bytes: expect.any(Number),
      },
    ])
    expect(await rows(`SELECT stats_min_value, min_is_exact, max_is_exact FROM parquet_metadata('${path}')`)).toEqual([
      ['b'.repeat(64), false, false],
    ])
  })

  test('zero has both signs in bounds of the file; beside NaN, which DuckDB finds above all numbers, there are none', async () => {
    const { batch: odd, fields: own } = batchOf([
      ['zero', { kind: 'double' }, [0, 0]],
      ['negative', { kind: 'float' }, [-0, -0]],
      ['nan', { kind: 'double' }, [Number.NaN, 1]],
      ['only', { kind: 'float' }, [Number.NaN, null]],
    ])
    const { file, summary } = await writeFile(own, [odd])
    const footer = await readFooter(memorySource(file))
    const [zero, negative, nan, only] = footer.rowGroups[0]!.chunks.map(({ statistics }) => statistics!)
    expect([zero!.min, zero!.max]).toEqual([new Float64Array([-0]), new Float64Array([0])].map(bytesOf))
    expect([negative!.min, negative!.max]).toEqual([new Float32Array([-0]), new Float32Array([0])].map(bytesOf))
    expect(nan).toEqual({ nulls: 0 })
    expect(only).toEqual({ nulls: 1 })
    expect(summary.leaves.map(({ min, max, hasNan }) => [min, max, hasNan])).toEqual([
      [0, 0, false],
      [-0, -0, false],
      [1, 1, true],
      [undefined, undefined, true],
    ])
    writeFileSync(path, file)
    expect(await rows(`SELECT count(*)::INTEGER FROM '${path}' WHERE nan > 1`)).toEqual([[1]])
    expect(await rows(`SELECT count(*)::INTEGER FROM '${path}' WHERE nan = 'nan'::DOUBLE`)).toEqual([[1]])
  })

  test('infinity is infinity in every unit, in bounds too', async () => {
    const { batch: far, fields: own } = batchOf([['x', { kind: 'timestamp_ms' }, ['infinity', 'infinity']]])
    const { file } = await writeFile(own, [far])
    const { columns, rowGroups } = await readFooter(memorySource(file))
    const infinite = 2n ** 63n - 1n
    expect(columnBounds(columns[0]!, rowGroups[0]!.chunks[0]!)).toEqual({ nulls: 0, min: infinite, max: infinite })
  })

  test('field ids are where they were given, nested ones too', async () => {
    const { batch: few } = batchOf([
      ['a', integer, [1]],
      [
        's',
        { kind: 'struct', fields: [{ name: 'b', type: { kind: 'list', element: text }, nullable: true }] },
        [{ b: ['x'] }],
      ],
      ['m', { kind: 'map', key: text, value: integer }, [new Map([['k', 1]])]],
    ])
    const [a, s, m] = few.schema.fields.map(({ name, type }) => ({ name, type })) as [FileField, FileField, FileField]
    const element: FileField = { name: 'element', type: text, id: 5 }
    const { file, summary } = await writeFile(
      [
        { ...a, id: 1 },
        { ...s, id: 2, fields: [{ name: 'b', type: { kind: 'list', element: text }, id: 4, fields: [element] }] },
        {
          ...m,
          id: 6,
          fields: [
            { name: 'key', type: text, id: 7 },
            { name: 'value', type: integer, id: 2_147_483_640 },
          ],
        },
      ],
      [few],
    )
    writeFileSync(path, file)
    expect(await rows(`SELECT name, field_id::BIGINT::VARCHAR FROM parquet_schema('${path}')`)).toEqual([
      ['schema', null],
      ['a', '1'],
      ['s', '2'],
      ['b', '4'],
      ['list', null],
      ['element', '5'],
      ['m', '6'],
      ['key_value', null],
      ['key', '7'],
      ['value', '2147483640'],
    ])
    expect(summary.leaves.map(({ path: names, id }) => [names.join('.'), id])).toEqual([
      ['a', 1],
      ['s.b.element', 5],
      ['m.key', 7],
      ['m.value', 2_147_483_640],
    ])
  })

  test('metadata, sizes and indexes of pages are in the footer', async () => {
    const { batch: many, fields: own } = batchOf([
      ['a', integer, numbers(100_000)],
      ['i', { kind: 'interval' }, Array.from({ length: 100_000 }, () => '1 day')],
    ])
    const { file, summary } = await writeFile(own, [many], { metadata: { ключ: 'värde', empty: '' } })
    writeFileSync(path, file)
    expect(await rows(`SELECT decode(key), decode(value) FROM parquet_kv_metadata('${path}')`)).toEqual([
      ['ключ', 'värde'],
      ['empty', ''],
    ])
    const footer = await readFooter(memorySource(file))
    expect(summary.footerBytes).toBe(footer.footerBytes)
    expect(
      await rows(`SELECT file_size_bytes::INTEGER, footer_size::INTEGER FROM parquet_file_metadata('${path}')`),
    ).toEqual([[file.length, summary.footerBytes]])
    const [chunk, intervals] = footer.rowGroups[0]!.chunks
    const slice = ({ start, end }: ByteRange): Uint8Array => file.subarray(start, end)
    const pages = readPageLocations(slice(chunk!.offsetIndex!), chunk!, 100_000)!
    expect(pages.firstRows.length).toBeGreaterThan(3)
    const byPage = readPageStatistics(slice(chunk!.columnIndex!), pages, 100_000)!
    expect(byPage.map(({ min }) => new Int32Array(min!.slice().buffer)[0])).toEqual(pages.firstRows)
    expect(intervals!.columnIndex).toBeUndefined()
    expect(intervals!.statistics).toEqual({ nulls: 0 })
    expect(summary.leaves.map(({ bytes }) => bytes)).toEqual([chunk, intervals].map((each) => each!.end - each!.start))
  })
})

describe('files of unusual shape', () => {
  test('without rows', async () => {
    const { file, summary } = await writeFile(fields, [])
    writeFileSync(path, file)
    expect(await nativeSchema(connection, path)).toEqual(expectedSchema)
    expect(await nativeRows(connection, path)).toEqual([])
    expect(summary).toMatchObject({ rows: 0, bytes: file.length })
    expect(summary.leaves.map(({ valueCount, nullCount, bytes }) => [valueCount, nullCount, bytes])).toEqual(
      summary.leaves.map(() => [0, 0, 0]),
    )
    const empty = batchOf([['a', integer, []]])
    expect((await writeFile(empty.fields, [empty.batch, empty.batch])).summary.rows).toBe(0)
  })

  test('with 10,000 columns', async () => {
    const { batch: wide, fields: own } = batchOf(
      numbers(10_000).map((index) => [
        `c${index}`,
        index % 2 === 0 ? integer : text,
        index % 2 === 0 ? [index, null] : ['a', 'b'],
      ]),
    )
    const { file, pieces } = await writeFile(own, [wide])
    writeFileSync(path, file)
    expect(pieces).toBeLessThan(10)
    expect(await rows(`SELECT c0, c1, c9998, c9999 FROM '${path}'`)).toEqual([
      [0, 'a', 9998, 'a'],
      [null, 'b', null, 'b'],
    ])
  })

  test('columns that are dictionaries, of several batches', async () => {
    const dictionary = columnFromValues(text, ['x', '', 'ü'])
    const coded = (codes: number[], validity?: number): ColumnBatch =>
      batchOfColumns([
        [
          'a',
          text,
          {
            length: codes.length,
            nullCount: validity === undefined ? 0 : 1,
            ...(validity === undefined ? {} : { validity: Uint8Array.of(validity) }),
            values: bytesOf(Int32Array.from(codes)),
            dictionary,
          },
        ],
      ]).batch
    const { file } = await writeFile([{ name: 'a', type: text }], [coded([2, 0, 1]), coded([0, 99, 2], 0b101)], {
      rowGroupRows: 4,
    })
    writeFileSync(path, file)
    expect(await rows(`SELECT a FROM '${path}'`)).toEqual([['ü'], ['x'], [''], ['x'], [null], ['ü']])
  })

  test('twenty files in one thread take no more memory than three', async () => {
    const load = wasmOf()
    const encoder = parquetEncoder(encodeHere(streamEncoder(load)))
    const { batch: large, fields: own } = batchOf([
      ['a', { kind: 'double' }, Array.from({ length: 200_000 }, (_, index) => Math.sin(index))],
      ['b', text, Array.from({ length: 200_000 }, (_, index) => `text ${index}`)],
    ])
    const sizes: number[] = []
    for (let round = 0; round < 20; round++) {
      const writer = encoder.open(own, { compression: 'zstd', emit: () => {} })
      await writer.write(large)
      await writer.finish()
      writer.close()
      sizes.push((await parquetInstance(load)()).memory.byteLength)
    }
    expect(sizes.at(-1)).toBe(sizes[2])
  })
})

describe('what cannot be written says why', () => {
  const emit = (): void => {}

  test.each([
    ['no columns', [], 'INVALID_ARGUMENT', /one column at least/],
    [
      'a name twice',
      [
        { name: 'a', type: integer },
        { name: 'a', type: text },
      ],
      'COLUMN_AMBIGUOUS',
      /"a"/,
    ],
    [
      'a union',
      [{ name: 'u', type: { kind: 'union', members: [{ name: 'n', type: integer, nullable: true }] } }],
      'UNSUPPORTED',
      /^Column "u" .* UNION\(n INTEGER\)/,
    ],
  ] as [string, FileField[], string, RegExp][])('%s', (_, own, code, message) => {
    expect(() => encoderHere().open(own, { emit })).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })

  test.each([
    [{ compression: 'lzo' }, /"lzo".*none, snappy, gzip, zstd, lz4, brotli/],
    [{ rowGroupRows: 0 }, /rowGroupRows is 0/],
    [{ rowGroupRows: 1.5 }, /rowGroupRows is 1.5/],
    [{ rowGroupBytes: Number.NaN }, /rowGroupBytes is NaN/],
  ] as [ParquetWriteOptions, RegExp][])('options %j', (given, message) => {
    expect(() => encoderHere().open([{ name: 'a', type: integer }], { ...given, emit })).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  test.each([
    ['hugeint', 10n ** 38n],
    ['hugeint', -(10n ** 38n)],
    ['uhugeint', 2n ** 128n - 1n],
    ['interval', '-1 month'],
    ['interval', '-00:00:01'],
    ['interval', '00:00:00.000001'],
    ['interval', '1193:02:47.296'],
  ] as [SimpleKind, unknown][])('%s %s', async (kind, value) => {
    const { batch: bad, fields: own } = batchOf([['x', { kind }, [null, value]]])
    await expect(writeFile(own, [bad])).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining(`Column "x" cannot be written as Parquet: the ${kind.toUpperCase()} ${value} `),
      details: { column: 'x' },
    })
  })

  test('a value within values names the field it is in', async () => {
    const type: LogicalType = { kind: 'list', element: { kind: 'hugeint' } }
    const struct: LogicalType = { kind: 'struct', fields: [{ name: 'a', type, nullable: true }] }
    const { batch: bad, fields: own } = batchOf([['s', struct, [{ a: [1n, 10n ** 38n] }]]])
    await expect(writeFile(own, [bad])).rejects.toMatchObject({
      message: expect.stringMatching(/^Column "s\.a" .* the HUGEINT 10{38} has 39 digits/),
    })
  })

  test('seconds beyond what microseconds count', async () => {
    const values = bytesOf(BigInt64Array.of(2n ** 62n))
    const { batch: bad, fields: own } = batchOfColumns([
      ['x', { kind: 'timestamp_s' }, { length: 1, nullCount: 0, values }],
    ])
    await expect(writeFile(own, [bad])).rejects.toMatchObject({
      message: expect.stringMatching(/^Column "x" .* the TIMESTAMP_S .* is beyond 64 bits/),
    })
  })

  test('other columns than the file has', async () => {
    const own: FileField[] = [{ name: 'a', type: integer }]
    await expect(writeFile(own, [batchOf([['a', text, ['x']]]).batch])).rejects.toMatchObject({
      code: 'TYPE_MISMATCH',
      message: 'Column "a" of the file is INTEGER, but a batch has VARCHAR.',
    })
    const two = batchOf([
      ['a', integer, [1]],
      ['b', integer, [1]],
    ])
    await expect(writeFile(own, [two.batch])).rejects.toMatchObject({ code: 'TYPE_MISMATCH' })
  })

  test('anything after the end, and after a failure what failed', async () => {
    const { batch: one, fields: own } = batchOf([['a', integer, [1]]])
    const closed = encoderHere().open(own, { emit })
    await closed.write(one)
    closed.close()
    closed.close()
    await expect(closed.write(one)).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(closed.finish()).rejects.toMatchObject({ code: 'CLOSED' })
    const finished = encoderHere().open(own, { emit })
    await finished.finish()
    await expect(finished.write(one)).rejects.toMatchObject({ code: 'CLOSED' })
    const full = new Error('the disk is full')
    const failing = encoderHere().open(own, { emit: () => Promise.reject(full), rowGroupRows: 1 })
    await expect(failing.write(one)).rejects.toBe(full)
    await expect(failing.finish()).rejects.toBe(full)
  })
})
