/**
 * All suites of the scan, one after the other; the library is built once.
 * @param {import('./suite.js').SuiteOptions} options
 * @returns {Promise<import('./suite.js').SuiteResult>}
 */
export const runSuite = async ({ build, ...options }) => {
  await build()
  const built = { ...options, build: async () => {} }
  const results = [
    await (await import('./suite-remote.mjs')).runSuite(built),
    await (await import('./suite-queries.mjs')).runSuite(built),
    await (await import('./suite-tpch.mjs')).runSuite(built),
    await (await import('./suite-big.mjs')).runSuite({ ...built, rounds: 1 }),
  ]
  return {
    figures: Object.assign({}, ...results.map((result) => result?.figures)),
    samples: results.flatMap((result) => result?.samples ?? []),
    failures: results.flatMap((result) => result?.failures ?? []),
    files: Object.assign({}, ...results.map((result) => result?.files)),
  }
}
