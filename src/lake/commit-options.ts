/** What is said with a commit. */
export interface CommitOptions {
  /** Kept with the snapshot, for `snapshots()`. */
  readonly message?: string
  readonly author?: string
  /** How often races with other commits may be lost before `COMMIT_CONFLICT`. Default 10. */
  readonly retries?: number
  /**
   * Makes the commit one of a series that is written once: a commit of the same `appId` with the same or a lower `version` than one that
   * happened changes nothing, and says so (`skipped`).
   */
  readonly appId?: string
  readonly version?: number
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
  /** Requests to the store beyond data files. */
  readonly roundTrips: number
  /** Bytes of the catalog after it. */
  readonly catalogBytes: number
}
