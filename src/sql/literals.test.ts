import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import { lit } from '../expr/lit.ts'
import type { Value } from '../expr/expression.ts'
import { select } from '../plan/columns.ts'
import { queryFromText, scan } from '../plan/leaf.ts'
import type { Plan } from '../plan/nodes.ts'
import { col } from '../expr/col.ts'
import { compile } from './compile.ts'
import { duckdb as dialect } from './dialects/duckdb.ts'
import { NativeDuckdb } from './fixtures/native-duckdb.ts'

let duckdb: NativeDuckdb

beforeAll(async () => {
  duckdb = await NativeDuckdb.open(['CREATE TABLE one AS SELECT 1 AS x'])
})

const one: Plan = Object.freeze({ kind: 'Table', name: ['one'], output: [{ name: 'x' }] })

/** A value through a literal of a plan, and through the text that `toSQL` prints, as DuckDB gives it back. */
async function through(value: Value, how: 'plan' | 'text'): Promise<unknown> {
  const { statement } = compile(select(one, [lit(value).as('v').node]), {
    schemaOf: () => undefined,
    inline: how === 'text',
  })
  if (how === 'text') expect(statement.parameters).toEqual([])
  const parameters = statement.parameters as readonly never[]
  const rows = (
    await duckdb.connection.runAndReadAll(statement.sql, parameters.length === 0 ? undefined : [...parameters])
  ).getRows()
  const native = rows[0]![0] as { micros?: bigint; bytes?: Uint8Array } | string | number | bigint | null
  if (typeof native === 'object' && native !== null && native.micros !== undefined)
    return new Date(Number(native.micros / 1000n))
  return typeof native === 'object' && native !== null && native.bytes !== undefined
    ? new Uint8Array(native.bytes)
    : native
}

const wholeText = fc.string({ unit: 'binary', maxLength: 30 })
const nasty = fc.constantFrom(
  "'",
  "''",
  "\\'",
  '\\',
  '"',
  ';--',
  "'; DROP TABLE one; --",
  '$1',
  '$$',
  '?',
  '\n',
  '\r\n',
  '/*',
  '*/',
  '\0',
  'a\0b',
  '\u2028',
  '🦆',
  '\u{1F9D1}\u200D\u{1F33E}',
  '',
)

describe.each(['plan', 'text'] as const)('a value in a %s', (how) => {
  test('any text comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(wholeText, nasty), { maxLength: 6 }), async (pieces) => {
        const text = pieces.join('')
        expect(await through(text, how)).toBe(text)
      }),
      { numRuns: 400 },
    )
  })

  test('any number comes back, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger()), async (number) => {
        expect(Number(await through(number, how))).toBe(number)
      }),
      { numRuns: 400 },
    )
  })

  test.each([NaN, Infinity, -Infinity, -0, 0, 5e-324, 1.7976931348623157e308, 2 ** 53, -(2 ** 63), 0.1, 1e21])(
    'the number %s',
    async (number) => {
      expect(Number(await through(number, how))).toBe(number)
    },
  )

  test('any integer of 128 bits comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }), async (integer) => {
        expect(BigInt((await through(integer, how)) as bigint)).toBe(integer)
      }),
    )
    for (const edge of [2n ** 127n - 1n, -(2n ** 127n), 2n ** 63n, -(2n ** 63n)])
      expect(await through(edge, how)).toBe(edge)
  })

  test('any time comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.date({ noInvalidDate: true }), async (date) => {
        expect(await through(date, how)).toEqual(date)
      }),
    )
    for (const edge of [8.64e15, -62135596800000, -62135596800001, 253402300799999, 253402300800000]) {
      expect(await through(new Date(edge), how)).toEqual(new Date(edge))
    }
  })

  test('any bytes come back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        if (how === 'plan' && bytes.length > 64) return
        expect(await through(bytes, how)).toEqual(bytes)
      }),
    )
  })

  test.each([null, true, false])('%s', async (value) => {
    expect(await through(value, how)).toBe(value)
  })

  test('a text of a million characters', async () => {
    const text = "it's ".repeat(200_000)
    expect(await through(text, how)).toBe(text)
  })
})

test('long texts, long bytes and NUL are bound, the rest is written', () => {
  const parametersOf = (value: Value): unknown =>
    compile(select(one, [lit(value).as('v').node]), { schemaOf: () => undefined }).statement.parameters
  expect(parametersOf('x'.repeat(1025))).toEqual(['x'.repeat(1025)])
  expect(parametersOf('a\0')).toEqual(['a\0'])
  expect(parametersOf(new Uint8Array(65))).toEqual([new Uint8Array(65)])
  expect(parametersOf('x'.repeat(1024))).toEqual([])
})

