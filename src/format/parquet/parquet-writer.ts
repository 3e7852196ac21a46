import type { ColumnBatch } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import type { RowsWaiting } from './rows-waiting.ts'

/** A column of a file, or a field in a nested one, with the number that readers may find it by. */
export interface FileField {
  readonly name: string
  readonly type: LogicalType
  /** Parquet's `field_id`. */
  readonly id?: number
  /** Of a struct its fields, of a list its `element`, of a map its `key` and `value`; absent where none has an id. */
  readonly fields?: readonly FileField[]
}

/** How a Parquet file is written; every field has a default. */
export interface ParquetWriteOptions {
  /** Default `'snappy'`. */
  readonly compression?: 'none' | 'snappy' | 'gzip' | 'zstd' | 'lz4' | 'brotli'
  /** Most rows in a row group. Default 122,880, as DuckDB writes them. */
  readonly rowGroupRows?: number
  /** Most bytes in a row group, encoded; the rows limit still holds. */
  readonly rowGroupBytes?: number
  /** Whether dictionaries are tried. Default true. */
  readonly dictionary?: boolean
  /** Key-value metadata of the footer. */
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * What is known of a leaf column of a written file, exactly: of all its values, NaN and nulls aside. `min` and `max` are JavaScript values of
 * the type as `docs/values.md` has them; absent where there is no value and for types without an order (intervals, nested).
 */
export interface LeafStatistics {
  /** Names from the column down, such as `['s', 'b', 'element']`. */
  readonly path: readonly string[]
  readonly id?: number
  readonly type: LogicalType
  /** Values that are not null. */
  readonly valueCount: number
  readonly nullCount: number
  readonly min?: unknown
  readonly max?: unknown
  /** Of float and double only. */
  readonly hasNan?: boolean
  /** Compressed bytes in the file. */
  readonly bytes: number
}

/** A finished file. */
export interface ParquetSummary {
  readonly rows: number
  readonly bytes: number
  /** Length of the footer's Thrift, without the eight bytes behind it. */
  readonly footerBytes: number
  readonly leaves: readonly LeafStatistics[]
}

/** Encodes batches into one Parquet file, a row group at a time. */
export interface ParquetWriter {
  /**
   * Takes rows; the buffers are only read, but must stay as they are until `finish`. Full row groups are given to `emit` in order, one call
   * after the other, before this resolves or, where other threads encode them, while later rows are taken. Call it again only when it has
   * resolved.
   */
  write(batch: ColumnBatch): Promise<void>
  /** Bytes of the file so far, what is not encoded yet estimated. */
  readonly size: number
  /** Emits what is left and the footer. A writer without rows makes a file without row groups. */
  finish(): Promise<ParquetSummary>
  /** Gives its memory back; nothing more is emitted. Twice is fine, and after `finish` too. */
  close(): void
}

/** Makes writers: the decoder's module, and the workers where there are some, are behind it. */
export interface ParquetEncoder {
  /** What waits in all of its writers. */
  readonly waiting: RowsWaiting
  open(
    fields: readonly FileField[],
    options: ParquetWriteOptions & { readonly emit: (bytes: Uint8Array) => void | Promise<void> },
  ): ParquetWriter
}
