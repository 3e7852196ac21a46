import { Compression, Table, writeParquet, WriterPropertiesBuilder } from 'parquet-wasm/esm/parquet_wasm.js'
import { LakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { ConversionFailure } from '../../types/conversion-failure.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { inField } from '../unfit-value.ts'
import { arrowStream } from './arrow-stream.ts'
import { columnBytes } from './column-bytes.ts'
import { readEncoded } from './encoded-column.ts'
import type { EncodedColumn } from './encoded-column.ts'
import { leavesOf } from './exact-bounds.ts'
import type { LeafColumn } from './exact-bounds.ts'
import { parquetInstance } from './parquet-instance.ts'
import type { ParquetWriteOptions } from './parquet-writer.ts'
import { repeatsValues } from './repeats-values.ts'
import { storedColumn } from './stored-column.ts'

/** Makes Parquet of Arrow, a column of a row group at a time. */
export interface StreamEncoder {
  /** A Parquet file of one column and one row group. */
  encode(request: StreamRequest): Promise<Uint8Array>
}

export interface StreamRequest {
  /** Of the column, for errors. */
  readonly name: string
  /** The column, as `arrowStream` makes it. */
  readonly stream: Uint8Array
  readonly rows: number
  readonly compression: NonNullable<ParquetWriteOptions['compression']>
  readonly dictionary: boolean
}

/** A column that is to be encoded, here or elsewhere. */
export interface EncodeJob {
  readonly name: string
  /** What there is to do, as bytes of the column. */
  readonly bytes: number
  /** Makes the request anew at each call: its bytes may be given away. */
  request(): StreamRequest
}

/** Where columns are encoded. */
export interface EncodePlace {
  run(job: EncodeJob): Promise<Uint8Array>
  /** Whether there are other threads for it, so that work can go on meanwhile. */
  readonly isConcurrent?: boolean
  /** Lends this thread to encoding until `until` settles. */
  lend?(until: Promise<unknown>): void
}

/** A column of a row group. */
export interface EncodeRequest extends Pick<StreamRequest, 'name' | 'compression' | 'dictionary'> {
  readonly type: LogicalType
  /** Its rows, in order; there is at least one. */
  readonly parts: readonly ColumnData[]
}

const compressions = {
  none: Compression.UNCOMPRESSED,
  snappy: Compression.SNAPPY,
  gzip: Compression.GZIP,
  zstd: Compression.ZSTD,
  lz4: Compression.LZ4_RAW,
  brotli: Compression.BROTLI,
} as const

/** Above this a dictionary costs more than it saves. */
const dictionaryBytes = 256 * 1024

/** An encoder on parquet-wasm. `load` gives its wasm file, and is called once, at the first use. */
export function streamEncoder(load: () => Promise<WebAssembly.Module | BufferSource>): StreamEncoder {
  const start = parquetInstance(load)
  return {
    async encode({ name, stream, rows, compression, dictionary }) {
      const instance = await start()
      return instance.run(
        () =>
          writeParquet(
            Table.fromIPCStream(stream),
            new WriterPropertiesBuilder()
              .setCompression(compressions[compression])
              .setDictionaryEnabled(dictionary)
              .setDictionaryPageSizeLimit(dictionaryBytes)
              .setMaxRowGroupSize(rows)
              .build(),
          ),
        (error) => unencodable(name, error),
      )
    },
  }
}

/** Encodes with `encoder`, in this thread. */
export function encodeHere(encoder: StreamEncoder): EncodePlace {
  return { run: async (job) => encoder.encode(job.request()) }
}

/** Encodes one column of one row group. Fails with `INVALID_VALUE` for values Parquet cannot hold. */
export async function encodeColumn(
  place: EncodePlace,
  { name, type, parts, compression, dictionary }: EncodeRequest,
): Promise<EncodedColumn> {
  const stored = storedParts(name, type, parts)
  const leaves = byLeaf(stored.map((part) => leavesOf(type, part)))
  const file = await place.run({
    name,
    bytes: stored.reduce((sum, part) => sum + columnBytes(part), 0),
    request: () => ({
      name,
      stream: arrowStream(type, stored),
      rows: parts.reduce((sum, { length }) => sum + length, 0),
      compression,
      dictionary: dictionary && leaves.some(repeatsValues),
    }),
  })
  return readEncoded(file, leaves)
}

function storedParts(name: string, type: LogicalType, parts: readonly ColumnData[]): ColumnData[] {
  try {
    return parts.map((part) => inField(name, () => storedColumn(type, part)))
  } catch (error) {
    if (!(error instanceof ConversionFailure)) throw error
    const message = `Column "${error.path}" cannot be written as Parquet: ${error.message}. Cast it to VARCHAR to write it.`
    throw new LakefrontError(error.code, message, { details: { column: name } })
  }
}

/** What has the leaves of each part made what has the parts of each leaf. */
function byLeaf(parts: readonly (readonly LeafColumn[])[]): LeafColumn[][] {
  return parts[0]!.map((_, leaf) => parts.map((leaves) => leaves[leaf]!))
}

function unencodable(name: string, cause: unknown): LakefrontError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return cause instanceof WebAssembly.RuntimeError
    ? new LakefrontError(
        'OUT_OF_MEMORY',
        `Column "${name}" cannot be encoded: the memory for it did not suffice. Write smaller row groups.`,
        { cause },
      )
    : new LakefrontError('INTERNAL', `Column "${name}" cannot be encoded: ${message}.`, { cause })
}
