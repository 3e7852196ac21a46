import { sqlTokens } from '../expr/sql-text.ts'

const changing: ReadonlySet<string> = new Set([
  'create',
  'drop',
  'alter',
  'attach',
  'detach',
  'use',
  'set',
  'reset',
  'rollback',
  'import',
  'load',
])

/** Whether SQL text may change which tables there are, or their columns: it says so where it is one of those words. */
export function changesTables(parts: readonly string[]): boolean {
  return parts.some((part) =>
    sqlTokens(part).some((token) => token.kind === 'word' && changing.has(token.text.toLowerCase())),
  )
}
