import { geometricMeans, ratiosOf } from './figures.mjs'
import { sizesOf } from './files.mjs'
import { measureTpch, tpchFiles } from './tpch.mjs'
import { tpchQueries } from './tpch-queries.mjs'

/**
 * The 22 queries of TPC-H, warm.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ host: hostName, rounds, scale, only, build }) => {
  const all = tpchQueries(scale)
  const unknown = only?.find((name) => all.every((query) => query.name !== name))
  if (unknown !== undefined) throw new Error(`No query of TPC-H is named "${unknown}". Queries: q1 to q22.`)
  const queries = all.filter(({ name }) => only?.includes(name) ?? true)
  await build()
  const files = await tpchFiles(scale)
  const host =
    hostName === 'chromium'
      ? await (await import('./chromium-host.mjs')).chromiumHost(files)
      : (await import('./process-host.mjs')).processHost(files)
  try {
    const { samples, failures } = await measureTpch(queries, host, files, rounds)
    const figures = Object.assign({}, ...samples.map(ratiosOf))
    return { figures: { ...figures, ...geometricMeans('tpch', figures) }, samples, failures, files: sizesOf(files) }
  } finally {
    await host.close()
  }
}
