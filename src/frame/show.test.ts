import { expect, test } from 'vitest'
import { batchFromRows } from '../types/batch-from-rows.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { formatTable } from './show.ts'

function shown(
  rows: readonly object[],
  options?: Parameters<typeof formatTable>[2],
  schema?: Record<string, string>,
): string {
  const batch = batchFromRows(rows, schema)
  return formatTable(rowsFromBatch(batch), batch.schema, options)
}

test('numbers stand to the right, text to the left, nulls are shown', () => {
  expect(
    shown(
      [
        { origin: 'SEA', n: 12, share: 0.5, list: [1, null] },
        { origin: null, n: -1234567n, share: null, list: null },
      ],
      {},
      { origin: 'varchar', n: 'bigint', share: 'double', list: 'int[]' },
    ),
  ).toBe(
    `+--------+----------+-------+-----------+
| origin |        n | share | list      |
+--------+----------+-------+-----------+
| SEA    |       12 |   0.5 | [1, NULL] |
| NULL   | -1234567 |  NULL | NULL      |
+--------+----------+-------+-----------+`,
  )
})

test('no rows, and names longer than values', () => {
  expect(shown([], {}, { 'a long name': 'int' })).toBe(`+-------------+\n| a long name |\n+-------------+`)
})

test('cells are cut by characters, not in the middle of one', () => {
  const text = '🦆'.repeat(30)
  expect(shown([{ text }])).toContain(`| ${'🦆'.repeat(19)}… |`)
  expect(shown([{ text }], { truncate: false })).toContain(text)
  expect(shown([{ text }], { truncate: 0 })).toContain(text)
  expect(shown([{ text: 'x'.repeat(20) }])).toContain(`| ${'x'.repeat(20)} |`)
  expect(shown([{ text: 'abc' }], { truncate: 1 })).toContain('| … |')
})

test('wide characters take two columns, marks none', () => {
  const lines = shown([{ text: '東京' }, { text: 'e\u0301a' }, { text: '👍' }, { text: 'abcd' }]).split('\n')
  expect(lines.slice(3, 7)).toEqual(['| 東京 |', '| e\u0301a   |', '| 👍   |', '| abcd |'])
})

test('line breaks and control characters cannot break the box', () => {
  const lines = shown([{ text: 'a\nb\r\t\u001b[31m\u2028' }], { truncate: false }).split('\n')
  expect(lines).toHaveLength(5)
  expect(lines[3]).toBe('| a\\nb\\r\\t\\u001b[31m\\u2028 |')
})

test('columns of the same name show their own values', () => {
  const batch = batchFromRows([{ a: 1, b: 'x' }])
  const [first, second] = batch.schema.fields
  const twice = { ...batch, schema: { fields: [first!, { ...second!, name: 'a' }] } }
  expect(formatTable(rowsFromBatch(twice), twice.schema)).toContain('| 1 | x |')
})
