import type { QueryMetrics } from '../engine/engine.ts'

type ScanMetrics = QueryMetrics['scans'][number]

/** What a query cost, one line for the query and one for each scan. */
export function metricsText(metrics: QueryMetrics): string {
  return [
    [
      `Total ${Math.round(metrics.totalMilliseconds)} ms`,
      `planning ${Math.round(metrics.planMilliseconds)} ms`,
      ...(metrics.computeMilliseconds === undefined ? [] : [`computing ${Math.round(metrics.computeMilliseconds)} ms`]),
    ].join(', '),
    ...metrics.scans.map(scanText),
  ].join('\n')
}

function scanText(scan: ScanMetrics): string {
  const costs = [
    ...(scan.files > 1 ? [`${scan.files - scan.filesSkipped} of ${scan.files} files`] : []),
    `${scan.rowGroupsRead} of ${scan.rowGroups} row groups${skippedText(scan)}`,
    ...(scan.pages > 0 ? [`${scan.pagesRead} of ${scan.pages} pages`] : []),
    `${count(scan.bytesFetched)} bytes in ${scan.requests} requests for ${count(scan.bytesNeeded)} bytes of data`,
    `${scan.cacheHits} columns from the cache`,
    `plan ${Math.round(scan.planMilliseconds)} ms`,
    `fetch ${Math.round(scan.fetchMilliseconds)} ms`,
    `decode ${Math.round(scan.decodeMilliseconds)} ms`,
    `feed ${Math.round(scan.feedMilliseconds)} ms`,
  ]
  return [`Scan ${scan.source}: ${costs.join(', ')}`, ...scan.warnings.map((warning) => `  ${warning}`)].join('\n')
}

function skippedText({ rowGroupsSkippedBy }: ScanMetrics): string {
  const reasons = Object.entries(rowGroupsSkippedBy).filter(([, groups]) => groups > 0)
  return reasons.length === 0
    ? ''
    : ` (${reasons.map(([reason, groups]) => `${groups} skipped by ${words[reason as keyof typeof words]}`).join(', ')})`
}

const words: Readonly<Record<keyof ScanMetrics['rowGroupsSkippedBy'], string>> = {
  statistics: 'statistics',
  bloom: 'Bloom filters',
  pages: 'page statistics',
  limit: 'the limit',
  partition: 'partition',
  join: 'the keys of a join',
  deleted: 'deleted rows',
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
