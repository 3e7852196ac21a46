import { afterAll, beforeAll, expect, test } from 'vitest'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import type { Field, LogicalType } from '../../types/logical-type.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Row } from '../../types/rows.ts'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

let engine: Engine

beforeAll(async () => {
  engine = await openEngine(nodeHost(new URL('../../../dist/wasm/', import.meta.url)))
})
afterAll(() => engine.close())

async function batchesOf(sql: string): Promise<ColumnBatch[]> {
  const result = await engine.execute({ sql })
  const batches: ColumnBatch[] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next()) batches.push(batch)
  return batches
}

async function rowsOf(sql: string): Promise<Row[]> {
  return (await batchesOf(sql)).flatMap(rowsFromBatch)
}

/** Makes one column, given in parts, readable as `t` with the column `c`. */
async function register(type: LogicalType, ...parts: readonly ColumnData[]): Promise<void> {
  const schema = { fields: [{ name: 'c', type, nullable: true }] }
  const batches = parts.map((column) => ({ schema, length: column.length, columns: [column] }))
  await engine.register({ id: 't', format: 'batches', schema, batches })
}

async function cells(sql = "SELECT c FROM lf_scan('t')"): Promise<unknown[]> {
  return (await rowsOf(sql)).map((row) => Object.values(row)[0])
}

const integer: LogicalType = { kind: 'integer' }
const varchar: LogicalType = { kind: 'varchar' }
const fields = (types: Record<string, LogicalType>): Field[] =>
  Object.entries(types).map(([name, type]) => ({ name, type, nullable: true }))

function integers(...values: number[]): ColumnData {
  return { length: values.length, nullCount: 0, values: new Uint8Array(Int32Array.from(values).buffer) }
}

function texts(...values: string[]): ColumnData & { offsets: Int32Array; values: Uint8Array } {
  const encoded = values.map((value) => new TextEncoder().encode(value))
  const offsets = new Int32Array(values.length + 1)
  encoded.forEach((bytes, index) => (offsets[index + 1] = offsets[index]! + bytes.length))
  return {
    length: values.length,
    nullCount: 0,
    offsets,
    values: Uint8Array.from(encoded.flatMap((bytes) => [...bytes])),
  }
}

const bits = (text: string): Uint8Array => Uint8Array.of(Number.parseInt([...text].reverse().join(''), 2))

test('what is inside a null struct is null, however deep and whatever stands there', async () => {
  const inner: LogicalType = {
    kind: 'struct',
    fields: fields({ b: integer, pair: { kind: 'array', element: integer, size: 2 } }),
  }
  await register(
    { kind: 'struct', fields: fields({ a: inner }) },
    {
      length: 3,
      nullCount: 1,
      validity: bits('101'),
      children: [
        {
          length: 3,
          nullCount: 0,
          children: [integers(7, 8, 9), { length: 3, nullCount: 0, children: [integers(1, 2, 3, 4, 5, 6)] }],
        },
      ],
    },
  )
  expect(await rowsOf("SELECT c.a.b AS b, c.a.pair[1] AS first, c.a IS NULL AS n FROM lf_scan('t')")).toEqual([
    { b: 7, first: 1, n: false },
    { b: null, first: null, n: true },
    { b: 9, first: 5, n: false },
  ])
})

test('what is inside a null array and a null union is null', async () => {
  await register(
    { kind: 'array', element: { kind: 'struct', fields: fields({ x: integer }) }, size: 2 },
    {
      length: 2,
      nullCount: 1,
      validity: bits('01'),
      children: [{ length: 4, nullCount: 0, children: [integers(1, 2, 3, 4)] }],
    },
  )
  expect(await cells("SELECT c[2].x FROM lf_scan('t')")).toEqual([null, 4])
  await register(
    { kind: 'union', members: fields({ n: integer, s: varchar }) },
    {
      length: 3,
      nullCount: 1,
      validity: bits('101'),
      values: Uint8Array.of(0, 1, 1),
      children: [integers(1, 2, 3), texts('x', 'y', 'z')],
    },
  )
  expect(await rowsOf("SELECT union_tag(c)::VARCHAR AS tag, c.n AS n, c.s AS s FROM lf_scan('t')")).toEqual([
    { tag: 'n', n: 1, s: null },
    { tag: null, n: null, s: null },
    { tag: 's', n: null, s: 'z' },
  ])
})

test('a null list may span elements, and offsets may begin anywhere', async () => {
  const list: LogicalType = { kind: 'list', element: integer }
  const elements = integers(1, 2, 3, 4, 5)
  await register(list, {
    length: 3,
    nullCount: 1,
    validity: bits('101'),
    offsets: Int32Array.of(1, 2, 4, 5),
    children: [elements],
  })
  expect(await cells()).toEqual([[2], null, [5]])
  expect(await cells("SELECT unnest(c) FROM lf_scan('t')")).toEqual([2, 5])
  const all = texts('a text that is cut away', 'twelve bytes', 'thirteen byte', '', 'with \0 inside of a long text')
  await register(varchar, { ...all, length: 4, offsets: all.offsets.subarray(1) })
  expect(await cells()).toEqual(['twelve bytes', 'thirteen byte', '', 'with \0 inside of a long text'])
})

