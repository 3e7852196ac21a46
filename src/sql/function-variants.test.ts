import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import { hasWindow, isAggregate } from '../expr/walk.ts'
import { exampleEngines } from './fixtures/example-engines.ts'
import { exampleFamilies } from './fixtures/example-families.ts'
import { planOf } from './fixtures/example-tables.ts'
import { variantRows, variantTables } from './fixtures/example-variants.ts'
import { looselyEqual } from './fixtures/loosely-equal.ts'

type Opened = Awaited<ReturnType<(typeof exampleEngines)[number]['open']>>

const examples = Object.entries(exampleFamilies).flatMap(([family, list]) =>
  list
    .filter(({ column }) => !hasWindow(column.node) && !isAggregate(column.node))
    .map(({ column }) => ({ family, column, name: String(column).slice(7, -1) })),
)

/** What is another number each time, or depends on what is not in the rows. */
const volatile = /rand|shuffle|currentT|currentD|unixNow|version|uuid|typeOf|approx/i

/** Examples that an engine answers otherwise for such rows, and why; one that no longer does breaks the build. */
const gaps: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  PostgreSQL: {
    'exp(d)': 'PostgreSQL fails where a double overflows',
    'expm1(d)': 'PostgreSQL fails where a double overflows',
    'round(i, -1)': 'DuckDB goes round beyond the range of INTEGER',
  },
  ClickHouse: {
    'i + j': 'ClickHouse goes on in 64 bits',
    'transform(l, (lf_x) => (lf_x + 1))': 'ClickHouse goes on in 64 bits',
    'negative(i)': 'ClickHouse wraps',
  },
  SQLite: {
    'i + j': 'SQLite has whole numbers of 64 bits only',
    'round(i, -1)': 'DuckDB goes round beyond the range of INTEGER',
    'acosh(d)': 'SQLite has no NaN: it fails',
    ...Object.fromEntries(
      [
        'dateAdd(day, 3)',
        'dateAdd(at, 1)',
        'nextDay(day, 1)',
        'nextDay(day, 4)',
        'nextDay(day, 5)',
        'timestampAdd(hour, 5, at)',
        'timestampAdd(second, 7200, at)',
        'timestampAdd(second, 12600, at)',
      ].map((name) => [name, 'SQLite has no days after the year 9999: it fails']),
    ),
  },
}

const asked = examples.filter((each) => !volatile.test(each.name))

async function valueOf(engine: Opened, column: (typeof examples)[number]['column']): Promise<unknown> {
  try {
    return { value: (await engine.values(planOf(column)))[0] }
  } catch (error) {
    return isLakefrontError(error, 'UNSUPPORTED') ? 'refused' : { error }
  }
}

describe.each(exampleEngines.filter(({ refuses }) => refuses))(
  'functions on $name of other rows',
  ({ name, open, gaps: known, missing }) => {
    beforeEach(({ skip }) => {
      if (missing !== undefined) skip(missing)
    })
    /** What the engine and DuckDB say of each example, row by row. */
    const answers = new Map<string, (readonly [found: unknown, expected: unknown])[]>()
    beforeAll(async () => {
      if (missing !== undefined) return
      for (let row = 0; row < variantRows; row++) {
        const tables = variantTables(row, name === 'ClickHouse' ? [1902, 2298] : undefined)
        const [reference, engine] = [await exampleEngines[0]!.open(tables), await open(tables)]
        for (const { column, name: example } of asked) {
          const found = await valueOf(engine, column)
          const pair = [found, found === 'refused' ? found : await valueOf(reference, column)] as const
          answers.set(example, [...(answers.get(example) ?? []), pair])
        }
        await Promise.all([reference.close(), engine.close()])
      }
    })

    test.each(asked)('$family: $name', ({ name: example }) => {
      const wrong = answers.get(example)!.flatMap(([found, expected], row) => {
        if (found === 'refused') return []
        const [fails, failed] = [expected, found].map(
          (each) => typeof each === 'object' && each !== null && 'error' in each,
        )
        const same =
          fails || failed
            ? fails === failed
            : looselyEqual((found as { value: unknown }).value, (expected as { value: unknown }).value)
        return same ? [] : [`row ${row}: ${text(found)} instead of ${text(expected)}`]
      })
      const gap = gaps[name]![example] ?? known[example]
      if (gap === undefined) expect(wrong).toEqual([])
      else expect(wrong, `The gap "${example}" is closed: delete its mark.`).not.toEqual([])
    })
  },
)

function text(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}n` : each instanceof Error ? each.message : Number.isNaN(each) ? 'NaN' : each,
  )
}
