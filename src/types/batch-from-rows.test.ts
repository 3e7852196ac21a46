import { describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import { batchFromRows, type SchemaLike } from './batch-from-rows.ts'
import type { ColumnBatch } from './column-data.ts'
import { columnsFromBatches } from './columns.ts'
import { rowsFromBatch } from './rows.ts'
import { typeName } from './type-names.ts'

const types = ({ schema }: ColumnBatch): string[] => schema.fields.map(({ name, type }) => `${name} ${typeName(type)}`)
const inferred = (values: readonly unknown[]): string => types(batchFromRows(values.map((x) => ({ x }))))[0]!.slice(2)

function failure(rows: unknown, schema?: SchemaLike): { code: string; message: string; details: unknown } {
  try {
    batchFromRows(rows as Iterable<object>, schema)
  } catch (error) {
    if (isLakefrontError(error)) return { code: error.code, message: error.message, details: error.details }
    throw error
  }
  throw new Error('expected a failure')
}

describe('inference', () => {
  test.each<[readonly unknown[], string]>([
    [[true, null], 'BOOLEAN'],
    [[1, 2 ** 31 - 1, -(2 ** 31)], 'INTEGER'],
    [[1, 2 ** 31], 'BIGINT'],
    [[2 ** 53 - 1, 1], 'BIGINT'],
    [[2 ** 53], 'DOUBLE'],
    [[1, 0.5], 'DOUBLE'],
    [[2 ** 40, 0.5], 'DOUBLE'],
    [[0.5, 2 ** 40, 1], 'DOUBLE'],
    [[0, -0], 'DOUBLE'],
    [[1, Number.NaN], 'DOUBLE'],
    [[1n, 2], 'BIGINT'],
    [[2 ** 40, 2n ** 70n], 'HUGEINT'],
    [['a', null, undefined], 'VARCHAR'],
    [[new Date(0)], 'TIMESTAMP'],
    [[new Uint8Array(2)], 'BLOB'],
    [[new ArrayBuffer(2)], 'BLOB'],
    [[[1, null], [], null, [0.5]], 'DOUBLE[]'],
    [[[]], '"NULL"[]'],
    [[new Float32Array(2), [1]], 'DOUBLE[]'],
    [[new BigInt64Array(2)], 'BIGINT[]'],
    [[{ a: 1 }, { b: 'x' }, { a: 2 ** 40 }], 'STRUCT(a BIGINT, b VARCHAR)'],
    [[new Map([['k', 1]]), new Map([['l', 0.5]])], 'MAP(VARCHAR, DOUBLE)'],
    [[null], '"NULL"'],
    [[], '"NULL"'],
  ])('%o is %s', (values, type) => {
    if (values.length === 0) expect(types(batchFromRows({ x: [] }))).toEqual([`x ${type}`])
    else expect(inferred(values)).toBe(type)
  })

  test('what is inferred comes back', () => {
    const rows = [
      {
        id: 1,
        big: 2n ** 100n,
        at: new Date('2024-02-29T12:00:00.500Z'),
        tags: ['a', null],
        pos: { x: 1.5 },
        m: new Map([[1, 'x']]),
      },
      { id: 2, big: null, at: null, tags: null, pos: { x: -0 }, m: null },
    ]
    expect(rowsFromBatch(batchFromRows(rows))).toEqual([{ ...rows[0], at: '2024-02-29 12:00:00.5' }, rows[1]])
  })

  test('properties that only some rows have, in the order met', () => {
    const batch = batchFromRows([{ a: 1 }, { b: 'x', a: 2 }])
    expect(types(batch)).toEqual(['a INTEGER', 'b VARCHAR'])
    expect(rowsFromBatch(batch)).toEqual([
      { a: 1, b: null },
      { a: 2, b: 'x' },
    ])
  })

  test('names of the prototype are ordinary names', () => {
    const row = JSON.parse('{"__proto__": 1, "constructor": "c", "toString": null, "s": {"__proto__": 2}}') as object
    const [back] = rowsFromBatch(
      batchFromRows([row, { constructor: 'd', s: {} }], {
        ['__proto__']: 'int',
        constructor: 'text',
        toString: 'text',
        s: 'struct("__proto__" int)',
      }),
    )
    expect(Object.keys(back!)).toEqual(['__proto__', 'constructor', 'toString', 's'])
    expect(JSON.stringify(back)).toBe(JSON.stringify(row))
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['1']).toBeUndefined()
  })

  test('text', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const texts = ['', 'é', '🦆', '\ud800', 'a\udc00b', '\ufeffbom', '\0', 'x'.repeat(40), `${'y'.repeat(31)}é`, '￿']
    expect(rowsFromBatch(batchFromRows({ x: texts })).map(({ x }) => x)).toEqual(
      texts.map((text) => decoder.decode(new TextEncoder().encode(text))),
    )
  })

  test('rows from any iterable', () => {
    function* rows(): Generator<object> {
      yield { a: 1 }
      yield { a: 2 }
    }
    expect(batchFromRows(rows()).length).toBe(2)
    expect(batchFromRows([])).toEqual({ schema: { fields: [] }, length: 0, columns: [] })
  })
})

