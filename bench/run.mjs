import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { buildLibrary } from '../.ci/build.mjs'
import { ensureDependencies } from '../.ci/dependencies.mjs'

await ensureDependencies()

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    suite: { type: 'string' },
    host: { type: 'string', default: 'chromium' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    rows: { type: 'string' },
    scale: { type: 'string', default: '1' },
    profile: { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
  },
})
const [bench = 'scan'] = positionals
const ownSuites = ['avro', 'big', 'frame', 'lake', 'lake-crash', 'lake-races', 'text', 'write']
if (bench !== 'scan' && !ownSuites.includes(bench))
  throw new Error(`There is no bench "${bench}". Benches: scan, ${ownSuites.join(', ')}.`)
const { host } = values
const isPart = values.only !== undefined || values.profile
const suite = bench === 'scan' ? (values.suite ?? (isPart ? 'queries' : 'all')) : bench
if (host !== 'chromium' && host !== 'node') throw new Error(`--host is chromium or node, not "${host}".`)
const suites = {
  all: () => import('./suite-all.mjs'),
  queries: () => import('./suite-queries.mjs'),
  tpch: () => import('./suite-tpch.mjs'),
  remote: () => import('./suite-remote.mjs'),
  avro: () => import('./avro/suite.mjs'),
  big: () => import('./suite-big.mjs'),
  frame: () => import('./suite-frame.mjs'),
  lake: () => import('./lake/suite.mjs'),
  'lake-crash': () => import('./suite-lake-crash.mjs'),
  'lake-races': () => import('./suite-lake-races.mjs'),
  write: () => import('./write/suite.mjs'),
  text: () => import('./suite-text.mjs'),
}
if (!Object.hasOwn(suites, suite))
  throw new Error(`There is no suite "${suite}". Suites: ${Object.keys(suites).join(', ')}.`)
const rounds = Number(values.rounds ?? (suite === 'big' ? 1 : 5))
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is a number from 1, not "${values.rounds}".`)
const usualRows = /** @type {Record<string, number>} */ ({
  avro: 1_000_000,
  write: 1_000_000,
  text: 400_000,
  'lake-crash': 250,
  'lake-races': 100,
})
const rows = Number(values.rows ?? usualRows[bench] ?? 6_000_000)
if (!Number.isInteger(rows) || rows < 1) throw new Error(`--rows is a number from 1, not "${values.rows}".`)
const scale = Number(values.scale)
if (!(scale > 0)) throw new Error(`--scale is a number above 0, not "${values.scale}".`)

const { runSuite } = await suites[/** @type {keyof typeof suites} */ (suite)]()
const only = values.only?.split(',').map((name) => name.trim())
const result = await runSuite({
  host,
  rounds,
  rows,
  scale,
  isProfile: values.profile,
  ...(only && { only }),
  build: async () => {
    if (!values.built) await buildLibrary()
  },
})
if (result) {
  const { figures, samples = [], ...rest } = result
  const { tableOf } = await import('./figures.mjs')
  console.log(`\n${tableOf(figures, samples)}`)
  for (const { query, system, code, message } of rest.failures ?? [])
    console.log(`${query} failed in ${system}: ${code} ${message.slice(0, 300)}`)
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
  }
  const size = suite === 'tpch' ? { scale } : { rows, ...(suite === 'all' && { scale }) }
  if (values.json) console.log(JSON.stringify({ figures, suite, host, rounds, ...size, machine, ...rest, samples }))
}