test('one value used twice is one parameter, also as a key', async () => {
  const long = lit('x'.repeat(2000))
  const { statement } = compile(select(one, [long.as('a').node, col('x').cast('string').eq(long).as('b').node]), {
    schemaOf: () => undefined,
  })
  expect(statement).toMatchObject({
    sql: expect.stringMatching(/^SELECT \$1 AS "a", CAST\("x" AS VARCHAR\) = \$1 AS "b"/),
    parameters: [long.node.kind === 'Literal' && long.node.value],
  })
  expect(await duckdb.run(statement)).toEqual([['x'.repeat(2000), false]])
})

test.each([
  ['an invalid date', () => lit(new Date(NaN))],
  ['an integer of 129 bits', () => lit(2n ** 128n)],
  ['an object', () => lit({} as never)],
  ['undefined', () => lit(undefined as never)],
  ['a function', () => lit((() => 1) as never)],
  ['a symbol', () => lit(Symbol('x') as never)],
  ['a list', () => lit([1] as never)],
])('%s is no literal', (_, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('values are copied: changing them later changes nothing', () => {
  const date = new Date(0)
  const bytes = new Uint8Array([1])
  const column = lit(date).eq(lit(bytes))
  date.setTime(5)
  bytes[0] = 9
  expect(JSON.stringify(column.node)).toContain('1970-01-01T00:00:00.000Z')
  expect(JSON.stringify(column.node)).toContain('{"0":1}')
})

describe('a name', () => {
  test('of any characters is one name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(wholeText, nasty), async (name) => {
        if (name === '' || name.includes('\0')) {
          expect(() => dialect.identifier(name)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
          return
        }
        const result = await duckdb.connection.runAndReadAll(
          `SELECT ${dialect.identifier(name)} FROM (SELECT 5 AS ${dialect.identifier(name)})`,
        )
        expect(result.columnNames()).toEqual([name])
      }),
      { numRuns: 400 },
    )
  })
})

/** Text that tries to get out of where it stands. */
const attacks = [
  `x"; DROP TABLE one; --`,
  `x'; DROP TABLE one; --`,
  `x') UNION SELECT 1; --`,
  `" OR 1=1 --`,
  `') FROM one; DROP TABLE one; /*`,
  `\\'; DROP TABLE one; --`,
  `\u0022; DROP TABLE one; --`,
  `$$; DROP TABLE one; $$`,
  `one; DROP TABLE one`,
]

/** Every way text of a user's gets into a statement. */
const entries: Readonly<Record<string, (text: string) => Plan>> = {
  'a column name': (text) => select(one, [col(text).node]),
  'an alias': (text) => select(one, [col('x').as(text).node]),
  'a literal': (text) => select(one, [lit(text).as('v').node]),
  'a literal of LIKE': (text) => select(one, [lit('a').like(text).as('v').node]),
  'a field': (text) => select(one, [col('x').getField(text).as('v').node]),
  'a key': (text) => select(one, [col('x').getItem(text).as('v').node]),
  'a type': (text) => select(one, [col('x').cast(text).as('v').node]),
  'an enum type': (text) =>
    select(one, [
      col('x')
        .tryCast({ kind: 'enum', values: [text] })
        .as('v').node,
    ]),
  'a struct type': (text) =>
    select(one, [
      col('x')
        .tryCast({ kind: 'struct', fields: [{ name: text, type: { kind: 'integer' }, nullable: true }] })
        .as('v').node,
    ]),
  'a decimal type': (text) =>
    select(one, [
      col('x')
        .tryCast({ kind: 'decimal', precision: text as never, scale: 0 })
        .as('v').node,
    ]),
  'a table name': (text) => Object.freeze({ kind: 'Table', name: [text], output: [{ name: 'x' }] }),
  'a source id': (text) => ({ ...scan({ id: text, format: 'parquet', files: ['x'] }), output: [{ name: 'x' }] }),
  'a relation alias': (text) =>
    select({ kind: 'Alias', input: one, name: text, output: [{ name: 'x', qualifier: text }] }, [col('x').node]),
  'a bound value': (text) => queryFromText('SELECT $1 AS v', [text]),
}

describe.each(Object.entries(entries))('%s', (_, plan) => {
  test.each(attacks)('cannot break out: %s', async (attack) => {
    let statement
    try {
      statement = compile(plan(attack), { schemaOf: () => undefined }).statement
    } catch (error) {
      expect(isLakefrontError(error)).toBe(true)
      return
    }
    const { statements, tables } = await extracted(statement.sql)
    expect(statements).toBe(1)
    expect(tables).toBe(1)
  })
})

/** How many statements DuckDB sees in the text, and whether the table is still there after trying to run it. */
async function extracted(sql: string): Promise<{ statements: number; tables: number }> {
  const { count } = await duckdb.connection.extractStatements(sql)
  try {
    await duckdb.run({ sql })
  } catch {
    // Most attacks name columns and tables that are not there.
  }
  return {
    statements: count,
    tables: Number((await duckdb.run({ sql: "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'one'" }))[0]![0]),
  }
}
