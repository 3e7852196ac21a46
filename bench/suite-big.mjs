import { mkdir, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { root, say } from '../.ci/shell.mjs'
import { median } from './figures.mjs'
import { asText, checkEqual } from './measure.mjs'
import { openProcess } from './process-host.mjs'
import { watchResident } from './resident.mjs'

const memoryLimit = '512MB'
const limitBytes = 512e6

/** Rows of the file, and under how many names it is read. */
const rows = 2_400_000
const names = 62

/** Five columns of eight bytes and one of text that repeats too little for a dictionary. */
const select = `
  SELECT (i % 7)::BIGINT AS g, i % 1000 AS a, (i % 4096) / 4 AS b, ((i * 37) % 100_000 / 100)::DECIMAL(15, 2) AS c,
    TIMESTAMP '2020-01-01' + INTERVAL (i % 86_400) SECOND AS d, 'text ' || (i * 7919) % 1_000_003 AS s
  FROM range(${rows}) numbers(i)`

const sql = `
  SELECT g, count(*) AS n, sum(a)::BIGINT AS a, sum(b) AS b, min(c)::VARCHAR AS low, max(c)::VARCHAR AS high,
    max(d)::VARCHAR AS d, min(s) AS s, sum(strlen(s))::BIGINT AS bytes
  FROM read_parquet([FILES]) GROUP BY g ORDER BY g`

/** The file, made once, and the links to it. Decoded bytes are those of all names. */
const bigFile = async () => {
  const folder = join(root, '.cache/bench/big-1')
  const path = join(folder, 'big.parquet')
  await mkdir(folder, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  if (!(await stat(path).catch(() => undefined))) {
    say('making big.parquet')
    await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`)
  }
  const text = (await connection.runAndReadAll(`SELECT sum(strlen(s))::BIGINT FROM '${path}'`)).getRows()[0]?.[0]
  connection.closeSync()
  instance.closeSync()
  const paths = Array.from({ length: names }, (_, index) => join(folder, `big-${index}.parquet`))
  for (const link of paths) if (!(await stat(link).catch(() => undefined))) await symlink(path, link)
  return { paths, decodedBytes: names * (rows * (5 * 8 + 4) + Number(text)) }
}

/** @param {readonly string[]} addresses */
const queryOf = (addresses) => sql.replace('FILES', addresses.map((address) => `'${address}'`).join(', '))

/**
 * An aggregate over many times the memory limit, in Node and in Chromium, each new; what their processes hold above what they held
 * when they were ready.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ rounds, only, build }) => {
  const hosts = ['node', 'chromium'].filter((host) => only?.includes(host) ?? true)
  await build()
  const { paths, decodedBytes } = await bigFile()
  const native = await openProcess('native')
  const wanted = await native.query(queryOf(paths), [])
  await native.close()
  /** @type {Record<string, number>} */
  const figures = { 'big.decoded.bytes': decodedBytes }
  /** @type {Record<string, unknown[]>} */
  const runs = {}
  for (const host of hosts) {
    /** @type {{ rss: number, milliseconds: number }[]} */
    const measured = []
    for (let round = 0; round < rounds; round++) {
      say(`${host}, round ${round + 1}`)
      const { value, idle, peak } = await (host === 'node' ? inNode(paths) : inChromium(paths))
      checkEqual('big', new Map(Object.entries({ ours: asText(value), native1: asText(wanted) })))
      const run = { rss: (peak - idle) / limitBytes, milliseconds: value.milliseconds }
      measured.push(run)
      const { memory } = /** @type {{ memory?: unknown }} */ (value.metrics ?? {})
      ;(runs[host] ??= []).push({ ...run, idle, peak, memory })
    }
    figures[`big.rss.${host}`] = Number(Math.max(...measured.map(({ rss }) => rss)).toFixed(3))
    const time = median(measured.map(({ milliseconds }) => milliseconds)) / wanted.milliseconds
    figures[`big.time.${host}/native1`] = Number(time.toFixed(2))
  }
  figures['big.rss'] = Math.max(...hosts.map((host) => figures[`big.rss.${host}`] ?? 0))
  return { figures, runs }
}

/** @param {readonly string[]} paths */
const inNode = async (paths) => {
  const ours = await openProcess('ours', memoryLimit)
  try {
    await ours.query('SELECT 1', [])
    return await watchResident(
      async () => [/** @type {number} */ (ours.pid)],
      () => ours.query(queryOf(paths), []),
    )
  } finally {
    await ours.close()
  }
}

/** @param {readonly string[]} paths */
const inChromium = async (paths) => {
  const { bareChromium } = await import('./bare-chromium.mjs')
  const files = Object.fromEntries(paths.map((path, index) => [`big-${index}`, { path }]))
  const ours = await bareChromium(files, memoryLimit)
  try {
    await ours.query('SELECT 1')
    return await watchResident(ours.renderers, () => ours.query(queryOf(Object.keys(files).map(ours.address))))
  } finally {
    await ours.close()
  }
}
