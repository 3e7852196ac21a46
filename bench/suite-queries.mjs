import { buildDemo } from '../.ci/build.mjs'
import { say } from '../.ci/shell.mjs'
import { bootRatios, ratiosOf } from './figures.mjs'
import { benchFiles, sizesOf } from './files.mjs'
import { measureBoot, measureQuery } from './measure.mjs'
import { chosenQueries } from './queries.mjs'

const extras = ['boot', 'download']

/**
 * One query after the other, cold and warm; boot and downloads.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult | undefined>}
 */
export const runSuite = async ({ host: hostName, rounds, rows, only, isProfile, build }) => {
  const isWanted = (/** @type {string} */ name) => only === undefined || only.includes(name)
  const names = only?.filter((name) => !extras.includes(name))
  const isChromium = hostName === 'chromium'
  const queries = (names?.length === 0 ? [] : chosenQueries(names?.join(','))).filter(
    ({ chosen }) => isChromium || !chosen,
  )

  await build()
  const files = await benchFiles({ rows, names: queries.map(({ file }) => file) })
  if (isProfile) {
    const { profileQueries } = await import('./profile.mjs')
    await profileQueries(queries, files)
    return undefined
  }
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
  return { figures, samples, boot, files: sizesOf(files) }
}
