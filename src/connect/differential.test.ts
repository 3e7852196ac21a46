import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { missingPostgres, postgresCluster } from '../engine/fixtures/postgres-cluster.ts'
import type { PostgresCluster } from '../engine/fixtures/postgres-cluster.ts'
import { isLakefrontError } from '../errors.ts'
import type { DataFrame } from '../frame/dataframe.ts'
import { ClickhouseFrames, missingClickhouse } from './fixtures/clickhouse-frames.ts'
import { type Case, functionCases, groupCases, operatorCases, stepCases } from './fixtures/differential-cases.ts'
import { type Outcome, sameRows } from './fixtures/differential-compare.ts'
import { type Tables, differentialTables } from './fixtures/differential-data.ts'
import { knownGaps } from './fixtures/differential-gaps.ts'
import { randomPlan } from './fixtures/differential-plans.ts'
import type { Session } from './session.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)
const missing = { postgres: missingPostgres(), clickhouse: missingClickhouse() }
const engines = ['duckdb-wasm', 'postgres', 'pglite', 'sqlite', 'clickhouse'] as const
type EngineName = (typeof engines)[number]

/** Random plans, the same in every run. */
const plans = 300
const isThere = (engine: EngineName): boolean => missing[engine as keyof typeof missing] === undefined

let cluster: PostgresCluster | undefined
let clickhouse: ClickhouseFrames | undefined
let reference: { session: Session; tables: Tables }
const sessions = new Map<EngineName, { session: Session; tables: Tables }>()

beforeAll(async () => {
  const opened = async (session: Promise<Session>): Promise<{ session: Session; tables: Tables }> => {
    const found = await session
    return { session: found, tables: differentialTables(found) }
  }
  reference = await opened(connect({ engine: 'duckdb-native' }))
  if (missing.postgres === undefined) cluster = await postgresCluster()
  if (missing.clickhouse === undefined) clickhouse = await ClickhouseFrames.start()
  sessions.set('duckdb-wasm', await opened(connect({ workerUrl })))
  if (cluster !== undefined) sessions.set('postgres', await opened(connect(cluster.address)))
  sessions.set('pglite', await opened(connect('pglite:')))
  sessions.set('sqlite', await opened(connect('sqlite::memory:')))
})

afterAll(async () => {
  for (const { session } of [...sessions.values(), ...(reference === undefined ? [] : [reference])])
    await session.close()
  clickhouse?.close()
  cluster?.stop()
})

const valuesOf = async (frame: DataFrame): Promise<unknown[][]> =>
  (await frame.collect()).map((row) => Object.values(row as object))

/** What `make` comes to on an engine, and why where it is not the same. */
async function outcomeOf(
  engine: EngineName,
  make: (tables: Tables) => DataFrame,
  expected: unknown[][],
  isOrdered: boolean,
): Promise<{ outcome: Outcome; why?: string }> {
  try {
    const rows =
      engine === 'clickhouse'
        ? await clickhouse!.rows(make(reference.tables))
        : await valuesOf(make(sessions.get(engine)!.tables))
    if (sameRows(rows, expected, isOrdered)) return { outcome: 'same' }
    return { outcome: 'different', why: `${show(rows)}\ninstead of\n${show(expected)}` }
  } catch (error) {
    if (isLakefrontError(error, 'UNSUPPORTED')) return { outcome: 'refused' }
    return { outcome: 'failed', why: String(error) }
  }
}

const show = (rows: unknown[][]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

const groups: readonly (readonly [title: string, cases: readonly Case[]])[] = [
  ['Operators', operatorCases],
  ['Functions of a row', functionCases],
  ['Aggregates and windows', groupCases],
  ['Steps', stepCases],
]
const matrix = new Map<string, Map<EngineName, string>>()

describe.each(groups)('%s', (_title, cases) => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (name, { frame, isOrdered = false }) => {
    const expected = await valuesOf(frame(reference.tables))
    const line = new Map<EngineName, string>()
    matrix.set(name, line)
    const wrong: string[] = []
    for (const engine of engines) {
      if (!isThere(engine)) continue
      const { outcome, why } = await outcomeOf(engine, frame, expected, isOrdered)
      const gap = knownGaps[name]?.[engine]
      const isGap = outcome === 'different' || outcome === 'failed'
      if (isGap && gap === undefined) wrong.push(`${engine} ${outcome}: ${why}`)
      if (!isGap && gap !== undefined) wrong.push(`${engine}: the known gap "${gap}" is closed. Take it off the list.`)
      line.set(engine, gap === undefined ? outcome : 'gap')
    }
    expect(wrong).toEqual([])
  })
})

describe('random plans', () => {
  test('answer as DuckDB does, or are refused', async () => {
    const wrong: string[] = []
    const counted = new Map<string, number>()
    const count = (key: string): void => void counted.set(key, (counted.get(key) ?? 0) + 1)
    for (let seed = 1; seed <= plans; seed++) {
      const make = (tables: Tables): DataFrame => randomPlan(tables, seed)
      const expected = await valuesOf(make(reference.tables))
      const run = async (engine: EngineName): Promise<void> => {
        const { outcome, why } = await outcomeOf(engine, make, expected, false)
        count(`${engine} ${outcome}`)
        if (outcome === 'different' || outcome === 'failed')
          wrong.push(`${engine}, plan ${seed} ${outcome}: ${why}\n${await make(reference.tables).toSQL()}`)
      }
      // PGlite is PostgreSQL once more, and slower.
      await Promise.all(engines.filter((engine) => isThere(engine) && (engine !== 'pglite' || seed % 4 === 0)).map(run))
    }
    expect(wrong.slice(0, 5)).toEqual([])
    for (const engine of engines.filter((each) => isThere(each) && each !== 'pglite')) {
      expect(counted.get(`${engine} same`) ?? 0).toBeGreaterThan(plans * 0.9)
    }
  })
})

describe('docs/dialects.md', () => {
  test('shows what was found', ({ skip }) => {
    const why = missing.postgres ?? missing.clickhouse
    if (why !== undefined) skip(why)
    const page = new URL('../../docs/dialects.md', import.meta.url)
    const text = readFileSync(page, 'utf8')
    const marks = { same: '✓', refused: '–', gap: '≠' } as Record<string, string>
    const tables = groups.map(([title, cases]) =>
      [
        `### ${title}`,
        '',
        `| | ${engines.join(' | ')} |`,
        `|---|${engines.map(() => ':-:').join('|')}|`,
        ...cases.map(
          ({ name }) =>
            `| ${name} | ${engines.map((engine) => marks[matrix.get(name)?.get(engine) ?? ''] ?? '?').join(' | ')} |`,
        ),
      ].join('\n'),
    )
    const gaps = Object.entries(knownGaps).flatMap(([name, byEngine]) =>
      Object.entries(byEngine).map(([engine, why]) => `* ${name}, ${engine}: ${why}`),
    )
    const generated = [...tables, `### Known gaps\n\n${gaps.length === 0 ? 'None.' : gaps.join('\n')}`].join('\n\n')
    const whole = text.replace(
      /(<!-- matrix -->\n)[^]*(\n<!-- end of matrix -->)/,
      (_, from: string, to: string) => `${from}\n${generated}\n${to}`,
    )
    if (process.env['LAKEFRONT_UPDATE'] === '1') writeFileSync(page, whole)
    else expect(text).toBe(whole)
  })
})
