import {
  Binary,
  Data,
  type DataType,
  Decimal,
  DenseUnion,
  Dictionary,
  Field,
  Int32,
  MessageReader,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  Utf8,
  Utf8View,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import { batchesFromArrow, ipcFromBatches, tableFromBatches } from './arrow.ts'
import { batchFromRows } from './batch-from-rows.ts'
import { rowsFromBatch } from './rows.ts'
import { typeName } from './type-names.ts'

function tableOf(data: Data, metadata?: Map<string, string>): Table {
  const schema = new Schema([new Field('x', data.type as DataType, true, metadata)])
  return new Table(schema, new RecordBatch(schema, new Data(new Struct(schema.fields), 0, data.length, 0, {}, [data])))
}

const flat = (type: DataType, values: ArrayBufferView & { length: number }, length: number = values.length): Data =>
  new Data(type, 0, length, 0, { 1: values })
const texts = new TextEncoder().encode('abécd')
const utf8 = (values: readonly string[]): Vector => vectorFromArray(values, new Utf8())
const dense = new Data(
  new DenseUnion([5, 9], [new Field('i', new Int32(), true), new Field('s', new Utf8(), true)]),
  0,
  4,
  0,
  { 0: Int32Array.of(0, 0, 1, 1), 3: Int8Array.of(5, 9, 5, 9) } as never,
  [vectorFromArray([7, null], new Int32()).data[0]!, vectorFromArray(['a', 'b'], new Utf8()).data[0]!],
)

describe('what Arrow users see', () => {
  const batch = batchFromRows(
    [
      {
        d: '-1.20',
        n: '-12345678901.5',
        w: '-0.01',
        h: -5n,
        i: '1 month 2 days 00:00:01',
        e: 'b',
        u: { tag: 'b', value: 'x' },
        m: new Map([['k', 1]]),
        l: [1, null],
        t: '2024-01-01 00:00:00+00',
      },
    ],
    {
      d: 'decimal(4,2)',
      n: 'decimal(12,1)',
      w: 'decimal(30,2)',
      h: 'hugeint',
      i: 'interval',
      e: "enum('a','b')",
      u: 'union(a int, b text)',
      m: 'map(text, int)',
      l: 'int[]',
      t: 'timestamptz',
    },
  )
  const table = tableFromBatches(batch.schema, [batch])

  test('decimals of every width are 128 bits, sign included', () => {
    for (const [name, expected] of [
      ['d', -120n],
      ['n', -123456789015n],
      ['w', -1n],
    ] as const) {
      const words = table.getChild(name)!.get(0) as Uint32Array
      expect(
        BigInt.asIntN(
          128,
          words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n),
        ),
      ).toBe(expected)
    }
  })

  test('the rest', () => {
    const row = table.get(0)!
    expect([...(row.i as Int32Array)]).toEqual([1, 2, 1_000_000_000, 0])
    expect(row.e).toBe('b')
    expect(row.u).toBe('x')
    expect([...row.m]).toEqual([['k', 1]])
    expect(row.l.toArray ? [...row.l] : row.l).toEqual([1, null])
    expect(row.t).toBe(Date.UTC(2024, 0, 1))
    expect(table.schema.fields.map((field) => field.metadata.get('lakefront:type'))).toEqual(
      batch.schema.fields.map(({ type }) => typeName(type)),
    )
    expect(table.schema.fields[3]!.metadata.get('ARROW:extension:name')).toBe('arrow.opaque')
  })

  test('an interval that nanoseconds cannot hold is refused, not cut, and its column told', () => {
    const long = batchFromRows([{ n: 1, i: '9999999:00:00' }], { n: 'int', i: 'interval' })
    expect(() => tableFromBatches(long.schema, [long])).toThrowError(
      expect.objectContaining({ code: 'INVALID_VALUE', message: expect.stringMatching(/^Column "i": .*±292 years/) }),
    )
  })
})

