import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pointsOf, spread } from './fault-points.mjs'
import { kindOf, modelAfter } from './operations.mjs'

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
      let done = 0
      let child = await openChild(dist, folder)
      while (done < mostCommits && report.kills < kills) {
        const { name } = kindOf(done)
        const point = waiting.get(name)?.shift()
        if (point === undefined) {
          const answer = await child.commit({ n: done })
          waiting.set(name, spread(pointsOf(answer.steps, 'writeFile ')))
          done++
          continue
        }
        const { at, when, step } = point
        const answer = await child.commit({ n: done, at, when })
        if (answer !== undefined) {
          // It took fewer steps this time.
          done++
          continue
        }
        report.kills++
        const label = `${when} ${step}`
        report.points[label] = (report.points[label] ?? 0) + 1
        child = await openChild(dist, folder)
        const landed = child.found.state === modelAfter(done + 1)
        if (!landed && child.found.state !== modelAfter(done))
          report.wrong.push(`${name} ${done}, killed ${label}: found ${child.found.state}, not ${modelAfter(done)}`)
        report.wrong.push(...child.found.problems.map((/** @type {string} */ text) => `killed ${label}: ${text}`))
        if (landed) {
          report.landed++
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

/** @param {string} dist @param {string} folder */
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
    if (signal === 'SIGKILL') return undefined
    throw new Error(`The process ended with ${code ?? signal}: ${errors.slice(-3000)}`)
  }
  return {
    found: await next(),
    /** What the commit says, or undefined when it was ended within. @param {{ n: number, at?: number, when?: string }} told */
    commit: async (told) => {
      child.stdin.write(`${JSON.stringify(told)}\n`)
      return next()
    },
    end: async () => {
      child.stdin.end()
      await ended
    },
  }
}
