import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchFromRows } from '../types/batch-from-rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import { formatValue } from '../types/format-value.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { csvEncoder } from './csv/csv-encoder.ts'
import type { CsvWriteOptions } from './csv/csv-encoder.ts'
import type { FileEncoder } from './file-encoder.ts'
import { jsonEncoder } from './json/json-encoder.ts'
import { everyType } from './parquet/fixtures/every-type.ts'
import { TextSink } from './text-sink.ts'

async function written(encoder: FileEncoder, batches: readonly ColumnBatch[]): Promise<string> {
  const chunks: Uint8Array[] = []
  const put = async (given: ReturnType<FileEncoder['head']>): Promise<void> => {
    for await (const chunk of given) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }
  await put(encoder.head())
  for (const batch of batches) await put(encoder.batch(batch))
  await put(encoder.tail())
  return Buffer.concat(chunks).toString()
}

/** Fields of records as RFC 4180 has them; null for nothing. */
function parsed(
  text: string,
  { delim = ',', quote = '"', escape = quote, nullstr = '' }: CsvWriteOptions,
): (string | null)[][] {
  const records: (string | null)[][] = []
  for (let at = 0; at < text.length;) {
    const record: (string | null)[] = []
    for (;;) {
      let value = ''
      const isQuoted = text[at] === quote
      if (isQuoted) {
        at++
        for (;;) {
          const isEscaped = text[at] === escape && (text[at + 1] === quote || text[at + 1] === escape)
          if (!isEscaped && text[at] === quote) break
          if (isEscaped) at++
          value += text[at++]
        }
        at++
      } else {
        while (at < text.length && text[at] !== delim && text[at] !== '\n') value += text[at++]
      }
      record.push(!isQuoted && value === nullstr ? null : value)
      if (text[at++] !== delim) break
    }
    records.push(record)
  }
  return records
}

const rows = fc.array(
  fc.record({
    t: fc.option(
      fc.string({ unit: fc.constantFrom('a', 'é', '😀', ',', ';', '"', '\\', '\n', '\r', '-', '1', ' ', 'N') }),
    ),
    i: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    b: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    d: fc.option(fc.double({ noNaN: true })),
  }),
  { minLength: 1, maxLength: 30 },
)
const schema = { t: 'varchar', i: 'integer', b: 'bigint', d: 'double' } as const

test.each<CsvWriteOptions>([
  {},
  { delim: ';', nullstr: 'N' },
  { delim: '-', quote: '1' },
  { escape: '\\' },
  { quoteAll: true, nullstr: '1' },
  { delim: 'é', quote: '😀' },
])('CSV with %j holds every value', async (options) => {
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const batch = batchFromRows(given, schema)
      const text = await written(csvEncoder(batch.schema, { header: false, ...options }), [batch])
      const expected = rowsFromBatch(batch).map((row) =>
        batch.schema.fields.map(({ name, type }) => {
          const value = row[name]
          return value === null ? null : typeof value === 'string' ? value : formatValue(value, type)
        }),
      )
      // A character outside of the first plane is two units here.
      if (options.quote !== '😀') expect(parsed(text, options)).toEqual(expected)
      else expect(text.split('\n').length).toBeGreaterThan(given.length)
    }),
    { seed: 7, numRuns: 200 },
  )
})

test('JSON holds every value, as lines and as an array', async () => {
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const batch = batchFromRows(given, schema)
      const expected = given.map(({ t, i, b, d }) => ({
        t,
        i,
        b: b === null ? null : b > -(2n ** 53n) && b < 2n ** 53n ? Number(b) : String(b),
        d: d === null ? null : Number.isFinite(d) ? d : formatValue(d, { kind: 'double' }),
      }))
      const lines = await written(jsonEncoder(batch.schema), [batch])
      expect(
        lines
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual(expected)
      expect(JSON.parse(await written(jsonEncoder(batch.schema, { form: 'array' }), [batch, batch]))).toEqual([
        ...expected,
        ...expected,
      ])
    }),
    { seed: 7, numRuns: 200 },
  )
})

describe('types', () => {
  test.each(everyType.map((each) => [each.name, each] as const))('%s', async (_, { type, values }) => {
    const one: ColumnBatch = {
      schema: { fields: [{ name: 'c', type, nullable: true }] },
      length: values.length,
      columns: [columnFromValues(type, values)],
    }
    const texts = rowsFromBatch(one).map(({ c }) =>
      c === null ? null : typeof c === 'string' ? c : formatValue(c, type),
    )
    const csv = parsed(await written(csvEncoder(one.schema, { header: false }), [one]), {})
    expect(csv.map(([value]) => value)).toEqual(texts)
    const lines = (await written(jsonEncoder(one.schema), [one])).trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { c: unknown }).c === null)).toEqual(
      texts.map((text) => text === null),
    )
  })
})

test('whole numbers of every length', () => {
  const sink = new TextSink()
  const numbers = [
    0,
    1,
    -1,
    9,
    10,
    -10,
    99,
    100,
    999_999_999,
    -999_999_999,
    1_000_000_000,
    -1e9,
    2 ** 53 - 1,
    1 - 2 ** 53,
  ]
  for (const number of numbers) {
    sink.integer(number)
    sink.byte(0x20)
  }
  expect(new TextDecoder().decode(sink.take())).toBe(`${numbers.join(' ')} `)
})
