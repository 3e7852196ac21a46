import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { say } from '../.ci/shell.mjs'
import { benchFiles, sizesOf } from './files.mjs'
import { checkEqual, asText } from './measure.mjs'
import { openProcess } from './process-host.mjs'
import { rangeServer } from './range-server.mjs'
import { indexedFile, neededBytes, remoteQueries } from './remote.mjs'

/** What a request waits for before its answer begins. */
const roundTrip = 30

/**
 * Bytes and requests of single queries, each in a new session, from a server that counts them.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ host: hostName, rows, only, build }) => {
  const unknown = only?.find((name) => remoteQueries.every((query) => query.name !== name))
  const known = remoteQueries.map(({ name }) => name).join(', ')
  if (unknown !== undefined) throw new Error(`No remote query is named "${unknown}". Queries: ${known}.`)
  const queries = remoteQueries.filter(({ name }) => only?.includes(name) ?? true)
  await build()
  const made = await benchFiles({ rows, names: ['lineitem.snappy'] })
  const lineitem = /** @type {{ path: string, bytes: number }} */ (made['lineitem.snappy'])
  /** @type {Files} */
  const files = {
    'lineitem.snappy': lineitem,
  }
  for (const kind of /** @type {const} */ (['indexed', 'fine'])) {
    const name = `lineitem.${kind}`
    if (queries.some(({ file }) => file === name)) files[name] = await indexedFile(lineitem.path, kind)
  }
  const host = await (hostName === 'chromium' ? pages(files) : processes(files))
  /** @type {Record<string, number>} */
  const figures = {}
  /** @type {import('./measure.mjs').Samples[]} */
  const samples = []
  const native = await openProcess('native')
  try {
    for (const { name, file, sql, columns } of queries) {
      say(name)
      const text = sql.replace('KEY', String(Math.floor(rows / 7)))
      const path = /** @type {Record<string, { path: string }>} */ (files)[file]?.path ?? ''
      const opened = await host.open('ours')
      host.server.taken()
      const answer = await opened.query(text, [{ name: file, address: host.address(file) }])
      const { bytes, requests } = host.server.taken()
      await opened.close()
      const wanted = await native.query(text, [{ name: file, address: path }])
      checkEqual(
        name,
        new Map([
          ['ours', asText(answer)],
          ['native1', asText(wanted)],
        ]),
      )
      Object.assign(figures, { [`${name}.bytes`]: bytes, [`${name}.requests`]: requests })
      if (columns) {
        const needed = await neededBytes(path, columns)
        if (name === 'limit10') figures[`${name}.bytes/group`] = ratio(bytes, needed.group + needed.footer)
        else figures[`${name}.bytes/needed`] = ratio(bytes, needed.all)
      }
      samples.push({ name, cold: { ours: [answer.milliseconds] }, warm: {}, metrics: [{ cold: answer.metrics }] })
    }
    return { figures, samples, files: sizesOf(files) }
  } finally {
    await native.close()
    await host.close()
  }
}

/** @param {number} bytes @param {number} needed */
const ratio = (bytes, needed) => Number((bytes / needed).toPrecision(4))

/**
 * @typedef {Awaited<ReturnType<typeof rangeServer>>} Server
 * @typedef {Record<string, { path: string, bytes: number }>} Files
 * @typedef {Pick<import('./measure.mjs').Host, 'address' | 'open' | 'close'> & { server: Server }} RemoteHost
 */

/** @param {Files} files @returns {Promise<RemoteHost>} */
const pages = async (files) => {
  /** @type {Server | undefined} */
  let server
  const { chromiumHost } = await import('./chromium-host.mjs')
  /** @param {{ root: string }} options */
  const serveSite = async ({ root }) => (server = await rangeServer({ root, files, milliseconds: roundTrip }))
  const host = await chromiumHost({}, { serveSite })
  return { ...host, server: /** @type {Server} */ (/** @type {unknown} */ (server)) }
}

/** @param {Files} files @returns {Promise<RemoteHost>} */
const processes = async (files) => {
  const root = await mkdtemp(join(tmpdir(), 'bench-'))
  const server = await rangeServer({ root, files, milliseconds: roundTrip })
  return {
    server,
    address: (name) => new URL(`data/${name}.parquet`, server.url).href,
    open: openProcess,
    close: async () => {
      await server.close()
      await rm(root, { recursive: true })
    },
  }
}
