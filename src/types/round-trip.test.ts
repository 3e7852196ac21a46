import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchesFromArrow, ipcFromBatches, recordBatchFrom, recordBatchMaker, tableFromBatches } from './arrow.ts'
import { batchFromRows } from './batch-from-rows.ts'
import type { ColumnBatch, ColumnData } from './column-data.ts'
import { columnsFromBatches } from './columns.ts'
import { intervalText, timestampText, timetzText, timeText, dateText } from './temporal-text.ts'
import type { Field, LogicalType, Schema, SimpleKind } from './logical-type.ts'
import { decimalText } from './number-text.ts'
import { rowsFromBatch } from './rows.ts'
import { parseType, typeName } from './type-names.ts'

const int = (bits: number): fc.Arbitrary<number> => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 })
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const bits64 = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
const finite = bits64.filter((units) => units > -9_223_372_022_400_000_000n)
const micros = fc.oneof(finite, fc.constantFrom(2n ** 63n - 1n, 1n - 2n ** 63n))

const scalars: Record<SimpleKind, fc.Arbitrary<unknown>> = {
  null: fc.constant(null),
  boolean: fc.boolean(),
  tinyint: int(8),
  smallint: int(16),
  integer: int(32),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  hugeint: fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }),
  utinyint: uint(8),
  usmallint: uint(16),
  uinteger: uint(32),
  ubigint: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  uhugeint: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
  float: fc.float(),
  double: fc.double(),
  varchar: text,
  json: fc.json(),
  blob: fc.uint8Array({ maxLength: 20 }),
  bit: fc.string({ unit: fc.constantFrom('0', '1'), minLength: 1, maxLength: 20 }),
  uuid: fc.uuid(),
  date: fc.integer({ min: -0x7fff_ffff, max: 0x7fff_ffff }).map(dateText),
  time: fc.integer({ min: 0, max: 86_400_000_000 }).map((units) => timeText(units, 6)),
  time_ns: fc.integer({ min: 0, max: 86_400_000_000_000 }).map((units) => timeText(units, 9)),
  timetz: fc
    .tuple(fc.integer({ min: 0, max: 86_400_000_000 }), fc.integer({ min: 0, max: 115_198 }))
    .map(([time, offset]) => timetzText((BigInt(time) << 24n) | BigInt(offset))),
  timestamp: micros.map((units) => timestampText(6, '').fromBigInt(units)),
  timestamp_s: finite.map((units) => timestampText(0, '').fromBigInt(units / 1_000_000n)),
  timestamp_ms: finite.map((units) => timestampText(3, '').fromBigInt(units / 1000n)),
  timestamp_ns: bits64
    .filter((units) => units > -9_223_286_400_000_000_000n)
    .map((units) => timestampText(9, '').fromBigInt(units)),
  timestamptz: micros.map((units) => timestampText(6, '+00').fromBigInt(units)),
  interval: fc
    .tuple(int(32), int(32), fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }))
    .map(([months, days, clock]) => intervalText(months, days, clock)),
}

interface Typed {
  readonly type: LogicalType
  readonly value: fc.Arbitrary<unknown>
}

const nullable = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(value, { nil: null, freq: 4 })
const simple: fc.Arbitrary<Typed> = fc
  .constantFrom(...(Object.keys(scalars) as SimpleKind[]))
  .map((kind) => ({ type: { kind }, value: scalars[kind] }))
const keyed = simple.filter(({ type }) => type.kind !== 'null' && type.kind !== 'blob')
const decimal = fc.integer({ min: 1, max: 38 }).chain((precision) =>
  fc.integer({ min: 0, max: precision }).map((scale): Typed => {
    const limit = 10n ** BigInt(precision) - 1n
    return {
      type: { kind: 'decimal', precision, scale },
      value: fc.bigInt({ min: -limit, max: limit }).map((scaled) => decimalText(scaled, precision, scale)),
    }
  }),
)
const enumeration = fc
  .oneof(
    { weight: 5, arbitrary: fc.uniqueArray(text, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constant(Array.from({ length: 300 }, (_, index) => `v${index}`)) },
  )
  .map((values): Typed => ({ type: { kind: 'enum', values }, value: fc.constantFrom(...values) }))
const fieldName = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'a b', '"', 'select', 'x', 'value'))
const fieldNames = fc.uniqueArray(
  fieldName.filter((name) => name !== ''),
  { minLength: 1, maxLength: 3, selector: (name) => name.toLowerCase() },
)

const field = (name: string, type: LogicalType): Field => ({ name, type, nullable: true })
const objectOf = (names: readonly string[], values: readonly unknown[]): object => {
  const object = {}
  names.forEach((name, index) =>
    Object.defineProperty(object, name, { value: values[index], enumerable: true, writable: true, configurable: true }),
  )
  return object
}

