import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright'
import { build } from 'rolldown'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { contentSecurityPolicy, serve } from '../.ci/serve.mjs'
import type { ObstinatePage } from '../src/rpc/fixtures/obstinate-page.ts'
import { openBrowser } from './browser.ts'
import type { Site } from './site.ts'

let root: string
let site: Site
let browser: Browser
let page: Page

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakefront-boundary-'))
  const fixture = (name: string): string => fileURLToPath(new URL(`../src/rpc/fixtures/${name}.ts`, import.meta.url))
  for (const name of ['obstinate-page', 'obstinate-browser-worker']) {
    await build({
      input: fixture(name),
      platform: 'browser',
      output: { file: join(root, `${name}.js`) },
      logLevel: 'warn',
    })
  }
  await writeFile(join(root, 'index.html'), '<!doctype html><script type="module" src="obstinate-page.js"></script>')
  await writeFile(join(root, 'throws.js'), 'throw new Error("no good")')
  await writeFile(join(root, 'silent.js'), 'export {}')
  await writeFile(
    join(root, 'page.html'),
    '<!doctype html><p>a single-page application answers everything with its page',
  )
  site = await serve({
    root,
    routes: {
      '/no-workers.html': (_request, response) => {
        const policy = contentSecurityPolicy.replace("worker-src 'self'", "worker-src 'none'")
        response
          .writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
          .end('<!doctype html><script type="module" src="obstinate-page.js"></script>')
      },
    },
  })
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
  await rm(root, { recursive: true, force: true })
})

beforeEach(async () => {
  await page?.close()
  page = await browser.newPage()
  await page.goto(site.url)
})

const open = (script: string, options = {}): ReturnType<ObstinatePage['open']> =>
  page.evaluate(([url, rest]) => globalThis.page.open(url, rest), [script, options] as const)

const run = (...statements: string[]): ReturnType<ObstinatePage['run']> =>
  page.evaluate((all) => globalThis.page.run(...all), statements)

test.each(['crash', 'exit 0'])('after "%s" all that was pending is rejected, and the next call works', async (sql) => {
  expect(await open('obstinate-browser-worker.js')).toBeUndefined()
  expect(await run('rows 1')).toEqual([2])
  const outcomes = await run('ignore', 'obey', 'next ignore', sql)
  expect(outcomes.map((outcome) => typeof outcome === 'object' && outcome.code)).toEqual(Array(4).fill('WORKER_LOST'))
  expect(await run('rows 1')).toEqual([2])
})

test('a worker that blocks is replaced after an abort', async () => {
  await open('obstinate-browser-worker.js', { stopWithin: 200 })
  const aborted = await page.evaluate(() => globalThis.page.abort('loop', 50))
  expect(aborted).toEqual({ message: 'over' })
  expect(await run('rows 1')).toEqual([2])
})

test.each([
  ['no-such-worker.js', /no-such-worker\.js" could not be loaded/],
  ['throws.js', /throws\.js" could not be loaded: .*no good/],
  ['page.html', /page\.html" could not be loaded/],
  ['https://elsewhere.invalid/worker.js?token=secret', /elsewhere\.invalid\/worker\.js" could not be/],
])('a worker script that cannot be used: %s', async (script, message) => {
  const failure = await open(script)
  expect(failure).toMatchObject({ code: 'WORKER_LOST' })
  expect(failure!.message).toMatch(message)
  expect(failure!.message).toContain('connect({ workerUrl })')
  expect(failure!.message).not.toContain('secret')
})

test('a worker script that loads and says nothing', async () => {
  const failure = await open('silent.js', { loadWithin: 300 })
  expect(failure).toMatchObject({ code: 'WORKER_LOST' })
  expect(failure!.message).toMatch(/did not answer within 0\.3 s/)
})

test('a content security policy without workers', async () => {
  await page.goto(new URL('no-workers.html', site.url).href)
  const failure = await open('obstinate-browser-worker.js')
  expect(failure).toMatchObject({ code: 'WORKER_LOST' })
  expect(failure!.message).toMatch(/Content-Security-Policy/)
})
