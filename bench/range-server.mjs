import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '../.ci/serve.mjs'

/**
 * Serves a folder, and beside it files as a store far away does: every request for them waits, answers ranges, and is counted.
 * @param {{ root: string, files: Record<string, { path: string, bytes: number }>, milliseconds: number }} options
 */
export const rangeServer = async ({ root, files, milliseconds }) => {
  const traffic = { requests: 0, bytes: 0 }

  /** @param {string} path @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>} */
  const route = (path) => async (request, response) => {
    traffic.requests += 1
    await sleep(milliseconds)
    const { size, mtimeMs } = await stat(path)
    const etag = `"${size}-${Math.trunc(mtimeMs)}"`
    const headers = { 'content-type': 'application/vnd.apache.parquet', 'accept-ranges': 'bytes', etag }
    if ((request.headers['if-match'] ?? etag) !== etag) return void response.writeHead(412, headers).end()
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end()
    const range = rangeOf(request.headers.range, size)
    if (range && range.start >= size) {
      return void response.writeHead(416, { ...headers, 'content-range': `bytes */${size}` }).end()
    }
    const { start, end } = range ?? { start: 0, end: size - 1 }
    response.writeHead(range ? 206 : 200, {
      ...headers,
      'content-length': end - start + 1,
      ...(range && { 'content-range': `bytes ${start}-${end}/${size}` }),
    })
    if (request.method === 'HEAD') return void response.end()
    const body = createReadStream(path, { start, end, highWaterMark: 1 << 18 })
    body.on('data', (chunk) => (traffic.bytes += chunk.length))
    await pipeline(body, response).catch(() => response.destroy())
  }

  const routes = Object.fromEntries(
    Object.entries(files).map(([name, { path }]) => [`/data/${name}.parquet`, route(path)]),
  )
  const server = await serve({ root, routes })
  return {
    ...server,
    /** What was asked and sent since the last call. */
    taken() {
      const { ...taken } = traffic
      Object.assign(traffic, { requests: 0, bytes: 0 })
      return taken
    },
  }
}

/** @param {string | undefined} header @param {number} size */
const rangeOf = (header, size) => {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === '') return last === '' ? undefined : { start: Math.max(0, size - Number(last)), end: size - 1 }
  return { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}
