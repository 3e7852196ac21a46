import { LakefrontError } from '../errors.ts'
import type { Storage, WriteOptions, WrittenObject } from '../storage/storage.ts'

/** A chunk on its way, and how its giver hears of it. */
interface Offer {
  readonly bytes: Uint8Array
  readonly taken: () => void
  readonly failed: (error: unknown) => void
}

/**
 * An object that is stored while it is made. Nothing is kept here: a chunk is given to the store, and the next when that asks for it. It is seen by
 * nobody before {@link finish} has resolved.
 */
export class ObjectDraft {
  readonly key: string
  readonly #controller = new AbortController()
  readonly #stored: Promise<WrittenObject>
  #offer: Offer | undefined
  #given: Offer | undefined
  #asks: (() => void) | undefined
  #end: 'finished' | { readonly error: unknown } | undefined
  #failure: { readonly error: unknown } | undefined
  #bytes = 0

  constructor(storage: Storage, key: string, options: Omit<WriteOptions, 'signal'> = {}) {
    this.key = key
    this.#stored = storage.write(
      key,
      { [Symbol.asyncIterator]: () => this.#chunks() },
      { ...options, signal: this.#controller.signal },
    )
    this.#stored.catch((error: unknown) => this.#fail(error))
  }

  /** Bytes given to the store. */
  get bytes(): number {
    return this.#bytes
  }

  /** Resolves when the store asks for more: until then the bytes must stay as they are. Rejects with what the store failed with. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    if (bytes.length === 0) return
    this.#bytes += bytes.length
    await new Promise<void>((taken, failed) => {
      this.#offer = { bytes, taken, failed }
      this.#asks?.()
    })
  }

  /** The object, whole and in its place. */
  finish(): Promise<WrittenObject> {
    this.#end ??= 'finished'
    this.#asks?.()
    return this.#stored
  }

  /** Gives the object up. Resolves when what was sent of it is cleaned up, as far as the store can be reached. */
  async discard(): Promise<void> {
    this.#end ??= { error: new LakefrontError('ABORTED', 'The file was given up.') }
    this.#asks?.()
    await this.#stored.catch(() => {})
  }

  /** Ends at once what goes on, with `reason`. */
  abort(reason: unknown): void {
    this.#controller.abort(reason)
  }

  #chunks(): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        this.#given?.taken()
        this.#given = undefined
        while (this.#offer === undefined && this.#end === undefined) {
          await new Promise<void>((resolve) => (this.#asks = resolve))
        }
        if (typeof this.#end === 'object') throw this.#end.error
        this.#given = this.#offer
        this.#offer = undefined
        return this.#given === undefined ? { done: true, value: undefined } : { done: false, value: this.#given.bytes }
      },
      return: async () => ({ done: true, value: undefined }),
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#given?.failed(error)
    this.#offer?.failed(error)
  }
}
