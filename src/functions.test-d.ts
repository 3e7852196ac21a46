import { col } from './expr/col.ts'
import { lit } from './expr/lit.ts'
import { sql } from './expr/sql.ts'
import type { DataFrame } from './frame/dataframe.ts'
import * as F from './functions.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if the rows of `frame` are exactly `Row`. */
declare function rowsAre<Row>(): <R extends object>(
  frame: DataFrame<R>,
  ...same: Equal<R, Row> extends true ? [] : [wrong: never]
) => void

interface Order {
  id: bigint
  name: string
  note: string | null
  amount: number
  discount: number | null
  price: `${number}`
  paid: boolean
  day: string
  photo: Uint8Array
  tags: string[]
  scores: (number | null)[] | null
  sizes: Map<string, number>
  place: { city: string; zip: string | null }
}

declare const orders: DataFrame<Order>
declare const anything: DataFrame

export function results(): void {
  rowsAre<{ v: string; w: string | null }>()(orders.select(F.initcap('name').as('v'), F.repeat('note', 2).as('w')))
  rowsAre<{ v: number; w: number | null }>()(orders.select(F.sin('amount').as('v'), F.levenshtein('note', 'x').as('w')))
  rowsAre<{ v: number | null }>()(orders.select(F.ln('amount').as('v')) as DataFrame<{ v: number | null }>)
  rowsAre<{ v: boolean; w: boolean }>()(orders.select(F.contains('name', 'x').as('v'), F.isnull('note').as('w')))
  rowsAre<{ v: bigint }>()(orders.select(F.unixMicros('day').as('v')))
  rowsAre<{ v: Uint8Array; w: string }>()(orders.select(F.encode('name').as('v'), F.decode('photo').as('w')))
  rowsAre<{ v: string[]; w: number }>()(orders.select(F.arrayDistinct('tags').as('v'), F.size('tags').as('w')))
  rowsAre<{ v: string; w: number | null }>()(orders.select(F.arrayMax('tags').as('v'), F.get('scores', 0).as('w')))
  rowsAre<{ v: string[]; w: number[] }>()(orders.select(F.mapKeys('sizes').as('v'), F.mapValues('sizes').as('w')))
  rowsAre<{ v: { city: string; n: number } }>()(orders.select(F.namedStruct({ city: 'name', n: lit(1) }).as('v')))
  rowsAre<{ v: number | null; w: string | null }>()(
    orders.agg(F.corr('amount', 'discount').as('v'), F.maxBy('name', 'amount').as('w')),
  )
}

export function lambdas(): void {
  rowsAre<{ v: number[] }>()(orders.select(F.transform('tags', (tag) => F.length(tag)).as('v')))
  rowsAre<{ v: string[] }>()(orders.select(F.filter('tags', (tag) => tag.like('a%')).as('v')))
  rowsAre<{ v: Map<string, number> }>()(orders.select(F.mapFilter('sizes', (_, size) => size.gt(3)).as('v')))
  rowsAre<{ v: Map<string, boolean> }>()(orders.select(F.transformValues('sizes', (_, size) => size.gt(3)).as('v')))
  // @ts-expect-error a test gives a column
  F.filter('tags', () => true)
  // @ts-expect-error a list is wanted
  orders.select(F.transform('name', (letter) => letter).as('v'))
  // @ts-expect-error a column that is not there, inside of the function
  orders.select(F.transform('tags', (tag) => F.concat(tag, 'nme')).as('v'))
}

export function operands(): void {
  // @ts-expect-error text is wanted, amount is a number
  orders.select(F.upper('amount').as('v'))
  // @ts-expect-error text is wanted, not a column of numbers
  orders.select(F.initcap(col('amount')).as('v'))
  // @ts-expect-error a number is wanted, name is text
  orders.select(F.sin('name').as('v'))
  // @ts-expect-error a number is wanted, the comparison is a boolean
  orders.select(F.sin(col('amount').gt(1)).as('v'))
  // @ts-expect-error a boolean is wanted
  orders.agg(F.boolAnd('amount').as('v'))
  // @ts-expect-error a map is wanted
  orders.select(F.mapKeys('tags').as('v'))
  // @ts-expect-error bytes are wanted
  orders.select(F.decode('name').as('v'))
  // @ts-expect-error a number cannot be added to text
  orders.select(col('name').add(1).as('v'))
  // @ts-expect-error nor text to a number
  orders.select(col('amount').add('1').as('v'))
  // @ts-expect-error a number is no pattern
  orders.filter(col('amount').like('1%'))
  // @ts-expect-error a number is not true or false
  orders.filter(col('paid').and(col('amount')))
  // @ts-expect-error a number is not compared with text
  orders.filter(col('amount').gt('many'))
  // @ts-expect-error text is not compared with a number
  orders.filter(col('name').eq(1))
  // @ts-expect-error a number of repetitions
  orders.select(F.repeat('name', true).as('v'))
  // @ts-expect-error a pattern is text
  F.regexpExtract('name', /x/)
  // @ts-expect-error no such column
  orders.select(F.upper('nam').as('v'))
  // @ts-expect-error a total of text
  orders.agg(F.sum('name').as('v'))
}

/** What has to stay possible. */
export function allowed(): void {
  orders.select(F.sin('price').as('v'), col('price').add(1).as('w'), F.upper(sql('anything')).as('x'))
  orders.filter(col('day').gt('2024-01-01').and(col('note').eq(null)).and(col('id').eq(1)).and(col('amount').ge(1n)))
  orders.filter(col('day').ge(F.currentDate()).or(col('name').eqNullSafe(null)))
  orders.select(col('day').sub(sql('INTERVAL 1 DAY')).as('v'), F.dayofweek('day').as('w'))
  anything.select(F.upper('whatever').as('v'), col('x').add('y').as('w'))
  anything.filter(col('x').eq(1).and(col('y').eq('z')))
}