describe('whole columns', () => {
  test('typed arrays are shared', () => {
    const given = {
      a: Int8Array.of(1),
      b: Int16Array.of(1),
      c: Int32Array.of(1),
      d: BigInt64Array.of(1n),
      e: Uint8Array.of(1),
      f: Uint16Array.of(1),
      g: Uint32Array.of(1),
      h: BigUint64Array.of(1n),
      i: Float32Array.of(1),
      j: Float64Array.of(1),
      k: ['x'],
    }
    const batch = batchFromRows(given)
    expect(types(batch)).toEqual([
      'a TINYINT',
      'b SMALLINT',
      'c INTEGER',
      'd BIGINT',
      'e UTINYINT',
      'f USMALLINT',
      'g UINTEGER',
      'h UBIGINT',
      'i FLOAT',
      'j DOUBLE',
      'k VARCHAR',
    ])
    Object.values(given)
      .slice(0, 10)
      .forEach((array, index) => expect(batch.columns[index]!.values!.buffer).toBe((array as Int8Array).buffer))
    expect(columnsFromBatches(batch.schema, [batch])).toEqual(given)
  })

  test('a typed array of another type is converted', () => {
    const batch = batchFromRows(
      { x: Int32Array.of(1, -2), y: Float64Array.of(1, 2) },
      { x: 'bigint', y: 'decimal(4,1)' },
    )
    expect(rowsFromBatch(batch)).toEqual([
      { x: 1n, y: '1.0' },
      { x: -2n, y: '2.0' },
    ])
  })

  test('columns that are missing are null', () => {
    expect(rowsFromBatch(batchFromRows({ x: [1] }, { x: 'int', y: 'text' }))).toEqual([{ x: 1, y: null }])
  })

  test.each<[unknown, RegExp]>([
    [{ a: [1], b: [1, 2] }, /Column "b" has 2 values, column "a" has 1/],
    [{ a: 'text' }, /Column "a" is a string; columns are arrays/],
    [{ a: new DataView(new ArrayBuffer(8)) }, /Column "a" is a DataView/],
    [null, /not as NULL/],
    ['rows', /not as a string/],
    [[1], /Row 0 is a number; rows are objects/],
    [[{}, null], /Row 1 is NULL/],
    [[[1]], /Row 0 is an array.*Rows as arrays need a schema/],
  ])('%o', (rows, message) => {
    expect(failure(rows)).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
  })
})

