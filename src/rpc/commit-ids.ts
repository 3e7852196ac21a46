import { isLakefrontError, LakefrontError } from '../errors.ts'
import type { CallLake, LakeCalls } from '../lake/lake-calls.ts'
import { uuidV7 } from '../types/uuid-v7.ts'

/**
 * Calls of a lake whose commits have ids that are made on this side: when the worker is lost on the way, the error can say what to ask for, and does not
 * call a commit safe to repeat that may have happened.
 */
export function withCommitIds(call: CallLake): CallLake {
  /** The ids of transactions that were begun, by the names that stand for the lake in them. */
  const begun = new Map<string, string>()
  return async (name, argument, options) => {
    const { lake } = argument as { readonly lake: string }
    const isPart = name === 'write' && begun.has(lake)
    const isCommit = name === 'commit' || (name === 'write' && !isPart)
    const commitId = begun.get(lake) ?? uuidV7()
    if (name === 'commit' || name === 'abort') begun.delete(lake)
    const isNamed = name === 'begin' || (isCommit && name === 'write')
    try {
      const answer = await call(name, isNamed ? { ...argument, commitId } : argument, options)
      if (name === 'begin') begun.set((answer as LakeCalls['begin']['answer']).lake, commitId)
      return answer
    } catch (error) {
      if (isCommit && isLakefrontError(error, 'WORKER_LOST') && error.details['loaded'] !== false)
        throw unknownState(error, commitId)
      throw error
    }
  }
}

function unknownState(error: LakefrontError, commitId: string): LakefrontError {
  return new LakefrontError(
    'COMMIT_STATE_UNKNOWN',
    `The worker of the engine ended while it made a commit, which may have happened or not. Ask before it is repeated: lake.verify('${commitId}').`,
    { details: { ...error.details, commitId }, cause: error },
  )
}