describe('bad input', () => {
  test.each<[string, Data]>([
    ['Decimal[40e+2]', flat(new Decimal(2, 40, 256), new Uint32Array(8), 1)],
    ['Decimal[5e-2]', flat(new Decimal(-2, 5, 128), new Uint32Array(4), 1)],
    ['Struct<{}>', new Data(new Struct([]), 0, 1, 0)],
  ])('%s is named as unsupported', (type, data) => {
    expect(() => batchesFromArrow(tableOf(data))).toThrowError(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: `Column "x" has the Arrow type ${type}, which has no counterpart here. Cast it, or leave it out.`,
      }),
    )
  })

  test.each<[string, Data]>([
    ['too few values', flat(new Int32(), Int32Array.of(1), 2)],
    ['no values', new Data(new Int32(), 0, 1, 0)],
    ['decreasing offsets', new Data(new Utf8(), 0, 2, 0, { 0: Int32Array.of(0, 3, 1), 1: texts })],
    ['negative offsets', new Data(new Utf8(), 0, 1, 0, { 0: Int32Array.of(-1, 1), 1: texts })],
    ['offsets beyond the bytes', new Data(new Binary(), 0, 1, 0, { 0: Int32Array.of(0, 99), 1: texts })],
    ['too few offsets', new Data(new Utf8(), 0, 2, 0, { 0: Int32Array.of(0, 1), 1: texts })],
    [
      'an index out of the dictionary',
      new Data(new Dictionary(new Utf8(), new Int32()), 0, 1, 0, { 1: Int32Array.of(7) }, [], utf8(['a'])),
    ],
    [
      'a view beyond its buffer',
      new Data(new Utf8View(), 0, 1, 0, { 1: new Uint8Array(Int32Array.of(20, 0, 0, 0).buffer) }, [], undefined, [
        texts,
      ]),
    ],
    [
      'a view of no buffer',
      new Data(new Utf8View(), 0, 1, 0, { 1: new Uint8Array(Int32Array.of(20, 0, 3, 0).buffer) }),
    ],
    [
      'a short child',
      new Data(new Struct([new Field('a', new Int32(), true)]), 0, 2, 0, {}, [flat(new Int32(), Int32Array.of(1))]),
    ],
    [
      'a member out of the union',
      new Data(dense.type, 0, 1, 0, { 0: Int32Array.of(0), 3: Int8Array.of(3) } as never, dense.children),
    ],
    [
      'a row out of the member',
      new Data(dense.type, 0, 1, 0, { 0: Int32Array.of(5), 3: Int8Array.of(5) } as never, dense.children),
    ],
  ])('%s', (_, data) => {
    const schema = new Schema([new Field('x', data.type as DataType, true)])
    const batch = new RecordBatch(schema, new Data(new Struct(schema.fields), 0, data.length, 0, {}, [data]))
    expect(() => batchesFromArrow(new Table(schema, batch))).toThrowError(
      expect.objectContaining({ code: 'CORRUPT_FILE' }),
    )
  })

  // Damaged lengths in the metadata can keep apache-arrow's own reader busy until memory ends: only bodies are damaged here.
  test('damaged values and truncated bytes give rows or an error of ours, nothing else', () => {
    const batch = batchFromRows([
      { a: 1, b: 'x', c: [1, 2], d: { e: 1.5 } },
      { a: 2, b: null, c: null, d: null },
    ])
    const whole = ipcFromBatches(batch.schema, [batch])
    const attempt = (bytes: Uint8Array): void => {
      try {
        batchesFromArrow(bytes).batches.flatMap(rowsFromBatch)
      } catch (error) {
        if (!isLakefrontError(error)) throw error
      }
    }
    for (let length = 0; length < whole.length; length += 7) attempt(whole.slice(0, length))
    const messages = new MessageReader(whole)
    messages.readSchema()
    const { bodyLength } = messages.readMessage()!
    const endOfStream = 8
    const body = whole.length - endOfStream - bodyLength
    expect(bodyLength).toBeGreaterThan(100)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: body, max: body + bodyLength - 1 }), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        (changes) => {
          const bytes = whole.slice()
          for (const [at, byte] of changes) bytes[at] = byte
          attempt(bytes)
        },
      ),
      { numRuns: 1500 },
    )
    expect(() => batchesFromArrow(new TextEncoder().encode('this is no Arrow'))).toThrowError(
      expect.objectContaining({ code: 'CORRUPT_FILE' }),
    )
  })

  test('no bytes, and no batches', () => {
    for (const length of [0, 1, 4, 7]) {
      expect(() => batchesFromArrow(new Uint8Array(length))).toThrowError(
        expect.objectContaining({ code: 'CORRUPT_FILE' }),
      )
    }
    const { schema } = batchFromRows([], { a: 'int', e: "enum('a')" })
    for (const format of ['stream', 'file'] as const) {
      expect(batchesFromArrow(ipcFromBatches(schema, [], { format }))).toEqual({ schema, batches: [] })
    }
    expect(tableFromIPC(ipcFromBatches(schema, [])).numRows).toBe(0)
  })
})
