import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import { hasWindow, isAggregate } from '../expr/walk.ts'
import { exampleEngines } from './fixtures/example-engines.ts'
import { exampleFamilies } from './fixtures/example-families.ts'
import { planOf } from './fixtures/example-tables.ts'
import { variantGroups, variantTables } from './fixtures/example-variants.ts'
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

/** What an engine says of a column: values of all its rows, or of all that it is refused or fails. */
async function answersOf(engine: Opened, column: (typeof examples)[number]['column']): Promise<Answers> {
  try {
    return { values: await engine.values(planOf(column)) }
  } catch (error) {
    return isLakefrontError(error, 'UNSUPPORTED') ? 'refused' : { error }
  }
}

type Answers = 'refused' | { readonly values: readonly unknown[] } | { readonly error: unknown }

const answerAt = (answers: Answers, at: number): unknown =>
  answers !== 'refused' && 'values' in answers ? { value: answers.values[at] } : answers

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
      const opened = new Map<string, Promise<readonly [reference: Opened, engine: Opened]>>()
      const openBoth = async (rows: readonly number[]): Promise<readonly [reference: Opened, engine: Opened]> => {
        const tables = variantTables(rows, name === 'ClickHouse' ? [1902, 2298] : undefined)
        return [await exampleEngines[0]!.open(tables), await open(tables)]
      }
      const ask = async (column: (typeof examples)[number]['column'], rows: readonly number[]): Promise<void> => {
        const key = rows.join()
        if (!opened.has(key)) opened.set(key, openBoth(rows))
        const [reference, engine] = await opened.get(key)!
        const found = await answersOf(engine, column)
        const expected = found === 'refused' ? found : await answersOf(reference, column)
        // One row that fails hides what the others are.
        if (rows.length > 1 && [found, expected].some((each) => each !== 'refused' && 'error' in each)) {
          for (const row of rows) await ask(column, [row])
          return
        }
        const example = String(column).slice(7, -1)
        const pairs = rows.map((_, at) => [answerAt(found, at), answerAt(expected, at)] as const)
        answers.set(example, [...(answers.get(example) ?? []), ...pairs])
      }
      for (const rows of variantGroups) for (const { column } of asked) await ask(column, rows)
      for (const both of opened.values()) for (const each of await both) await each.close()
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
