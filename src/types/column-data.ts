import type { Schema } from './logical-type.ts'

/**
 * One column of values in Arrow's memory layout, as plain transferable data. Decoders make it, the engine's scan reads it,
 * results arrive in it, and Arrow tables wrap it without a copy.
 *
 * | type | buffers |
 * |---|---|
 * | null | none |
 * | boolean | `values`: bitmap, least significant bit first |
 * | integers, float, double | `values`: little endian, natural width |
 * | decimal | `values`: scaled integers of 2, 4, 8 or 16 bytes for precision ≤ 4, 9, 18, 38 |
 * | hugeint, uhugeint | `values`: 16 bytes little endian |
 * | date | `values`: int32 days since 1970-01-01 |
 * | time, timestamp, timestamptz | `values`: int64 microseconds; `timestamp_s/_ms/_ns` and `time_ns` in their own unit |
 * | timetz | `values`: uint64 as DuckDB packs it: microseconds << 24 or offset code |
 * | interval | `values`: 16 bytes: int32 months, int32 days, int64 microseconds |
 * | uuid | `values`: 16 bytes, big endian, as printed |
 * | varchar, json, blob, bit | `offsets` (length + 1) into `values`; bit in DuckDB's own bytes |
 * | enum | `values`: unsigned indices of 1, 2 or 4 bytes for ≤ 256, ≤ 65,536, more values |
 * | list, map | `offsets` (length + 1) into `children[0]`; a map's child is a struct of key and value |
 * | array | `children[0]` of `size × length` |
 * | struct | one child per field, each of `length` |
 * | union | `values`: one uint8 member index per row; one child per member, each of `length` (sparse) |
 *
 * A varchar, json or blob column may instead be dictionary encoded: `dictionary` holds the distinct values and `values` one
 * int32 index per row; `offsets` is absent then.
 */
export interface ColumnData {
  readonly length: number
  readonly nullCount: number
  /** Bitmap of rows that are not null, least significant bit first; absent when `nullCount` is 0. */
  readonly validity?: Uint8Array
  readonly offsets?: Int32Array
  readonly values?: Uint8Array
  readonly children?: readonly ColumnData[]
  readonly dictionary?: ColumnData
}

/** Rows of a schema, column by column. `columns[i]` belongs to `schema.fields[i]`. */
export interface ColumnBatch {
  readonly schema: Schema
  readonly length: number
  readonly columns: readonly ColumnData[]
}

/** Every buffer of `batch` once, for the transfer list of `postMessage`. */
export function transferablesOf(batch: Pick<ColumnBatch, 'columns'>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  const visit = (column: ColumnData): void => {
    for (const view of [column.validity, column.offsets, column.values]) {
      if (view !== undefined && view.byteLength > 0) buffers.add(view.buffer as ArrayBuffer)
    }
    column.children?.forEach(visit)
    if (column.dictionary !== undefined) visit(column.dictionary)
  }
  batch.columns.forEach(visit)
  return [...buffers]
}
