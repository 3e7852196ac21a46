import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, say } from '../.ci/shell.mjs'
import { raceOfProcesses, raceOfTabs } from './lake/races.mjs'

/**
 * Eight writers with `rows` commits each on one lake: processes on disk, and tabs of Chromium on its own file system.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ rows: commits, build }) => {
  await build()
  const size = { dist: join(root, 'dist'), writers: 8, commits }
  const folder = await mkdtemp(join(tmpdir(), 'lake-race-'))
  /** @type {Record<string, number>} */
  const figures = {}
  const races = {
    disk: () => raceOfProcesses({ ...size, url: join(folder, 'lake') }),
    opfs: () => raceOfTabs(size),
  }
  try {
    for (const [name, race] of Object.entries(races)) {
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
