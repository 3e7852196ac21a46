import { LakefrontError } from '../errors.ts'
import { builtin } from '../storage/builtin.ts'
import { concatenated } from './collect-bytes.ts'

/** What a whole text file is compressed with. */
export type OuterCompression = 'none' | 'gzip' | 'zstd'

/** Bytes in order, each valid until what it gives resolves. */
export type Emit = (bytes: Uint8Array) => void | Promise<void>

/** Compresses a file while it is made. */
export interface OuterCompressor {
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  /** Gives up; nothing more is emitted. */
  close(): void
}

/** Each frame of zstandard holds this much: several in a row are one file. */
const frameBytes = 4 * 1024 * 1024

/** What Node's module has from 22.15 on. */
interface Zlib {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array
}

/**
 * A compressor of a whole file, which gives what is ready to `emit`. gzip is everywhere; zstd where the host has it: Node from 22.15, Bun, Deno, no
 * browser. Fails with `UNSUPPORTED` elsewhere.
 */
export function outerCompressor(compression: OuterCompression, emit: Emit): OuterCompressor {
  switch (compression) {
    case 'none':
      return { write: async (bytes) => emit(bytes), finish: async () => {}, close() {} }
    case 'gzip':
      return gzipCompressor(emit)
    case 'zstd':
      return zstdCompressor(emit)
  }
}

function gzipCompressor(emit: Emit): OuterCompressor {
  const { readable, writable } = new CompressionStream('gzip')
  const [reader, writer] = [readable.getReader(), writable.getWriter()]
  const pumping = (async () => {
    for (let step = await reader.read(); !step.done; step = await reader.read()) await emit(step.value)
  })()
  pumping.catch((error: unknown) => writer.abort(error).catch(() => {}))
  return {
    write: (bytes) => writer.write(bytes as Uint8Array<ArrayBuffer>),
    async finish() {
      await Promise.all([writer.close(), pumping])
    },
    close() {
      writer.abort().catch(() => {})
    },
  }
}

function zstdCompressor(emit: Emit): OuterCompressor {
  const compress = builtin<Zlib>('node:zlib')?.zstdCompressSync
  if (compress === undefined) {
    throw new LakefrontError(
      'UNSUPPORTED',
      'A file cannot be compressed with zstd here: this host has no such compressor (Node has it from 22.15). Take gzip, or none.',
      { details: { compression: 'zstd' } },
    )
  }
  let parts: Uint8Array[] = []
  let length = 0
  let isEmpty = true
  const flush = async (): Promise<void> => {
    const bytes = concatenated(parts, length)
    parts = []
    length = 0
    isEmpty = false
    await emit(compress(bytes))
  }
  return {
    async write(bytes) {
      parts.push(bytes.slice())
      length += bytes.length
      if (length >= frameBytes) await flush()
    },
    async finish() {
      if (length > 0 || isEmpty) await flush()
    },
    close() {
      parts = []
    },
  }
}
