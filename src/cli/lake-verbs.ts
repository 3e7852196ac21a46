/** What `lakefront lake` can do. */
export const lakeVerbs = ['init', 'tables', 'snapshots', 'compact', 'expire', 'vacuum', 'recover', 'check'] as const

/** Those that take `--older-than`. */
export const agingVerbs: readonly (typeof lakeVerbs)[number][] = ['expire', 'vacuum', 'recover']
