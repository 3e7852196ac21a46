import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Expression, SortKey } from '../expr/expression.ts'
import * as F from '../functions.ts'
import { col } from '../expr/col.ts'
import { Window } from '../expr/window.ts'
import { aggregate } from '../plan/aggregate.ts'
import { alias, drop, project, rename, withColumns } from '../plan/columns.ts'
import { inputsOf } from '../plan/inputs.ts'
import { unpivot } from '../plan/explode.ts'
import { join } from '../plan/join.ts'
import { table } from '../plan/leaf.ts'
import type { JoinKind, Plan } from '../plan/nodes.ts'
import { dropNulls, fillNulls } from '../plan/nulls.ts'
import { wholeType } from '../plan/output.ts'
import { pivot } from '../plan/pivot.ts'
import { distinct, filter, limit, sort } from '../plan/rows.ts'
import { setOperation } from '../plan/set-operation.ts'
import { withInputs } from '../plan/walk.ts'
import { sql } from '../expr/sql.ts'
import './fixtures/bind-matcher.ts'
import { NativeDuckdb } from './fixtures/native-duckdb.ts'

let duckdb: NativeDuckdb

const base = table('base')
let typed: Plan

beforeAll(async () => {
  duckdb = await NativeDuckdb.open([
    `CREATE TABLE base AS SELECT * FROM (VALUES (1::DOUBLE, 2::DOUBLE, 4::DOUBLE), (2, 2, 9), (3, NULL, 4), (NULL, 5, NULL), (1, 2, 4), (7, 0, -1)) v(a, b, "a b")`,
    'SET threads = 1',
  ])
  typed = Object.freeze({
    ...base,
    output: ['a', 'b', 'a b'].map((name) => ({ name, type: { kind: 'double' } as const })),
  })
})

/** A plan, and how each step was made, so that a failure can be read. */
type Step = (input: Plan) => Plan

const names = ['a', 'b', 'A2', 'a b', 'ü"x', 'select', 't1']
const nameOf = fc.constantFrom(...names)

function pick<T>(list: readonly T[], at: number): T {
  return list[at % list.length]!
}

/** A number computed from the columns of `input`, all of which are numbers. */
function numeric(input: Plan, seed: readonly number[]): Expression {
  const found = input.output!.map(({ name }) => name)
  const [x, y, op] = seed as [number, number, number]
  const a = col(pick(found, x))
  const b = col(pick(found, y))
  return pick(
    [a.add(1), a.mod(b), a.add(b), F.coalesce(a, b, F.lit(0)), a, F.when(a.gt(b), a).otherwise(b), a.sub(b).neg()],
    op,
  ).node
}

function predicate(input: Plan, seed: readonly number[]): Expression {
  const left = numeric(input, seed)
  const any = pick(input.output!, seed[1]!).name
  const compare: Expression = {
    kind: 'Binary',
    operator: pick(['gt', 'le', 'ne', 'eqNullSafe'] as const, seed[2]!),
    left,
    right: F.lit(2).node,
  }
  return pick(
    [compare, { kind: 'Unary', operator: 'not', operand: compare }, col(any).isNotNull().or(F.lit(false)).node],
    seed[0]!,
  ) as Expression
}

const seed = fc.array(fc.nat(20), { minLength: 3, maxLength: 3 })
const as = (expression: Expression, name: string): Expression => ({ kind: 'Alias', operand: expression, name })
const unique = (list: readonly string[]): string[] => [
  ...new Map(list.map((name) => [name.toLowerCase(), name])).values(),
]
const allKeys = (input: Plan): SortKey[] =>
  input.output!.map(({ name }, index) => ({
    kind: 'SortKey',
    operand: col(name).node,
    descending: index % 2 === 1,
    nulls: index % 3 === 0 ? 'first' : 'last',
  }))