describe('with a schema', () => {
  test('rows as arrays', () => {
    expect(
      rowsFromBatch(
        batchFromRows(
          [
            [1, 'x'],
            [2, null],
          ],
          { a: 'int', b: 'text' },
        ),
      ),
    ).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: null },
    ])
    expect(failure([[1], [1, 2]], { a: 'int' }).message).toBe('Row 1 has 2 values, the schema has 1 columns.')
  })

  test('no rows', () => {
    const batch = batchFromRows([], { a: 'int[]', b: 'struct(x text)', c: 'map(int, int)' })
    expect(types(batch)).toEqual(['a INTEGER[]', 'b STRUCT(x VARCHAR)', 'c MAP(INTEGER, INTEGER)'])
    expect(rowsFromBatch(batch)).toEqual([])
  })

  test.each<[string, unknown, unknown]>([
    ['bigint', 5, 5n],
    ['hugeint', -5, -5n],
    ['double', 5n, 5],
    ['decimal(10,2)', 12.3, '12.30'],
    ['decimal(10,2)', 12.345, '12.35'],
    ['decimal(10,2)', -0.005, '-0.01'],
    ['decimal(10,2)', '1.5e3', '1500.00'],
    ['decimal(10,2)', '-.5', '-0.50'],
    ['decimal(10,2)', '1.2300', '1.23'],
    ['decimal(10,2)', 7n, '7.00'],
    ['decimal(38,0)', '99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
    ['decimal(10,2)', 1e-30, '0.00'],
    ['date', new Date('2024-02-29T23:59:59Z'), '2024-02-29'],
    ['date', new Date(-1), '1969-12-31'],
    ['timestamp', '2024-02-29T12:30:00.25Z', '2024-02-29 12:30:00.25'],
    ['timestamp', '2024-02-29', '2024-02-29 00:00:00'],
    ['timestamptz', '2024-02-29 12:30:00+02:30', '2024-02-29 10:00:00+00'],
    ['timestamptz', new Date(0), '1970-01-01 00:00:00+00'],
    ['timestamp_ns', new Date(1), '1970-01-01 00:00:00.001'],
    ['timestamp_s', new Date(-1000), '1969-12-31 23:59:59'],
    ['timetz', '12:00', '12:00:00+00'],
    ['interval', '3 hours 2 weeks', '14 days 03:00:00'],
    ['uuid', '550E8400E29B41D4A716446655440000', '550e8400-e29b-41d4-a716-446655440000'],
    ['json', { a: [1] }, '{"a":[1]}'],
    ['json', 1, '1'],
    ['blob', new Uint8Array([1, 2, 3]).subarray(1), Uint8Array.of(2, 3)],
    ['int[]', Int16Array.of(1, 2), [1, 2]],
    ['map(text, int)', { a: 1 }, new Map([['a', 1]])],
    ['struct(a int, b int)', { b: 1 }, { a: null, b: 1 }],
    ['float', 0.1, Math.fround(0.1)],
  ])('%s takes %o', (type, given, expected) => {
    expect(rowsFromBatch(batchFromRows([{ x: given }, { x: null }], { x: type }))).toEqual([
      { x: expected },
      { x: null },
    ])
  })

  test.each<[string, unknown, 'TYPE_MISMATCH' | 'INVALID_VALUE', RegExp]>([
    ['boolean', 1, 'TYPE_MISMATCH', /^Column "x", row 2: BOOLEAN takes true or false, not a number\.$/],
    ['int', 'secret', 'TYPE_MISMATCH', /INTEGER takes a number or bigint, not a string/],
    ['int', 2 ** 31, 'INVALID_VALUE', /out of the range of INTEGER, -2147483648 to 2147483647/],
    ['int', 1.5, 'INVALID_VALUE', /INTEGER takes whole numbers only/],
    ['int', Number.NaN, 'INVALID_VALUE', /whole numbers/],
    ['utinyint', -1, 'INVALID_VALUE', /UTINYINT, 0 to 255/],
    ['bigint', 2n ** 63n, 'INVALID_VALUE', /BIGINT/],
    ['uhugeint', -1n, 'INVALID_VALUE', /UHUGEINT/],
    ['double', 2n ** 60n + 1n, 'INVALID_VALUE', /more digits than DOUBLE holds/],
    ['decimal(4,2)', '1.234', 'INVALID_VALUE', /more than the 2 digits after the point of DECIMAL\(4,2\)/],
    ['decimal(4,2)', '100', 'INVALID_VALUE', /too many digits for DECIMAL\(4,2\)/],
    ['decimal(4,2)', 99.999, 'INVALID_VALUE', /too many digits/],
    ['decimal(4,2)', 'secret', 'INVALID_VALUE', /A string is no number/],
    ['decimal(4,2)', '', 'INVALID_VALUE', /no number/],
    ['decimal(4,2)', '.', 'INVALID_VALUE', /no number/],
    ['decimal(4,2)', Infinity, 'INVALID_VALUE', /no number/],
    ['decimal(4,2)', '1e9999', 'INVALID_VALUE', /too many digits/],
    ['varchar', 5, 'TYPE_MISMATCH', /VARCHAR takes a string, not a number/],
    [
      'date',
      '2023-02-29',
      'INVALID_VALUE',
      /A text is no DATE or out of its range\. Give text such as '2024-02-29', or a Date/,
    ],
    ['date', '2024-01-01 00:00:00', 'INVALID_VALUE', /DATE/],
    ['date', '0000-01-01 (BC)', 'INVALID_VALUE', /DATE/],
    ['date', new Date(Number.NaN), 'INVALID_VALUE', /A Date is invalid/],
    ['timestamp', '2024-01-01 24:00:00', 'INVALID_VALUE', /TIMESTAMP/],
    ['timestamp', '2024-01-01 00:00:00.1234567', 'INVALID_VALUE', /TIMESTAMP/],
    ['timestamp', '300000-01-01', 'INVALID_VALUE', /TIMESTAMP/],
    ['timestamp_s', new Date(1), 'INVALID_VALUE', /has milliseconds, TIMESTAMP_S has none/],
    ['timestamp_ns', new Date(8.64e15), 'INVALID_VALUE', /out of the range of TIMESTAMP_NS/],
    ['time', '24:00:01', 'INVALID_VALUE', /TIME/],
    ['time', '12:60:00', 'INVALID_VALUE', /TIME/],
    ['timetz', '12:00:00+16', 'INVALID_VALUE', /TIME WITH TIME ZONE/],
    ['interval', '1 fortnight', 'INVALID_VALUE', /INTERVAL/],
    ['interval', '', 'INVALID_VALUE', /INTERVAL/],
    ['interval', '1 constructor', 'INVALID_VALUE', /INTERVAL/],
    ['interval', '999999999 years', 'INVALID_VALUE', /INTERVAL/],
    ['uuid', '550e8400', 'INVALID_VALUE', /UUID/],
    ['bit', '012', 'INVALID_VALUE', /BIT/],
    ["enum('a','b')", 'secret', 'INVALID_VALUE', /not one of the values of the enum: a, b/],
    ["enum('a','b')", 1, 'TYPE_MISMATCH', /ENUM\('a', 'b'\) takes a string/],
    ['blob', 'text', 'TYPE_MISMATCH', /BLOB takes a Uint8Array/],
    ['json', 1n, 'TYPE_MISMATCH', /JSON takes/],
    ['int[]', [1, 'x'], 'TYPE_MISMATCH', /^Column "x" at x\[\], row 2: INTEGER takes/],
    ['int[]', 'abc', 'TYPE_MISMATCH', /takes an array, not a string/],
    ['int[2]', [1], 'INVALID_VALUE', /INTEGER\[2\] takes arrays of 2, not of 1/],
    ['struct(a int, b struct(c date))', { b: { c: 'secret' } }, 'INVALID_VALUE', /^Column "x" at x\.b\.c, row 2: /],
    ['struct(a int)', { z: 1 }, 'TYPE_MISMATCH', /STRUCT\(a INTEGER\) has no field "z"/],
    ['struct(a int)', new Map(), 'TYPE_MISMATCH', /takes an object, not a Map/],
    ['struct(int, int)', [1], 'TYPE_MISMATCH', /takes an array of 2, not an array of 1/],
    ['map(text, int[])', new Map([['k', ['x']]]), 'TYPE_MISMATCH', /^Column "x" at x\.value\[\], row 2: /],
    ['map(text, int)', new Map([[null, 1]]), 'INVALID_VALUE', /keys of a map cannot be NULL/],
    ['union(a int, b text)', { tag: 'c' }, 'TYPE_MISMATCH', /a tag of a, b, not an object/],
    ['union(a int, b text)', 1, 'TYPE_MISMATCH', /\{ tag, value \}/],
    ['"null"', 1, 'TYPE_MISMATCH', /takes nulls only/],
  ])('%s refuses %o', (type, value, code, message) => {
    const rows = [{ x: null }, {}, { x: value }]
    const failed = failure(rows, { x: type })
    expect(failed).toMatchObject({ code, message: expect.stringMatching(message), details: { column: 'x', row: 2 } })
    expect(failed.message).not.toContain('secret')
  })

  test('a property the schema lacks', () => {
    expect(failure([{ nmae: 1 }], { name: 'int' })).toMatchObject({
      code: 'COLUMN_NOT_FOUND',
      message: 'Column "nmae" not found in the schema. Columns: name. Did you mean "name"?',
    })
    expect(failure({ other: [1] }, { name: 'int' })).toMatchObject({ code: 'COLUMN_NOT_FOUND' })
  })

  test('a column without nulls', () => {
    const schema = { fields: [{ name: 'x', type: { kind: 'integer' } as const, nullable: false }] }
    expect(failure([{ x: 1 }, {}], schema)).toMatchObject({
      code: 'INVALID_VALUE',
      message: 'Column "x", row 1: NULL in a column that allows none.',
    })
    expect(batchFromRows([{ x: 1 }], schema).schema).toEqual(schema)
  })
})

