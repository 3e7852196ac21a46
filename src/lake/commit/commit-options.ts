import { LakefrontError } from '../../errors.ts'

/** What is said with a commit. */
export interface CommitOptions {
  /** Kept with the snapshot, for `snapshots()`. */
  readonly message?: string
  readonly author?: string
  /** How often races with other commits may be lost before `COMMIT_CONFLICT`. Default 30. */
  readonly retries?: number
  /**
   * Makes the commit one of a series that is written once: a commit of the same `appId` with the same or a lower `version` than one that
   * happened changes nothing, and says so (`skipped`).
   */
  readonly appId?: string
  readonly version?: number
}

/** What is wrong with what makes a commit one of a series, if anything: half of it would write a batch again and again. */
export function wrongSeries({ appId, version }: CommitOptions): LakefrontError | undefined {
  if (appId === undefined && version === undefined) return undefined
  if (typeof appId === 'string' && appId !== '' && Number.isSafeInteger(version)) return undefined
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `A commit of a series needs a text and a whole number, { appId: 'feed', version: 17 }, and was given ${JSON.stringify({ appId, version })}.`,
  )
}

/** What a commit did. */
export interface CommitReport {
  /** The snapshot that it made, or the newest when there was nothing to do. */
  readonly snapshot: number
  /** For `verify()`. */
  readonly commitId: string
  /** Whether it changed nothing because it, or a later one of its series, happened before. */
  readonly skipped: boolean
  readonly rowsInserted: number
  readonly rowsDeleted: number
  readonly rowsUpdated: number
  readonly filesAdded: number
  /** How often it was applied: 1 without a lost race. */
  readonly attempts: number
  /** Requests to the catalog's store while it was made, each look, read and swap as one; of other statements of the session at the same time too. */
  readonly roundTrips: number
  /** Bytes of the catalog after it. */
  readonly catalogBytes: number
}
