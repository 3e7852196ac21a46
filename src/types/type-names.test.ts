import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import type { LogicalType } from './logical-type.ts'
import { parseType, typeName } from './type-names.ts'

let connection: DuckDBConnection

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect()
})

afterAll(() => connection.closeSync())

async function nativeName(type: string): Promise<unknown> {
  return (await connection.runAndReadAll(`SELECT typeof(CAST(NULL AS ${type}))`)).getRows()[0]![0]
}

const spellings = (
  'boolean|bool|logical|tinyint|int1|smallint|int2|int16|short|integer|int|int4|int32|signed|bigint|int8|int64|long|oid|hugeint|int128|' +
  'utinyint|uint8|usmallint|uint16|uinteger|uint32|ubigint|uint64|uhugeint|uint128|float|float4|real|double|float8|double precision|' +
  'varchar|varchar(10)|string|text|char|char(3)|bpchar|nvarchar|character varying(7)|json|blob|bytea|binary|varbinary|bit|bitstring|uuid|guid|date|' +
  'time|time_ns|timetz|time with time zone|time without time zone|timestamp|timestamp_us|datetime|timestamp(0)|timestamp(1)|timestamp(3)|timestamp(6)|timestamp(9)|' +
  'timestamp_s|timestamp_ms|timestamp_ns|timestamptz|timestamp with time zone|TIMESTAMP WITHOUT TIME ZONE|interval|' +
  'decimal|numeric|dec|decimal(7)|numeric(10,2)|decimal(38,38)|decimal(1,0)|' +
  `enum('a')|enum('it''s', 'b c', '')|int[]|int[3]|varchar[][2][]|integer array|integer array[4]|"integer"|` +
  'struct(a int)|struct("a b" int, select_ text, "select" int, "A" double)|row(a int, b varchar[])|struct(timestamp int)|' +
  'map(varchar, int[])|map(int, map(text, struct(x decimal(4,1))))|union(num int, "s t" varchar)|' +
  `struct("it's" enum('"')[], "q""q" timestamptz, "é" int, "1a" int, "between" int, "left" int, "a$" int)`
).split('|')

describe('the names are those of native DuckDB', () => {
  test.each(spellings)('%s', async (spelling) => {
    expect(typeName(parseType(spelling))).toBe(await nativeName(spelling))
    if (!/["'(]/.test(spelling)) expect(parseType(spelling.toUpperCase())).toEqual(parseType(spelling))
  })

  test('unnamed structs, and null', async () => {
    const reader = await connection.runAndReadAll("SELECT typeof(row(1, [TIMESTAMPTZ 'epoch'], 1.5)), typeof([NULL])")
    const names = reader.getRows()[0] as string[]
    expect(names.map((name) => typeName(parseType(name)))).toEqual(names)
    expect(parseType('struct(timestamp with time zone, double precision, int[])')).toEqual({
      kind: 'struct',
      fields: (['timestamptz', 'double', 'integer'] as const).map((kind, index) => ({
        name: '',
        type: index === 2 ? { kind: 'list', element: { kind } } : { kind },
        nullable: true,
      })),
    })
  })

  test('every keyword as a field: fewer quotes than native, and it reads them', async () => {
    const reader = await connection.runAndReadAll('SELECT keyword_name FROM duckdb_keywords()')
    const keywords = reader.getRows().map(([word]) => word as string)
    expect(keywords.length).toBeGreaterThan(400)
    const type: LogicalType = {
      kind: 'struct',
      fields: keywords.map((name) => ({ name, type: { kind: 'integer' }, nullable: true })),
    }
    expect(parseType(typeName(type))).toEqual(type)
    expect(parseType((await nativeName(typeName(type))) as string)).toEqual(type)
  })
})

describe('what is no type', () => {
  test.each([
    ['', 1, /expected the name of a type, got the end/],
    ['bigit', 1, /there is no type "bigit"\. Did you mean bigint\? Types: null, boolean/],
    ['int, int', 4, /the type ended before ","/],
    ['int x', 5, /the type ended before "x"/],
    ['decimal(3', 10, /expected "\)", got the end/],
    ['decimal(39,2)', 9, /a precision from 1 to 38, got "39"/],
    ['decimal(4,5)', 11, /a scale from 0 to 4, got "5"/],
    ['decimal(-1)', 9, /no such sign/],
    ["enum('a', 'a')", 1, /must differ/],
    ['enum(a)', 6, /an enum value such as 'a', got "a"/],
    ["enum('a", 6, /no such sign/],
    ['struct()', 8, /expected the name of a type|a field name/],
    ['struct(a int, A text)', 8, /field names must differ/],
    ['struct(a)', 8, /there is no type "a"/],
    ['map(int)', 8, /expected ",", got "\)"/],
    ['int[0]', 5, /an array size from 1 to 100000, got "0"/],
    ['int[100001]', 5, /array size/],
    ['int[', 5, /array size/],
    ['int]', 4, /ended before "\]"/],
    ['timestamp with', 15, /expected TIME/],
    ['timestamp(10)', 11, /from 0 to 9/],
    ['union(a int, b)', 15, /expected the name of a type, got "\)"/],
    ['int; DROP TABLE x', 4, /no such sign/],
    [`${'struct(a '.repeat(200)}int${')'.repeat(200)}`, undefined, /nest at most 100 deep/],
    ['int' + '[]'.repeat(5000), undefined, /nest at most 100 deep/],
  ])('%j', (text, position, message) => {
    let error: unknown
    try {
      parseType(text)
    } catch (caught) {
      error = caught
    }
    expect(isLakefrontError(error, 'INVALID_ARGUMENT')).toBe(true)
    const { message: said, details } = error as { message: string; details: { position: number } }
    expect(said).toMatch(message)
    if (position !== undefined) {
      expect(said).toContain(`at position ${position}:`)
      expect(details.position).toBe(position - 1)
    }
  })

  test('other values', () => {
    for (const value of [undefined, null, 1, {}]) {
      expect(() => parseType(value as unknown as string)).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    }
  })

  test('any text either is a type, whose name means the same, or is refused', () => {
    const part = fc.constantFrom(
      ...'( ) [ ] , int struct map enum union decimal timestamp with time zone 1 38 a "b c" \'x\' array double precision row %'.split(
        ' ',
      ),
    )
    const soup = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(' '))
    fc.assert(
      fc.property(
        fc.oneof(
          soup,
          fc.string(),
          fc.constantFrom(...spellings).chain((text) => fc.nat(text.length).map((at) => text.slice(0, at))),
        ),
        (text) => {
          let type: LogicalType
          try {
            type = parseType(text)
          } catch (error) {
            expect(isLakefrontError(error, 'INVALID_ARGUMENT')).toBe(true)
            return
          }
          expect(parseType(typeName(type))).toEqual(type)
        },
      ),
      { numRuns: 5000 },
    )
  })
})