describe('values that do not go together', () => {
  test.each<[unknown, RegExp]>([
    [
      [{ x: 1 }, { x: 'a' }],
      /^Column "x", row 1: INTEGER so far, then a string\. Give a schema, or values of one type\.$/,
    ],
    [[{ x: 1n }, { x: 0.5 }], /row 1: BIGINT so far, then a number/],
    [[{ x: true }, { x: null }, { x: 1 }], /row 2: BOOLEAN so far, then a number/],
    [[{ x: [1] }, { x: ['a'] }], /row 1: INTEGER so far, then VARCHAR/],
    [[{ x: [1, 'a'] }], /^Column "x" at x\[\], row 0: INTEGER so far, then a string/],
    [[{ x: { y: 1 } }, { x: { y: true } }], /row 1: INTEGER so far, then BOOLEAN/],
    [[{ x: () => 1 }], /No column can hold a function/],
    [[{ x: Symbol('s') }], /No column can hold a symbol/],
    [[{ x: new Set() }], /No column can hold a Set/],
    [[{ x: {} }], /without properties has no type/],
  ])('%o', (rows, message) => {
    expect(failure(rows)).toMatchObject({ code: 'TYPE_MISMATCH', message: expect.stringMatching(message) })
  })

  test('bigints beyond hugeint', () => {
    expect(failure([{ x: 2n ** 127n }])).toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringMatching(/out of the range of HUGEINT/),
    })
  })
})

describe('rows of columns with the same name', () => {
  test('are told apart as DuckDB does', () => {
    const column = batchFromRows({ x: Int32Array.of(1) }).columns[0]!
    const field = (name: string) => ({ name, type: { kind: 'integer' } as const, nullable: true })
    const batch: ColumnBatch = {
      schema: { fields: ['a', 'a', 'a_1', 'a'].map(field) },
      length: 1,
      columns: [column, column, column, column],
    }
    expect(Object.keys(rowsFromBatch(batch)[0]!)).toEqual(['a', 'a_2', 'a_1', 'a_3'])
    expect(Object.keys(columnsFromBatches(batch.schema, [batch]))).toEqual(['a', 'a_2', 'a_1', 'a_3'])
  })
})
