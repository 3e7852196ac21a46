import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { type Oracle, openOracle } from './oracle.ts'
import { serveDemo, type Site } from './site.ts'
import { gridRows, query, visit, type Visit } from './visit.ts'

let browser: Browser
let site: Site
let oracle: Oracle
let open: Visit | undefined

beforeAll(async () => {
  ;[browser, site, oracle] = await Promise.all([openBrowser(), serveDemo(), openOracle()])
})

afterAll(async () => {
  await open?.closeClean()
  await browser?.close()
  await site?.close()
  oracle?.close()
})

/** The one page, which shows the result of each test after that of the last. */
const enter = async (): Promise<Visit> =>
  (open ??= await visit(browser, site.url, { permissions: ['clipboard-read', 'clipboard-write'] }))

it('shows the exact last values of a hundred thousand rows', async () => {
  const { page } = await enter()
  const sql = `SELECT i AS number, i::HUGEINT * 90071992547409931 AS big, i / 1000.0 AS thousandth,
    CASE WHEN i % 2 = 0 THEN NULL ELSE 'row ' || i END AS name FROM range(100000) t(i)`
  expect(await query(page, sql)).toBe('done')
  const grid = page.getByRole('grid')
  expect(await grid.getAttribute('aria-rowcount')).toBe('100001')
  await grid.focus()
  await page.keyboard.press('Control+End')
  const { rows } = await gridRows(page)
  const last = await oracle.rows(`SELECT * FROM (${sql}) OFFSET 99990`)
  expect(rows.slice(-10)).toEqual(last)
  expect(rows.length).toBeLessThan(100)
  const active = await grid.getAttribute('aria-activedescendant')
  expect(await page.locator(`#${active}`).innerText()).toBe('row 99999')
  const box = await page.locator(`#${active}`).boundingBox()
  const frame = await grid.boundingBox()
  expect(box!.y + box!.height).toBeLessThanOrEqual(frame!.y + frame!.height)
})

it('cuts at a million rows, says so, and reaches the last of them', async () => {
  const { page } = await enter()
  expect(await query(page, 'SELECT i, i * i AS square FROM range(1500000) t(i)')).toBe('done')
  expect(await page.locator('#notice').innerText()).toMatch(/^Cut at 1,000,000 rows/)
  const grid = page.getByRole('grid')
  expect(await grid.getAttribute('aria-rowcount')).toBe('1000001')
  await grid.evaluate((element) => (element.scrollTop = element.scrollHeight))
  await expect.poll(async () => (await gridRows(page)).rows.at(-1)).toEqual(['999999', '999998000001'])
  await grid.focus()
  await page.keyboard.press('PageUp')
  await page.keyboard.press('Control+Home')
  expect((await gridRows(page)).rows[0]).toEqual(['0', '0'])
})

it('says nothing of a cut when a result has exactly a million rows', async () => {
  const { page } = await enter()
  expect(await query(page, 'SELECT i FROM range(1000000) t(i)')).toBe('done')
  expect(await page.locator('#status').innerText()).toMatch(/^1,000,000 rows in/)
  expect(await page.locator('#notice').isVisible()).toBe(false)
})

it('copies a selection as rows, and one cell as it is', async () => {
  const { page } = await enter()
  await query(page, `SELECT * FROM (VALUES (1, 'a	b', NULL), (2, 'c "d"', 'x')) t(n, text, maybe)`)
  const grid = page.getByRole('grid')
  await grid.focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Control+c')
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('a\tb')
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Control+c')
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('1\t"a\tb"\t\n2\t"c ""d"""\tx')
})

it('marks nulls, aligns numbers, names types, and opens long values', async () => {
  const { page } = await enter()
  await query(
    page,
    `SELECT 1::BIGINT AS n, '' AS empty, NULL::VARCHAR AS nothing, repeat('long ', 500) AS long, '1.50'::DECIMAL(3, 2) AS money`,
  )
  const cell = (column: number) => page.locator(`[role=gridcell][aria-colindex="${column}"]`)
  expect(await cell(1).evaluate((element) => getComputedStyle(element).textAlign)).toBe('end')
  expect(await cell(2).innerText()).toBe('')
  expect(await cell(3).evaluate((element) => getComputedStyle(element).fontStyle)).toBe('italic')
  expect(await cell(5).innerText()).toBe('1.50')
  expect(await page.getByRole('columnheader').locator('.type').allInnerTexts()).toEqual([
    'BIGINT',
    'VARCHAR',
    'VARCHAR',
    'VARCHAR',
    'DECIMAL(3,2)',
  ])
  await page.getByRole('grid').focus()
  for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
  expect(await page.getByRole('dialog').locator('pre').textContent()).toBe('long '.repeat(500))
  await page.keyboard.press('Escape')
  expect(await page.getByRole('dialog').isVisible()).toBe(false)
})

it('draws only the columns in view', async () => {
  const { page } = await enter()
  const columns = Array.from({ length: 300 }, (_, index) => `${index} AS column_${index}`).join(', ')
  await query(page, `SELECT ${columns}`)
  const grid = page.getByRole('grid')
  expect(await grid.getAttribute('aria-colcount')).toBe('300')
  expect(await page.getByRole('gridcell').count()).toBeLessThan(30)
  await grid.focus()
  await page.keyboard.press('End')
  expect((await gridRows(page)).rows[0]!.at(-1)).toBe('299')
  expect((await gridRows(page)).header.at(-1)).toBe('column_299')
})