test('dictionaries inside of nested types keep the nulls of rows and of entries', async () => {
  const dictionary = {
    ...texts('short', 'nothing', 'a text of more than twelve bytes'),
    nullCount: 1,
    validity: bits('101'),
  }
  const column: ColumnData = {
    length: 4,
    nullCount: 1,
    validity: bits('1011'),
    values: new Uint8Array(Int32Array.of(0, 999_999, 1, 2).buffer),
    dictionary,
  }
  await register(varchar, column)
  expect(await cells()).toEqual(['short', null, null, 'a text of more than twelve bytes'])
  await register(
    { kind: 'list', element: varchar },
    { length: 2, nullCount: 0, offsets: Int32Array.of(0, 3, 4), children: [column] },
  )
  expect(await cells()).toEqual([['short', null, null], ['a text of more than twelve bytes']])
})

test('a dictionary without entries', async () => {
  const column = { length: 3, nullCount: 3, validity: bits('000'), values: new Uint8Array(12), dictionary: texts() }
  await register(varchar, column)
  expect(await cells()).toEqual([null, null, null])
  await register({ kind: 'array', element: varchar, size: 3 }, { length: 1, nullCount: 0, children: [column] })
  expect(await cells()).toEqual([[null, null, null]])
})

test('batches of no rows, of one row each, and none at all', async () => {
  await register(integer, integers(), integers(5), integers(), integers(6, 7), integers())
  expect(await cells()).toEqual([5, 6, 7])
  await register(integer)
  expect(await cells()).toEqual([])
  await register(integer, ...Array.from({ length: 5000 }, (_, index) => integers(index)))
  expect(await cells("SELECT sum(c) || ' ' || count(*) FROM lf_scan('t')")).toEqual(['12497500 5000'])
})

test.each([255, 256, 257, 65_535, 65_536, 65_537])('an enum of %i values goes out and in', async (count) => {
  const batches = await batchesOf(
    `CREATE OR REPLACE TYPE many AS ENUM (SELECT 'e' || range FROM range(${count})); SELECT ('e' || range)::many AS c, 'e' || range AS s FROM range(${count})`,
  )
  const wrong = batches.flatMap(rowsFromBatch).filter((row) => row['c'] !== row['s'])
  expect(wrong).toEqual([])
  await engine.register({ id: 't', format: 'batches', schema: batches[0]!.schema, batches })
  expect(await rowsOf("SELECT count(*) AS n, count(DISTINCT c) AS d FROM lf_scan('t') WHERE c::VARCHAR = s")).toEqual([
    { n: BigInt(count), d: BigInt(count) },
  ])
})

test('deep nesting with nulls on every level, over more rows and elements than a vector has', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({
    i,
    v: Array.from({ length: i % 5 }, (_, k) =>
      k % 3 === 2
        ? null
        : {
            a: Array.from({ length: (i + k) % 4 }, (_, z) => new Map([[`key ${z}`, [i, null, k].slice(0, z)]])),
            b: k % 2 === 0 ? null : `text number ${i}, which is long`,
          },
    ),
  }))
  const batch = batchFromRows(rows)
  const expected = rowsFromBatch(batch).map((row) => row['v'])
  await engine.register({ id: 't', format: 'batches', schema: batch.schema, batches: [batch] })
  expect(await cells("SELECT v FROM lf_scan('t')")).toEqual(expected)
  expect(await cells("SELECT v FROM lf_scan('t') ORDER BY i DESC")).toEqual(expected.toReversed())
})

test('1,500 columns', async () => {
  const schema = {
    fields: fields(Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`c${i}`, i % 2 ? integer : varchar]))),
  }
  const columns = schema.fields.map((_, i) => (i % 2 ? integers(i, i + 1) : texts(`text number ${i}`, '')))
  await engine.register({ id: 't', format: 'batches', schema, batches: [{ schema, length: 2, columns }] })
  const [batch] = await batchesOf("FROM lf_scan('t')")
  expect(rowsFromBatch(batch!)).toEqual(rowsFromBatch({ schema, length: 2, columns }))
})

test('a vector of 300 MB of text', async () => {
  const each = 150_000
  const length = 2048
  const offsets = Int32Array.from({ length: length + 1 }, (_, index) => index * each)
  await register(varchar, { length, nullCount: 0, offsets, values: new Uint8Array(each * length).fill(97) })
  expect(await cells("SELECT sum(strlen(c))::VARCHAR || max(c)[:2] FROM lf_scan('t')")).toEqual(['307200000aa'])
  await engine.unregister('t')
})

test('a source that is not what its schema says is refused, not read beyond its end', async () => {
  const schema = { fields: fields({ a: integer, b: varchar }) }
  const wrong: ColumnData[][] = [[integers(1, 2)], [integers(1), texts('x', 'y')], [integers(1, 2), texts('x')]]
  for (const columns of wrong) {
    await engine.register({ id: 't', format: 'batches', schema, batches: [{ schema, length: 2, columns }] })
    await expect(rowsOf("FROM lf_scan('t')")).rejects.toMatchObject({ code: 'INTERNAL' })
  }
  await engine.register({ id: 't', format: 'batches', schema: { fields: [] }, batches: [] })
  await expect(rowsOf("FROM lf_scan('t')")).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await cells('SELECT 1')).toEqual([1])
})
