/** A piece of an upload. Its bytes are its own. */
export interface UploadPart {
  readonly bytes: Uint8Array
  readonly isLast: boolean
}

const firstGuess = 64 * 1024

/** Chunks of any length as parts of `partBytes`, all but the last, which is not empty. Nothing for no bytes. */
export async function* partsOf(chunks: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<UploadPart> {
  let buffer = new Uint8Array(Math.min(firstGuess, partBytes))
  let length = 0
  for await (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0;) {
      if (length === partBytes) {
        yield { bytes: buffer, isLast: false }
        buffer = new Uint8Array(partBytes)
        length = 0
      }
      const piece = rest.subarray(0, partBytes - length)
      if (length + piece.length > buffer.length) {
        const grown = new Uint8Array(Math.min(partBytes, Math.max(buffer.length * 2, length + piece.length)))
        grown.set(buffer.subarray(0, length))
        buffer = grown
      }
      buffer.set(piece, length)
      length += piece.length
      rest = rest.subarray(piece.length)
    }
  }
  if (length > 0) yield { bytes: buffer.subarray(0, length), isLast: true }
}
