import { Buffer } from 'node:buffer'
import { PassThrough } from 'node:stream'
import * as avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failure } from '../../storage/conformance.ts'
import { memorySource } from '../../storage/memory.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import type { SchemaLike } from '../../types/batch-from-rows.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { objectReader, valueReader } from '../../types/value-reader.ts'
import { avroEncoder } from './avro-encoder.ts'
import type { AvroWriteOptions } from './avro-encoder.ts'
import { avroSchemaOf } from './avro-schema-of.ts'
import { openAvro } from './container.ts'
import type { AvroOpenOptions } from './container.ts'
import { readAvro } from './read-avro.ts'

async function encoded(batches: readonly ColumnBatch[], options: AvroWriteOptions = {}): Promise<Uint8Array> {
  const encoder = await avroEncoder(batches[0]!.schema, options)
  const chunks = [...encoder.head()]
  for (const batch of batches) for await (const chunk of encoder.batch(batch)) chunks.push(chunk)
  for await (const chunk of encoder.tail()) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

function rowsOf({ schema, columns, length }: Pick<ColumnBatch, 'schema' | 'columns' | 'length'>): unknown[] {
  const read = objectReader(
    schema.fields,
    columns.map((column, index) => valueReader(schema.fields[index]!.type, column)),
  )
  return Array.from({ length }, (_, row) => read(row))
}

async function decoded(
  bytes: Uint8Array,
  options: AvroOpenOptions = {},
): Promise<{ rows: unknown[]; types: string[] }> {
  const file = await openAvro(memorySource(bytes, 'x.avro'), options)
  const rows: unknown[] = []
  const wanted = file.fields.map((_, index) => index)
  for await (const batch of readAvro(file, wanted, { readsAhead: false }))
    rows.push(...rowsOf({ ...batch, schema: { fields: file.fields } }))
  return { rows, types: file.fields.map(({ type }) => type.kind) }
}

/** Longs as bigints: by itself the library refuses those that a number does not hold. */
const long = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
})
/** The registry knows "long" by that name only. */
const plainLongs = (_: string, value: unknown): unknown =>
  (value as { logicalType?: unknown; type?: unknown } | null)?.logicalType !== undefined &&
  (value as { type?: unknown }).type === 'long'
    ? 'long'
    : value
const parseHook = (schema: avsc.Schema): avsc.Type =>
  avsc.Type.forSchema(
    JSON.parse(JSON.stringify(schema), plainLongs) as avsc.Schema,
    { registry: { long }, wrapUnions: true } as Partial<avsc.ForSchemaOptions>,
  )

/** What the other library reads in a file, written by it once more. */
async function throughAvsc(bytes: Uint8Array): Promise<{ rows: number; bytes: Uint8Array }> {
  const decoder = new avsc.streams.BlockDecoder({ parseHook } as object)
  const rows: unknown[] = []
  let type: avsc.Type | undefined
  decoder.on('metadata', (known: avsc.Type) => (type = known))
  decoder.end(Buffer.from(bytes))
  for await (const row of decoder) rows.push(row)
  const encoder = new avsc.streams.BlockEncoder(type!, { codec: 'deflate' })
  const out = new PassThrough()
  encoder.pipe(out)
  for (const row of rows) encoder.write(row)
  encoder.end()
  const chunks: Buffer[] = []
  for await (const chunk of out) chunks.push(chunk as Buffer)
  return { rows: rows.length, bytes: new Uint8Array(Buffer.concat(chunks)) }
}

