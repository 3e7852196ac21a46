import type { QueryMetrics } from '../engine/engine.ts'

/** What a query cost, one line for the query and one for each scan. */
export function metricsText(metrics: QueryMetrics): string {
  const scans = metrics.scans.map((scan) => {
    const groups = `${scan.rowGroupsRead} of ${scan.rowGroups} row groups${scan.rowGroupsSkipped === 0 ? '' : ` (${scan.rowGroupsSkipped} skipped by statistics)`}`
    const fetched = `${scan.bytesFetched.toLocaleString('en-US')} bytes in ${scan.requests} requests`
    const times = `fetch ${Math.round(scan.fetchMilliseconds)} ms, decode ${Math.round(scan.decodeMilliseconds)} ms`
    return [
      `Scan ${scan.source}: ${groups}, ${fetched}, ${scan.cacheHits} columns from the cache, ${times}`,
      ...scan.warnings.map((warning) => `  ${warning}`),
    ].join('\n')
  })
  return [
    `Total ${Math.round(metrics.totalMilliseconds)} ms, planning ${Math.round(metrics.planMilliseconds)} ms`,
    ...scans,
  ].join('\n')
}
