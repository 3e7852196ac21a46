import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { buildDemo, buildLibrary } from '../.ci/build.mjs'
import { ensureDependencies } from '../.ci/dependencies.mjs'
import { say } from '../.ci/shell.mjs'

await ensureDependencies()

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    host: { type: 'string', default: 'chromium' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '6000000' },
    profile: { type: 'boolean', default: false },
  },
})
const [suite = 'scan'] = positionals
if (suite !== 'scan') throw new Error(`There is no bench "${suite}". Benches: scan.`)
if (values.host !== 'chromium' && values.host !== 'node')
  throw new Error(`--host is chromium or node, not "${values.host}".`)
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is a number from 1, not "${values.rounds}".`)
const rows = Number(values.rows)
if (!Number.isInteger(rows) || rows < 1) throw new Error(`--rows is a number from 1, not "${values.rows}".`)

const { chosenQueries } = await import('./queries.mjs')
const extras = ['boot', 'download']
const wanted = values.only?.split(',').map((name) => name.trim())
const isWanted = (/** @type {string} */ name) => wanted === undefined || wanted.includes(name)
const names = wanted?.filter((name) => !extras.includes(name))
const isChromium = values.host === 'chromium'
const queries = (names?.length === 0 ? [] : chosenQueries(names?.join(','))).filter(
  ({ chosen }) => isChromium || !chosen,
)

await buildLibrary()
const { benchFiles } = await import('./files.mjs')
const files = await benchFiles({ rows })
if (values.profile) {
  const { profileQueries } = await import('./profile.mjs')
  await profileQueries(queries, files)
} else await compare()

async function compare() {
  const { measureBoot, measureQuery } = await import('./measure.mjs')
  const { bootRatios, ratiosOf, tableOf } = await import('./figures.mjs')
  const chromium = isChromium ? await (await import('./chromium-host.mjs')).chromiumHost(files) : undefined
  const host = chromium ?? (await import('./process-host.mjs')).processHost(files)
  /** @type {Record<string, number>} */
  const figures = {}
  /** @type {import('./measure.mjs').Samples[]} */
  const samples = []
  /** @type {Record<string, number[]>} */
  let boot = {}
  try {
    if (chromium && isWanted('boot')) {
      say('boot')
      boot = await measureBoot(['ours', 'official'], chromium, Math.max(rounds, 5))
      Object.assign(figures, bootRatios(boot))
    }
    for (const query of queries) {
      say(query.name)
      const nativeAddress = files[query.file]?.path ?? ''
      samples.push(await measureQuery(query, host, { rounds, coldRounds: Math.ceil(rounds / 2), nativeAddress }))
      Object.assign(figures, ratiosOf(/** @type {import('./measure.mjs').Samples} */ (samples.at(-1))))
    }
    if (chromium && isWanted('download')) {
      say('download')
      await buildDemo()
      Object.assign(figures, await (await import('./downloads.mjs')).measureDownloads(chromium.browser))
    }
  } finally {
    await host.close()
  }
  console.log(`\n${tableOf(figures, samples)}`)
  if (!values.json) return
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
  }
  const sizes = Object.fromEntries(Object.entries(files).map(([name, { bytes }]) => [name, bytes]))
  console.log(JSON.stringify({ figures, host: values.host, rounds, rows, machine, files: sizes, boot, samples }))
}
