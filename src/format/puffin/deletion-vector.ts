import { LakefrontError } from '../../errors.ts'
import { crc32 } from '../crc32.ts'
import { readRoaringBitmap } from './roaring-bitmap.ts'

/** Positions that are deleted, ascending; and the snapshot they were deleted by, where the file tells. */
export interface DeletionVector {
  readonly positions: Uint32Array
  readonly snapshot?: number
}

const vectorMagic = 0xd1d33964
const puffinMagic = 0x50464131
/** Length and checksum around a vector. */
const wrapping = 8
/** Length of the payload, flags and magic behind it. */
const trailerBytes = 12

/**
 * The deletion vectors of a file: one that is nothing else, as DuckLake 1.0 writes it, or those in a Puffin file, in order of their snapshots. See
 * `deletion-vector-v1` in the Puffin specification of Iceberg: `[length][magic][bitmaps][CRC-32]`, each bitmap being of 32 bits under the
 * upper half of the numbers.
 *
 * Fails with `CORRUPT_FILE`, also when the checksum is wrong, and `UNSUPPORTED` for positions beyond 2³² and compressed footers.
 */
export function readDeletionVectors(bytes: Uint8Array, label: string): readonly DeletionVector[] {
  try {
    if (bytes.length >= 4 && viewOf(bytes).getUint32(0) === puffinMagic) return vectorsInPuffin(bytes)
    return [{ positions: readVector(bytes) }]
  } catch (error) {
    const known = error instanceof LakefrontError
    throw new LakefrontError(
      known ? error.code : 'CORRUPT_FILE',
      `"${label}" is no readable deletion vector: ${known ? error.message : 'its description is damaged.'}`,
      { details: { source: label }, cause: error },
    )
  }
}

function readVector(bytes: Uint8Array): Uint32Array {
  const view = viewOf(bytes)
  const length = bytes.length < 4 ? 0 : view.getUint32(0)
  if (length < 12 || length + wrapping > bytes.length) throw corrupt('It is cut off.')
  if (view.getUint32(4) !== vectorMagic) throw corrupt('It does not begin as one.')
  const body = bytes.subarray(4, 4 + length)
  if (crc32(body) !== view.getUint32(4 + length)) throw corrupt('Its checksum is wrong.')
  const count = view.getBigInt64(8, true)
  if (count === 0n) return new Uint32Array()
  if (count !== 1n || view.getUint32(16, true) !== 0) {
    throw new LakefrontError('UNSUPPORTED', 'It deletes rows beyond the first 4,294,967,296 of a file.')
  }
  return readRoaringBitmap(body.subarray(16)).values
}

/** A blob as a Puffin file's footer describes it. */
interface Blob {
  readonly type?: unknown
  readonly offset?: unknown
  readonly length?: unknown
  readonly properties?: Readonly<Record<string, unknown>>
  readonly 'compression-codec'?: unknown
}

function vectorsInPuffin(bytes: Uint8Array): readonly DeletionVector[] {
  const view = viewOf(bytes)
  const end = bytes.length - trailerBytes
  const length = end < 8 ? -1 : view.getInt32(end, true)
  const start = end - length
  if (length < 0 || start < 8 || view.getUint32(start - 4) !== puffinMagic || view.getUint32(end + 8) !== puffinMagic)
    throw corrupt('Its footer is cut off.')
  if ((view.getUint8(end + 4) & 1) === 1) throw new LakefrontError('UNSUPPORTED', 'Its footer is compressed.')
  const { blobs = [] } = JSON.parse(new TextDecoder().decode(bytes.subarray(start, end))) as { blobs?: readonly Blob[] }
  const vectors = blobs.filter(({ type }) => type === 'deletion-vector-v1').map((blob) => vectorOf(blob, bytes))
  return vectors.sort((a, b) => (a.snapshot ?? 0) - (b.snapshot ?? 0))
}

function vectorOf(blob: Blob, bytes: Uint8Array): DeletionVector {
  const { offset, length, properties } = blob
  const isInside =
    typeof offset === 'number' && typeof length === 'number' && offset >= 4 && offset + length <= bytes.length
  if (!isInside || (blob['compression-codec'] ?? null) !== null) throw corrupt('Its footer describes no part of it.')
  const snapshot = Number(properties?.['ducklake-snapshot-id'] ?? NaN)
  const positions = readVector(bytes.subarray(offset, offset + length))
  return { positions, ...(Number.isNaN(snapshot) ? {} : { snapshot }) }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function corrupt(what: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', what)
}