const step: fc.Arbitrary<Step> = fc.oneof(
  seed.map(
    (s): Step =>
      (input) =>
        filter(input, predicate(input, s)),
  ),
  seed.map(
    (s): Step =>
      (input) =>
        filter(input, predicate(input, s)),
  ),
  fc.tuple(nameOf, seed).map(
    ([name, s]): Step =>
      (input) =>
        withColumns(input, [{ name, expression: numeric(input, s) }]),
  ),
  fc.tuple(nameOf, nameOf, seed).map(
    ([one, two, s]): Step =>
      (input) =>
        withColumns(
          input,
          unique([one, two]).map((name, at) => ({
            name,
            expression: numeric(
              input,
              s.map((n) => n + at),
            ),
          })),
        ),
  ),
  fc.tuple(fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 4 }), seed).map(([at, s]): Step => (input) => {
    const kept = unique(at.map((index) => pick(input.output!, index).name))
    return project(input, [
      ...kept.map((name) => col(name).node),
      ...(kept.some((name) => name.toLowerCase() === 'extra') ? [] : [as(numeric(input, s), 'extra')]),
    ])
  }),
  fc.tuple(fc.nat(6), nameOf).map(
    ([at, name]): Step =>
      (input) =>
        input.output!.some((column) => column.name.toLowerCase() === name.toLowerCase())
          ? input
          : rename(input, [{ from: pick(input.output!, at).name, to: name }]),
  ),
  fc.nat(6).map(
    (at): Step =>
      (input) =>
        input.output!.length > 2 ? drop(input, [pick(input.output!, at).name]) : input,
  ),
  fc.tuple(fc.nat(6), seed).map(([at, s]): Step => (input) => {
    const key = pick(input.output!, at).name
    const measures = [
      F.count().as('n').node,
      as({ kind: 'Call', name: 'sum', role: 'aggregate', operands: [numeric(input, s)] }, 'total'),
    ]
    return aggregate(input, ['n', 'total'].includes(key.toLowerCase()) ? [] : [col(key).node], measures)
  }),
  fc.tuple(seed, fc.boolean(), fc.boolean()).map(
    ([s, descending, first]): Step =>
      (input) =>
        sort(input, [
          { kind: 'SortKey', operand: numeric(input, s), descending, nulls: first ? 'first' : 'last' },
          ...allKeys(input),
        ]),
  ),
  fc.tuple(fc.nat(5), fc.nat(3)).map(
    ([count, offset]): Step =>
      (input) =>
        limit(sort(input, allKeys(input)), count, offset),
  ),
  fc.constant<Step>((input) => distinct(input)),
  fc.tuple(nameOf, fc.nat(5)).map(
    ([name, at]): Step =>
      (input) =>
        withColumns(input, [{ name, expression: F.rank().over(Window.orderBy(pick(input.output!, at).name)).node }]),
  ),
  fc.tuple(nameOf, fc.nat(5)).map(
    ([name, at]): Step =>
      (input) =>
        withColumns(input, [
          {
            name,
            expression: sql(`coalesce("${pick(input.output!, at).name.replaceAll('"', '""')}" IS NULL, true)`).cast(
              'int',
            ).node,
          },
        ]),
  ),
  fc.constantFrom<JoinKind>('inner', 'left', 'right', 'full', 'semi', 'anti').map(
    (how): Step =>
      (input) =>
        input.output!.some(({ name }) => name === 'a') &&
        input.output!.length < 5 &&
        !input.output!.some(({ name }) => ['b2', 'a b2'].includes(name))
          ? join(input, project(typed, [col('a').node, col('b').as('b2').node, col('a b').as('a b2').node]), how, {
              using: ['a'],
            })
          : input,
  ),
  fc.constant<Step>((input) => setOperation(input, filter(input, F.lit(true).node), { operation: 'union', all: true })),
  fc.tuple(fc.nat(6), fc.nat(6)).map(([one, two]): Step => (input) => {
    if (hasAny(input, ['how many'])) return input
    const found = unique([pick(input.output!, one).name, pick(input.output!, two).name]).map((name) => col(name).node)
    const sets = [found.map((_, at) => at), found.length === 2 ? [1] : [], []]
    return aggregate(input, found, [F.count().as('how many').node], sets)
  }),
  fc.tuple(fc.nat(6), fc.nat(6)).map(([at, by]): Step => (input) => {
    if (hasAny(input, ['1', '2', '7', 'null'])) return input
    const key = pick(input.output!, at)
    const column = col(pick(input.output!, by).name).node
    const measure = F.max(pick(input.output!, at + by).name).as('most').node
    return pivot(input, { keys: [col(key.name).node], column, values: [1, 2, 7, null], measures: [measure] })
  }),
  fc.tuple(fc.nat(6), fc.nat(6)).map(([at, more]): Step => (input) => {
    if (hasAny(input, ['k', 'v'])) return input
    const id = pick(input.output!, at).name
    const values = unique(input.output!.map(({ name }) => name).filter((name) => name !== id)).slice(0, 1 + more)
    return values.length === 0 ? input : drop(unpivot(input, { ids: [id], values, variable: 'k', value: 'v' }), ['k'])
  }),
  fc.tuple(fc.nat(6), fc.boolean()).map(([at, one]): Step => (input) => {
    const named = one ? { name: pick(input.output!, at).name } : {}
    return allTyped(input) ? fillNulls(input, [{ ...named, value: 5 }]) : input
  }),
  fc.constantFrom('all' as const, 1, 2).map(
    (atLeast): Step =>
      (input) =>
        allTyped(input) ? dropNulls(input, atLeast) : input,
  ),
  fc.constantFrom<JoinKind>('asof', 'asofLeft').map((how): Step => (input) => {
    const right = project(typed, [col('a').as('a3').node, col('a b').as('found').node])
    const once = filter(sort(distinct(right, ['a3']), allKeys(right)), col('a3').isNotNull().and(col('a3').ne(1)).node)
    return input.output!.some(({ name }) => name === 'a') &&
      !input.output!.some(({ name }) => ['a3', 'found'].includes(name))
      ? join(input, once, how, { nearest: { left: 'a', operator: 'ge', right: 'a3' } })
      : input
  }),
  fc.constantFrom('t1', 'base', 'x').map(
    (name): Step =>
      (input) =>
        alias(input, name),
  ),
)

