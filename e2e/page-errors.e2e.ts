import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { sampleFolder } from './oracle.ts'
import { serveDemo, type Site } from './site.ts'
import { atRest, gridRows, query, visit, type Visit } from './visit.ts'

let browser: Browser
let site: Site
let open: Visit | undefined

beforeAll(async () => {
  const parquet = await readFile(`${sampleFolder}flights-3m.parquet`)
  browser = await openBrowser()
  site = await serveDemo({
    '/text.parquet': (_, response) => void response.end('this is no Parquet file, only some text that is long enough'),
    '/cut.parquet': (_, response) => void response.end(parquet.subarray(0, 100_000)),
  })
})

afterAll(async () => {
  await open?.close()
  await browser?.close()
  await site?.close()
})

/** The page of the test before, which works on after any failure; a new one where it has to be opened otherwise. */
const enter = async (options?: Parameters<typeof visit>[2]): Promise<Visit> => {
  if (open !== undefined && options === undefined) return open
  await open?.close()
  return (open = await visit(browser, site.url, options))
}

/** What the page says about a failure. */
const failure = async (): Promise<{ code: string; text: string; marked: string }> => {
  const { page } = open!
  const alert = page.getByRole('alert')
  return {
    code: await alert.locator('h3 code').innerText(),
    text: await alert.innerText(),
    marked: (await page.locator('#sql .cm-error').allInnerTexts()).join(''),
  }
}

const worksAfterwards = async (): Promise<void> => {
  expect(await query(open!.page, 'SELECT 6 * 7 AS answer')).toBe('done')
  expect((await gridRows(open!.page)).rows).toEqual([['42']])
  expect(await open!.page.getByRole('alert').isVisible()).toBe(false)
}

it('underlines a syntax error where it is', async () => {
  const { page } = await enter()
  expect(await query(page, "SELECT origin,\n       count(*)\nFORM 'flights-3m.parquet'\nGROUP BY origin")).toBe('error')
  const { code, marked, text } = await failure()
  expect(code).toBe('SYNTAX_ERROR')
  expect(marked).toBe("'flights-3m.parquet'")
  expect(text).toContain('Go to line 3')
  await page.getByRole('button', { name: /Go to line 3/ }).click()
  await page.keyboard.type('x')
  expect(await page.locator('#sql .cm-error').count()).toBe(0)
  await worksAfterwards()
})

it('suggests the column that was meant, and underlines the wrong one', async () => {
  const { page } = await enter()
  expect(await query(page, "SELECT orign\nFROM 'flights-3m.parquet'")).toBe('error')
  const { code, marked, text } = await failure()
  expect(code).toBe('COLUMN_NOT_FOUND')
  expect(text).toMatch(/"orign"[\s\S]*"origin"/)
  expect(marked).toBe('orign')
  await worksAfterwards()
})

it.each([
  ['a file that is not there', "SELECT * FROM 'missing.parquet'", 'NOT_FOUND', /missing\.parquet/],
  ['a file that is no Parquet file', "SELECT * FROM 'text.parquet'", 'NOT_A_PARQUET_FILE', /text\.parquet/],
  ['a file that was cut off', "SELECT * FROM 'cut.parquet'", /^(CORRUPT_FILE|NOT_A_PARQUET_FILE)$/, /cut\.parquet/],
  ['an unknown function', "SELECT roundd(delay) FROM 'flights-3m.parquet'", 'FUNCTION_NOT_FOUND', /roundd/],
  ['an unknown table', 'SELECT * FROM flightz', 'TABLE_NOT_FOUND', /flightz/],
])('says what is wrong with %s', async (_, sql, expected, named) => {
  const { page } = await enter()
  expect(await query(page, sql)).toBe('error')
  const { code, text } = await failure()
  expect(code).toMatch(expected)
  expect(text).toMatch(named)
  await worksAfterwards()
})

it('says so when the script of the engine is missing, and starts it when it is there again', async () => {
  let missing = true
  const { page } = await enter({
    prepare: (page) =>
      page.route(/\/engine-[^/]*\.js$/, (route) =>
        missing ? route.fulfill({ status: 404, body: 'Not found' }) : route.continue(),
      ),
  })
  expect(await atRest(page)).toBe('error')
  expect((await failure()).code).toBe('WORKER_LOST')
  expect(await page.locator('#engine').innerText()).toBe('The engine did not start')
  missing = false
  await worksAfterwards()
  expect(await page.locator('#engine').innerText()).toContain('DuckDB')
})
