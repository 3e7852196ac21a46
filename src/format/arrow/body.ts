import { LakefrontError } from '../../errors.ts'
import { loadZstd } from '../parquet/zstd.ts'
import type { DecompressZstd } from '../parquet/zstd.ts'
import type { BodyPart } from './arrow-message.ts'
import { decompressLz4 } from './lz4-frame.ts'

/** Takes compression off a buffer; undefined where there is none. */
type Decompress = ((bytes: Uint8Array, size: number) => Uint8Array) | undefined

/** A buffer of more bytes is taken for damage. */
const largestBuffer = 1024 * 1024 * 1024

/** Bytes of the length that stands before a compressed buffer; −1 says that it is not compressed after all. */
const lengthBytes = 8

/** What takes off the compression of bodies, started once. */
export class BodyCodecs {
  #zstandard: Promise<DecompressZstd | undefined> | undefined

  async of(codec: 'lz4' | 'zstandard' | undefined): Promise<Decompress> {
    if (codec !== 'zstandard') return codec && decompressLz4
    this.#zstandard ??= loadZstd()
    const zstandard = await this.#zstandard
    if (zstandard === undefined) {
      throw new LakefrontError(
        'UNSUPPORTED',
        'Arrow compressed with zstandard cannot be read here: no decompressor could be started.',
      )
    }
    return (bytes, size) => {
      const plain = zstandard(bytes, size)
      if (plain === undefined) throw new RangeError('a buffer cannot be decompressed')
      return plain
    }
  }
}

/** The buffers that are needed, at their places, each aligned to 8 bytes in memory and without compression. */
export function buffersOf(
  parts: readonly BodyPart[],
  isNeeded: readonly boolean[],
  fetched: (part: BodyPart) => Uint8Array,
  decompress: Decompress,
): (Uint8Array | undefined)[] {
  return parts.map((part, index) => {
    if (isNeeded[index] !== true) return undefined
    const bytes = fetched(part)
    if (bytes.length < part.length) throw new RangeError('the bytes of a buffer are not there')
    return aligned(decompress === undefined || bytes.length === 0 ? bytes : decompressed(bytes, decompress))
  })
}

function decompressed(bytes: Uint8Array, decompress: NonNullable<Decompress>): Uint8Array {
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0, true))
  const packed = bytes.subarray(lengthBytes)
  if (size === -1) return packed
  if (size < 0 || size > largestBuffer) throw new RangeError(`a buffer says that it has ${size} bytes`)
  return decompress(packed, size)
}

function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
}
