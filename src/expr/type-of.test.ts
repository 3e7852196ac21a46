import { beforeAll, describe, expect, test } from 'vitest'
import * as F from '../functions.ts'
import { project } from '../plan/columns.ts'
import { table } from '../plan/leaf.ts'
import { NativeDuckdb } from '../sql/fixtures/native-duckdb.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { col } from './col.ts'
import type { AnyColumn } from './column-types.ts'
import { lit } from './lit.ts'
import { sql } from './sql.ts'
import { type ColumnTypes, typeOf } from './type-of.ts'
import { typeText } from './value-type.ts'
import { when } from './when.ts'

let duckdb: NativeDuckdb
let types: Map<string, LogicalType>
const columnTypes: ColumnTypes = (column) => types.get(column.name)

beforeAll(async () => {
  duckdb = await NativeDuckdb.open([
    `CREATE TABLE one AS SELECT 1::TINYINT AS t, 7 AS i, 9::BIGINT AS b, 1::UINTEGER AS u, 2.5::DOUBLE AS d, 1.5::FLOAT AS f, 2.50::DECIMAL(9,2) AS c, 'x' AS s, 'y' AS s2,
       TRUE AS yes, DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 13:14:15' AS at, TIME '10:00' AS clock, INTERVAL 1 DAY AS span,
       'a'::BLOB AS bytes, [1, 2] AS l, {'f': 1, 'g': 'x'} AS st, MAP {'k': 5} AS m`,
  ])
  const { fields } = await duckdb.describe({ sql: 'FROM one' })
  types = new Map(fields.map(({ name, type }) => [name, type]))
})

const names = [
  't',
  'i',
  'b',
  'u',
  'd',
  'f',
  'c',
  's',
  's2',
  'yes',
  'day',
  'at',
  'clock',
  'span',
  'bytes',
  'l',
  'st',
  'm',
]
const operators = {
  add: (a: string, b: string) => `${a} + ${b}`,
  sub: (a: string, b: string) => `${a} - ${b}`,
  mul: (a: string, b: string) => `${a} * ${b}`,
  div: (a: string, b: string) => `${a} / nullif(${b}, 0)`,
  mod: (a: string, b: string) => `${a} % nullif(${b}, 0)`,
  eq: (a: string, b: string) => `${a} = ${b}`,
  lt: (a: string, b: string) => `${a} < ${b}`,
  eqNullSafe: (a: string, b: string) => `${a} IS NOT DISTINCT FROM ${b}`,
  and: (a: string, b: string) => `${a} AND ${b}`,
  or: (a: string, b: string) => `${a} OR ${b}`,
  like: (a: string, b: string) => `${a} LIKE ${b}`,
}

/** The type DuckDB gives to an expression. */
async function asked(column: AnyColumn): Promise<string | undefined> {
  const { statement } = await duckdb.compile(project(table('one'), [column.as('v').node]))
  return typeIn(statement.sql)
}

/** The type of the column of a statement; undefined when DuckDB refuses it. */
function typeIn(statement: string): Promise<string | undefined> {
  return duckdb.describe({ sql: statement }).then(
    ({ fields }) => typeText(fields[0]!.type),
    () => undefined,
  )
}

/** What DuckDB computes and we refuse, as PySpark does or because it is most likely a mistake. */
const stricter = /^\(\w+ (AND|OR|LIKE|=|<|<=>|[-+*/%]) \w+\)$/

describe('the type of an operator', () => {
  test.each(Object.keys(operators) as (keyof typeof operators)[])(
    '%s is what DuckDB says, for every pair of types',
    async (operator) => {
      for (const left of names) {
        for (const right of names) {
          const column = col(left)[operator](col(right))
          const real = await typeIn(`SELECT ${operators[operator](`"${left}"`, `"${right}"`)} FROM one`)
          let found: string | undefined
          try {
            found = typeText(typeOf(column.node, columnTypes))
          } catch (error) {
            expect((error as { code?: string }).code).toBe('TYPE_MISMATCH')
          }
          const text = String(column)
          if (found === undefined) {
            if (real !== undefined) expect(text.slice(7, -1)).toMatch(stricter)
          } else if (found === 'a number') expect(real, text).toMatch(/INT|DECIMAL|FLOAT|DOUBLE/)
          else expect(found, text).toBe(real)
        }
      }
    },
  )
})

