import { isLakefrontError } from '../../errors.ts'

const compactions: ReadonlySet<unknown> = new Set(['merge_adjacent', 'rewrite_delete', 'compacted_table'])

/**
 * Runs a statement that is a commit of its own again, at most twice, where a compaction came first: that changed no row, so the statement is on the
 * new snapshot what it was on the old one. Any other conflict is the caller's.
 */
export async function pastCompaction<T>(statement: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await statement()
    } catch (error) {
      const isOfOne = isLakefrontError(error, 'COMMIT_CONFLICT') && compactions.has(error.details['otherChange'])
      if (!isOfOne || left === 0) throw error
    }
  }
}
