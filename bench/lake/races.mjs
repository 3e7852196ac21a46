import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median } from '../figures.mjs'
import { openLakeSite } from './crash-opfs.mjs'
import { checkRace, prepareRace } from './race-writer.mjs'

/**
 * @typedef {object} RaceReport
 * @property {number} commits
 * @property {number} perSecond commits that came in, of all writers together
 * @property {number} p50 milliseconds of a commit, lost races and all
 * @property {number} p95
 * @property {number} max
 * @property {number} attempts per commit, 1 without a lost race
 * @property {number} most attempts of one commit
 * @property {number} conflicts transactions that had to be run again, since another took the same row first
 * @property {string[]} wrong
 *
 * @typedef {{ dist: string, url: string, writers: number, commits: number, storage?: unknown }} RaceOptions
 */

const script = fileURLToPath(new URL('race-child.mjs', import.meta.url))

/** Several processes that write to one lake at once, on disk or in a store. @param {RaceOptions} options @returns {Promise<RaceReport>} */
export const raceOfProcesses = async ({ dist, url, writers, commits, storage }) => {
  const lakefront = await import(new URL('index.js', `file://${dist}/`).href)
  const db = await lakefront.connect({ worker: false, ...(storage !== undefined && { storage }) })
  try {
    const first = await prepareRace(db, url)
    const children = await Promise.all(
      Array.from({ length: writers }, (_, writer) => openChild(dist, { url, writer, commits, storage })),
    )
    const began = performance.now()
    const done = (await Promise.all(children.map((child) => child.run()))).flat()
    const seconds = (performance.now() - began) / 1000
    return reportOf(done, seconds, await checkRace(db, url, { first, commits: done }))
  } finally {
    await db.close()
  }
}

/** Several tabs of a browser that write to one lake of its own file system. @param {Omit<RaceOptions, 'url' | 'storage'>} options @returns {Promise<RaceReport>} */
export const raceOfTabs = async ({ dist, writers, commits }) => {
  const site = await openLakeSite(dist)
  try {
    const context = await site.browser.newContext()
    const url = 'opfs:/raced'
    const pages = await Promise.all(Array.from({ length: writers }, () => site.openPage(context)))
    /** @param {import('playwright').Page} page @param {string} name @param {unknown} given @returns {Promise<any>} */
    const ask = (page, name, given) =>
      page.evaluate(([name, given]) => /** @type {any} */ (globalThis).lakeTests[String(name)](given), [name, given])
    const [page] = pages
    if (page === undefined) throw new Error('A race needs writers.')
    const first = await ask(page, 'prepareRace', { url })
    await Promise.all(pages.map((page) => ask(page, 'connect', {})))
    const began = performance.now()
    const done = (
      await Promise.all(pages.map((page, writer) => ask(page, 'runWriter', { url, writer, commits })))
    ).flat()
    const seconds = (performance.now() - began) / 1000
    return reportOf(done, seconds, await ask(page, 'checkRace', { url, first, commits: done }))
  } finally {
    await site.close()
  }
}

/** @param {readonly import('./race-writer.mjs').RaceCommit[]} done @param {number} seconds @param {string[]} wrong @returns {RaceReport} */
const reportOf = (done, seconds, wrong) => {
  const times = done.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
  const attempts = done.map(({ attempts }) => attempts)
  return {
    commits: done.length,
    perSecond: done.length / seconds,
    p50: median(times),
    p95: times[Math.floor(times.length * 0.95)] ?? NaN,
    max: times.at(-1) ?? NaN,
    attempts: attempts.reduce((sum, count) => sum + count, 0) / attempts.length,
    most: Math.max(...attempts),
    conflicts: done.reduce((sum, { reruns }) => sum + reruns, 0),
    wrong,
  }
}

/** @param {string} dist @param {object} options */
const openChild = async (dist, options) => {
  const child = spawn(process.execPath, [script, dist, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += chunk))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  const next = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`A writer ended with ${(await ended).join(' ')}: ${errors.slice(-3000)}`)
    return value
  }
  await next()
  return {
    /** @returns {Promise<import('./race-writer.mjs').RaceCommit[]>} */
    run: async () => {
      child.stdin.write('begin\n')
      const commits = JSON.parse(await next())
      await ended
      return commits
    },
  }
}
