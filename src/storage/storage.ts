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
}

/** Bytes of one object, by ranges. */
export interface ByteSource {
  /** What to call it in messages: no query string, no credentials. */
  readonly label: string
  stat(options?: { signal?: AbortSignal }): Promise<ObjectStat>
  /** Exactly the bytes `start` (inclusive) to `end` (exclusive); fewer is an error. The result is the caller's. */
  read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array>
  /** Requests made and bytes received so far, for metrics. */
  readonly traffic: { requests: number; bytes: number }
  /** Things a user should know, such as a server that ignores ranges. */
  readonly warnings: readonly string[]
}
