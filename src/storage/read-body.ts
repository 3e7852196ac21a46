/**
 * The body of a response, read no further than one chunk beyond `limit` bytes: a server that never stops must not fill memory.
 * `onChunk` runs at every sign of life.
 */
export async function readBody(response: Response, limit: number, onChunk: () => void): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(await response.arrayBuffer())
  const reader = response.body.getReader()
  let bytes = new Uint8Array(limit === Infinity ? 1 << 16 : Math.min(limit, largestFirstGuess))
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return length === bytes.length ? bytes : bytes.slice(0, length)
    onChunk()
    if (length + value.length > bytes.length) {
      const grown = new Uint8Array(Math.max(length + value.length, Math.min(bytes.length * 2, limit)))
      grown.set(bytes.subarray(0, length))
      bytes = grown
    }
    bytes.set(value, length)
    length += value.length
    if (length > limit) {
      await reader.cancel()
      return bytes
    }
  }
}

/** A server may lie about lengths; real bytes have to arrive before more memory is taken than this. */
const largestFirstGuess = 64 * 1024 * 1024
