/** Facts about an object, and the validator that pins later reads to the same bytes. */
export interface ObjectStat {
  /** Bytes. */
  readonly size: number
  /** Strong validator: an ETag, a version, or size and modification time. Absent when the store has none. */
  readonly etag?: string
}

export interface ReadOptions {
  /** Fails with `SOURCE_CHANGED` unless the object still has this validator. */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
  /** Counts what this read costs, in addition to {@link ByteSource.traffic}. */
  readonly meter?: Traffic
}

/** Requests made and bytes received. */
export interface Traffic {
  requests: number
  bytes: number
}

/** Bytes of one object, by ranges. */
export interface ByteSource {
  /** What to call it in messages: no query string, no credentials. */
  readonly label: string
  stat(options?: { signal?: AbortSignal; meter?: Traffic }): Promise<ObjectStat>
  /** Exactly the bytes `start` (inclusive) to `end` (exclusive); fewer is an error. The result is the caller's. */
  read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array>
  /** Requests made and bytes received so far, for metrics. */
  readonly traffic: Traffic
  /** Bytes that take as long to receive as one more request: gaps smaller than that are worth reading over. */
  readonly gapBytes: number
  /** Things a user should know, such as a server that ignores ranges. */
  readonly warnings: readonly string[]
}
