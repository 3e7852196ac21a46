import { openProcess } from './process-host.mjs'

/**
 * @typedef {import('./process-host.mjs').Opened} Opened
 * @typedef {import('./queries.mjs').Query} Query
 * @typedef {{ systems: string[], address: (file: string) => string, open: (system: string) => Promise<Opened>, close: () => Promise<void> }} Host
 * @typedef {{ name: string, cold: Record<string, number[]>, warm: Record<string, number[]>, metrics: unknown[] }} Samples milliseconds by system
 */

/** Every value as text: systems differ in what they make numbers of. @param {import('./system.js').Answer} answer */
export const asText = ({ rows }) =>
  JSON.stringify(rows.map((row) => Object.entries(row).map(([name, value]) => [name, String(value)])))

/** @param {string} query @param {Map<string, string>} answers by system */
export const checkEqual = (query, answers) => {
  const wanted = answers.get('native1')
  for (const [system, text] of answers) {
    if (text === wanted) continue
    throw new Error(`"${query}": ${system} answered ${text.slice(0, 400)}\nbut native DuckDB ${wanted?.slice(0, 400)}`)
  }
}

/** The same list, another one first each time, so that none always runs after the same other. @template T @param {readonly T[]} list @param {number} by */
export const rotated = (list, by) => list.map((_, index) => /** @type {T} */ (list[(index + by) % list.length]))

/** @param {Record<string, number[]>} samples @param {string} system @param {number} value */
const add = (samples, system, value) => void (samples[system] ??= []).push(value)

/**
 * Times one query in all systems, which take turns. Cold: the first query in a new page or process, once it is ready. Warm: the same
 * query again, after two runs that do not count. Answers have to be native DuckDB's.
 * @param {Query} query @param {Host} host
 * @param {{ rounds: number, coldRounds: number, nativeAddress: string }} options
 * @returns {Promise<Samples>}
 */
export const measureQuery = async (query, host, { rounds, coldRounds, nativeAddress }) => {
  /** @type {Samples} */
  const samples = { name: query.name, cold: {}, warm: {}, metrics: [] }
  const systems = [...host.systems, 'native1']
  const addressOf = (/** @type {string} */ system) => (system === 'native1' ? nativeAddress : host.address(query.file))
  const fileOf = (/** @type {string} */ system) => ({ name: query.file, address: addressOf(system) })
  const open = (/** @type {string} */ system) => (system === 'native1' ? openProcess('native') : host.open(system))
  /** @type {Map<string, string>} */
  const answers = new Map()

  for (let round = 0; round < coldRounds; round++) {
    for (const system of rotated(systems, round)) {
      const opened = await open(system)
      try {
        if (query.chosen) await opened.keep(fileOf(system), 'chosen')
        const answer = await opened.query(query.sql, [fileOf(system)])
        answers.set(system, asText(answer))
        add(samples.cold, system, answer.milliseconds)
        if (answer.metrics && round === 0) samples.metrics.push({ cold: answer.metrics })
      } finally {
        await opened.close()
      }
    }
    checkEqual(query.name, answers)
  }

  /** @type {[string, Opened][]} */
  const ready = []
  try {
    for (const system of systems) {
      const opened = await open(system)
      ready.push([system, opened])
      await opened.keep(fileOf(system), query.chosen ? 'chosen' : 'fastest')
      for (let run = 0; run < 2; run++) answers.set(system, asText(await opened.query(query.sql, [fileOf(system)])))
    }
    checkEqual(query.name, answers)
    for (let round = 0; round < rounds; round++) {
      for (const [system, opened] of rotated(ready, round)) {
        const answer = await opened.query(query.sql, [fileOf(system)])
        add(samples.warm, system, answer.milliseconds)
        if (answer.metrics && round === 0) samples.metrics.push({ warm: answer.metrics })
      }
    }
  } finally {
    for (const [, opened] of ready) await opened.close()
  }
  return samples
}

/**
 * Times how long systems take to be ready, each time in a context of its own.
 * @param {string[]} systems @param {Pick<Host, 'open'>} host @param {number} rounds
 */
export const measureBoot = async (systems, host, rounds) => {
  /** @type {Record<string, number[]>} */
  const samples = {}
  for (let round = 0; round < rounds; round++) {
    for (const system of rotated(systems, round)) {
      const opened = await host.open(system)
      add(samples, system, opened.boot)
      await opened.close()
    }
  }
  return samples
}
