import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { killsInTurn, pointsOf, spread } from './fault-points.mjs'
import { kindCount, kindOf, modelAfter } from './operations.mjs'

/** @typedef {{ found: { state: string, problems: string[] }, commit: (told: { n: number, at?: number, when?: string }) => Promise<any>, ended: Promise<unknown>, end: () => Promise<void>, reopened: () => Promise<Child> }} Child */

const script = fileURLToPath(new URL('crash-child.mjs', import.meta.url))

/** How many commits a lake has seen when a new one is begun: later ones read more files. */
const mostCommits = 40

/**
 * Ends processes at the steps of their commits in a lake on disk, a new process each, and looks at what the next one finds. Every step of every kind
 * of commit has its turn before one has a second; `kills` bounds how many.
 * @param {{ dist: string, kills: number, say?: (text: string) => void }} options
 * @returns {Promise<import('./fault-points.mjs').CrashReport>}
 */
export const crashOnDisk = async ({ dist, kills, say = () => {} }) => {
  /** @type {import('./fault-points.mjs').CrashReport} */
  const report = { kills: 0, landed: 0, points: {}, wrong: [] }
  /** Steps of each kind of commit, as they were counted when it was done without a fault. @type {Map<string, import('./fault-points.mjs').FaultPoint[]>} */
  const waiting = new Map()
  while (report.kills < kills) {
    const folder = await mkdtemp(join(tmpdir(), 'lake-crash-'))
    try {
      let [done, inTurn] = [0, 0]
      let child = await openChild(dist, folder)
      while (done < mostCommits && report.kills < kills) {
        const { name } = kindOf(done)
        const left = waiting.get(name) ?? []
        const point = inTurn < killsInTurn ? left.shift() : undefined
        if (point === undefined) {
          const { steps } = await child.commit({ n: done })
          // The first ones make folders too. What follows is always the first commit of a process, as this one is.
          if (done >= kindCount && left.length === 0)
            waiting.set(name, spread(pointsOf(steps, 'writeFile '), done % kindCount))
          inTurn = 0
          done++
          if (done >= kindCount) child = await child.reopened()
          continue
        }
        const { killed } = await child.commit({ n: done, at: point.at, when: point.when })
        if (killed === undefined) {
          // It took fewer steps this time.
          inTurn = 0
          done++
          child = await child.reopened()
          continue
        }
        await child.ended
        report.kills++
        inTurn++
        report.points[killed] = (report.points[killed] ?? 0) + 1
        child = await openChild(dist, folder)
        const landed = child.found.state === modelAfter(done + 1)
        if (!landed && child.found.state !== modelAfter(done))
          report.wrong.push(`${name} ${done}, killed ${killed}: found ${child.found.state}, not ${modelAfter(done)}`)
        report.wrong.push(...child.found.problems.map((/** @type {string} */ text) => `killed ${killed}: ${text}`))
        if (landed) {
          report.landed++
          inTurn = 0
          done++
        }
        if (report.kills % 25 === 0) say(`${report.kills} kills, ${report.landed} commits had landed`)
      }
      await child.end()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  return report
}

/** @param {string} dist @param {string} folder @returns {Promise<Child>} */
const openChild = async (dist, folder) => {
  const child = spawn(process.execPath, [script, dist, folder], { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += chunk))
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  const next = async () => {
    const { value, done } = await lines.next()
    if (done !== true) return JSON.parse(value)
    const [code, signal] = await ended
    throw new Error(`The process ended with ${code ?? signal}: ${errors.slice(-3000)}`)
  }
  const end = async () => {
    child.stdin.end()
    await ended
  }
  return {
    found: await next(),
    ended,
    /** What the commit says, or `killed` where it was ended within. @param {{ n: number, at?: number, when?: string }} told */
    commit: async (told) => {
      child.stdin.write(`${JSON.stringify(told)}\n`)
      return next()
    },
    end,
    reopened: async () => {
      await end()
      return openChild(dist, folder)
    },
  }
}
