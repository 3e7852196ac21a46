import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Browser } from 'playwright'
import { transformWithOxc } from 'vite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { type Oracle, openOracle, sampleFolder } from './oracle.ts'
import { serveDemo, type Site } from './site.ts'
import { atRest, gridRows, query, typeSql, visit, type Visit } from './visit.ts'

let browser: Browser
let site: Site
let oracle: Oracle
let open: Visit | undefined

beforeAll(async () => {
  ;[browser, site, oracle] = await Promise.all([openBrowser(), serveDemo(), openOracle()])
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
  oracle?.close()
})

afterEach(async () => {
  await open?.closeClean()
  open = undefined
})

const enter = async (options?: Parameters<typeof visit>[2]): Promise<Visit> =>
  (open = await visit(browser, site.url, options))

const figure = (name: string): Promise<string> =>
  open!.page.locator('#figures div', { hasText: name }).locator('dd').innerText()

describe('a first visit', () => {
  it('runs the first example and shows what native DuckDB answers', async () => {
    const { page } = await enter()
    await page.locator('html[data-state="done"]').waitFor({ state: 'attached', timeout: 60_000 })
    const sql = await page.getByRole('textbox', { name: 'SQL', exact: true }).innerText()
    const { header, rows } = await gridRows(page)
    expect(header).toEqual(['origin', 'flights', 'late_percent', 'mean_delay', 'worst_delay'])
    expect(rows).toEqual(await oracle.rows(sql))
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe('16')
    const isCut = page
      .getByRole('gridcell')
      .evaluateAll((cells) => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).length)
    expect(await isCut).toBe(0)
    expect(await page.locator('#status').innerText()).toMatch(/^15 rows in [\d.]+ m?s$/)
    expect(await figure('Row groups')).toBe('11 read, 0 skipped of 11')
    expect(await figure('Fetched')).toMatch(/MB in \d+ requests/)
    expect(await page.locator('#engine').innerText()).toMatch(/DuckDB 1\.5\.6 · slim · ready in .*\s+scans suspend/)
  })

  it('needs no loosened policy: styles of the editors are constructed, none are inline', async () => {
    const { page } = await enter()
    const policy = (await fetch(site.url)).headers.get('content-security-policy')
    expect(policy).toContain("style-src 'self';")
    expect(policy).not.toContain('unsafe-inline')
    expect(policy).not.toContain("'unsafe-eval'")
    expect(await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content')).not.toContain(
      'inline',
    )
    const editor = await page.locator('#sql').evaluate(({ shadowRoot }) => ({
      adopted: shadowRoot?.adoptedStyleSheets.length,
      inline: shadowRoot?.querySelectorAll('style').length,
      display: getComputedStyle(shadowRoot!.querySelector('.cm-editor')!).display,
    }))
    expect(editor).toEqual({ adopted: 1, inline: 0, display: 'flex' })
    expect(await page.evaluate(() => document.querySelectorAll('style, [style*="color"]').length)).toBe(0)
  })

  it('fits a narrow phone and shows the languages as tabs', async () => {
    const { page } = await enter({ viewport: { width: 375, height: 812 } })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375)
    await page.getByRole('tab', { name: 'TypeScript' }).click()
    expect(await page.getByRole('button', { name: 'Copy for your project' }).isVisible()).toBe(true)
    expect(await page.locator('#run-sql').isVisible()).toBe(false)
  })
})

describe('examples', () => {
  it('say the same in SQL, in TypeScript and in native DuckDB', async () => {
    // Wide enough for every column: those out of view are not drawn.
    const { page } = await enter({ viewport: { width: 3200, height: 800 } })
    const examples = page.locator('#examples button')
    const titles = await examples.locator('strong').allInnerTexts()
    expect(titles.length).toBeGreaterThanOrEqual(6)
    for (const title of titles.filter((name) => name !== 'A million rows')) {
      await examples.filter({ hasText: title }).click()
      expect(await atRest(page), title).toBe('done')
      const sql = await page.getByRole('textbox', { name: 'SQL', exact: true }).innerText()
      const answer = await oracle.rows(sql)
      const fromSql = await gridRows(page)
      expect(fromSql.rows.length, title).toBeGreaterThan(0)
      expect(fromSql.rows, title).toEqual(answer.slice(0, fromSql.rows.length))
      await page.locator('#run-ts').click()
      expect(await atRest(page), title).toBe('done')
      const fromTypescript = await gridRows(page)
      expect(fromTypescript.header, title).toEqual(fromSql.header)
      expect(fromTypescript.rows, title).toEqual(answer.slice(0, fromTypescript.rows.length))
      expect(await page.getByRole('grid').getAttribute('aria-rowcount'), title).toBe(`${answer.length + 1}`)
      expect(await page.locator('#made pre').textContent(), title).toMatch(/SELECT/i)
    }
  })

  it('are copied as programs that run in Node', async () => {
    const { page } = await enter({ permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('button', { name: 'Copy for your project' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    const program = await page.evaluate(() => navigator.clipboard.readText())
    const { code } = await transformWithOxc(program, 'copied.ts', { target: 'es2023' })
    // Beside the package, so that the program finds it by its name.
    const file = fileURLToPath(new URL('../.cache/copied.mjs', import.meta.url))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, code)
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: sampleFolder })
      const words = stdout.split(/[\s|│]+/)
      for (const value of (await gridRows(page)).rows.flat()) expect(words).toContain(value)
    } finally {
      await rm(file)
    }
  })

  it('count rows without fetching data', async () => {
    const { page } = await enter()
    await page.locator('#examples button', { hasText: 'How many flights?' }).click()
    await atRest(page)
    expect((await gridRows(page)).rows).toEqual([['3000000']])
    expect(await figure('Row groups')).toBe('0 read, 0 skipped of 11')
    // The footer may have been forgotten meanwhile; data it is not.
    expect(await figure('Fetched')).toMatch(/^(0 B in 1 request|[\d.]+ kB in \d requests)$/)
  })
})

