import {
  BinaryView,
  Data,
  type DataType,
  DateMillisecond,
  Decimal,
  DenseUnion,
  Dictionary,
  DurationNanosecond,
  DurationSecond,
  Field,
  FixedSizeBinary,
  Float16,
  Int16,
  Int32,
  Int8,
  IntervalDayTime,
  IntervalMonthDayNano,
  IntervalYearMonth,
  LargeBinary,
  LargeList,
  LargeUtf8,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromArrays,
  tableToIPC,
  TimeMillisecond,
  TimeSecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Utf8,
  Utf8View,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { batchesFromArrow, tableFromBatches } from './arrow.ts'
import { batchFromRows } from './batch-from-rows.ts'
import { rowsFromBatch } from './rows.ts'
import { typeName } from './type-names.ts'

function tableOf(data: Data, metadata?: Map<string, string>): Table {
  const schema = new Schema([new Field('x', data.type as DataType, true, metadata)])
  return new Table(schema, new RecordBatch(schema, new Data(new Struct(schema.fields), 0, data.length, 0, {}, [data])))
}

function read(table: Table): { type: string; values: unknown[] } {
  const { schema, batches } = batchesFromArrow(table)
  return { type: typeName(schema.fields[0]!.type), values: batches.flatMap(rowsFromBatch).map((row) => row['x']) }
}

const flat = (type: DataType, values: ArrayBufferView & { length: number }, length: number = values.length): Data =>
  new Data(type, 0, length, 0, { 1: values })
const withNulls = (data: Data, bits: number): Data =>
  new Data(
    data.type,
    0,
    data.length,
    -1,
    { ...data.buffers, 2: Uint8Array.of(bits) } as never,
    data.children,
    data.dictionary,
  )

const views = (rows: readonly string[], type: DataType): Data => {
  const entries = new DataView(new ArrayBuffer(rows.length * 16))
  const encoder = new TextEncoder()
  const rest: number[] = [1, 2, 3]
  rows.forEach((row, index) => {
    const bytes = encoder.encode(row)
    entries.setInt32(index * 16, bytes.length, true)
    if (bytes.length <= 12) new Uint8Array(entries.buffer).set(bytes, index * 16 + 4)
    else {
      entries.setInt32(index * 16 + 8, 0, true)
      entries.setInt32(index * 16 + 12, rest.length, true)
      rest.push(...bytes)
    }
  })
  return new Data(type, 0, rows.length, 0, { 1: new Uint8Array(entries.buffer) }, [], undefined, [
    Uint8Array.from(rest),
  ])
}

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

describe('types of other systems', () => {
  test.each<[string, Data, string, unknown[]]>([
    [
      'large text',
      new Data(new LargeUtf8(), 0, 3, 0, { 0: BigInt64Array.of(1n, 1n, 4n, 6n), 1: texts }),
      'VARCHAR',
      ['', 'bé', 'cd'],
    ],
    [
      'large bytes',
      new Data(new LargeBinary(), 0, 1, 0, { 0: BigInt64Array.of(0n, 1n), 1: texts }),
      'BLOB',
      [Uint8Array.of(97)],
    ],
    [
      'text views',
      views(['', 'short', 'exactly 12 b', 'one that is longer é'], new Utf8View()),
      'VARCHAR',
      ['', 'short', 'exactly 12 b', 'one that is longer é'],
    ],
    ['text views with nulls', withNulls(views(['a', 'b'], new Utf8View()), 0b10), 'VARCHAR', [null, 'b']],
    ['binary views', views(['ab'], new BinaryView()), 'BLOB', [Uint8Array.of(97, 98)]],
    [
      'large lists',
      new Data(new LargeList(new Field('item', new Int32(), true)), 0, 2, 0, { 0: BigInt64Array.of(0n, 2n, 3n) }, [
        flat(new Int32(), Int32Array.of(1, 2, 3)),
      ]),
      'INTEGER[]',
      [[1, 2], [3]],
    ],
    [
      'half floats',
      flat(new Float16(), Uint16Array.of(0x3c00, 0xc000, 0x7c00, 0xfc00, 0x7e00, 0x0001, 0x8000, 0x3555)),
      'FLOAT',
      [1, -2, Infinity, -Infinity, Number.NaN, 2 ** -24, -0, Math.fround(0.333251953125)],
    ],
    [
      'dates in milliseconds',
      flat(new DateMillisecond(), BigInt64Array.of(0n, -1n, 86_400_000n)),
      'DATE',
      ['1970-01-01', '1969-12-31', '1970-01-02'],
    ],
    ['time in seconds', flat(new TimeSecond(), Int32Array.of(86_399)), 'TIME', ['23:59:59']],
    ['time in milliseconds', flat(new TimeMillisecond(), Int32Array.of(1)), 'TIME', ['00:00:00.001']],
    [
      'timestamps in seconds',
      flat(new TimestampSecond(), BigInt64Array.of(1n)),
      'TIMESTAMP_S',
      ['1970-01-01 00:00:01'],
    ],
    [
      'timestamps in seconds with zone',
      flat(new TimestampSecond('Europe/Berlin'), BigInt64Array.of(1n)),
      'TIMESTAMP WITH TIME ZONE',
      ['1970-01-01 00:00:01+00'],
    ],
    [
      'timestamps in milliseconds with zone',
      flat(new TimestampMillisecond('UTC'), BigInt64Array.of(-1n)),
      'TIMESTAMP WITH TIME ZONE',
      ['1969-12-31 23:59:59.999+00'],
    ],
    [
      'timestamps in nanoseconds with zone',
      flat(new TimestampNanosecond('UTC'), BigInt64Array.of(-1n, 1999n)),
      'TIMESTAMP WITH TIME ZONE',
      ['1969-12-31 23:59:59.999999+00', '1970-01-01 00:00:00.000001+00'],
    ],
    [
      'null timestamps beyond microseconds',
      withNulls(flat(new TimestampSecond('UTC'), BigInt64Array.of(2n ** 62n, 0n)), 0b10),
      'TIMESTAMP WITH TIME ZONE',
      [null, '1970-01-01 00:00:00+00'],
    ],
    ['months', flat(new IntervalYearMonth(), Int32Array.of(14)), 'INTERVAL', ['1 year 2 months']],
    [
      'days and milliseconds',
      flat(new IntervalDayTime(), Int32Array.of(2, 1500), 1),
      'INTERVAL',
      ['2 days 00:00:01.5'],
    ],
    [
      'months, days and nanoseconds',
      flat(new IntervalMonthDayNano(), Int32Array.of(1, 2, 3000, 0), 1),
      'INTERVAL',
      ['1 month 2 days 00:00:00.000003'],
    ],
    ['durations in seconds', flat(new DurationSecond(), BigInt64Array.of(90n)), 'INTERVAL', ['00:01:30']],
    [
      'durations in nanoseconds',
      flat(new DurationNanosecond(), BigInt64Array.of(1500n)),
      'INTERVAL',
      ['00:00:00.000001'],
    ],
    [
      'decimals of 32 bits',
      flat(new Decimal(2, 9, 32), Uint32Array.of(123, 0xffff_ffff), 2),
      'DECIMAL(9,2)',
      ['1.23', '-0.01'],
    ],
    [
      'decimals of 64 bits',
      flat(new Decimal(0, 18, 64), Uint32Array.of(1, 1, 0xffff_ffff, 0xffff_ffff), 2),
      'DECIMAL(18,0)',
      ['4294967297', '-1'],
    ],
    [
      'decimals of 256 bits that fit',
      flat(new Decimal(1, 38, 256), new Uint32Array(16).fill(0xffff_ffff, 8), 2),
      'DECIMAL(38,1)',
      ['0.0', '-0.1'],
    ],
    [
      'small decimals of 128 bits',
      flat(new Decimal(1, 3, 128), Uint32Array.of(0xffff_fff6, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff), 1),
      'DECIMAL(3,1)',
      ['-1.0'],
    ],
    [
      'bytes of fixed size',
      flat(new FixedSizeBinary(2), Uint8Array.of(1, 2, 3, 4), 2),
      'BLOB',
      [Uint8Array.of(1, 2), Uint8Array.of(3, 4)],
    ],
    [
      'dictionaries of text',
      new Data(new Dictionary(new Utf8(), new Int8()), 0, 3, 0, { 1: Int8Array.of(1, 0, 1) }, [], utf8(['a', 'b'])),
      'VARCHAR',
      ['b', 'a', 'b'],
    ],
    [
      'dictionaries of numbers',
      new Data(
        new Dictionary(new Int32(), new Int16()),
        0,
        2,
        0,
        { 1: Int16Array.of(1, 0) },
        [],
        vectorFromArray([5, 6], new Int32()),
      ),
      'INTEGER',
      [6, 5],
    ],
    [
      'dictionaries with a null',
      new Data(
        new Dictionary(new Utf8(), new Int8()),
        0,
        2,
        0,
        { 1: Int8Array.of(1, 0) },
        [],
        vectorFromArray(['a', null], new Utf8()),
      ),
      'VARCHAR',
      [null, 'a'],
    ],
    [
      'dictionaries in parts',
      new Data(
        new Dictionary(new Utf8(), new Int32()),
        0,
        2,
        0,
        { 1: Int32Array.of(2, 0) },
        [],
        utf8(['a', 'b']).concat(utf8(['c'])),
      ),
      'VARCHAR',
      ['c', 'a'],
    ],
    [
      'null indices out of range',
      withNulls(
        new Data(new Dictionary(new Utf8(), new Int32()), 0, 2, 0, { 1: Int32Array.of(-1, 0) }, [], utf8(['a'])),
        0b10,
      ),
      'VARCHAR',
      [null, 'a'],
    ],
    [
      'dense unions',
      dense,
      'UNION(i INTEGER, s VARCHAR)',
      [
        { tag: 'i', value: 7 },
        { tag: 's', value: 'a' },
        { tag: 'i', value: null },
        { tag: 's', value: 'b' },
      ],
    ],
  ])('%s', (_, data, type, values) => {
    expect(read(tableOf(data))).toEqual({ type, values })
  })

  test('tables of apache-arrow itself', () => {
    const table = tableFromArrays({ id: Int32Array.of(1, 2), name: ['a', 'b'], f: Float64Array.of(0.5, 1) })
    const { schema, batches } = batchesFromArrow(tableToIPC(table))
    expect(schema.fields.map(({ name, type }) => `${name} ${typeName(type)}`)).toEqual([
      'id INTEGER',
      'name VARCHAR',
      'f DOUBLE',
    ])
    expect(batches.flatMap(rowsFromBatch)).toEqual([
      { id: 1, name: 'a', f: 0.5 },
      { id: 2, name: 'b', f: 1 },
    ])
  })

  test('extension names alone are enough', () => {
    const types = { u: 'uuid', h: 'hugeint', uh: 'uhugeint', b: 'bit', t: 'timetz', j: 'json' }
    const row = {
      u: '550e8400-e29b-41d4-a716-446655440000',
      h: -(2n ** 100n),
      uh: 2n ** 128n - 1n,
      b: '101',
      t: '12:00:00-05',
      j: '[]',
    }
    const batch = batchFromRows([row], types)
    const table = tableFromBatches(batch.schema, [batch])
    const fields = table.schema.fields.map(
      (field) =>
        new Field(
          field.name,
          field.type,
          true,
          new Map([...field.metadata].filter(([key]) => key !== 'lakefront:type')),
        ),
    )
    const stripped = new Table(
      new Schema(fields),
      table.batches.map((part) => new RecordBatch(new Schema(fields), part.data)),
    )
    expect(batchesFromArrow(stripped)).toEqual({ schema: batch.schema, batches: [batch] })
  })

  test.each<[string, Data, string]>([
    ['HUGEINT', vectorFromArray(['a'], new Utf8()).data[0]!, 'VARCHAR'],
    ['nonsense', vectorFromArray(['a'], new Utf8()).data[0]!, 'VARCHAR'],
    ["ENUM('x')", flat(new Int32(), Int32Array.of(1)), 'INTEGER'],
    ['INTEGER[2]', flat(new Int32(), Int32Array.of(1)), 'INTEGER'],
    [
      'STRUCT(a INTEGER)',
      vectorFromArray([{ b: 1 }], new Struct([new Field('b', new Int32(), true)])).data[0]!,
      'STRUCT(b INTEGER)',
    ],
    ['UTINYINT', flat(new Int8(), Int8Array.of(1)), 'TINYINT'],
    ['DECIMAL(5,2)', flat(new Decimal(2, 6, 128), Uint32Array.of(1, 0, 0, 0), 1), 'DECIMAL(6,2)'],
    ['TIMESTAMP WITH TIME ZONE', flat(new TimestampNanosecond(), BigInt64Array.of(1n)), 'TIMESTAMP_NS'],
  ])('metadata that says %s but lies is not believed', (declared, data, type) => {
    expect(read(tableOf(data, new Map([['lakefront:type', declared]]))).type).toBe(type)
  })

  test('an enum whose dictionary is in another order', () => {
    const data = new Data(
      new Dictionary(new Utf8(), new Int8()),
      0,
      2,
      0,
      { 1: Int8Array.of(0, 1) },
      [],
      utf8(['b', 'a']),
    )
    expect(read(tableOf(data, new Map([['lakefront:type', "ENUM('a', 'b')"]])))).toEqual({
      type: "ENUM('a', 'b')",
      values: ['b', 'a'],
    })
  })
})
