import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, say } from '../../.ci/shell.mjs'
import { appendOnDisk, appendOnOpfs } from './commits.mjs'
import { merge } from './merge.mjs'
import { plan } from './plan.mjs'
import { requestsOfCommits } from './requests.mjs'
import { selective } from './selective.mjs'
import { tpch } from './tpch.mjs'

/** What is measured, by its name. */
const parts =
  /** @type {Record<string, (options: import('./part.js').PartOptions) => Promise<Record<string, number>>>} */ ({
    selective,
    'plan.100k': plan,
    'plan.1m': plan,
    'commit.append.disk': appendOnDisk,
    'commit.append.opfs': appendOnOpfs,
    'commit.s3': requestsOfCommits,
    merge,
    tpch,
  })
const usual = ['selective', 'plan.100k', 'commit.append.disk', 'commit.append.opfs', 'commit.s3', 'merge', 'tpch']

/**
 * What lakes cost, each part in a folder of its own.
 * @param {import('../suite.js').SuiteOptions} options
 * @returns {Promise<import('../suite.js').SuiteResult>}
 */
export const runSuite = async ({ rounds, scale, only = usual, build }) => {
  const strange = only.find((part) => !Object.hasOwn(parts, part))
  if (strange !== undefined) throw new Error(`There is no part "${strange}". Parts: ${Object.keys(parts).join(', ')}.`)
  await build()
  const { connect } = await import(join(root, 'dist/index.js'))
  /** @type {Record<string, number>} */
  const figures = {}
  for (const part of only) {
    say(part)
    const folder = await mkdtemp(join(tmpdir(), 'lakefront-bench-'))
    try {
      const found = await /** @type {any} */ (parts[part])({ connect, folder, rounds, scale, part })
      for (const [name, value] of Object.entries(found)) figures[name] = Number(value.toPrecision(3))
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return { figures }
}
