import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

/**
 * What the page may do: run its own scripts and compile its own wasm, fetch from its own origin, nothing else. Styles
 * come from files and constructed style sheets, never from `<style>` elements or attributes made by scripts.
 */
export const contentSecurityPolicy = [
  `default-src 'none'`,
  `script-src 'self' 'wasm-unsafe-eval'`,
  `worker-src 'self'`,
  `connect-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `font-src 'self'`,
  `manifest-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ')

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.parquet': 'application/vnd.apache.parquet',
}

/**
 * The single byte range that a request asks for (RFC 9110 §14): `undefined` for the whole file, `null` when it cannot
 * be satisfied. Several ranges in one request are answered with the whole file, as the RFC allows.
 * @param {string | undefined} header @param {number} size
 */
const requestedRange = (header, size) => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  return start >= size || start > end ? null : { start, end }
}

/**
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} Route
 */

/** @param {import('node:http').IncomingMessage} request */
const pathnameOf = (request) => (request.url ?? '/').split('?', 1)[0] ?? '/'

/** The path below the root, unable to leave it; a malformed one names no file. @param {import('node:http').IncomingMessage} request */
const pathOf = (request) => {
  const pathname = pathnameOf(request)
  try {
    const path = normalize(decodeURIComponent(pathname))
    return path.endsWith('/') ? `${path}index.html` : path
  } catch {
    return pathname
  }
}

/** @param {string} root @param {string} policy @returns {Route} */
const fileRoute = (root, policy) => async (request, response) => {
  const file = join(root, pathOf(request))
  const info = await stat(file).catch(() => undefined)
  if (!info?.isFile()) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n')

  const etag = `"${info.size.toString(36)}-${Math.trunc(info.mtimeMs).toString(36)}"`
  const headers = {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    'accept-ranges': 'bytes',
    etag,
  }
  if (request.headers['if-match'] && request.headers['if-match'] !== etag) {
    return void response.writeHead(412, headers).end()
  }
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end()

  const isCurrent = !request.headers['if-range'] || request.headers['if-range'] === etag
  const range = isCurrent ? requestedRange(request.headers.range, info.size) : undefined
  if (range === null) {
    return void response.writeHead(416, { ...headers, 'content-range': `bytes */${info.size}` }).end()
  }
  const { start, end } = range ?? { start: 0, end: info.size - 1 }
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': end - start + 1,
    ...(range && { 'content-range': `bytes ${start}-${end}/${info.size}` }),
  })
  if (request.method === 'HEAD' || info.size === 0) return void response.end()
  await pipeline(createReadStream(file, { start, end }), response).catch(() => response.destroy())
}

const reportPath = '/policy-violation'

/**
 * @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response
 * @param {(report: string) => void} onViolation
 */
const receiveReport = async (request, response, onViolation) => {
  const { 'csp-report': report = {} } = /** @type {Record<string, Record<string, string>>} */ (await json(request))
  response.writeHead(204).end()
  const { 'violated-directive': directive, 'blocked-uri': blocked, 'document-uri': page } = report
  onViolation(`${directive} stopped ${blocked} in ${page}`)
}

/**
 * Serves a folder of files as a static host would: types, ranges, validators, the strict content security policy.
 * Listens on this machine only. With `port` 0 the system chooses a free one; `routes` answer before the files do.
 * With `onViolation`, browsers report what the policy stopped, in workers too, where no console shows it.
 * @param {{ root: string, port?: number, routes?: Record<string, Route>, onViolation?: (report: string) => void }} options
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export const serve = ({ root, port = 0, routes = {}, onViolation }) =>
  new Promise((resolve, reject) => {
    const policy = onViolation ? `${contentSecurityPolicy}; report-uri ${reportPath}` : contentSecurityPolicy
    const file = fileRoute(normalize(root), policy)
    const server = createServer((request, response) => {
      const pathname = pathnameOf(request)
      const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined
      if (route) return route(request, response)
      if (onViolation && pathname === reportPath) return receiveReport(request, response, onViolation)
      if (request.method !== 'GET' && request.method !== 'HEAD') return response.writeHead(405).end()
      file(request, response)
    })
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const chosen = typeof address === 'object' && address ? address.port : port
      resolve({
        url: `http://127.0.0.1:${chosen}/`,
        close: () =>
          new Promise((done) => {
            server.closeAllConnections()
            server.close(() => done())
          }),
      })
    })
  })
