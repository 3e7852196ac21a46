import type { ParquetColumn } from './schema.ts'
import type { Bound } from './statistics.ts'
import { readThriftStruct } from './thrift.ts'
import type { ThriftStruct, ThriftValue } from './thrift.ts'
import { xxhash64 } from './xxhash64.ts'

/** A split-block Bloom filter: 32-byte blocks of eight words. */
export interface BloomFilter {
  readonly words: Uint32Array
}

/** Longest header there is, and some more. */
export const bloomHeaderBytes = 64

const blockWords = 8
const salts = [
  0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31,
] as const

/** Bytes of the filter whose header is at the start of `bytes`, header included; undefined when it is none that is understood. */
export function bloomLength(bytes: Uint8Array): number | undefined {
  return header(bytes)?.length
}

/**
 * Reads a filter with its header. Undefined when it is cut off, or of an algorithm, hash or compression that is unknown.
 * Format: https://github.com/apache/parquet-format/blob/master/BloomFilter.md
 */
export function readBloomFilter(bytes: Uint8Array): BloomFilter | undefined {
  const found = header(bytes)
  if (found === undefined || found.length > bytes.length) return undefined
  const words = new Uint32Array((found.length - found.start) / 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset + found.start, words.length * 4)
  for (let index = 0; index < words.length; index++) words[index] = view.getUint32(index * 4, true)
  return { words }
}

/** Whether no value of the column is `value`; `plain` is the value as the format's plain encoding has it. */
export function bloomExcludes({ words }: BloomFilter, plain: Uint8Array): boolean {
  const hash = xxhash64(plain)
  const block = Number(((hash >> 32n) * BigInt(words.length / blockWords)) >> 32n) * blockWords
  const key = Number(BigInt.asUintN(32, hash))
  return salts.some((salt, word) => ((words[block + word]! >>> (Math.imul(key, salt) >>> 27)) & 1) === 0)
}

/** `bound` as stored in plain encoding; undefined when one value may be stored in more than one way. */
export function plainBytes({ field, node }: ParquetColumn, bound: Bound): Uint8Array | undefined {
  const as = node.conversion?.as
  const isNumber = as === 'copy' || as === 'resize'
  switch (node.physical) {
    case 'int32':
      return isNumber && typeof bound === 'bigint' ? littleEndian(bound, 4) : undefined
    case 'int64':
      return isNumber && typeof bound === 'bigint' ? littleEndian(bound, 8) : undefined
    case 'double':
      return isPlainNumber(bound) ? new Uint8Array(new Float64Array([bound]).buffer) : undefined
    case 'float':
      return isPlainNumber(bound) ? new Uint8Array(new Float32Array([bound]).buffer) : undefined
    case 'byte_array':
      return bound instanceof Uint8Array && (field.type.kind === 'varchar' || field.type.kind === 'blob')
        ? bound
        : undefined
    case 'fixed_len_byte_array':
      return bound instanceof Uint8Array && bound.length === node.typeLength ? bound : undefined
    default:
      return undefined
  }
}

/** Zero has two signs, and NaN many forms. */
function isPlainNumber(bound: Bound): bound is number {
  return typeof bound === 'number' && bound !== 0 && !Number.isNaN(bound)
}

function littleEndian(value: bigint, width: 4 | 8): Uint8Array | undefined {
  const bits = width * 8
  if (BigInt.asIntN(bits, value) !== value && BigInt.asUintN(bits, value) !== value) return undefined
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true)
  return bytes.subarray(0, width)
}

function header(bytes: Uint8Array): { start: number; length: number } | undefined {
  try {
    const { value, end } = readThriftStruct(bytes)
    const [size, ...kinds] = [value[1], value[2], value[3], value[4]]
    const isKnown = kinds.every(
      (kind: ThriftValue | undefined) => (kind as ThriftStruct | undefined)?.[1] !== undefined,
    )
    if (!isKnown || typeof size !== 'number' || size <= 0 || size % (blockWords * 4) !== 0) return undefined
    return { start: end, length: end + size }
  } catch {
    return undefined
  }
}