describe('the type of an expression', () => {
  test.each<[AnyColumn]>([
    [col('i').neg()],
    [col('span').neg()],
    [col('i').isNull()],
    [col('t').add(1)],
    [col('b').mul(2)],
    [col('d').sub(1)],
    [col('day').gt('2024-01-01')],
    [col('i').between(1, 2.5)],
    [col('i').isin(1, 2)],
    [col('l').getItem(0)],
    [col('l').getItem(col('i'))],
    [col('m').getItem('k')],
    [col('st').getField('g')],
    [col('st').getItem('f')],
    [when(col('yes'), col('t')).otherwise(col('b'))],
    [when(col('yes'), col('s'))],
    [col('s').cast('decimal(10,2)[]')],
    [F.coalesce('t', 'i', 'b')],
    [F.concat('l', 'l')],
    [F.concat('s', 'i')],
    [lit(2 ** 40)],
    [lit(2n ** 70n)],
    [lit(0.5)],
    [lit(new Date(0))],
  ])('%s', async (column) => {
    const found = typeText(typeOf(column.node, columnTypes))
    const real = await asked(column)
    expect(real).toBeDefined()
    if (found === 'a number') expect(real).toMatch(/INT|DECIMAL|FLOAT|DOUBLE/)
    else expect(found).toBe(real)
  })

  test('of SQL text is unknown, and unknown fits everywhere', () => {
    expect(typeOf(sql('now()').node, columnTypes).kind).toBe('unknown')
    expect(typeOf(F.upper(sql('now()')).node, columnTypes)).toEqual({ kind: 'varchar' })
    expect(typeOf(col('nobody knows').add(1).and(col('yes')).node, () => undefined).kind).toBe('boolean')
  })
})

describe('a wrong operand', () => {
  test.each<[AnyColumn, string]>([
    [F.upper('d'), `upper(d): d is DOUBLE, and string is wanted there: upper(string). Convert it with cast('string').`],
    [
      col('s').add(1),
      `(s + 1): s is VARCHAR. Numbers are wanted there; convert it with cast('double'), or join text with concat().`,
    ],
    [
      col('day').add(col('day')),
      `(day + day): day is DATE. Dates and times go with intervals; for days write dateAdd(), dateSub() and dateDiff().`,
    ],
    [
      col('i').eq('x'),
      `(i = x): i is INTEGER. It is compared with x, which is VARCHAR. Convert one of them with cast().`,
    ],
    [
      col('i').and(col('yes')),
      `(i AND yes): i is INTEGER, and a boolean is wanted there. Convert it with cast('boolean').`,
    ],
    [
      F.sum('s'),
      `sum(s): s is VARCHAR, and number or interval is wanted there: sum(number|interval). Convert it with cast('double').`,
    ],
    [
      col('i').getField('x'),
      `i.x: i is INTEGER, and a struct with that field, or a map with text as its keys is wanted there.`,
    ],
  ])('%s', (column, message) => {
    expect(() => typeOf(column.node, columnTypes)).toThrow(expect.objectContaining({ code: 'TYPE_MISMATCH', message }))
  })

  test('a field that is not there', () => {
    expect(() => typeOf(col('st').getField('ff').node, columnTypes)).toThrow(
      expect.objectContaining({
        code: 'COLUMN_NOT_FOUND',
        message: 'st has no field "ff". Fields: f, g. Did you mean "f"?',
      }),
    )
  })
})
