import { LakefrontError } from '../errors.ts'
import type { ByteSource, ReadOptions } from '../storage/storage.ts'
import { ByteWindow } from './byte-window.ts'

/** Bytes that go into a decompressor at once: what comes out of them is in memory together. */
const packedChunk = 64 * 1024

/** The bytes of a source from front to back in chunks; gzip and zstandard around them are taken off, found by their first bytes. */
export async function* byteChunks(
  source: ByteSource,
  { readsAhead, ...options }: ReadOptions & { readsAhead: boolean },
): AsyncGenerator<Uint8Array> {
  const { size, etag } = await source.stat(options)
  const own = etag === undefined ? options : { ...options, ifMatch: etag }
  const window = new ByteWindow(source, { start: 0, end: size, readsAhead }, own)
  const start = await window.peek(4)
  const isGzip = start[0] === 0x1f && start[1] === 0x8b
  const isZstandard = start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd
  if (!isGzip && !isZstandard) return yield* rest(window, Infinity)
  try {
    yield* isGzip ? gunzipped(rest(window, packedChunk)) : unzstandarded(rest(window, packedChunk))
  } catch (cause) {
    if (cause instanceof LakefrontError || options.signal?.aborted === true) throw cause
    throw new LakefrontError(
      'CORRUPT_FILE',
      `"${source.label}" is damaged: it cannot be decompressed as ${isGzip ? 'gzip' : 'zstandard'}.`,
      { details: { file: source.label }, cause },
    )
  }
}

async function* rest(window: ByteWindow, most: number): AsyncGenerator<Uint8Array> {
  while (!window.isAtEnd) {
    const bytes = await window.peek(1)
    const chunk = bytes.length > most ? bytes.subarray(0, most) : bytes
    window.advance(chunk.length)
    yield chunk
  }
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(value as Uint8Array<ArrayBuffer>)
    },
  })
  const reader = packed.pipeThrough(new DecompressionStream('gzip')).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

async function* unzstandarded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd')
  let ready: Uint8Array[] = []
  let isWhole = false
  const stream = new Decompress((chunk, isLast) => {
    if (chunk.length > 0) ready.push(chunk)
    isWhole = isLast === true
  })
  for await (const chunk of chunks) {
    stream.push(chunk.slice())
    yield* ready
    ready = []
  }
  stream.push(new Uint8Array(), true)
  yield* ready
  if (!isWhole) throw new Error('The last frame is not whole.')
}
