import { Compression, Table, writeParquet, WriterPropertiesBuilder } from 'parquet-wasm/esm/parquet_wasm.js'
import { LakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { arrowStream } from './arrow-stream.ts'
import { readEncoded } from './encoded-column.ts'
import type { EncodedColumn } from './encoded-column.ts'
import { leavesOf } from './exact-bounds.ts'
import type { LeafColumn } from './exact-bounds.ts'
import { parquetInstance } from './parquet-instance.ts'
import type { ParquetWriteOptions } from './parquet-writer.ts'
import { repeatsValues } from './repeats-values.ts'
import { storedColumn } from './stored-column.ts'

/** Encodes column chunks. */
export interface ColumnEncoder {
  /** One column of one row group. Fails with `INVALID_VALUE` for values Parquet cannot hold. */
  encode(request: EncodeRequest): Promise<EncodedColumn>
}

export interface EncodeRequest {
  readonly name: string
  readonly type: LogicalType
  /** Its rows, in order; there is at least one. */
  readonly parts: readonly ColumnData[]
  readonly compression: NonNullable<ParquetWriteOptions['compression']>
  readonly dictionary: boolean
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
export function columnEncoder(load: () => Promise<WebAssembly.Module | BufferSource>): ColumnEncoder {
  const start = parquetInstance(load)
  return {
    async encode({ name, type, parts, compression, dictionary }) {
      const instance = await start()
      const stored = parts.map((part) => storedColumn(type, part))
      const rows = parts.reduce((sum, { length }) => sum + length, 0)
      const leaves = byLeaf(stored.map((part) => leavesOf(type, part)))
      const repeats = dictionary && leaves.some(repeatsValues)
      const file = instance.run(
        () =>
          writeParquet(
            Table.fromIPCStream(arrowStream(type, stored)),
            new WriterPropertiesBuilder()
              .setCompression(compressions[compression])
              .setDictionaryEnabled(repeats)
              .setDictionaryPageSizeLimit(dictionaryBytes)
              .setMaxRowGroupSize(rows)
              .build(),
          ),
        (error) => unencodable(name, error),
      )
      return readEncoded(file, leaves)
    },
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
