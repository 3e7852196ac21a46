import { join } from 'node:path'
import { root, say } from '../.ci/shell.mjs'
import { crashOnDisk } from './lake/crash-disk.mjs'
import { crashOnOpfs } from './lake/crash-opfs.mjs'

/**
 * Ends processes, workers and tabs at every step of their commits, `rows` kills on disk and as many in Chromium's own file system.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ rows: kills, build }) => {
  await build()
  const dist = join(root, 'dist')
  /** @type {Record<string, number>} */
  const figures = {}
  for (const [name, crash] of /** @type {const} */ ([
    ['disk', crashOnDisk],
    ['opfs', crashOnOpfs],
  ])) {
    say(`${kills} kills: ${name}`)
    const report = await crash({ dist, kills, say })
    figures[`crash.${name}.kills`] = report.kills
    figures[`crash.${name}.landed`] = report.landed
    figures[`crash.${name}.points`] = Object.keys(report.points).length
    figures[`crash.${name}.wrong`] = report.wrong.length
    for (const text of report.wrong) console.log(text)
    for (const [point, count] of Object.entries(report.points)) say(`${count} × ${point}`)
  }
  return { figures }
}
