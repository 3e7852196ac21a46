import { orAborted } from './or-aborted.ts'

/** The chunks of a body until the signal is aborted, which also ends a wait for the next one. The stream is told to stop, not waited for. */
export async function* chunksOf(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  if (body instanceof Uint8Array) {
    if (body.length > 0) yield body
    return
  }
  const chunks = body[Symbol.asyncIterator]()
  let isDone = false
  try {
    for (;;) {
      const step = await orAborted(Promise.resolve(chunks.next()), signal)
      isDone = step.done === true
      if (isDone) return
      if (step.value.length > 0) yield step.value
      signal?.throwIfAborted()
    }
  } finally {
    if (!isDone) void Promise.resolve(chunks.return?.()).catch(() => undefined)
  }
}

/** All chunks in one array of its own. */
export async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    parts.push(chunk.slice())
    length += chunk.length
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
