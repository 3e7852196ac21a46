import { LakefrontError } from '../../errors.ts'
import { builtin } from '../../storage/builtin.ts'
import { collectBytes, streamOf } from '../collect-bytes.ts'
import { crc32 } from '../crc32.ts'

/** Codecs that files can be written with. */
export type WriteCodec = 'null' | 'deflate' | 'snappy' | 'zstandard'

/** Turns the bytes of a block's rows into those that are stored. */
export type Compress = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** What compresses blocks with a codec. `zstandard` is there where the host compresses with it: Node from 22.15, Bun, Deno. */
export async function compressorOf(codec: WriteCodec): Promise<Compress> {
  switch (codec) {
    case 'null':
      return (bytes) => bytes.slice()
    case 'deflate':
      return async (bytes) =>
        (await collectBytes(streamOf(bytes).pipeThrough(new CompressionStream('deflate-raw')), Infinity))!
    case 'snappy': {
      const { compress } = await import('snappyjs')
      return (bytes) => {
        const packed = compress(new Uint8Array(bytes))
        const stored = new Uint8Array(packed.length + 4)
        stored.set(packed)
        new DataView(stored.buffer).setUint32(packed.length, crc32(bytes))
        return stored
      }
    }
    case 'zstandard': {
      const compress = builtin<Zlib>('node:zlib')?.zstdCompressSync
      if (compress === undefined) {
        throw new LakefrontError(
          'UNSUPPORTED',
          'Avro cannot be compressed with "zstandard" here: this host has no such compressor. Codecs: null, deflate, snappy.',
        )
      }
      return (bytes) => new Uint8Array(compress(bytes))
    }
    default:
      throw new LakefrontError(
        'UNSUPPORTED',
        `Avro cannot be written with the codec "${String(codec satisfies never)}". Codecs: null, deflate, snappy, zstandard.`,
      )
  }
}

/** What Node's module has from 22.15 on. */
interface Zlib {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array
}