const wide = (bits: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: -(2n ** bits), max: 2n ** bits - 1n })
const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const padded = (value: number, digits: number): string => String(value).padStart(digits, '0')
const decimals = (precision: bigint, scale: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: -(10n ** precision) + 1n, max: 10n ** precision - 1n }).map((value) => {
    const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
    const whole = digits.slice(0, digits.length - scale)
    return `${value < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`}`
  })
const day = fc.date({ min: new Date(-6e13), max: new Date(2e14), noInvalidDate: true })
const dayText = day.map((value) => value.toISOString().replace('T', ' ').slice(0, 19))
const micros = fc
  .tuple(dayText, fc.nat(999_999))
  .map(([start, part]) => (part === 0 ? start : `${start}.${padded(part, 6).replace(/0+$/, '')}`))

/** Types that are read back as what was written, and values of them. */
const exact: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  boolean: fc.boolean(),
  integer: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  bigint: wide(63n),
  float: fc.float({ noNaN: true }),
  double: fc.double({ noNaN: true }),
  varchar: text,
  blob: fc.uint8Array({ maxLength: 100 }),
  'decimal(4,1)': decimals(4n, 1),
  'decimal(9,0)': decimals(9n, 0),
  'decimal(18,6)': decimals(18n, 6),
  'decimal(38,10)': decimals(38n, 10),
  uuid: fc.uuid(),
  date: dayText.map((value) => value.slice(0, 10)),
  time: micros.map((value) => value.slice(11)),
  timestamp: micros,
  timestamptz: micros.map((value) => `${value}+00`),
  timestamp_ns: fc.integer({ min: -9e9, max: 9e9 }).map((seconds) => {
    const start = new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19)
    return `${start}.000000001`
  }),
  interval: fc
    .tuple(fc.nat(11), fc.nat(40))
    .filter(([months, days]) => months > 1 && days > 1)
    .map(([months, days]) => `${months} months ${days} days`),
  "enum('a', 'b', 'c')": fc.constantFrom('a', 'b', 'c'),
  'integer[]': fc.array(fc.option(fc.integer({ min: -99, max: 99 })), { maxLength: 5 }),
  'varchar[][]': fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 3 }),
  'struct(x integer, y varchar)': fc.record({ x: fc.option(fc.integer({ min: 0, max: 9 })), y: fc.option(text) }),
  'map(varchar, bigint)': fc
    .uniqueArray(fc.tuple(text, fc.option(wide(40n))), { maxLength: 4, selector: ([key]) => key })
    .map((entries) => new Map(entries)),
}

describe('what is written is read back, and read and written again by another library', () => {
  test.each(Object.keys(exact))('%s', async (type) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(exact[type]!, { freq: 4 }), { minLength: 1, maxLength: 30 }),
        fc.constantFrom('null', 'deflate', 'snappy' as const),
        async (values, codec) => {
          const batch = batchFromRows({ 'the column': values }, { 'the column': type })
          const expected = values.map((value) => ({ the_column: value }))
          const bytes = await encoded([batch], { codec: codec as 'null', blockBytes: 50 })
          const own = await decoded(bytes)
          expect(own.rows).toEqual(expected)
          expect(own.types).toEqual([batch.schema.fields[0]!.type.kind])
          if (codec === 'snappy') return
          const other = await throughAvsc(bytes)
          expect(other.rows).toBe(values.length)
          // What the other library writes has lost its logical types.
          const readerSchema = JSON.stringify(avroSchemaOf(batch.schema))
          expect((await decoded(other.bytes, { readerSchema })).rows).toEqual(expected)
        },
      ),
      { numRuns: 12, seed: 5 },
    )
  })
})

test.each([
  ['tinyint', [-128, 127], [-128, 127], 'integer'],
  ['usmallint', [65_535], [65_535], 'integer'],
  ['uinteger', [4_294_967_295], [4_294_967_295n], 'bigint'],
  ['ubigint', [2n ** 64n - 1n, 0n], ['18446744073709551615', '0'], 'decimal'],
  ['hugeint', [-(10n ** 38n) + 1n, 10n ** 38n - 1n], [`-${'9'.repeat(38)}`, '9'.repeat(38)], 'decimal'],
  ['json', ['{"a":1}'], ['{"a":1}'], 'varchar'],
  ['timestamp_s', ['2020-01-01 00:00:01'], ['2020-01-01 00:00:01'], 'timestamp'],
  ['timestamp_ms', ['2020-01-01 00:00:01.5'], ['2020-01-01 00:00:01.5'], 'timestamp'],
  ["enum('not a name')", ['not a name'], ['not a name'], 'varchar'],
  ['integer[2]', [[1, 2]], [[1, 2]], 'list'],
])('%s comes back as another type', async (type, values, expected, kind) => {
  const { rows, types } = await decoded(await encoded([batchFromRows({ c: values }, { c: type } as SchemaLike)]))
  expect(rows.map((row) => (row as { c: unknown }).c)).toEqual(expected)
  expect(types).toEqual([kind])
})

test.each([
  [
    'hugeint',
    [10n ** 38n],
    'INVALID_VALUE',
    /^Column "c", row 0, cannot be .*: the HUGEINT 10{38} has more than the 38 digits/,
  ],
  ['interval', ['-1 days'], 'INVALID_VALUE', /: the INTERVAL -1 day is negative/],
  ['interval', ['00:00:00.0001'], 'INVALID_VALUE', /whole number of milliseconds/],
  [
    'timetz',
    ['10:00:00+00'],
    'UNSUPPORTED',
    /Avro has no type for TIME WITH TIME ZONE\. Cast it: CAST\(c AS VARCHAR\)/,
  ],
  ['bit', ['01'], 'UNSUPPORTED', /no type for BIT/],
])('%s that Avro cannot hold is refused', async (type, values, code, message) => {
  const error = await failure(encoded([batchFromRows({ c: values }, { c: type } as SchemaLike)]))
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
})

test('names that Avro does not allow become such that it does, each once', async () => {
  const batch = batchFromRows({ 'count(*)': [1], 'count[*]': [2], '1st': [3], é: [4], '': [5], count___: [6] })
  const file = await openAvro(memorySource(await encoded([batch])))
  expect(file.fields.map(({ name }) => name)).toEqual(['count___', 'count____1', '_1st', '_', '__1', 'count____2'])
  expect((await decoded(await encoded([batch]))).rows.map((row) => Object.values(row as object))).toEqual([
    [1, 2, 3, 4, 5, 6],
  ])
})

test('blocks are of the size asked for; batches run into each other', async () => {
  const batch = batchFromRows({ n: Array.from({ length: 1000 }, (_, index) => index) })
  const bytes = await encoded([batch, batch, batch], { codec: 'null', blockBytes: 1000 })
  expect((await decoded(bytes)).rows).toHaveLength(3000)
  const sync = bytes.slice(-16).join()
  const marks = [...bytes.keys()].filter((at) => bytes.slice(at, at + 16).join() === sync)
  expect(marks.length).toBeGreaterThan(7)
  expect(Math.max(...marks.slice(1).map((at, index) => at - marks[index]!))).toBeLessThan(1040)
})

describe('a schema that is given', () => {
  const batch = batchFromRows({ id: [1, 2], price: ['1.50', '-2.25'] }, { id: 'integer', price: 'decimal(5,2)' })
  const given = (...fields: object[]): AvroWriteOptions => ({
    schema: JSON.stringify({ type: 'record', name: 'Sale', namespace: 'shop', fields }),
  })

  test('is written, its order and its types', async () => {
    const price = { type: 'fixed', name: 'Price', size: 6, logicalType: 'decimal', precision: 9, scale: 2 }
    const bytes = await encoded([batch], given({ name: 'price', type: [price, 'null'] }, { name: 'id', type: 'long' }))
    expect(await decoded(bytes)).toEqual({
      rows: [
        { price: '1.50', id: 1n },
        { price: '-2.25', id: 2n },
      ],
      types: ['decimal', 'bigint'],
    })
    expect(Buffer.from(bytes).toString('latin1')).toContain('"namespace":"shop"')
  })

  test.each([
    [
      'hugeint',
      10n ** 20n,
      { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 0 },
      /more than the 20 digits/,
    ],
    ['ubigint', 1000n, { type: 'bytes', logicalType: 'decimal', precision: 3, scale: 0 }, /more than the 3 digits/],
    ['blob', Uint8Array.of(1), { type: 'fixed', name: 'f', size: 2 }, /the BLOB \\x01 has 1 bytes.*fixed size of 2/],
    ['time', '10:00:00.0001', { type: 'int', logicalType: 'time-millis' }, /the TIME 10:00:00.0001 has no exact value/],
    ['varchar', null, 'string', /it is NULL, which its field/],
    ['varchar', null, ['string', 'int'], /it is NULL, which its field/],
  ])('whose field holds no such %s as %s is refused by column, row and value', async (type, value, avro, message) => {
    const rows = batchFromRows(
      { s: [{ v: null }, { v: value }].slice(value === null ? 1 : 0) },
      { s: `STRUCT(v ${type})` },
    )
    const nullable = value === null || Array.isArray(avro) ? avro : ['null', avro]
    const record = { type: 'record', name: 'S', fields: [{ name: 'v', type: nullable }] }
    const row = value === null ? 0 : 1
    expect(await failure(encoded([rows], given({ name: 's', type: ['null', record] })))).toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringMatching(message),
      details: { column: 's.v', row },
    })
  })

  test.each([
    [[{ name: 'id', type: 'long' }], 'TYPE_MISMATCH', /no field for the column "price"/],
    [
      [
        { name: 'id', type: 'string' },
        { name: 'price', type: 'bytes' },
      ],
      'TYPE_MISMATCH',
      /INTEGER cannot be written as Avro's string/,
    ],
    [[{ name: 'ids', type: 'int' }], 'TYPE_MISMATCH', /a field "ids", which no column/],
    [[{ name: 'id', type: 'nope' }], 'INVALID_ARGUMENT', /names a type "nope"/],
  ])('that does not fit is refused: %j', async (fields, code, message) => {
    expect(await failure(encoded([batch], given(...fields)))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })
})
