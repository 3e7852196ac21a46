import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { contentSecurityPolicy, serve } from '../.ci/serve.mjs'
import { openBrowser } from './browser.ts'
import type { Site } from './site.ts'

let folder: string
let site: Site

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakefront-site-'))
  await writeFile(join(folder, 'index.html'), '<p>page</p>')
  await writeFile(join(folder, 'digits.parquet'), '0123456789')
  await writeFile(join(folder, 'empty.csv'), '')
  site = await serve({
    root: folder,
    routes: { '/planted': (_, response) => void response.writeHead(503).end('busy') },
  })
})
afterAll(async () => {
  await site.close()
  await rm(folder, { recursive: true })
})

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  fetch(new URL(path, site.url), { headers, method })

it('serves the page with its type, the policy, and a validator that is honoured', async () => {
  const page = await get('/')
  expect(await page.text()).toBe('<p>page</p>')
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy)
  expect(contentSecurityPolicy).not.toMatch(/'unsafe-(eval|inline)'|https?:|\*/)
  const etag = page.headers.get('etag') ?? ''
  expect((await get('/', { 'if-none-match': etag })).status).toBe(304)
  expect((await get('/', { 'if-match': etag })).status).toBe(200)
  expect((await get('/', { 'if-match': '"another"' })).status).toBe(412)
})

it.each([
  ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
  ['bytes=8-', 206, '89', 'bytes 8-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=5-500', 206, '56789', 'bytes 5-9/10'],
  ['bytes=-500', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
  ['bytes=4-2', 416, '', 'bytes */10'],
  ['bytes=0-1,4-5', 200, '0123456789', null],
  ['lines=0-1', 200, '0123456789', null],
])('answers the range %s', async (range, status, body, contentRange) => {
  const response = await get('/digits.parquet', { range })
  expect(response.status).toBe(status)
  expect(await response.text()).toBe(body)
  expect(response.headers.get('content-range')).toBe(contentRange)
})

it('answers a range of a file that has changed with the whole file', async () => {
  const response = await get('/digits.parquet', { range: 'bytes=0-3', 'if-range': '"older"' })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('0123456789')
})

it('answers HEAD, empty files, planted routes, and refuses other methods', async () => {
  const head = await get('/digits.parquet', {}, 'HEAD')
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
  expect(await (await get('/empty.csv')).text()).toBe('')
  expect((await get('/planted')).status).toBe(503)
  expect((await get('/', {}, 'PUT')).status).toBe(405)
})

it.each([
  '/nothing',
  '//nowhere',
  '//[',
  'http://[',
  '/%ff',
  '/../digits.parquet/../../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%2f..%2fetc/passwd',
])('has no file at %s', async (path) => {
  // fetch would tidy the path up before sending it.
  const status = await new Promise((resolve, reject) => {
    const { hostname, port } = new URL(site.url)
    request({ hostname, port, path }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
  expect(status).toBe(404)
})

it('tells of what the policy stopped inside a worker, where no console shows it', async () => {
  await writeFile(join(folder, 'curious.html'), '<script type="module" src="curious.js"></script>')
  await writeFile(join(folder, 'curious.js'), `new Worker('worker.js', { type: 'module' })`)
  await writeFile(join(folder, 'worker.js'), `fetch('https://elsewhere.example/file').catch(() => {})`)
  const browser = await openBrowser()
  const reports: string[] = []
  const watched = await serve({ root: folder, onViolation: (report) => reports.push(report) })
  try {
    const page = await browser.newPage()
    await page.goto(`${watched.url}curious.html`)
    await expect.poll(() => reports, { timeout: 10_000 }).toHaveLength(1)
    expect(reports[0]).toContain('connect-src stopped https://elsewhere.example/file')
  } finally {
    await browser.close()
    await watched.close()
  }
})
