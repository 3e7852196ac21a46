import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { root, say } from '../.ci/shell.mjs'
import { rotated } from './measure.mjs'
import { filesNamed } from './named.mjs'
import { openProcess } from './process-host.mjs'
import { runPython } from './python.mjs'

/**
 * @typedef {import('./process-host.mjs').Opened} Opened
 * @typedef {{ query: string, system: string, code: string, message: string }} Failed
 */

const tables = ['customer', 'lineitem', 'nation', 'orders', 'part', 'partsupp', 'region', 'supplier']

/** Longest time a query may take before its system is given up for this query. */
const patience = 180_000

/**
 * The tables of TPC-H as Parquet, made when they are not there yet.
 * @param {number} scale the scale factor
 * @returns {Promise<Record<string, { path: string, bytes: number }>>}
 */
export const tpchFiles = async (scale) => {
  const folder = join(root, `.cache/bench/tpch-${scale}`)
  if (!(await stat(folder).catch(() => undefined))) {
    say(`making TPC-H at scale factor ${scale}`)
    const part = `${folder}.part`
    await mkdir(part, { recursive: true })
    const options = ['--compression', 'SNAPPY', '--overwrite', '--quiet']
    await runPython('tpchgen-cli', ['parquet', '-s', String(scale), '-o', part, ...options])
    await rename(part, folder)
  }
  const entries = tables.map(async (name) => {
    const path = join(folder, `${name}.parquet`)
    return [name, { path, bytes: (await stat(path)).size }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/**
 * Whether two answers are the same; numbers with a fraction may differ by rounding.
 * @param {import('./system.js').Answer} one @param {import('./system.js').Answer} other
 */
export const isSame = (one, other) => {
  const values = [one, other].map(({ rows }) => rows.flatMap((row) => ['row', ...Object.values(row).map(String)]))
  const [left = [], right = []] = values
  return left.length === right.length && left.every((value, index) => isSameValue(value, right[index] ?? ''))
}

/** @param {string} one @param {string} other */
const isSameValue = (one, other) => {
  if (one === other) return true
  if (!/[.e]/.test(one + other)) return false
  const [a, b] = [Number(one), Number(other)]
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b))
}

/**
 * All queries in all systems, warm: each system is opened once, is given the tables in the way that is fastest for it, and runs each
 * query once uncounted. A system that fails a query or answers wrongly is said and has no figure for it.
 * @param {readonly { name: string, sql: string }[]} queries
 * @param {import('./measure.mjs').Host} host @param {Record<string, { path: string }>} files @param {number} rounds
 */
export const measureTpch = async (queries, host, files, rounds) => {
  const systems = ['native1', ...host.systems]
  /** @param {string} system @param {string} name */
  const fileOf = (system, name) => ({
    name,
    address: system === 'native1' ? (files[name]?.path ?? '') : host.address(name),
  })
  /** @type {Map<string, Opened>} */
  const opened = new Map()
  /** @param {string} system */
  const open = async (system) => {
    const ready = await (system === 'native1' ? openProcess('native') : host.open(system))
    opened.set(system, ready)
    for (const name of tables) await ready.keep(fileOf(system, name), 'fastest')
    return ready
  }
  /** @type {Failed[]} */
  const failures = []
  /** @type {import('./measure.mjs').Samples[]} */
  const samples = []
  try {
    for (const { name, sql } of queries) {
      say(name)
      const run = async (/** @type {string} */ system) => {
        const ready = opened.get(system) ?? (await open(system))
        const asked = ready.query(
          sql,
          filesNamed(sql).map((file) => fileOf(system, file)),
        )
        return orTimedOut(asked, system)
      }
      /** @type {Record<string, number[]>} */
      const warm = {}
      /** @type {Set<string>} */
      const failed = new Set()
      const giveUp = async (/** @type {string} */ system, /** @type {unknown} */ error) => {
        const { code = 'ERROR', message } = /** @type {Error & { code?: string }} */ (error)
        if (system === 'native1') throw error
        failures.push({ query: name, system, code, message: message.split('\n', 1)[0] ?? '' })
        failed.add(system)
        delete warm[system]
        await opened.get(system)?.close()
        opened.delete(system)
      }
      /** @type {import('./system.js').Answer | undefined} */
      let wanted
      for (let round = -1; round < rounds; round++) {
        for (const system of round < 0 ? systems : rotated(systems, round)) {
          if (failed.has(system)) continue
          try {
            const answer = await run(system)
            wanted ??= answer
            if (!isSame(answer, wanted)) throw wrongAnswer(system, answer, wanted)
            if (round >= 0) (warm[system] ??= []).push(answer.milliseconds)
          } catch (error) {
            await giveUp(system, error)
          }
        }
      }
      samples.push({ name: `tpch.${name}`, cold: {}, warm, metrics: [] })
    }
  } finally {
    for (const ready of opened.values()) await ready.close()
  }
  return { samples, failures }
}

/** @template T @param {Promise<T>} asked @param {string} system @returns {Promise<T>} */
const orTimedOut = async (asked, system) => {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  try {
    return await Promise.race([
      asked,
      new Promise((_, reject) => {
        const error = Object.assign(new Error(`${system}: no answer in ${patience / 1000} s`), { code: 'TIMED_OUT' })
        timer = setTimeout(() => reject(error), patience)
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** @param {string} system @param {import('./system.js').Answer} answer @param {import('./system.js').Answer} wanted */
const wrongAnswer = (system, answer, wanted) => {
  const [got, right] = [answer, wanted].map(({ rows }) => `${rows.length} rows ${JSON.stringify(rows).slice(0, 200)}`)
  return Object.assign(new Error(`${system}: answered ${got}, native DuckDB ${right}`), { code: 'WRONG_ANSWER' })
}
