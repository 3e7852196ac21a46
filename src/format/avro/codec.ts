import type * as fzstd from 'fzstd'
import { collectBytes, concatenated, streamOf } from '../collect-bytes.ts'
import { AvroFailure } from './avro-failure.ts'
import { crc32 } from '../crc32.ts'

/** Turns the bytes of a block as stored into those of its rows. */
export type Decompress = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** Bytes that a block may have, stored or decompressed. Writers make blocks of kilobytes; a small block of more is made to do harm. */
export const largestBlock: number = 256 * 1024 * 1024

const codecs = ['null', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz']

/** What decompresses blocks of a codec; its library is loaded now. */
export async function decompressorOf(codec: string): Promise<Decompress> {
  switch (codec) {
    case 'null':
      return (bytes) => bytes
    case 'deflate':
      return (bytes) => unpacked('deflate', streamOf(bytes).pipeThrough(new DecompressionStream('deflate-raw')))
    case 'snappy':
      return snappy(await import('snappyjs'))
    case 'zstandard':
      return zstandard(await import('fzstd'))
    case 'bzip2': {
      const { bunzip2 } = await import('./bzip2.ts')
      return (bytes) => bunzip2(bytes, largestBlock)
    }
    case 'xz': {
      const library = await import('xz-decompress')
      // A bundler finds the names of this CommonJS file, Node does not.
      const { XzReadableStream } = library.default ?? library
      return (bytes) => unpacked('xz', new XzReadableStream(streamOf(bytes)))
    }
    default:
      throw new AvroFailure(`Its codec is "${codec}". Codecs that can be read: ${codecs.join(', ')}.`, {
        code: 'UNSUPPORTED',
      })
  }
}

async function unpacked(codec: string, stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined
  try {
    bytes = await collectBytes(stream, largestBlock)
  } catch (cause) {
    throw undecompressable(codec, cause)
  }
  return bytes ?? tooLarge()
}

function snappy({ uncompress }: { uncompress(bytes: Uint8Array, limit: number): Uint8Array }): Decompress {
  return (stored) => {
    if (stored.length < 5) throw undecompressable('snappy', undefined)
    const checksum = new DataView(stored.buffer, stored.byteOffset).getUint32(stored.length - 4)
    let bytes: Uint8Array
    try {
      // The library takes a Buffer for something else than bytes.
      bytes = uncompress(new Uint8Array(stored.buffer, stored.byteOffset, stored.length - 4), largestBlock)
    } catch (cause) {
      throw undecompressable('snappy', cause)
    }
    if (crc32(bytes) !== checksum) throw new AvroFailure('the checksum of what it holds is wrong')
    return bytes
  }
}

function zstandard({ Decompress }: typeof fzstd): Decompress {
  return (stored) => {
    if (zstandardSize(stored) > largestBlock) return tooLarge()
    const chunks: Uint8Array[] = []
    let length = 0
    let isWhole = false
    try {
      const stream = new Decompress((chunk, isLast) => {
        length += chunk.length
        if (length > largestBlock) throw new AvroFailure('')
        chunks.push(chunk)
        isWhole ||= isLast === true
      })
      stream.push(stored, true)
    } catch (cause) {
      if (length > largestBlock) return tooLarge()
      throw undecompressable('zstandard', cause)
    }
    if (!isWhole) throw undecompressable('zstandard', undefined)
    return concatenated(chunks, length)
  }
}

/** The memory that a zstandard frame says it needs: its window, or its whole content where it has none. RFC 8878, 3.1.1.1. */
function zstandardSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 6) return 0
  const descriptor = view.getUint8(4)
  if ((descriptor & 0x20) === 0) {
    const window = view.getUint8(5)
    return 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8)
  }
  const at = 5 + [0, 1, 2, 4][descriptor & 3]!
  const width = descriptor >> 6
  if (bytes.length < at + 2 ** width) return 0
  if (width === 0) return view.getUint8(at)
  if (width === 1) return view.getUint16(at, true) + 256
  return width === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true))
}

function tooLarge(): never {
  throw new AvroFailure(
    `what it holds is more than ${largestBlock / 2 ** 20} MB when decompressed, which no writer means`,
  )
}

function undecompressable(codec: string, cause: unknown): AvroFailure {
  return new AvroFailure(`what it holds cannot be decompressed as ${codec}`, { cause })
}
