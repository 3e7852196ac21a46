import type { Browser, BrowserContextOptions, Page } from 'playwright'

/** An open playground, watched: what it must never do is collected in {@link Visit.offences}. */
export interface Visit {
  readonly page: Page
  /** Console errors, uncaught errors, refusals by the content security policy, requests to another origin. */
  readonly offences: readonly string[]
  close(): Promise<void>
  /** Closes, and fails when there was an offence. */
  closeClean(): Promise<void>
}

/** Opens the playground as a first-time visitor, and waits until it has come to rest. */
export const visit = async (
  browser: Browser,
  url: string,
  { prepare, ...options }: BrowserContextOptions & { prepare?: (page: Page) => Promise<unknown> } = {},
): Promise<Visit> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  const offences: string[] = []
  page.on('pageerror', (error) => offences.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') offences.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (/^https?:$/.test(protocol) && origin !== new URL(url).origin) offences.push(`request to ${origin}`)
  })
  await prepare?.(page)
  await page.goto(url)
  await atRest(page)
  return {
    page,
    offences,
    close: () => context.close(),
    async closeClean() {
      await context.close()
      if (offences.length > 0) throw new Error(`The page did what it must not:\n${offences.join('\n')}`)
    },
  }
}

/** Waits until nothing runs any more. */
export const atRest = async (page: Page): Promise<'ready' | 'done' | 'error'> => {
  await page.waitForFunction(
    () => ['ready', 'done', 'error'].includes(document.documentElement.dataset['state'] ?? ''),
    undefined,
    { timeout: 90_000 },
  )
  return page.evaluate(() => document.documentElement.dataset['state'] as 'ready' | 'done' | 'error')
}

/** Replaces the text of the SQL editor, as someone typing would. */
export const typeSql = async (page: Page, sql: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'SQL', exact: true }).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(sql)
}

/** Types a query, runs it from the keyboard, and waits for its end. */
export const query = async (page: Page, sql: string): Promise<'ready' | 'done' | 'error'> => {
  await typeSql(page, sql)
  await page.keyboard.press('Control+Enter')
  return atRest(page)
}

/** What the result grid shows now: the header, then the rows that are drawn, in order. A null reads `NULL`. */
export const gridRows = (page: Page): Promise<{ header: string[]; rows: string[][] }> =>
  page.getByRole('grid').evaluate((grid) => {
    const texts = (row: Element, role: string): string[] =>
      [...row.querySelectorAll(`[role="${role}"]`)].map(
        (cell) => cell.querySelector('.name')?.textContent ?? cell.textContent ?? '',
      )
    const rows = [...grid.querySelectorAll('[role="row"]')].sort(
      (a, b) => Number(a.getAttribute('aria-rowindex')) - Number(b.getAttribute('aria-rowindex')),
    )
    return { header: texts(rows[0]!, 'columnheader'), rows: rows.slice(1).map((row) => texts(row, 'gridcell')) }
  })
