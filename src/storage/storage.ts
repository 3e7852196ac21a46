/** Facts about an object, and the validator that pins later reads to the same bytes. */
export interface ObjectStat {
  /** Bytes. */
  readonly size: number
  /** Strong validator: an ETag, a version, or size and modification time. Absent when the store has none. */
  readonly etag?: string
}

export type StatOptions = Pick<ReadOptions, 'signal' | 'meter' | 'scope'>

export interface ReadOptions {
  /** Fails with `SOURCE_CHANGED` unless the object still has this validator. */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
  /** Counts what this read costs, in addition to {@link ByteSource.traffic}. */
  readonly meter?: Traffic
  /** The statement this is done for. */
  readonly scope?: FetchScope
}

/** Requests made and bytes received. */
export interface Traffic {
  requests: number
  bytes: number
}

/**
 * What one statement fetches over the network, all its scans together. A source looks once per scope whether its object has
 * changed.
 */
export interface FetchScope extends Traffic {
  /** The statement asks for schemas only: what it learned of an object still counts for the statement that follows it. */
  readonly isDescribing: boolean
  /**
   * Books a request that is about to be made for `bytes` bytes of `label`; fails with `BUDGET_EXCEEDED` when the statement may not
   * fetch that much. To be given back, by the function that is returned, once the request is counted or has failed.
   */
  book(label: string, bytes: number, requests?: number): () => void
}

/** Bytes of one object, by ranges. */
export interface ByteSource {
  /** What to call it in messages: no query string, no credentials. */
  readonly label: string
  stat(options?: StatOptions): Promise<ObjectStat>
  /** Exactly the bytes `start` (inclusive) to `end` (exclusive); fewer is an error. The result is the caller's. */
  read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array>
  /** Requests made and bytes received so far, for metrics. */
  readonly traffic: Traffic
  /** Bytes that take as long to receive as one more request: gaps smaller than that are worth reading over. */
  readonly gapBytes: number
  /** Things a user should know, such as a server that ignores ranges. */
  readonly warnings: readonly string[]
  /** How much of the end is read without a request, once {@link stat} has answered. Default 0. */
  readonly tailBytes?: number
}