const typed: fc.Arbitrary<Typed> = fc.letrec<{ any: Typed; nested: Typed }>((tie) => ({
  any: fc.oneof({ depthSize: 'small', withCrossShrink: true }, simple, decimal, enumeration, tie('nested')),
  nested: fc.oneof(
    tie('any').map(({ type, value }): Typed => ({
      type: { kind: 'list', element: type },
      value: fc.array(nullable(value), { maxLength: 4 }),
    })),
    fc.tuple(tie('any'), fc.integer({ min: 1, max: 3 })).map(([{ type, value }, size]): Typed => ({
      type: { kind: 'array', element: type, size },
      value: fc.array(nullable(value), { minLength: size, maxLength: size }),
    })),
    fc.tuple(fieldNames, fc.array(tie('any'), { minLength: 3, maxLength: 3 })).map(([names, members]): Typed => ({
      type: { kind: 'struct', fields: names.map((name, index) => field(name, members[index]!.type)) },
      value: fc
        .tuple(...names.map((_, index) => nullable(members[index]!.value)))
        .map((values) => objectOf(names, values)),
    })),
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((members): Typed => ({
      type: { kind: 'struct', fields: members.map(({ type }) => field('', type)) },
      value: fc.tuple(...members.map(({ value }) => nullable(value))),
    })),
    fc.tuple(keyed, tie('any')).map(([key, { type, value }]): Typed => ({
      type: { kind: 'map', key: key.type, value: type },
      value: fc.array(fc.tuple(key.value, nullable(value)), { maxLength: 3 }).map((entries) => new Map(entries)),
    })),
    fc.tuple(fieldNames, fc.array(tie('any'), { minLength: 3, maxLength: 3 })).map(([names, members]): Typed => ({
      type: { kind: 'union', members: names.map((name, index) => field(name, members[index]!.type)) },
      value: fc.oneof(...names.map((tag, index) => nullable(members[index]!.value).map((value) => ({ tag, value })))),
    })),
  ),
})).any

const table: fc.Arbitrary<{ schema: Schema; rows: readonly (readonly unknown[])[] }> = fc
  .array(typed, { minLength: 1, maxLength: 3 })
  .chain((columns) =>
    fc.record({
      schema: fc.constant({ fields: columns.map(({ type }, index) => field(`c${index}`, type)) }),
      rows: fc.array(fc.tuple(...columns.map(({ value }) => nullable(value))), { maxLength: 20 }),
    }),
  )

const values = (batches: readonly ColumnBatch[]): unknown[][] =>
  batches.flatMap(rowsFromBatch).map((row) => Object.values(row))

describe('what goes in comes out', () => {
  test('every scalar type, many values', () => {
    for (const [kind, value] of Object.entries(scalars) as [SimpleKind, fc.Arbitrary<unknown>][]) {
      fc.assert(
        fc.property(fc.array(nullable(value), { maxLength: 40 }), (column) => {
          const schema = { fields: [field('x', { kind })] }
          expect(
            values([
              batchFromRows(
                column.map((item) => [item]),
                schema,
              ),
            ]),
          ).toEqual(column.map((item) => [item]))
        }),
        { numRuns: 40 },
      )
    }
  })

  test('rows, Arrow and IPC, of any types', () => {
    fc.assert(
      fc.property(table, fc.boolean(), ({ schema, rows }, asFile) => {
        const batch = batchFromRows(rows, schema)
        expect(values([batch])).toEqual(rows)

        const arrow = batchesFromArrow(tableFromBatches(schema, [batch, batch]))
        expect(arrow.schema).toEqual(schema)
        expect(values(arrow.batches)).toEqual([...rows, ...rows])

        const bytes = ipcFromBatches(schema, [batch, batch], { format: asFile ? 'file' : 'stream' })
        const read = batchesFromArrow(bytes)
        expect(read.schema).toEqual(schema)
        expect(values(read.batches)).toEqual([...rows, ...rows])
      }),
      { numRuns: 300 },
    )
  })

  test('slices of Arrow tables', () => {
    fc.assert(
      fc.property(table, fc.nat(12), fc.nat(12), ({ schema, rows }, start, size) => {
        const batch = batchFromRows(rows, schema)
        const slice = tableFromBatches(schema, [batch, batch]).slice(start, start + size)
        expect(values(batchesFromArrow(slice).batches)).toEqual([...rows, ...rows].slice(start, start + size))
      }),
      { numRuns: 200 },
    )
  })

  test('whole columns', () => {
    fc.assert(
      fc.property(table, fc.nat(20), ({ schema, rows }, at) => {
        const parts = [rows.slice(0, at), rows.slice(at)].map((part) => batchFromRows(part, schema))
        const columns = columnsFromBatches(schema, parts)
        schema.fields.forEach(({ name, type }, index) => {
          const column = columns[name]!
          expect(column).toHaveLength(rows.length)
          if (Array.isArray(column)) expect(column).toEqual(rows.map((row) => row[index]))
          else {
            expect(ArrayBuffer.isView(column)).toBe(true)
            const { validity } = column
            const isNull = rows.map(
              (_, row) => validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0,
            )
            expect(isNull).toEqual(rows.map((row) => row[index] === null))
            if (!['boolean', 'date'].includes(type.kind) && !type.kind.startsWith('time')) {
              expect([...column].filter((_, row) => !isNull[row])).toEqual(
                rows.map((row) => row[index]).filter((value) => value !== null),
              )
            }
          }
        })
      }),
      { numRuns: 200 },
    )
  })

  test('names of types', () => {
    fc.assert(
      fc.property(typed, ({ type }) => {
        expect(parseType(typeName(type))).toEqual(type)
        expect(
          parseType(
            ` ${typeName(type).replaceAll(',', ' ,\n')} `.replace(/'[^']*'|"[^"]*"/g, (part) =>
              part.replaceAll(' ,\n', ','),
            ),
          ),
        ).toEqual(type)
      }),
      { numRuns: 300 },
    )
  })
})

