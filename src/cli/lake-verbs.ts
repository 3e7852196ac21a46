/** What `lakefront lake` can do. */
export const lakeVerbs = ['init', 'tables', 'snapshots', 'compact', 'vacuum', 'check'] as const
