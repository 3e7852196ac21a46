import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchesFromArrow, ipcFromBatches, recordBatchFrom, recordBatchMaker, tableFromBatches } from './arrow.ts'
import { batchFromRows } from './batch-from-rows.ts'
import type { ColumnBatch, ColumnData } from './column-data.ts'
import { columnsFromBatches } from './columns.ts'
import { field, nullable, randomScalars, randomTypes } from './fixtures/random-types.ts'
import type { Schema, SimpleKind } from './logical-type.ts'
import { rowsFromBatch } from './rows.ts'
import { parseType, typeName } from './type-names.ts'

const typed = randomTypes()

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
    for (const [kind, value] of Object.entries(randomScalars) as [SimpleKind, fc.Arbitrary<unknown>][]) {
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
