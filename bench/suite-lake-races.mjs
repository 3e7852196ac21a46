import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, say } from '../.ci/shell.mjs'
import { raceOfProcesses, raceOfTabs } from './lake/races.mjs'
import { loadTestStores } from './lake/test-stores.mjs'

/**
 * Eight writers with `rows` commits each on one lake: processes on disk, tabs of Chromium on its own file system, processes on the S3 store of the tests, and processes on
 * Azurite. Of the S3 servers of others that the tests know none keeps writers apart: versitygw and moto are refused when they are tried out.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ rows: commits, only, build }) => {
  await build()
  const size = { dist: join(root, 'dist'), writers: 8, commits }
  const folder = await mkdtemp(join(tmpdir(), 'lake-race-'))
  /** @type {Record<string, number>} */
  const figures = {}
  const races = {
    disk: () => raceOfProcesses({ ...size, url: join(folder, 'lake') }),
    opfs: () => raceOfTabs(size),
    s3: async () => {
      const { S3Store, account } = await loadTestStores()
      const store = await S3Store.start()
      const storage = { s3: { endpoint: store.endpoint, region: 'us-east-1', credentials: account } }
      return raceOfProcesses({ ...size, url: 's3://bucket/lake', storage }).finally(() => store.close())
    },
    azure: async () => {
      const { startAzurite, bucket } = await loadTestStores()
      const store = await startAzurite()
      if (store === undefined) throw new Error('Azurite is not installed: npm test does that.')
      const storage = { azure: { endpoint: store.endpoint, sas: store.sas } }
      return raceOfProcesses({ ...size, url: `az://${bucket}/lake`, storage }).finally(() => store.close())
    },
  }
  try {
    for (const [name, race] of Object.entries(races)) {
      if (only !== undefined && !only.includes(name)) continue
      say(`eight writers: ${name}`)
      const { wrong, ...report } = await race()
      for (const [figure, value] of Object.entries(report))
        figures[`race.${name}.${figure}`] = Number(value.toPrecision(3))
      figures[`race.${name}.wrong`] = wrong.length
      for (const text of wrong) console.log(text)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { figures }
}