function hasAny(input: Plan, taken: readonly string[]): boolean {
  return input.output!.some(({ name }) => taken.includes(name.toLowerCase()))
}

function allTyped(input: Plan): boolean {
  return input.output!.every(({ type }) => wholeType(type) !== undefined)
}

let tables = 0

/** The rows of `plan` when each step runs by itself on the stored rows of the step before: nothing can be merged. */
async function stepByStep(plan: Plan): Promise<unknown[][]> {
  const made: string[] = []
  const store = async (node: Plan): Promise<Plan> => {
    if (node.kind === 'Table') return node
    const inputs = await Promise.all(inputsOf(node).map(store))
    const { statement } = await duckdb.compile(withInputs(node, inputs))
    const name = `step_${++tables}`
    made.push(name)
    await duckdb.connection.run(`CREATE TEMP TABLE ${name} AS ${statement.sql}`)
    return Object.freeze({ ...table(name), output: node.output! })
  }
  const last = await store(plan)
  const rows = await duckdb.rows(last)
  for (const name of made) await duckdb.connection.run(`DROP TABLE ${name}`)
  return rows
}

const sorted = (rows: readonly unknown[][]): string[] => rows.map((row) => JSON.stringify(row)).toSorted()

describe('a chain of any steps', () => {
  test('compiles to one statement that DuckDB binds, and that says what the steps say one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const plan = steps.reduce((input, make) => make(input), typed)
        await expect(plan).toBindInDuckdb(duckdb)
        expect(sorted(await duckdb.rows(plan))).toEqual(sorted(await stepByStep(plan)))
      }),
      { numRuns: Number(process.env['LAKEFRONT_RUNS'] ?? 300) },
    )
  })

  test('keeps the order of its last sort', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 0, maxLength: 5 }), async (steps) => {
        const before = steps.reduce((input, make) => make(input), typed)
        const plan = sort(before, allKeys(before))
        expect(await duckdb.rows(plan)).toEqual(await stepByStep(plan))
      }),
      { numRuns: 100 },
    )
  })
})