describe('dictionaries', () => {
  const dictionary = (texts: readonly string[]): ColumnData =>
    batchFromRows(
      texts.map((x) => [x]),
      { x: 'varchar' },
    ).columns[0]!
  const encoded = (codes: readonly (number | null)[], of: ColumnData): ColumnBatch => {
    const nulls = batchFromRows(
      codes.map((code) => [code]),
      { x: 'integer' },
    ).columns[0]!
    return {
      schema: { fields: [field('x', { kind: 'varchar' })] },
      length: codes.length,
      columns: [{ ...nulls, dictionary: of }],
    }
  }
  const shared = dictionary(['a', 'b', 'é'])
  const one = encoded([0, 2, null, 1], shared)
  const same = encoded([2, 2], shared)
  const other = encoded([1, null, 0], dictionary(['z', 'é']))
  const plain = batchFromRows([{ x: 'p' }], { x: 'varchar' })
  const { schema } = plain

  test.each([
    ['of one batch', [one], true],
    ['shared', [one, same], true],
    ['that differ', [one, other, same], true],
    ['in some batches only', [one, plain, other], false],
  ])('%s', (_, batches, staysEncoded) => {
    const rows = batches.flatMap(rowsFromBatch)
    const arrow = tableFromBatches(schema, batches)
    expect(String(arrow.schema.fields[0]!.type).startsWith('Dictionary')).toBe(staysEncoded)
    expect(arrow.toArray().map((row) => row.x)).toEqual(rows.map(({ x }) => x))
    for (const back of [
      batchesFromArrow(arrow),
      ...(['stream', 'file'] as const).map((format) => batchesFromArrow(ipcFromBatches(schema, batches, { format }))),
    ]) {
      expect(back.schema).toEqual(schema)
      expect(back.batches.flatMap(rowsFromBatch)).toEqual(rows)
      expect(back.batches.every((batch) => (batch.columns[0]!.dictionary !== undefined) === staysEncoded)).toBe(true)
    }
    const make = recordBatchMaker(schema)
    const streamed = batches.map((batch) => make(batch))
    expect(streamed.flatMap((batch) => batch.toArray().map((row) => row.x as string | null))).toEqual(
      rows.map(({ x }) => x),
    )
  })

  test('one record batch', () => {
    expect(
      recordBatchFrom(one)
        .toArray()
        .map((row) => row.x as string | null),
    ).toEqual(['a', 'é', null, 'b'])
  })
})

describe('memory is shared where layouts are equal', () => {
  test('with Arrow, both ways', () => {
    const batch = batchFromRows([
      { i: 1, d: 0.5, s: 'x', b: 2n, t: null },
      { i: 2, d: 1, s: 'y', b: 3n, t: new Date(0) },
    ])
    const arrow = tableFromBatches(batch.schema, [batch])
    const back = batchesFromArrow(arrow).batches[0]!
    batch.columns.forEach((column, index) => {
      const data = arrow.batches[0]!.data.children[index]!
      expect((data.values as Uint8Array).buffer).toBe(column.values!.buffer)
      expect(back.columns[index]!.values!.buffer).toBe(column.values!.buffer)
      if (column.offsets !== undefined) expect(back.columns[index]!.offsets!.buffer).toBe(column.offsets.buffer)
      if (column.validity !== undefined) expect(back.columns[index]!.validity!.buffer).toBe(column.validity.buffer)
    })
  })
})
