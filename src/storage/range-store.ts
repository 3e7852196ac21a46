import type { ByteRange } from './coalesce.ts'
import type { ObjectStat } from './storage.ts'

/** Bytes of an object from `start` on. A view: whoever keeps or changes them copies first. */
export interface HeldRange {
  readonly start: number
  readonly bytes: Uint8Array
}

/** What of a range is held, in order, and what is not. */
export interface HeldRanges {
  readonly parts: readonly HeldRange[]
  readonly gaps: readonly ByteRange[]
}

/** An object as it was last seen. Only objects with a validator can be kept. */
export type KnownObject = Required<ObjectStat>

/**
 * Parts of objects that outlive the session, one version of each. Never fails: what cannot be read is not there, and what cannot be
 * written is not kept.
 */
export interface RangeStore {
  /** The version of `label` that is kept, which becomes the most recently used. */
  known(label: string): Promise<KnownObject | undefined>
  /** The object is now this version: what is kept of another is forgotten. */
  isNow(label: string, now: KnownObject): Promise<void>
  read(label: string, etag: string, start: number, end: number): Promise<HeldRanges>
  /** How many bytes at the end of the object are held without a gap. */
  heldAtEnd(label: string, etag: string): Promise<number>
  /** Keeps `bytes`, which are the store's from now on. */
  write(label: string, object: KnownObject, start: number, bytes: Uint8Array): Promise<void>
  forget(label: string): Promise<void>
  /** Waits for what is being written, and lets others write. */
  close(): Promise<void>
}
