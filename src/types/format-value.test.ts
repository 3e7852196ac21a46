import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatValue } from './format-value.ts'
import { parseType } from './type-names.ts'

let connection: DuckDBConnection
const seed = 20_240_229

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect()
})

afterAll(() => connection.closeSync())

describe('nested values print as in native DuckDB', () => {
  const special = fc.string({ unit: fc.constantFrom(...'ab \t\n\v\f\r\'"\\,:=()[]{}nulNULLé\u00a0;-'), maxLength: 8 })
  const texts = [...fc.sample(special, { seed, numRuns: 800 }), 'null', 'NULL', 'Null', 'nul', 'nulls', ' null', '']

  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

  async function native(literals: readonly string[]): Promise<string[]> {
    const selects = literals.map((literal, index) => `SELECT ${index} AS i, CAST(${literal} AS VARCHAR) AS x`)
    const reader = await connection.runAndReadAll(`${selects.join(' UNION ALL ')} ORDER BY i`)
    return reader.getRows().map(([, text]) => text as string)
  }

  test('lists of text', async () => {
    const type = parseType('varchar[]')
    const printed = texts.map((text) => formatValue([text], type))
    expect(printed).toEqual(await native(texts.map((text) => `[${quoted(text)}]`)))
  })

  test('structs of text', async () => {
    const type = parseType('struct(a varchar)')
    const printed = texts.map((text) => formatValue({ a: text }, type))
    expect(printed).toEqual(await native(texts.map((text) => `{'a': ${quoted(text)}}`)))
  })

  test('maps of text', async () => {
    const type = parseType('map(varchar, varchar)')
    const printed = texts.map((text) => formatValue(new Map([[text, text]]), type))
    expect(printed).toEqual(await native(texts.map((text) => `MAP {${quoted(text)}: ${quoted(text)}}`)))
  })

  test('field names', async () => {
    const names = texts.filter((text) => text !== '').slice(0, 60)
    const printed = names.map((name) => {
      const fields = [{ name, type: { kind: 'integer' } as const, nullable: true }]
      return formatValue(Object.fromEntries([[name, 1]]), { kind: 'struct', fields })
    })
    expect(printed).toEqual(await native(names.map((name) => `struct_pack("${name.replaceAll('"', '""')}" := 1)`)))
  })

  test.each([
    ['time[]', "[TIME '01:02:03', NULL]", ['01:02:03', null]],
    ['timestamp[]', "[TIMESTAMP '2001-01-01', 'infinity']", ['2001-01-01 00:00:00', 'infinity']],
    ['date[]', "[DATE '0044-03-15 (BC)']", ['0044-03-15 (BC)']],
    ['interval[]', "[INTERVAL 1 DAY, INTERVAL '1:02:03']", ['1 day', '01:02:03']],
    ['json[]', `['{"a": [1, "x"]}'::JSON, '" "'::JSON]`, ['{"a": [1, "x"]}', '" "']],
    [
      'blob[]',
      "['\\x00 '::BLOB, 'a,'::BLOB, 'a'::BLOB]",
      [new Uint8Array([0, 32]), new Uint8Array([97, 44]), new Uint8Array([97])],
    ],
    ["enum('a:b','c')[]", "['a:b', 'c']::ENUM('a:b','c')[]", ['a:b', 'c']],
    ['double[]', "[1.0::DOUBLE, 'nan', '-inf', 1e100]", [1, Number.NaN, -Infinity, 1e100]],
    ['decimal(4,2)[2]', '[1.5, NULL]::DECIMAL(4,2)[2]', ['1.50', null]],
    ['boolean[][]', '[[true], [], NULL, [NULL, false]]', [[true], [], null, [null, false]]],
    ['struct(int, varchar)', "row(1, 'a,b')", [1, 'a,b']],
    ['struct(int, varchar)[]', "[row(1, 'a b'), NULL]", [[1, 'a b'], null]],
    ['map(int, struct(a varchar[]))', "MAP {1: {'a': ['x y', 'it''s']}}", new Map([[1, { a: ['x y', "it's"] }]])],
    ['map(timestamp, varchar)', "MAP {TIMESTAMP '2001-01-01': 'a=b'}", new Map([['2001-01-01 00:00:00', 'a=b']])],
    [
      'union(a int, b varchar)[]',
      "[union_value(a := 1)::UNION(a INT, b VARCHAR), 'x,y'::VARCHAR::UNION(a INT, b VARCHAR)]",
      [
        { tag: 'a', value: 1 },
        { tag: 'b', value: 'x,y' },
      ],
    ],
    ['union(a int, b varchar)', 'NULL::INT::UNION(a INT, b VARCHAR)', { tag: 'a', value: null }],
    ['bit[]', "['0101'::BIT]", ['0101']],
    ['uuid[]', "[UUID '550e8400-e29b-41d4-a716-446655440000']", ['550e8400-e29b-41d4-a716-446655440000']],
  ])('%s', async (type, literal, value) => {
    const reader = await connection.runAndReadAll(`SELECT coalesce(CAST(${literal} AS VARCHAR), 'NULL')`)
    expect(formatValue(value, parseType(type))).toBe(reader.getRows()[0]![0])
  })
})
