import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../.ci/shell.mjs'
import { chromiumHost } from './chromium-host.mjs'

/** The official file names its functions by its exports; the slim one has few. */
const officialFile = 'node_modules/@duckdb/duckdb-wasm/dist/duckdb-eh.wasm'

/**
 * Shows where our time goes: the engine's own account of a cold and a warm run, then the functions of the worker that used most of
 * its busy time in three warm runs. Runs the official engine file, since only that one names its functions.
 * @param {readonly import('./queries.mjs').Query[]} queries
 * @param {Record<string, { path: string }>} files
 */
export const profileQueries = async (queries, files) => {
  const names = exportedFunctions(await readFile(join(root, officialFile)))
  const host = await chromiumHost(files)
  try {
    for (const query of queries) {
      const opened = await host.open('ours', new URL('/official/duckdb-eh.wasm', host.address('')).href)
      const file = { name: query.file, address: host.address(query.file) }
      const run = () => opened.query(query.sql, [file])
      console.log(`\n${query.name}`)
      console.log(`  cold  ${accountOf(await run())}`)
      await run()
      console.log(`  warm  ${accountOf(await run())}`)
      const worker = await attachToWorker(host.browser)
      await worker('Profiler.enable')
      await worker('Profiler.setSamplingInterval', { interval: 200 })
      await worker('Profiler.start')
      for (let round = 0; round < 3; round++) await run()
      const { profile } = await worker('Profiler.stop')
      for (const line of selfTimes(profile, names).slice(0, 25)) console.log(`  ${line}`)
      await opened.close()
    }
  } finally {
    await host.close()
  }
}

/** @param {import('./system.js').Answer} answer */
const accountOf = ({ milliseconds, metrics }) => {
  const { planMilliseconds, scans } = /** @type {import('lakefront').QueryMetrics} */ (metrics)
  const sum = (/** @type {'fetchMilliseconds' | 'decodeMilliseconds' | 'bytesFetched'} */ key) =>
    scans.reduce((total, scan) => total + scan[key], 0)
  const parts = {
    total: milliseconds,
    plan: planMilliseconds,
    fetch: sum('fetchMilliseconds'),
    decode: sum('decodeMilliseconds'),
  }
  const texts = Object.entries(parts).map(([name, value]) => `${name} ${value.toFixed(0)}`)
  return `${texts.join('  ')} ms  (fetch overlaps; the rest is feeding and computing)  ${(sum('bytesFetched') / 1e6).toFixed(1)} MB`
}

/**
 * Commands for the engine's worker, through the protocol of the developer tools.
 * @param {import('playwright').Browser} browser
 * @returns {Promise<(method: string, params?: object) => Promise<any>>}
 */
const attachToWorker = async (browser) => {
  const session = await browser.newBrowserCDPSession()
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{}] })
  const worker = targetInfos.find(({ type, url }) => type === 'worker' && url.includes('engine'))
  if (!worker) throw new Error('The page has no worker whose name says "engine".')
  const { sessionId } = await session.send('Target.attachToTarget', { targetId: worker.targetId, flatten: false })
  /** @type {Map<number, (result: unknown) => void>} */
  const waiting = new Map()
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message)
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  let last = 0
  return (method, params = {}) =>
    new Promise((resolve) => {
      last += 1
      waiting.set(last, resolve)
      void session.send('Target.sendMessageToTarget', {
        sessionId,
        message: JSON.stringify({ id: last, method, params }),
      })
    })
}

/**
 * @param {{ nodes: { id: number, callFrame: { functionName: string, url: string } }[], samples: number[], timeDeltas: number[] }} profile
 * @param {Map<number, string>} names
 */
const selfTimes = ({ nodes, samples, timeDeltas }, names) => {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  /** @type {Map<string, number>} */
  const times = new Map()
  let total = 0
  samples.forEach((id, index) => {
    const { functionName = '', url = '' } = byId.get(id) ?? {}
    // Before, between and after the runs, and while a fetch is waited for.
    if (functionName === '(idle)') return
    const number = /wasm-function\[(\d+)\]/.exec(functionName)?.[1]
    const file = url.split('/').at(-1) ?? ''
    const known = number !== undefined && file.startsWith('duckdb') ? (names.get(Number(number)) ?? '') : ''
    const name = `${functionName || '(anonymous)'} ${known} ${file}`.replaceAll(/ +/g, ' ')
    const milliseconds = (timeDeltas[index] ?? 0) / 1000
    total += milliseconds
    times.set(name, (times.get(name) ?? 0) + milliseconds)
  })
  const sorted = [...times].sort(([, a], [, b]) => b - a)
  return sorted.map(([name, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${name.slice(0, 200)}`)
}

/** Names of functions by their index, from the export section of a wasm file. @param {Uint8Array} file */
const exportedFunctions = (file) => {
  /** @type {Map<number, string>} */
  const names = new Map()
  const text = new TextDecoder()
  let at = 8
  const unsigned = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = file[at++] ?? 0
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < file.length) {
    const section = file[at++]
    const length = unsigned()
    const end = at + length
    if (section === 7) {
      for (let count = unsigned(); count > 0; count--) {
        const size = unsigned()
        const name = text.decode(file.subarray(at, at + size))
        at += size
        const isFunction = file[at++] === 0
        const index = unsigned()
        if (isFunction) names.set(index, name.replace('orig$', ''))
      }
    }
    at = end
  }
  return names
}
