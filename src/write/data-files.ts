import type {
  FileField,
  ParquetEncoder,
  ParquetSummary,
  ParquetWriteOptions,
} from '../format/parquet/parquet-writer.ts'
import type { Storage } from '../storage/storage.ts'
import { spreadRows } from './spread-rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'

/** How rows are spread over Parquet files: by their partition, and by size. */
export interface DataFilesOptions extends ParquetWriteOptions {
  readonly storage: Storage
  readonly encoder: ParquetEncoder
  /** The columns of the files: the first of each batch, in this order. Columns of the batch behind them are partition values. */
  readonly fields: readonly FileField[]
  /** The key below `storage` for the next file of a partition, whose values are given as text, null as null. */
  readonly name: (partition: readonly (string | null)[]) => string
  /** A file is finished when it has grown to this. Default 512 MB. */
  readonly targetBytes?: number
  /** Files that are being written at once; rows of further partitions are held in memory, up to a bound. Default 16. */
  readonly mostOpen?: number
  readonly signal?: AbortSignal
  /** Hears rows and bytes so far. */
  readonly onProgress?: (written: { readonly rows: number; readonly bytes: number }) => void
}

/** A file of rows, complete and stored. */
export interface DataFile extends ParquetSummary {
  readonly key: string
  /** Values of the partition columns as text; empty without such columns. */
  readonly partition: readonly (string | null)[]
  readonly etag?: string
}

const defaults = { targetBytes: 512_000_000, mostOpen: 16 }

/**
 * Writes all rows. When it fails or is aborted nothing it wrote is left behind, as far as the store can be reached; what was
 * finished before the failure is removed.
 */
export async function writeDataFiles(
  batches: AsyncIterable<ColumnBatch>,
  options: DataFilesOptions,
): Promise<readonly DataFile[]> {
  const { encoder, fields, name, targetBytes, mostOpen, storage, signal, onProgress, ...format } = options
  const files = await spreadRows<ParquetSummary>(withRows(batches), {
    storage,
    open: (emit) => encoder.open(fields, { ...format, emit }),
    name: ({ texts }) => name(texts),
    fileColumns: fields.length,
    targetBytes: targetBytes ?? defaults.targetBytes,
    mostOpen: mostOpen ?? defaults.mostOpen,
    contentType: 'application/vnd.apache.parquet',
    waiting: encoder.waiting,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  return files.map(({ key, partition, etag, summary }) => ({
    ...summary,
    key,
    partition: partition.texts,
    ...(etag === undefined ? {} : { etag }),
  }))
}

async function* withRows(batches: AsyncIterable<ColumnBatch>): AsyncGenerator<ColumnBatch> {
  for await (const batch of batches) if (batch.length > 0) yield batch
}