describe('editing', () => {
  it('runs what was typed, from the keyboard alone', async () => {
    const { page } = await enter()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the editor')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+a')
    await page.keyboard.type("SELECT max(distance) AS far FROM 'flights-3m.parquet'")
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+Enter')
    expect(await atRest(page)).toBe('done')
    expect(await gridRows(page)).toEqual({ header: ['far'], rows: [['4962']] })
  })

  it('completes columns with their types', async () => {
    const { page } = await enter()
    await page.locator('.columns button').first().waitFor()
    await typeSql(page, 'SELECT ')
    await page.keyboard.type('dest', { delay: 60 })
    const option = page.getByRole('option', { name: 'destination' })
    await option.waitFor()
    expect(await option.innerText()).toContain('VARCHAR')
    await page.waitForTimeout(150)
    await page.keyboard.press('Enter')
    expect(await page.getByRole('textbox', { name: 'SQL', exact: true }).innerText()).toBe('SELECT destination')
  })

  it('keeps the query over a reload, without running it', async () => {
    const { page } = await enter()
    await query(page, 'SELECT 42 AS kept')
    await page.reload()
    expect(await atRest(page)).toBe('ready')
    expect(await page.getByRole('textbox', { name: 'SQL', exact: true }).innerText()).toBe('SELECT 42 AS kept')
    await page.getByRole('button', { name: 'Back to the example' }).click()
    expect(await page.getByRole('textbox', { name: 'SQL', exact: true }).innerText()).toContain('late_percent')
  })

  it('cancels a long query, and runs the next', async () => {
    const { page } = await enter()
    await typeSql(page, 'SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range % 7 = b.range % 11')
    await page.keyboard.press('Control+Enter')
    await page.locator('html[data-state="running"]').waitFor({ state: 'attached' })
    await page.waitForTimeout(300)
    await page.keyboard.press('Escape')
    expect(await atRest(page)).toBe('ready')
    expect(await page.locator('#status').innerText()).toMatch(/^Cancelled after/)
    expect(await query(page, 'SELECT 1 + 1 AS two')).toBe('done')
    expect((await gridRows(page)).rows).toEqual([['2']])
  })
})

describe('looks', () => {
  it.each(['light', 'dark'] as const)('has enough contrast in %s', async (colorScheme) => {
    const { page } = await enter({ colorScheme })
    await query(page, 'SELECT origin\nFRM flights')
    const shown = await page.evaluate(contrasts)
    expect(shown.length).toBeGreaterThan(20)
    expect(shown.filter(({ ratio }) => ratio < 4.5)).toEqual([])
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const [red = 0] = ground.match(/\d+/g)!.map(Number)
    expect(colorScheme === 'dark' ? red < 64 : red > 191).toBe(true)
  })

  it('follows the chosen theme over a reload', async () => {
    const { page } = await enter({ colorScheme: 'light' })
    const button = page.getByRole('button', { name: /^Theme/ })
    await button.click()
    await button.click()
    expect(await button.innerText()).toBe('Theme: dark')
    await page.reload()
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark')
  })
})

/** Contrast ratio (WCAG 2) of every visible text with what is behind it; runs in the page. */
function contrasts(): { text: string; ratio: number }[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
  const rgba = (color: string): number[] => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = (color: number[]): number => {
    const [red = 0, green = 0, blue = 0] = color.slice(0, 3).map((part) => {
      const value = part / 255
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const behind = (element: Element | null): number[] => {
    for (let at = element; at !== null; at = at.parentElement ?? (at.getRootNode() as ShadowRoot).host ?? null) {
      const color = rgba(getComputedStyle(at).backgroundColor)
      if (color[3] === 255) return color
    }
    return rgba(getComputedStyle(document.documentElement).backgroundColor)
  }
  const found: { text: string; ratio: number }[] = []
  const walk = (root: Document | ShadowRoot): void => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot !== null) walk(element.shadowRoot)
      const text = [...element.childNodes]
        .filter((node) => node.nodeType === 3)
        .map((node) => node.textContent)
        .join('')
        .trim()
      if (text === '' || !element.checkVisibility({ visibilityProperty: true })) continue
      if (element.matches(':disabled, .skip, noscript *')) continue
      const one = luminance(rgba(getComputedStyle(element).color))
      const two = luminance(behind(element))
      found.push({ text, ratio: (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05) })
    }
  }
  walk(document)
  return found
}
