import { writeFileSync } from 'node:fs'

/**
 * Writes what a run of Vitest came to as JSON to the file named by LAKEFRONT_RESULTS: counts, each skipped test with
 * its reason, and which tests passed at a further try only, and why not at the first. A file that cannot be loaded and an error outside of tests count as failed tests.
 */
export default class ResultsReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const results = {
      passed: 0,
      failed: unhandledErrors.length,
      skipped: /** @type {string[]} */ ([]),
      retried: /** @type {string[]} */ ([]),
    }
    for (const module of modules) {
      results.failed += module.errors().length
      for (const suite of module.children.allSuites()) results.failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (test.diagnostic()?.flaky) {
          const why = (result.errors ?? []).map(({ message }) => message).join('; ')
          results.retried.push(`${module.relativeModuleId}: ${test.fullName}: ${why}`)
        }
        if (result.state === 'passed') results.passed += 1
        else if (result.state === 'failed') results.failed += 1
        else {
          const note = 'note' in result && result.note ? result.note : 'no reason given'
          results.skipped.push(`${module.relativeModuleId}: ${test.fullName}: ${note}`)
        }
      }
    }
    const file = process.env['LAKEFRONT_RESULTS']
    if (file) writeFileSync(file, JSON.stringify(results))
  }
}
