import { byteBounds, floatBounds, mergeBounds } from './exact-bounds.ts'
import type { ExactBounds, LeafColumn } from './exact-bounds.ts'
import { leafStorage } from './leaf-storage.ts'
import type { LeafStorage } from './leaf-storage.ts'
import type { Bound } from './statistics.ts'
import { readThriftStruct } from './thrift.ts'
import type { ThriftStruct } from './thrift.ts'

/** A column of a row group as it is stored: the chunks of its leaves one behind the other. Offsets are into `bytes`. */
export interface EncodedColumn {
  readonly bytes: Uint8Array
  readonly leaves: readonly EncodedLeaf[]
}

/** One column chunk. */
export interface EncodedLeaf {
  readonly start: number
  readonly length: number
  readonly dataStart: number
  readonly hasDictionary: boolean
  /** By their numbers in the format. */
  readonly codec: number
  readonly encodings: readonly number[]
  /** How many pages there are of each type and encoding. */
  readonly pageCounts: readonly { readonly type: number; readonly encoding: number; readonly count: number }[]
  /** Values, nulls and empty lists included. */
  readonly values: number
  readonly nulls: number
  readonly uncompressedBytes: number
  /** As stored: text may be cut short. */
  readonly statistics: {
    readonly min?: Uint8Array
    readonly max?: Uint8Array
    readonly isMinExact: boolean
    readonly isMaxExact: boolean
  }
  readonly bounds: ExactBounds
  readonly pages: readonly { readonly start: number; readonly length: number; readonly firstRow: number }[]
  /** Bounds by page, ready to be stored; absent where there are none. */
  readonly columnIndex?: Uint8Array
}

const magicBytes = 4
const trailerBytes = 8

/** Takes `file`, a Parquet file of one column and one row group, apart; `leafParts` are the parts of each leaf it was made of. */
export function readEncoded(file: Uint8Array, leafParts: readonly (readonly LeafColumn[])[]): EncodedColumn {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const end = file.length - trailerBytes
  const footer = readThriftStruct(file, end - view.getUint32(end, true)).value
  const [rowGroup] = footer[4] as readonly ThriftStruct[]
  const chunks = rowGroup![1] as readonly ThriftStruct[]
  const leaves = chunks.map((chunk, index) => readLeaf(file, chunk, leafParts[index]!))
  const last = leaves.at(-1)!
  return { bytes: file.subarray(magicBytes, magicBytes + last.start + last.length), leaves }
}

function readLeaf(file: Uint8Array, chunk: ThriftStruct, parts: readonly LeafColumn[]): EncodedLeaf {
  const storage = leafStorage(parts[0]!.type)
  const meta = chunk[3] as ThriftStruct
  const dataStart = meta[9] as number
  const dictionaryStart = meta[11] as number | undefined
  const given = meta[12] as ThriftStruct | undefined
  const { 5: max, 6: min, 7: isMaxExact = true, 8: isMinExact = true } = storage.isOrdered ? (given ?? {}) : {}
  const statistics = {
    ...(min === undefined ? {} : { min: (min as Uint8Array).slice() }),
    ...(max === undefined ? {} : { max: (max as Uint8Array).slice() }),
    isMinExact: isMinExact === true,
    isMaxExact: isMaxExact === true,
  }
  const bounds = boundsOf(storage, parts, statistics)
  const columnIndex = storage.isOrdered ? range(file, chunk[6], chunk[7]) : undefined
  return {
    start: (dictionaryStart ?? dataStart) - magicBytes,
    length: meta[7] as number,
    dataStart: dataStart - magicBytes,
    hasDictionary: dictionaryStart !== undefined,
    codec: meta[4] as number,
    encodings: meta[2] as readonly number[],
    pageCounts: (meta[13] as readonly ThriftStruct[]).map((entry) => ({
      type: entry[1] as number,
      encoding: entry[2] as number,
      count: entry[3] as number,
    })),
    values: meta[5] as number,
    nulls: (given?.[3] as number | undefined) ?? 0,
    uncompressedBytes: meta[6] as number,
    // DuckDB takes NaN for the greatest number, and a chunk whose greatest is told for one without.
    statistics: bounds.hasNan === true ? { isMinExact: true, isMaxExact: true } : statistics,
    bounds,
    pages: pagesOf(range(file, chunk[4], chunk[5])),
    ...(columnIndex === undefined ? {} : { columnIndex }),
  }
}

function range(file: Uint8Array, start: unknown, length: unknown): Uint8Array | undefined {
  return typeof start === 'number' && typeof length === 'number' ? file.slice(start, start + length) : undefined
}

function pagesOf(index: Uint8Array | undefined): EncodedLeaf['pages'] {
  if (index === undefined) return []
  return (readThriftStruct(index).value[1] as readonly ThriftStruct[]).map((page) => ({
    start: (page[1] as number) - magicBytes,
    length: page[2] as number,
    firstRow: page[3] as number,
  }))
}

function boundsOf(
  storage: LeafStorage,
  parts: readonly LeafColumn[],
  { min, max, isMinExact, isMaxExact }: EncodedLeaf['statistics'],
): ExactBounds {
  if (storage.physical === 'float' || storage.physical === 'double') return parts.map(floatBounds).reduce(mergeBounds)
  if (min === undefined || max === undefined) return {}
  if (!isMinExact || !isMaxExact) return parts.map(byteBounds).reduce(mergeBounds)
  return { min: boundOf(storage, min), max: boundOf(storage, max) }
}

function boundOf({ physical, arrow, decimal }: LeafStorage, bytes: Uint8Array): Bound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const sign = arrow.parameters?.[1]
  const isUnsigned = decimal === undefined && sign !== undefined && 'value' in sign && sign.value === 0
  if (physical === 'boolean') return bytes[0] === 1
  if (physical === 'int32') return BigInt(isUnsigned ? view.getUint32(0, true) : view.getInt32(0, true))
  if (physical === 'int64') return isUnsigned ? view.getBigUint64(0, true) : view.getBigInt64(0, true)
  if (decimal === undefined) return bytes
  let value = BigInt(view.getInt8(0))
  for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte)
  return value
}
