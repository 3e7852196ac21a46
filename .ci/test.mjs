import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureBrowser } from './browser.mjs'
import { buildDemo, buildLibrary } from './build.mjs'
import { ensureCompanions } from './companions.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { root, run, say, tool } from './shell.mjs'

const inCi = process.env['CI'] === 'true'
const total = { passed: 0, failed: 0, skipped: /** @type {string[]} */ ([]), retried: /** @type {string[]} */ ([]) }

/** @param {string} project */
const runTests = async (project) => {
  say(`tests: ${project}`)
  const results = join(root, `.cache/results-${project}.json`)
  await mkdir(join(root, '.cache'), { recursive: true })
  await rm(results, { force: true })
  const reporters = ['--reporter=default', '--reporter=./.ci/reporter.mjs']
  const { code } = await run(tool('vitest', 'run', '--project', project, ...reporters), {
    env: { LAKEFRONT_RESULTS: results },
  })
  const nothing = { passed: 0, failed: 1, skipped: [], retried: [] }
  const { passed, failed, skipped, retried } = await readFile(results, 'utf8').then(JSON.parse, () => nothing)
  total.passed += passed
  // A run that fails without a failed test (no test found, a crash) must not pass unseen.
  total.failed += failed === 0 && code !== 0 ? 1 : failed
  total.skipped.push(...skipped)
  total.retried.push(...retried)
}

/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T | undefined>} */
const runStep = async (name, work) => {
  try {
    return await work()
  } catch (error) {
    total.failed += 1
    console.log(`✗ ${name}\n    ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

/** Builds what tests need, and runs the static checks on it. */
const buildAndCheck = async () => {
  const isBuilt = await runStep('build', async () => {
    await buildLibrary()
    await buildDemo()
    return true
  })
  if (!isBuilt) return false
  const { runChecks } = await import('./check.mjs')
  say('static checks')
  const checked = await runStep('checks', runChecks)
  total.passed += checked?.passed ?? 0
  total.failed += checked?.failed ?? 0
  return true
}

await ensureDependencies()
// Installing is mostly waiting.
const [browser, isBuilt] = await Promise.all([runStep('browser', ensureBrowser), buildAndCheck(), ensureCompanions()])
if (browser) say(`browser: ${browser}`)
await runTests('unit')
if (isBuilt && browser) {
  await runTests('e2e')
  await runTests('consumers')
}

/** @param {string} heading @param {string[]} lines */
const list = (heading, lines) => {
  if (lines.length > 0) console.log([`\n${heading}:`, ...lines].join('\n  '))
}
list('Passed at a further try only', total.retried)
list(`Skipped${inCi ? ', which is a failure in CI' : ''}`, total.skipped)
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`)
process.exitCode = total.failed > 0 || (inCi && total.skipped.length > 0) ? 1 : 0
