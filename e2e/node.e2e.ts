import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { col, connect, type Progress, type Session } from 'lakefront'
import { count } from 'lakefront/functions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LakefrontError } from '../src/errors.ts'
import { timed } from './tries.ts'

const flights = fileURLToPath(new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url))

/** Millions of groups out of four passes over the file: works for seconds. */
const long = `SELECT count(*) AS n FROM (SELECT DISTINCT date, delay, distance, origin, destination FROM read_parquet(['${flights}', '${flights}']))`

/** One call of one function: takes minutes, and lets no message in. */
const endless = "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000)) AS n"

let db: Session

beforeEach(async () => {
  db = await connect({ stopWithin: 1_000 })
})

afterEach(() => db.close())

const failureOf = (promise: Promise<unknown>): Promise<LakefrontError> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: LakefrontError) => error,
  )

test('a query over a file, by methods and by text, runs in a thread', timed, async () => {
  const worst = await db.read
    .parquet(flights)
    .filter(col('delay').gt(60))
    .groupBy('origin')
    .agg(count().as('n'))
    .orderBy(col('n').desc())
    .limit(1)
    .collect()
  const fromText = await db
    .sql(`SELECT origin, count(*) AS n FROM '${flights}' WHERE delay > 60 GROUP BY ALL ORDER BY n DESC LIMIT 1`)
    .collect()
  expect(worst).toEqual(fromText)
  expect(worst[0]).toMatchObject({ n: expect.any(BigInt) })
  let longestBlock = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longestBlock = Math.max(longestBlock, performance.now() - last)
    last = performance.now()
  }, 5)
  await db.sql(long).collect()
  clearInterval(watch)
  expect(longestBlock).toBeLessThan(500)
})

test('an abort is answered within 100 ms, and the engine goes on with what it had', timed, async () => {
  await db.sql('CREATE OR REPLACE TABLE kept AS SELECT 1 AS x').collect()
  const controller = new AbortController()
  const running = failureOf(db.sql(long).collect({ signal: controller.signal }))
  await new Promise((resolve) => setTimeout(resolve, 300))
  const start = performance.now()
  controller.abort('enough')
  expect(await running).toBe('enough')
  expect(performance.now() - start).toBeLessThan(100)
  expect(await db.table('kept').count()).toBe(1)
  expect(await failureOf(db.sql(long).collect({ signal: AbortSignal.abort('before') }))).toBe('before')
})

test('an abort of one of two queries at once leaves the other alone', async () => {
  const running = db.sql(long).collect()
  const controller = new AbortController()
  const aborted = failureOf(db.sql(long).collect({ signal: controller.signal }))
  setTimeout(() => controller.abort('enough'), 100)
  expect(await aborted).toBe('enough')
  expect(await running).toEqual([{ n: expect.any(BigInt) }])
})

test('a query that cannot be interrupted costs its worker; the next one runs in a new worker that knows the files', async () => {
  await db.registerFile('mine.parquet', await readFile(flights))
  await db.sql("SET default_null_order = 'nulls_first'").collect()
  const controller = new AbortController()
  const blocked = failureOf(db.sql(endless).collect({ signal: controller.signal }))
  const bystander = failureOf(db.sql('SELECT 2').collect())
  setTimeout(() => controller.abort('enough'), 200)
  expect(await blocked).toBe('enough')
  expect(await db.sql("SELECT count(*) AS n FROM 'mine.parquet'").collect()).toEqual([{ n: 3_000_000n }])
  expect(await bystander).toMatchObject({ code: 'WORKER_LOST' })
  expect(await db.sql("SELECT current_setting('default_null_order') AS o").collect()).toEqual([{ o: 'NULLS_FIRST' }])
})

test('progress comes while it runs, to the query’s listener or else to the session’s', async () => {
  const heard: Progress[] = []
  const heardBySession: Progress[] = []
  await using listening = await connect({ onProgress: (progress) => heardBySession.push(progress) })
  await listening.sql(long).collect({ onProgress: (progress) => heard.push(progress) })
  expect(heardBySession).toEqual([])
  await listening.sql(long).collect()
  for (const all of [heard, heardBySession]) {
    expect(all.length).toBeGreaterThan(0)
    expect(all.at(-1)!.rowsScanned).toBeGreaterThan(0)
    expect(all).toEqual(all.toSorted((one, other) => one.rowsScanned - other.rowsScanned))
  }
})

test('errors keep their code, their details and their position on the way out of the thread', async () => {
  const cases: [string, string][] = [
    ['SELECT nonsense FROM range(1)', 'COLUMN_NOT_FOUND'],
    ['SELECT nonsense(1)', 'FUNCTION_NOT_FOUND'],
    ['SELEC 1', 'SYNTAX_ERROR'],
    ['FROM nowhere', 'TABLE_NOT_FOUND'],
    ["FROM 'nowhere.parquet'", 'NOT_FOUND'],
    [`FROM read_parquet('${fileURLToPath(import.meta.url)}')`, 'NOT_A_PARQUET_FILE'],
  ]
  for (const [sql, code] of cases) {
    const error = await failureOf(db.sql(sql).collect())
    expect(error, sql).toMatchObject({ name: 'LakefrontError', code })
  }
  const error = await failureOf(db.sql('SELECT 1; SELEC 2').collect())
  expect(error.details).toMatchObject({ position: 10 })
  expect(await db.sql('SELECT 1 AS x').collect()).toEqual([{ x: 1 }])
})

test('twenty queries at once all answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      db.sql(`SELECT count(*) AS n, ? AS i FROM '${flights}' WHERE delay > ?`, [index, index]).collect(),
    ),
  )
  expect(answers.map(([row]) => row!['i'])).toEqual(Array.from({ length: 20 }, (_, index) => index))
  const [direct] = await db.sql(`SELECT count(*) AS n FROM '${flights}' WHERE delay > 19`).collect()
  expect(answers[19]![0]!['n']).toBe(direct!['n'])
})

test('streams side by side, one left early', async () => {
  const rows = async (limit: number): Promise<number> => {
    let seen = 0
    for await (const batch of db.sql('SELECT * FROM range(1000000)').stream()) {
      seen += batch.numRows
      if (seen >= limit) break
    }
    return seen
  }
  const [all, some] = await Promise.all([rows(Infinity), rows(1)])
  expect(all).toBe(1_000_000)
  expect(some).toBeLessThan(1_000_000)
})

test('a script that forgets to close its session still ends, with its output', async () => {
  const script = `
    import { connect } from 'lakefront'
    const db = await connect()
    console.log((await db.sql('SELECT 42 AS x').collect())[0].x)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk))
  const code = await new Promise((resolve) => child.on('exit', resolve))
  expect({ code, output }).toEqual({ code: 0, output: '42\n' })
})
