import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import type { Example } from '../expr/functions/fixtures/example.ts'
import { typeOf } from '../expr/type-of.ts'
import { typeText } from '../expr/value-type.ts'
import { hasWindow, isAggregate } from '../expr/walk.ts'
import * as F from '../functions.ts'
import { type ExampleEngine, exampleEngines } from './fixtures/example-engines.ts'
import { exampleTables, planOf } from './fixtures/example-tables.ts'
import { exampleFamilies } from './fixtures/example-families.ts'
import { looselyEqual } from './fixtures/loosely-equal.ts'

const answers = JSON.parse(
  readFileSync(new URL('../expr/functions/fixtures/spark.json', import.meta.url), 'utf8'),
) as Record<string, unknown>

/** What an example should give: what it says itself, else what Spark gave. */
function expected(example: Example): unknown {
  if (example.why !== undefined) return example.value
  if (!Object.hasOwn(answers, example.spark!)) throw new Error(`No answer of Spark's to ${example.spark}.`)
  return answers[example.spark!]
}

const examples = Object.entries(exampleFamilies).flatMap(([family, list]) =>
  list.map((example) => ({ family, example, name: String(example.column).slice(7, -1) })),
)

/** Whether a mark means an example: by its whole text, or `name()` every one that calls the function. */
function marks(mark: string, name: string): boolean {
  return mark === name || (mark.endsWith('()') && name.includes(mark.slice(0, -1)))
}

describe.each(exampleEngines)('functions on $name', ({ name: engineName, open, gaps, refuses, missing }) => {
  let engine: Awaited<ReturnType<ExampleEngine['open']>> | undefined
  beforeAll(async () => {
    if (missing === undefined) engine = await open(exampleTables)
  })
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing)
  })
  afterAll(() => engine?.close())
  const asked = new Set<string>()
  const refused = new Set<string>()

  test.each(examples)('$family: $name', async ({ example, name }) => {
    const gap = Object.keys(gaps).some((mark) => marks(mark, name))
    let found: unknown
    asked.add(name)
    try {
      const values = await engine!.values(planOf(example.column))
      found = hasWindow(example.column.node) ? values : values[0]
    } catch (error) {
      if (refuses && isLakefrontError(error, 'UNSUPPORTED')) {
        refused.add(name)
        expect(gap, `"${name}" is refused: delete its mark.`).toBe(false)
        return
      }
      if (gap) return
      throw error
    }
    const equal = looselyEqual(found, expected(example))
    if (gap) expect(equal, `The gap "${name}" is closed: delete its mark.`).toBe(false)
    else if (!equal) expect(found).toEqual(expected(example))
  })

  test('what is refused is written down', async ({ skip }) => {
    const names = new Set(examples.map(({ name }) => name))
    if (asked.size < names.size) skip('Only some examples were run.')
    const list = [...refused].map((name) => `${name}\n`).join('')
    const file = `./fixtures/refused-${engineName.toLowerCase()}.txt`
    await expect(`${refused.size} of ${names.size}\n\n${list}`).toMatchFileSnapshot(file)
  })

  test('marks are of examples that are there', () => {
    expect(Object.keys(gaps).filter((mark) => !examples.some(({ name }) => marks(mark, name)))).toEqual([])
  })
})

test('every exported function has an example', () => {
  const called = new Set(
    Object.keys(exampleFamilies).flatMap((family) =>
      [
        ...readFileSync(new URL(`../expr/functions/fixtures/${family}.ts`, import.meta.url), 'utf8').matchAll(
          /F\.(\w+)/g,
        ),
      ].map(([, name]) => name!),
    ),
  )
  // What makes rows is in frame/steps.test.ts.
  const makers = ['explode', 'explodeOuter', 'posexplode', 'posexplodeOuter', 'inline', 'inlineOuter']
  const keys = ['asc', 'ascNullsFirst', 'ascNullsLast', 'desc', 'descNullsFirst', 'descNullsLast']
  const elsewhere = new Set(['col', 'lit', 'when', 'grouping', 'groupingId', ...keys, ...makers])
  expect(Object.keys(F).filter((name) => !called.has(name) && !elsewhere.has(name))).toEqual([])
})

test('an example that differs from Spark says why', () => {
  const wrong = examples.filter(
    ({ example }) => (example.spark === undefined) !== (example.why !== undefined) && example.why === undefined,
  )
  expect(wrong.map(({ name }) => name)).toEqual([])
  const needless = examples.filter(
    ({ example }) =>
      example.why !== undefined &&
      example.spark !== undefined &&
      Object.hasOwn(answers, example.spark) &&
      looselyEqual(example.value, answers[example.spark]),
  )
  expect(needless.map(({ name }) => name)).toEqual([])
})

describe('the type of a function', () => {
  let engine: Awaited<ReturnType<ExampleEngine['open']>> | undefined
  beforeAll(async () => {
    engine = await exampleEngines[0]!.open(exampleTables)
  })

  test.each(examples)('is what DuckDB says: $name', async ({ example }) => {
    const table = isAggregate(example.column.node) || hasWindow(example.column.node) ? 'many' : 'one'
    const type = typeOf(example.column.node, (column) => exampleTables[table].types.get(column.name))
    const real = typeText(await engine!.typeOf(planOf(example.column)))
    const found = typeText(type)
    const isKnown = !/unknown|NULL/.test(found)
    expect(
      found === 'a number' ? /INT|DECIMAL|FLOAT|DOUBLE/.test(real) : !isKnown || found === real,
      `${found}, but ${real}`,
    ).toBe(true)
  })
})
