import type { QueryMetrics } from '../engine/engine.ts'

/** What happens when there is something already: PySpark's save modes. */
export type SaveMode = 'append' | 'overwrite' | 'ignore' | 'error'

/** Formats that can be written. */
export type WriteFormat = 'parquet' | 'avro' | 'csv' | 'json' | 'arrow'

/** Rows to files: what `df.write` asks of an engine. Plain data that survives `structuredClone`. */
export interface WriteTask {
  readonly format: WriteFormat
  /** A folder where it ends in `/`, else one file. */
  readonly url: string
  readonly mode: SaveMode
  /** Columns whose values become folders such as `year=2024`; then `url` is a folder. */
  readonly partitionBy: readonly string[]
  /** Of the format, see `WriteOptionsOf`. */
  readonly options: Readonly<Record<string, unknown>>
}

/** What is known of a column of a written file. Values as `docs/values.md` has them; of Parquet, exact. */
export interface WrittenColumn {
  readonly min?: unknown
  readonly max?: unknown
  readonly nullCount: number
}

/** A file as it was written. */
export interface WrittenFile {
  /** The URL without query string. */
  readonly path: string
  readonly rows: number
  readonly bytes: number
  /** The values of the columns it was partitioned by. */
  readonly partition: Readonly<Record<string, unknown>>
  readonly columns: Readonly<Record<string, WrittenColumn>>
}

/** What was written; nothing where the mode is `ignore` and something was there. */
export interface WriteResult {
  readonly files: readonly WrittenFile[]
  readonly rows: number
  readonly bytes: number
  /** What the statement cost; absent when it was not run. */
  readonly metrics?: QueryMetrics
}
