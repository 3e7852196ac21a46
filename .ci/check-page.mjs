import { join } from 'node:path'
import { browserFlags, ensureBrowser } from './browser.mjs'
import { serve } from './serve.mjs'
import { root, say } from './shell.mjs'

/**
 * What the result grid shows, row by row, as the user reads it. Cells that are scrolled out of view are not there.
 * @param {import('playwright').Page} page @returns {Promise<string[][]>}
 */
const readGrid = (page) =>
  page
    .getByRole('grid')
    .evaluate((grid) =>
      [...grid.querySelectorAll('[role="row"]')].map((row) =>
        [...row.querySelectorAll('[role="columnheader"], [role="rowheader"], [role="gridcell"]')].map((cell) =>
          (/** @type {HTMLElement} */ (cell).innerText ?? '').replaceAll(/\s+/g, ' ').trim(),
        ),
      ),
    )

/** @param {string[][]} rows */
const asTable = (rows) => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/**
 * Opens the built playground in a headless browser, runs its first example and prints the result table.
 * @returns {Promise<boolean>} whether the run came to an end without an error of the page, a violation of its content
 * security policy, or a request to anywhere but its own origin
 */
export const checkPage = async () => {
  const executablePath = await ensureBrowser()
  const { chromium } = await import('playwright')
  /** @type {string[]} */
  const problems = []
  const site = await serve({
    root: join(root, 'dist-demo'),
    onViolation: (report) => problems.push(`against the content security policy: ${report}`),
  })
  const browser = await chromium.launch({ executablePath, args: browserFlags })
  try {
    say(`opening the playground in ${executablePath}`)
    const page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`console: ${message.text()}`)
    })
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (/^https?:$/.test(url.protocol) && url.origin !== new URL(site.url).origin) {
        problems.push(`request to another origin: ${url.origin}`)
      }
    })
    const start = performance.now()
    await page.goto(site.url)
    const state = page.locator('html[data-state="done"], html[data-state="error"]')
    const ran = await state.waitFor({ state: 'attached', timeout: 5_000 }).then(
      () => true,
      () => false,
    )
    if (!ran) {
      const run = page.getByRole('button', { name: /^run/i }).first()
      if (await run.isEnabled()) await run.click()
      await state.waitFor({ state: 'attached', timeout: 120_000 })
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    if ((await page.locator('html').getAttribute('data-state')) === 'error') {
      problems.push(`the example failed: ${(await page.getByRole('alert').allInnerTexts()).join(' ')}`)
    } else {
      const rows = await readGrid(page)
      if (rows.length < 2) problems.push('the result grid is empty')
      say(`the first example, ${seconds} s after opening the page:`)
      console.log(asTable(rows))
    }
    for (const problem of problems) console.error(`✗ ${problem}`)
    return problems.length === 0
  } finally {
    await browser.close()
    await site.close()
  }
}
