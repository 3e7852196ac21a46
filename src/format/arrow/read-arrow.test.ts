import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import { failure } from '../../storage/conformance.ts'
import { memorySource } from '../../storage/memory.ts'
import type { Traffic } from '../../storage/storage.ts'
import { ipcFromBatches } from '../../types/arrow.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import { formatValue } from '../../types/format-value.ts'
import { typeName } from '../../types/type-names.ts'
import { valueReader } from '../../types/value-reader.ts'
import { foreign, noForeignReaders } from '../fixtures/foreign-readers.ts'
import { openArrow, readArrow } from './read-arrow.ts'

interface Answer {
  readonly schema: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

async function ours(bytes: Uint8Array, columns?: readonly string[], meter?: Traffic): Promise<Answer> {
  const file = await openArrow(memorySource(bytes, 'x.arrow'))
  const wanted = file.fields.flatMap(({ name }, index) => ((columns?.includes(name) ?? true) ? [index] : []))
  const rows: (string | null)[][] = []
  const reading = { readsAhead: true, ...(meter && { meter }) }
  for await (const { length, columns: read } of readArrow(file, wanted, reading)) {
    const readers = read.map((column, at) => valueReader(file.fields[wanted[at]!]!.type, column))
    for (let row = 0; row < length; row++) {
      rows.push(
        readers.map((value, at) => {
          const found = value(row)
          return found === null ? null : formatValue(found, file.fields[wanted[at]!]!.type)
        }),
      )
    }
  }
  return { schema: wanted.map((index) => `${file.fields[index]!.name} ${typeName(file.fields[index]!.type)}`), rows }
}

describe.skipIf(noForeignReaders !== undefined)('what pyarrow writes, as DuckDB reads it out of memory', () => {
  let folder: string
  let expected: Record<string, Answer>
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lakefront-arrow-'))
    expected = foreign('arrow', folder) as Record<string, Answer>
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(
    ['file', 'stream'].flatMap((form): [string, string][] => [
      ...['plain', 'lz4', 'zstd'].map((codec): [string, string] => [`table-${form}-${codec}`, 'table']),
      [`many-${form}`, 'many'],
      [`sliced-${form}`, 'sliced'],
    ]),
  )('%s', async (name, of) => {
    const found = await ours(read(`${name}.arrow`))
    const { schema, rows } = expected[of]!
    // DuckDB calls a column of nothing but nulls an integer.
    expect(found.schema).toEqual(schema.map((column) => (column === 'null INTEGER' ? 'null "NULL"' : column)))
    expect(found.rows).toEqual(rows)
  })

  test.each(['file', 'stream'])('the format before Arrow 0.15, as a %s', async (form) => {
    const found = await ours(read(`old-${form}.arrow`))
    expect(found.rows).toHaveLength(5)
    const at = found.schema.findIndex((column) => column.startsWith('deep '))
    const known = expected['table']!
    const there = known.schema.findIndex((column) => column.startsWith('deep '))
    expect(found.rows.map((row) => row[at])).toEqual(known.rows.map((row) => row[there]))
  })

  test.each(['file', 'stream'])('a %s without rows', async (form) => {
    const found = await ours(read(`empty-${form}.arrow`))
    expect(found.rows).toEqual([])
    expect(found.schema).toHaveLength(expected['table']!.schema.length)
  })

  test.each(['plain', 'lz4', 'zstd'])('of a file (%s) only the columns that are wanted are fetched', async (codec) => {
    const bytes = read(`big-file-${codec}.arrow`)
    const meter = { requests: 0, bytes: 0 }
    const found = await ours(bytes, ['id'], meter)
    expect(found.rows.slice(-1)).toEqual([['49999']])
    expect(found.rows).toHaveLength(50_000)
    expect(meter.bytes).toBeLessThan(bytes.length / 2)
    expect((await ours(read(`big-stream-${codec}.arrow`), ['id'])).rows).toEqual(found.rows)
    const counted = { requests: 0, bytes: 0 }
    expect((await ours(bytes, [], counted)).rows).toHaveLength(50_000)
    expect(counted.bytes).toBeLessThan(20_000)
  })

  test('a file behind gzip is read like a stream', async () => {
    const found = await ours(new Uint8Array(gzipSync(read('table-file-plain.arrow'))))
    expect(found.rows).toEqual(expected['table']!.rows)
  })

  test.each(['unsupported-runs', 'unsupported-views'])('%s is refused by its name', async (name) => {
    const error = await failure(ours(read(`${name}.arrow`)))
    expect(error).toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('a file that was cut, and one whose bytes differ', async () => {
    const bytes = read('table-file-plain.arrow')
    expect(await failure(ours(bytes.slice(0, -20)))).toMatchObject({
      code: 'CORRUPT_FILE',
      message: expect.stringContaining('truncated'),
    })
    const stream = read('table-stream-plain.arrow')
    expect(await failure(ours(stream.slice(0, stream.length - 2000)))).toMatchObject({
      code: 'CORRUPT_FILE',
      details: { offset: expect.any(Number) },
    })
  })
})

test('buffers are used as they were fetched', async () => {
  const batch = batchFromRows(
    Array.from({ length: 10_000 }, (_, row) => ({ a: row, b: `text ${row}` })),
    { a: 'bigint', b: 'varchar' },
  )
  const memory = memorySource(ipcFromBatches(batch.schema, [batch], { format: 'file' }), 'x.arrow')
  const fetched = new Set<ArrayBufferLike>()
  const source = {
    ...memory,
    async read(...given: Parameters<typeof memory.read>) {
      const bytes = await memory.read(...given)
      fetched.add(bytes.buffer)
      return bytes
    },
  }
  let rows = 0
  for await (const { columns, length } of readArrow(await openArrow(source), [0, 1], { readsAhead: false })) {
    rows += length
    const [a, b] = columns
    expect([a!.values, b!.values, b!.offsets].map((view) => fetched.has(view!.buffer))).toEqual([true, true, true])
  }
  expect(rows).toBe(10_000)
})

test('bytes that are no Arrow', async () => {
  for (const bytes of [new Uint8Array(), new Uint8Array(7), new TextEncoder().encode('hello, world, this is text')])
    expect(isLakefrontError(await failure(openArrow(memorySource(bytes, 'x'))), 'CORRUPT_FILE')).toBe(true)
})
