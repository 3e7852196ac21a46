import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { root, say } from '../.ci/shell.mjs'
import { median } from './figures.mjs'

/** A number for each row that looks like chance. @param {number} index */
const noiseOf = (index) => (index * 2_654_435_761) % 4_294_967_296

/** @param {number} index */
const event = (index) => {
  const noise = noiseOf(index)
  return {
    id: index * 1_000_003,
    name: `customer ${noise % 100_000}`,
    price: noise / 97,
    active: noise % 3 === 0,
    at: new Date(1_600_000_000_000 + index * 1234).toISOString().replace('T', ' ').slice(0, 19),
    note: index % 3 === 0 ? null : `a note of some length, "number" ${noise % 1000}`,
  }
}

/** @param {number} index */
const record = (index) => ({
  ...event(index),
  tags: Array.from({ length: index % 4 }, (_, at) => `tag ${(index + at) % 50}`),
  place: { city: `city ${noiseOf(index) % 300}`, spot: { lat: (noiseOf(index) % 180) - 90.5, lon: index % 180 } },
})

/** @param {unknown} value */
const csvField = (value) =>
  value === null
    ? ''
    : typeof value === 'string' && /[",]/.test(value)
      ? `"${value.replaceAll('"', '""')}"`
      : String(value)

const files = {
  csv: {
    head: 'id,name,price,active,at,note\n',
    line: (/** @type {number} */ index) => `${Object.values(event(index)).map(csvField).join(',')}\n`,
    all: 'count(*), sum(id), max(name), sum(price), count(active), max("at"), max(note)',
    some: 'sum(price)',
  },
  json: {
    head: '',
    line: (/** @type {number} */ index) => `${JSON.stringify(record(index))}\n`,
    all: 'count(*), sum(id), max(name), sum(price), count(active), max("at"), max(note), sum(len(tags)), max(place.city), sum(place.spot.lat), sum(place.spot.lon)',
    some: 'sum(price)',
  },
}

/** @param {keyof typeof files} format @param {number} rows */
const written = async (format, rows) => {
  const path = join(root, `.cache/bench/text-${rows}.${format}`)
  if (await stat(path).catch(() => undefined)) return path
  say(`writing ${rows} rows of ${format}`)
  await mkdir(join(root, '.cache/bench'), { recursive: true })
  const { head, line } = files[format]
  const parts = [head]
  for (let row = 0; row < rows; row++) parts.push(line(row))
  await writeFile(path, parts.join(''))
  return path
}

/** What `work` takes, in milliseconds: of the clock, and of the processor, which other programs on the machine do not lengthen. @param {() => Promise<unknown>} work */
const timed = async (work) => {
  const [started, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { clock: performance.now() - started, processor: (user + system) / 1000 }
}

/**
 * CSV and JSON, all columns and one: ours in DuckDB-WASM, and native DuckDB with one thread, in turns in one process.
 * @param {{ rows: number, rounds: number, build: () => Promise<void> }} options
 * @returns {Promise<import('./suite.d.ts').SuiteResult>}
 */
export const runSuite = async ({ rows, rounds, build }) => {
  await build()
  const { connect } = await import('lakefront')
  const native = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const db = await connect({ worker: false })
  /** @type {Record<string, number>} */
  const figures = {}
  /** @type {Record<string, number>} */
  const sizes = {}
  for (const format of /** @type {const} */ (['csv', 'json'])) {
    const path = await written(format, rows)
    const bytes = (await stat(path)).size
    sizes[`text.${format}`] = bytes
    for (const which of /** @type {const} */ (['all', 'some'])) {
      const sql = `SELECT ${files[format][which]} FROM '${path}'`
      const ours = await db.sql(sql).collect()
      const theirs = (await native.runAndReadAll(sql)).getRowObjectsJS()
      if (String(Object.values(ours[0] ?? {})[0]).slice(0, 8) !== String(Object.values(theirs[0] ?? {})[0]).slice(0, 8))
        throw new Error(`${format} differs: ${JSON.stringify([ours, theirs], (_, value) => String(value))}`)
      /** @type {{ ours: number[], native: number[], clock: number[] }} */
      const samples = { ours: [], native: [], clock: [] }
      for (let round = 0; round < rounds; round++) {
        const mine = await timed(() => db.sql(sql).collect())
        samples.ours.push(mine.processor)
        samples.clock.push(mine.clock)
        samples.native.push((await timed(() => native.runAndReadAll(sql))).processor)
      }
      const speed = (/** @type {number[]} */ milliseconds) => Math.round(bytes / 1000 / median(milliseconds))
      figures[`text.${format}.${which}.MB/s`] = speed(samples.ours)
      figures[`text.${format}.${which}.MB/s of the clock`] = speed(samples.clock)
      figures[`text.${format}.${which}.native MB/s`] = speed(samples.native)
      figures[`text.${format}.${which}/native`] = Number((median(samples.ours) / median(samples.native)).toPrecision(3))
    }
  }
  await db.close()
  native.closeSync()
  return { figures, files: sizes }
}
