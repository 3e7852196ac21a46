import type { PartsInMemory } from './parts-in-memory.ts'

/** A piece of an upload. Its bytes are its own. */
export interface UploadPart {
  readonly bytes: Uint8Array
  readonly isLast: boolean
  /** Says that it is not needed any more. Twice is fine. */
  readonly done: () => void
}

/** How a body is cut, and where its parts are counted. */
export interface PartOptions {
  readonly partBytes: number
  readonly inMemory: PartsInMemory
}

const firstGuess = 64 * 1024

/** A body of chunks of any length as one part, or as several. */
export async function cutBody(
  chunks: AsyncIterable<Uint8Array>,
  options: PartOptions,
): Promise<{ readonly whole: UploadPart } | { readonly parts: Parts }> {
  const parts = partsOf(chunks, options)
  const { done, value } = await parts.next()
  if (done === true) return { whole: { bytes: new Uint8Array(), isLast: true, done: () => {} } }
  return value.isLast ? { whole: value } : { parts: new Parts(value, parts) }
}

/** The first of several parts and the others. Each is let go of when it is asked for. */
export class Parts implements AsyncIterable<UploadPart> {
  readonly #rest: AsyncGenerator<UploadPart>
  #first: UploadPart | undefined

  constructor(first: UploadPart, rest: AsyncGenerator<UploadPart>) {
    this.#first = first
    this.#rest = rest
  }

  [Symbol.asyncIterator](): AsyncIterator<UploadPart> {
    return {
      next: async () => {
        const value = this.#first
        this.#first = undefined
        return value === undefined ? this.#rest.next() : { done: false, value }
      },
      return: async () => {
        await this.close()
        return { done: true, value: undefined }
      },
    }
  }

  async close(): Promise<void> {
    this.#first?.done()
    await this.#rest.return(undefined)
  }
}

/** Parts of `partBytes`, all but the last, which is not empty. Nothing for no bytes. */
async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  { partBytes, inMemory }: PartOptions,
): AsyncGenerator<UploadPart> {
  let buffer = new Uint8Array()
  let length = 0
  const renew = (bytes: number): void => {
    inMemory.add(bytes)
    const next = new Uint8Array(bytes)
    next.set(buffer.subarray(0, length))
    inMemory.add(-buffer.length)
    buffer = next
  }
  const give = (isLast: boolean): UploadPart => {
    let held = buffer.length
    const bytes = buffer.subarray(0, length)
    const done = (): void => {
      inMemory.add(-held)
      held = 0
    }
    buffer = new Uint8Array()
    length = 0
    return { bytes, isLast, done }
  }
  try {
    let isFirst = true
    for await (const chunk of chunks) {
      for (let rest = chunk; rest.length > 0;) {
        if (length === partBytes) {
          yield give(false)
          isFirst = false
        }
        const piece = rest.subarray(0, partBytes - length)
        if (length + piece.length > buffer.length) {
          const least = isFirst ? Math.max(firstGuess, buffer.length * 2, length + piece.length) : partBytes
          renew(Math.min(partBytes, least))
        }
        buffer.set(piece, length)
        length += piece.length
        rest = rest.subarray(piece.length)
      }
    }
    if (length > 0) yield give(true)
  } finally {
    inMemory.add(-buffer.length)
  }
}
