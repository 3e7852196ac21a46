import type { PartsInMemory } from './parts-in-memory.ts'

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

/**
 * Objects under keys, below one place: a folder, a bucket, a prefix. Keys are relative paths such as `data/2026/a.parquet`; what is no such
 * path (`../a`, `/a`, `a//b`, a backslash, a control character) is `INVALID_ARGUMENT` before anything is asked.
 *
 * Every write shows the whole object or nothing: a reader sees the old bytes or the new ones, also while a write is under way, after
 * one was aborted, and after its process was killed. What a write resolved for is durable as far as the store can promise (a table in
 * `docs/storage.md`), and seen by every read, stat and list that begins after that.
 *
 * Errors: `NOT_FOUND`, `PERMISSION_DENIED`, `NETWORK`, `UNSUPPORTED` for verbs a store has not, and those of {@link Storage.write}. All verbs may be
 * repeated, except writes under a condition, whose repetition finds its own success.
 */
export interface Storage extends AsyncDisposable {
  /** What to call it in messages: the URL of the place without query string and credentials, ending in `/`. */
  readonly label: string
  /** What the store is able to do. Whether it keeps its word about conditions is found out by `probeConditions`. */
  readonly abilities: StorageAbilities
  /** Where parts of what is being stored are in memory, of stores that keep them there. */
  readonly uploads?: PartsInMemory
  stat(key: string, options?: { readonly signal?: AbortSignal }): Promise<ObjectStat>
  /** The whole object, or a part of it, together with the validator of just these bytes: what a compare-and-swap starts with. */
  read(key: string, options?: StorageReadOptions): Promise<StoredBytes>
  /** The object for many reads by ranges, as scans do them; asks for nothing yet. */
  open(key: string): ByteSource
  /**
   * Stores bytes under a key, and tells the validator they are found under.
   *
   * A stream may be of any length: its chunks are stored while it goes on, in bounded memory, and a chunk is not looked at any more
   * once the next is asked for. When the stream throws, or the signal is aborted, nothing becomes visible, what was sent is cleaned up,
   * and the write rejects with the error of the stream or the reason of the signal.
   *
   * - `PRECONDITION_FAILED`: the condition does not hold, nothing was changed. Read again and decide anew.
   * - `CONFLICT`: others write the same object and the store could not decide, tries included; nothing was changed.
   * - `WRITE_STATE_UNKNOWN`: a write under a condition got no answer, and what is there now does not tell whether it happened; or it failed when
   *   others may have seen it already.
   * - `QUOTA_EXCEEDED`: there is no room; nothing was changed.
   */
  write(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<WrittenObject>
  /** The objects in order of their keys (by code point), page by page as they are asked for. */
  list(options?: ListOptions): AsyncIterable<ListEntry>
  /** Removes objects; one that is not there is no error. When it fails, some may be gone: try again. */
  remove(keys: string | readonly string[], options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Stores the bytes of one key under another one too, over what is there; the store does it by itself where `abilities.copiesItself`. */
  copy(from: string, to: string, options?: { readonly signal?: AbortSignal }): Promise<WrittenObject>
  /**
   * Runs `work` after those that asked for the same key before, in this process and in others, where they can stand in line: on disk, and in files of a browser.
   * `waited` tells whether there were any. An order, and no lock: who takes too long is passed, so that two may run at once.
   */
  inTurn?<T>(key: string, work: (waited: boolean) => Promise<T>): Promise<T>
  /** What there is room for, where that is known: the browser's own files. */
  space?(): Promise<StorageSpace>
  /** Gives back what is held. Twice is fine. */
  close(): Promise<void>
}

/** What a store is able to do. */
export interface StorageAbilities {
  /** Whether anything can be written. */
  readonly writes: boolean
  /** Whether `ifMatch` and `ifNoneMatch` are kept when several write at once, in this process and in others. */
  readonly conditions: boolean
  /** `false` where they are not kept for streams of any length. */
  readonly conditionalStreams?: false
  readonly lists: boolean
  /** Copies without the bytes passing through here. */
  readonly copiesItself: boolean
}

export interface StorageReadOptions {
  /** First byte. Default 0. */
  readonly start?: number
  /** Behind the last byte. Default: the end of the object. More than there is is `INVALID_ARGUMENT`. */
  readonly end?: number
  /** Fails with `SOURCE_CHANGED` unless the object still has this validator. */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
}

/** Bytes of an object, the caller's, with the size and validator of the whole. */
export interface StoredBytes extends ObjectStat {
  readonly bytes: Uint8Array
}

/** An object as it was written. Its validator is missing where the store hides it from this page. */
export type WrittenObject = ObjectStat

/** At most one condition. */
export interface WriteOptions {
  /** Only over the object that has this validator; over another one, or none, `PRECONDITION_FAILED`. */
  readonly ifMatch?: string
  /** `'*'`: only when nothing is there. */
  readonly ifNoneMatch?: '*'
  /** Default `application/octet-stream`. Kept by stores that tell it to browsers. */
  readonly contentType?: string
  /**
   * Takes up a stream to this key that was broken off, where the store keeps parts: those that are there with the same checksum are not sent again, and
   * a failure leaves them there for the next time. Default false.
   */
  readonly resume?: boolean
  readonly signal?: AbortSignal
}

export interface ListOptions {
  /** What the keys begin with; need not end at a `/`. Default: all. */
  readonly prefix?: string
  /** `'/'`: keys with a `/` behind the prefix are told once for all, as the folder they are in. */
  readonly delimiter?: '/'
  /** Only keys behind this one. */
  readonly startAfter?: string
  readonly signal?: AbortSignal
}

/** An object, or with a delimiter a folder, whose key ends in `/`. */
export type ListEntry = ListedObject | { readonly kind: 'folder'; readonly key: string }

export interface ListedObject extends ObjectStat {
  readonly kind: 'object'
  readonly key: string
  /** When it was written, in milliseconds since 1970 by the store's own clock; coarse in some. Absent when the store does not tell. */
  readonly modified?: number
}

/** Bytes. */
export interface StorageSpace {
  readonly used: number
  readonly available: number
  /** Whether the browser promised not to clear it when room is needed. */
  readonly isPersistent: boolean
}
