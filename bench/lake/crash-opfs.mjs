import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { browserFlags, ensureBrowser } from '../../.ci/browser.mjs'
import { serve } from '../../.ci/serve.mjs'
import { killsInTurn, pointsOf, spread } from './fault-points.mjs'
import { kindCount, kindOf, modelAfter } from './operations.mjs'

const here = dirname(fileURLToPath(import.meta.url))

/** How many commits a lake has seen when a new one is begun: later ones read more files. */
const mostCommits = 40

/** Every so many kills it is the tab that crashes, else the worker that is ended. */
const tabEvery = 3

/** The engine's worker behind what stops it at its steps. @type {import('../../.ci/serve.mjs').Route} */
const workerScript = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/javascript' })
  response.end("import './opfs-faults.mjs'\nimport '../../dist/worker/engine.js'\n")
}

/**
 * A page over a lake in the browser's own file system, of the library in `dist`.
 * @param {string} dist
 */
export const openLakeSite = async (dist) => {
  const root = await mkdtemp(join(tmpdir(), 'lake-site-'))
  await mkdir(join(root, 'bench'))
  await symlink(dist, join(root, 'dist'))
  await symlink(here, join(root, 'bench/lake'))
  const site = await serve({ root, routes: { '/bench/lake/worker.js': workerScript } })
  const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: browserFlags, headless: true })
  return {
    browser,
    /** @param {import('playwright').BrowserContext} context */
    openPage: async (context) => {
      const page = await context.newPage()
      await page.goto(new URL('bench/lake/page.html', site.url).href)
      await page.waitForFunction(() => 'lakeTests' in globalThis)
      return page
    },
    close: async () => {
      await browser.close()
      await site.close()
      await rm(root, { recursive: true })
    },
  }
}

/** @param {import('playwright').Page} page @param {string} name @param {unknown} [given] @returns {Promise<any>} */
const ask = (page, name, given) =>
  page.evaluate(([name, given]) => /** @type {any} */ (globalThis).lakeTests[String(name)](given), [name, given])

/**
 * Ends workers and crashes tabs of Chromium at the steps of their commits in a lake of the browser's own file system, and looks at what the next
 * one finds.
 * @param {{ dist: string, kills: number, say?: (text: string) => void }} options
 * @returns {Promise<import('./fault-points.mjs').CrashReport>}
 */
export const crashOnOpfs = async ({ dist, kills, say = () => {} }) => {
  /** @type {import('./fault-points.mjs').CrashReport} */
  const report = { kills: 0, landed: 0, points: {}, wrong: [] }
  /** @type {Map<string, import('./fault-points.mjs').FaultPoint[]>} */
  const waiting = new Map()
  const site = await openLakeSite(dist)
  try {
    while (report.kills < kills) {
      const context = await site.browser.newContext()
      let page = await site.openPage(context)
      let [done, inTurn] = [0, 0]
      await ask(page, 'open', 'opfs:/lake')
      while (done < mostCommits && report.kills < kills) {
        const { name } = kindOf(done)
        const left = waiting.get(name) ?? []
        const point = inTurn < killsInTurn ? left.shift() : undefined
        const { steps, stopped } = await ask(page, 'commit', {
          n: done,
          ...(point && { at: point.at, when: point.when }),
        })
        if (stopped === undefined) {
          // The first ones make folders too. What follows is always the first commit of a worker, as this one is.
          if (point === undefined && done >= kindCount && left.length === 0)
            waiting.set(name, spread(pointsOf(steps, 'write '), done % kindCount))
          if (done >= kindCount - 1) {
            await ask(page, 'terminate')
            await ask(page, 'open', 'opfs:/lake')
          }
          inTurn = 0
          done++
          continue
        }
        const isTab = report.kills++ % tabEvery === 0
        inTurn++
        const label = `${isTab ? 'tab' : 'worker'}, ${stopped}`
        report.points[label] = (report.points[label] ?? 0) + 1
        if (isTab) {
          await crash(context, page)
          page = await site.openPage(context)
        } else await ask(page, 'terminate')
        const found = await ask(page, 'open', 'opfs:/lake')
        const landed = found.state === modelAfter(done + 1)
        if (!landed && found.state !== modelAfter(done))
          report.wrong.push(`${name} ${done}, ${label}: found ${found.state}, not ${modelAfter(done)}`)
        report.wrong.push(...found.problems.map((/** @type {string} */ text) => `${label}: ${text}`))
        if (landed) {
          report.landed++
          inTurn = 0
          done++
        }
        if (report.kills % 25 === 0) say(`${report.kills} kills, ${report.landed} commits had landed`)
      }
      await context.close()
    }
  } finally {
    await site.close()
  }
  return report
}

/** @param {import('playwright').BrowserContext} context @param {import('playwright').Page} page */
const crash = async (context, page) => {
  const session = await context.newCDPSession(page)
  const gone = page.waitForEvent('crash')
  void session.send('Page.crash').catch(() => {})
  await gone
  await page.close()
}
