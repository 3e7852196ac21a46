import { describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { sql } from '../expr/sql.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import { aggregate } from './aggregate.ts'
import { alias, drop, project, rename, select, withColumns } from './columns.ts'
import { explainPlan } from './explain.ts'
import { join, joinKind } from './join.ts'
import { query, queryFromText, scan, table } from './leaf.ts'
import type { Plan } from './nodes.ts'
import { resolve } from './resolve.ts'
import { distinct, filter, limit, sort } from './rows.ts'
import { setOperation } from './set-operation.ts'
import type { Field } from '../types/logical-type.ts'
import { leavesOf } from './walk.ts'

const field = (name: string): Field => ({
  name,
  type:
    name === 'a'
      ? { kind: 'struct', fields: [{ name: 'c', type: { kind: 'integer' }, nullable: true }] }
      : { kind: name === 'name' ? 'varchar' : 'integer' },
  nullable: true,
})
const batches = (...names: string[]): Plan =>
  scan({ id: names.join(), format: 'batches', schema: { fields: names.map(field) }, batches: [] })
const people = batches('id', 'name', 'age')
const unread = scan({ id: 'f', format: 'parquet', files: ['https://user:secret@host/people.parquet?signature=abc'] })
const key = (column: { node: unknown }): never => column.node as never

function failure(work: () => unknown): { code: string; message: string } {
  try {
    work()
  } catch (error) {
    if (isLakefrontError(error)) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a wrong name', () => {
  const notFound = {
    code: 'COLUMN_NOT_FOUND',
    message: 'Column "agee" not found. Columns: id, name, age. Did you mean "age"?',
  }
  const steps: Readonly<Record<string, (input: Plan) => Plan>> = {
    select: (input) => project(input, [col('agee').node]),
    'an expression': (input) => project(input, [col('id').add(col('agee')).as('x').node]),
    withColumn: (input) => withColumns(input, [{ name: 'x', expression: F.upper('agee').node }]),
    rename: (input) => rename(input, [{ from: 'agee', to: 'x' }]),
    drop: (input) => drop(input, ['agee']),
    filter: (input) => filter(input, col('agee').gt(1).node),
    'a key': (input) => aggregate(input, [col('agee').node], []),
    'a measure': (input) => aggregate(input, [], [F.sum('agee').node]),
    sort: (input) => sort(input, [key(col('agee').desc())]),
    distinct: (input) => distinct(input, ['agee']),
    'a partition': (input) =>
      withColumns(input, [{ name: 'x', expression: F.rowNumber().over(Window.partitionBy('agee')).node }]),
    'a window order': (input) =>
      withColumns(input, [{ name: 'x', expression: F.rowNumber().over(Window.orderBy(col('agee').desc())).node }]),
    'a join': (input) => join(input, batches('x'), 'inner', { using: ['agee'] }),
    'a template': (input) => filter(input, sql`${col('agee')} > 1`.node),
    'an aliased input': (input) => filter(alias(input, 'p'), col('agee').node),
  }

  test.each(Object.entries(steps))('in %s fails at once', (_, step) => {
    expect(failure(() => step(people))).toEqual(notFound)
  })

  test.each(Object.entries(steps))('in %s fails when the columns are known', (_, step) => {
    const plan = step(unread)
    expect(failure(() => resolve(plan, () => ({ fields: ['id', 'name', 'age'].map(field) })))).toEqual(notFound)
  })

  test('lists no more than thirty columns', () => {
    const wide = batches(...Array.from({ length: 10_000 }, (_, index) => `column${index}`))
    const { message } = failure(() => filter(wide, col('columm77').node))
    expect(message).toContain('and 9970 more')
    expect(message).toContain('Did you mean "column77"?')
    expect(message.length).toBeLessThan(600)
  })

  test('after select the columns are known, whatever the file', () => {
    expect(failure(() => filter(project(unread, [col('id').node, col('age').node]), col('name').node)).message).toBe(
      'Column "name" not found. Columns: id, age. Did you mean "age"?',
    )
  })

  test('of an alias lists the aliases', () => {
    const joined = join(alias(people, 'p'), alias(batches('x'), 'q'), 'cross')
    expect(failure(() => project(joined, [{ kind: 'Star', qualifier: 'r' }])).message).toBe(
      'No input has the alias "r". Aliases: p, q.',
    )
  })
})

describe('names', () => {
  const outputOf = (plan: Plan): unknown => plan.output?.map(({ name }) => name)

  test('are found exactly, then whatever the case', () => {
    const odd = batches('id', 'ID', 'Name')
    expect(outputOf(project(odd, [col('ID').node, col('NAME').node]))).toEqual(['ID', 'NAME'])
    expect(failure(() => project(odd, [col('Id').node])).code).toBe('COLUMN_AMBIGUOUS')
  })

  test('with dots are whole names first, then aliases, then fields', () => {
    const odd = alias(batches('a.b', 'a', 'p.a'), 'p')
    expect(outputOf(project(odd, [col('a.b').node, col('p.a').node, col('a.c').node, col('p.p.a').node]))).toEqual([
      'a.b',
      'p.a',
      'c',
      'p.a',
    ])
  })

  test('of both sides of a join are ambiguous until qualified', () => {
    const joined = join(alias(people, 'p'), alias(people, 'q'), 'inner', {
      condition: col('p.id').eq(col('q.id')).node,
    })
    expect(failure(() => filter(joined, col('age').gt(1).node))).toEqual({
      code: 'COLUMN_AMBIGUOUS',
      message: 'Column "age" means 2 columns here: p.age, q.age. Name one of them.',
    })
    expect(outputOf(project(joined, [col('p.age').node, col('q.age').as('other').node]))).toEqual(['age', 'other'])
    const plain = join(people, people, 'inner', { condition: lit(true).node })
    expect(failure(() => filter(plain, col('age').node)).message).toContain('alias()')
  })

  test('qualify through steps that pass columns on', () => {
    const steps = filter(
      sort(project(alias(people, 'p'), [col('id').node, col('p.age').node]), [key(col('p.id').asc())]),
      col('p.age').gt(1).node,
    )
    expect(outputOf(steps)).toEqual(['id', 'age'])
  })

  test.each<[string, (input: Plan) => Plan, string[]]>([
    [
      'withColumns',
      (input) =>
        withColumns(input, [
          { name: 'AGE', expression: lit(1).node },
          { name: 'x', expression: lit(2).node },
        ]),
      ['id', 'name', 'AGE', 'x'],
    ],
    [
      'a repeated new name',
      (input) =>
        withColumns(input, [
          { name: 'x', expression: lit(1).node },
          { name: 'X', expression: lit(2).node },
        ]),
      ['id', 'name', 'age', 'X'],
    ],
    ['rename', (input) => rename(input, [{ from: 'NAME', to: 'n' }]), ['id', 'n', 'age']],
    ['drop', (input) => drop(input, ['id', 'Name']), ['age']],
    [
      'unnamed',
      (input) =>
        project(input, [
          col('age').add(1).mul(2).node,
          lit('a').node,
          F.upper('name').node,
          col('age').cast('string').node,
        ]),
      ['((age + 1) * 2)', 'a', 'upper(name)', 'age'],
    ],
    [
      'aggregate',
      (input) => aggregate(input, [col('name').node, col('age').div(10).node], [F.count().node]),
      ['name', '(age / 10)', 'count(*)'],
    ],
    ['using', (input) => join(input, batches('x', 'id'), 'left', { using: ['id'] }), ['id', 'name', 'age', 'x']],
    ['semi', (input) => join(input, batches('id'), 'semi', { using: ['id'] }), ['id', 'name', 'age']],
    ['aggregates in select', (input) => select(input, [F.max('age').as('m').node]), ['m']],
    [
      'a union by name',
      (input) =>
        setOperation(input, batches('age', 'x', 'id', 'name'), { operation: 'union', all: true, byName: 'missing' }),
      ['id', 'name', 'age', 'x'],
    ],
  ])('of %s', (_, step, names) => {
    expect(outputOf(step(people))).toEqual(names)
    expect(outputOf(resolve(step(unread), () => ({ fields: ['id', 'name', 'age'].map(field) })))).toEqual(names)
  })
})

describe('what is never right', () => {
  test.each<[string, () => unknown]>([
    ['no columns', () => project(people, [])],
    ['an aggregate in a filter', () => filter(people, F.sum('age').gt(1).node)],
    ['an aggregate in withColumn', () => withColumns(people, [{ name: 'x', expression: F.sum('age').node }])],
    ['an aggregate as a key', () => aggregate(people, [F.sum('age').node], [])],
    ['a window in a filter', () => filter(people, F.rank().over(Window.orderBy('id')).eq(1).node)],
    [
      'a window function without a window',
      () => withColumns(people, [{ name: 'x', expression: F.rowNumber().add(1).node }]),
    ],
    ['a window in agg', () => aggregate(people, [], [F.sum('age').over(Window.partitionBy('id')).node])],
    ['a bare column in agg', () => aggregate(people, [col('id').node], [col('age').node])],
    ['a bare column in agg over a name of no key', () => aggregate(people, [], [F.sum('age').add(col('id')).node])],
    ['rows as part of a key', () => aggregate(people, [F.explode('name').getField('x').node], [])],
    ['a key of two columns', () => aggregate(people, [F.posexplode(F.array('id')).node], [])],
    ['a session in each of some sets', () => aggregate(people, [F.sessionWindow('id', '1 day').node], [], [[0], []])],
    [
      'two sessions',
      () =>
        aggregate(
          people,
          ['1 day', '2 days'].map((gap) => F.sessionWindow('id', gap).node),
          [],
        ),
    ],
    ['spans with gaps', () => F.window('id', '1 hour', '2 hours')],
    ['a star as a key', () => aggregate(people, [col('*').node], [])],
    ['a star in an expression', () => project(people, [F.upper('*').node])],
    ['an aggregation of nothing', () => aggregate(people, [], [])],
    ['an empty name', () => withColumns(people, [{ name: '', expression: lit(1).node }])],
    ['dropping all', () => drop(people, ['id', 'name', 'age'])],
    ['a negative limit', () => limit(people, -1)],
    ['half a row', () => limit(people, 1.5)],
    ['no rows at all', () => limit(people, Number.NaN)],
    ['a join without a condition', () => join(people, people, 'inner')],
    ['a cross join with one', () => join(people, people, 'cross', { using: ['id'] })],
    ['a join by no names', () => join(people, people, 'inner', { using: [] })],
    ['an unknown way to join', () => joinKind('sideways')],
    ['sorting by nothing', () => sort(people, [])],
    ['a union of different widths', () => setOperation(people, batches('id'), { operation: 'union', all: true })],
    ['a table without a name', () => table('')],
    ['a direction inside an expression', () => col('id').desc().add(1)],
    ['a window over no aggregate', () => F.upper('name').over(Window.partitionBy('id'))],
    ['a frame for a ranking', () => F.rank().over(Window.orderBy('id').rowsBetween(0, 1))],
    ['a frame that ends before it starts', () => Window.rowsBetween(1, -1)],
    ['a frame of half rows', () => Window.rowsBetween(-0.5, 0)],
    ['a negative position', () => col('id').getItem(-1)],
    ['an unknown type', () => col('id').cast('intt')],
    ['an unknown unit', () => F.dateTrunc('mnth', 'id')],
    ['a value without a placeholder', () => queryFromText('SELECT 1', [1])],
    ['a placeholder without a value', () => queryFromText('SELECT ?, ?', [1])],
    ['a named placeholder without a value', () => queryFromText('SELECT $a', { b: 1 })],
    ['a name of the prototype', () => queryFromText('SELECT $constructor', {})],
    ['a slot inside a string', () => query(["SELECT '", "'"], [{ value: 1 }])],
    ['a slot inside a comment', () => query(['SELECT 1 -- ', ''], [{ value: 1 }])],
    ['a slot inside a word', () => query(['SELECT abc', ''], [{ value: 1 }])],
  ])('%s', (_, make) => {
    expect(failure(make).code).toBe('INVALID_ARGUMENT')
  })

  test('messages tell what would be right', () => {
    expect(failure(() => joinKind('lefft')).message).toBe(
      '"lefft" is not a way to join. Ways: inner, left, right, full, semi, anti, cross. Did you mean "left"?',
    )
    expect(failure(() => aggregate(people, [col('id').node], [col('age').node])).message).toBe(
      'agg(): "age" is neither aggregated nor a key of groupBy(). Wrap it, as in F.max("age"), or group by it.',
    )
    expect(failure(() => setOperation(people, batches('id'), { operation: 'union', all: true })).message).toContain(
      'the left has 3 (id, name, age) and the right 1 (id)',
    )
  })
})

describe('a plan', () => {
  const plan = limit(
    sort(
      aggregate(
        filter(join(alias(unread, 'p'), people, 'left', { using: ['id'] }), col('p.age').gt(18).node),
        [col('name').node],
        [F.count().as('n').node],
      ),
      [key(col('n').desc())],
    ),
    10,
    5,
  )

  test('is frozen plain data that survives a clone', () => {
    expect(structuredClone(plan)).toEqual(plan)
    const check = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      expect(Object.isFrozen(value)).toBe(true)
      expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(value))
      Object.values(value).forEach(check)
    }
    check({ ...filter(alias(table('t'), 'x'), col('a').isin(1, 'b').and(lit(2n).between(1, 3)).node) }.predicate)
    check(aggregate(table('t'), [col('k').node], [F.sum('x').as('s').node]))
  })

  test('shows as a tree without credentials', () => {
    expect(explainPlan(plan)).toBe(`Limit 10 from row 5
└─ Sort n DESC NULLS LAST
   └─ Aggregate count(*) AS n by name
      └─ Filter (p.age > 18)
         └─ Join left using id
            ├─ Alias p
            │  └─ Scan parquet https://host/people.parquet
            └─ Scan 0 rows in memory`)
  })

  test('names its leaves, those in SQL text before the text', () => {
    const text = query(['SELECT * FROM ', ' WHERE x > ', ''], [{ plan: filter(unread, lit(true).node) }, { value: 1 }])
    expect([...leavesOf(join(text, unread, 'cross'))].map(({ kind }) => kind)).toEqual(['Scan', 'Query'])
  })

  test('resolves once what it shares', () => {
    let asked = 0
    const shared = filter(unread, col('id').gt(1).node)
    resolve(join(alias(shared, 'a'), alias(shared, 'b'), 'cross'), () => ((asked += 1), { fields: [field('id')] }))
    expect(asked).toBe(1)
  })
})
