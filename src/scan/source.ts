import type { CsvParameters, CsvParser } from '../format/csv/csv-parser.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import type { FetchScope } from '../storage/storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { LogicalType, Schema } from '../types/logical-type.ts'
import type { Domain } from './domain.ts'
import type { ListedFiles } from './listed-files.ts'

/** Where the bytes of one file are: a URL or path, a `File` or `Blob`, or the bytes themselves. */
export type FileReference = string | Blob | Uint8Array

/** Something that can be scanned under an id. Plain data that survives `structuredClone`. */
export type Source =
  | {
      readonly id: string
      readonly format: 'parquet'
      readonly files: readonly FileReference[]
      readonly options?: ParquetOptions
      /** The columns of the table, found in the files by id. Without it they are found by name. */
      readonly mapping?: readonly MappedField[]
    }
  | {
      readonly id: string
      readonly format: 'avro'
      readonly files: readonly FileReference[]
      readonly options?: AvroOptions
    }
  | {
      readonly id: string
      readonly format: 'json'
      readonly files: readonly FileReference[]
      readonly options?: JsonOptions
    }
  | {
      readonly id: string
      readonly format: 'csv'
      readonly files: readonly FileReference[]
      readonly options?: CsvOptions
    }
  | {
      readonly id: string
      readonly format: 'arrow'
      readonly files: readonly FileReference[]
      readonly options?: ParquetOptions
    }
  | {
      readonly id: string
      /** What the files are is told by what is in them. */
      readonly format: 'any'
      readonly files: readonly FileReference[]
      readonly options?: ParquetOptions
    }
  | {
      readonly id: string
      readonly format: 'batches'
      readonly schema: Schema
      readonly batches: readonly ColumnBatch[]
    }
  | LakeSource

/** A table of a lake that was opened: as it is when it is read, or as it was. */
export interface LakeSource {
  readonly id: string
  readonly format: 'lake'
  /** What SQL calls the lake. */
  readonly lake: string
  readonly schema: string
  readonly table: string
  /** A snapshot by its number, or the last at an instant; the newest without either. */
  readonly version?: number
  readonly timestamp?: string
  /** Rows that came or went in some snapshots, in place of those that are there. Both ends count. */
  readonly changes?: { readonly from: number; readonly to: number; readonly rows: 'inserted' | 'deleted' }
  /** Columns beside those of the table. */
  readonly virtual?: readonly { readonly name: string; readonly virtual: VirtualColumn }[]
  /** Whether files are read as they are now, and nothing that is kept of them. Default false: files of a lake do not change. */
  readonly anew?: boolean
}

/** What DuckDB's `read_parquet` takes. */
export interface ParquetOptions {
  /** Whether folders such as `year=2024` are columns. Default: when all files have the same of them. */
  readonly hivePartitioning?: boolean
  /** Types of columns that folders tell, by name, as SQL text. Default: as their values look. */
  readonly hiveTypes?: Readonly<Record<string, string>>
  /** A column with the name of each row's file; text names the column, which is `filename` otherwise. */
  readonly filename?: boolean | string
  /** A column `file_row_number` with the number of each row in its file, from 0. */
  readonly fileRowNumber?: boolean
  /** Whether the table has the columns of all files (default), or those of the first, which all others must have then. */
  readonly unionByName?: boolean
}

/** What `read_avro` takes. */
export interface AvroOptions extends ParquetOptions {
  /** A schema to read the files with, as JSON: columns by their aliases, defaults for those a file lacks, wider types. */
  readonly readerSchema?: string
}

/** What `read_json` takes. */
export interface JsonOptions extends ParquetOptions {
  /** From how many values of each file types are inferred; −1 for all. Default 20,480. */
  readonly sampleSize?: number
}

/** What `read_csv` takes. */
export interface CsvOptions extends ParquetOptions {
  /** Its other options by their names in SQL, the values as SQL: `{ delim: "';'" }`. */
  readonly parameters?: CsvParameters
  /** Types that texts of columns are read as, by name in lower case. */
  readonly declared?: Readonly<Record<string, string>>
}

/** Options of any format. */
export type ScanOptions = AvroOptions & JsonOptions & CsvOptions

/** A source that is files. */
export type FileSource = Exclude<Source, { readonly format: 'batches' | 'lake' }>

/** A table whose files a catalog lists. It is made where it is scanned: unlike a {@link Source} it is no plain data. */
export interface ListedSource {
  readonly format: 'listed'
  readonly id: string
  /** The columns of the table, found in the files by id. */
  readonly mapping: readonly MappedField[]
  readonly files: ListedFiles
}

/**
 * Columns that no file has to hold: the row's id and the snapshot it came with (or, where deleted rows are shown, went with), its number in
 * its file from 0, the file's place in the list and its name.
 */
export type VirtualColumn = 'rowId' | 'snapshot' | 'rowNumber' | 'fileIndex' | 'fileName'

/** A column of a table, or a field of a struct, that files know by its id, whatever they call it. */
export interface MappedField {
  readonly name: string
  readonly type: LogicalType
  /** Without one no file has it. */
  readonly id?: number
  /** A JavaScript value for the rows of files that lack it. Default null. */
  readonly default?: unknown
  /** Of a struct its fields, of a list its element, of a map its key and value; absent where ids below do not matter. */
  readonly fields?: readonly MappedField[]
  /** Of a listed source: not a column of the table. Then `type` is bigint, or varchar for the file's name. */
  readonly virtual?: VirtualColumn
}

/** A source whose schema is known: footers were read, no data was. */
export interface ScanTable {
  readonly schema: Schema
  /** Rows in all, when the format tells without reading data. */
  readonly rowCount?: number
  /**
   * The share of row groups that a value of a column lies in, by its index in the schema: the lower, the more is skipped when values are
   * known. 1 where nothing is known.
   */
  overlap?(column: number): number
  /**
   * Finds out what a catalog knows of the values of columns, by their indices, which reads then skip by. That may ask the engine, as a read
   * must not: it runs while a statement does. Reads that are opened after the first call ask for nothing more.
   */
  learn?(columns: readonly number[], options: { readonly signal?: AbortSignal }): Promise<void>
  /** Starts a read. Nothing is fetched before the first {@link ScanReader.poll} or {@link ScanReader.ready}. */
  open(request: ScanRequest): ScanReader
}

export interface ScanRequest {
  /** Indices into the table's schema, in the order the batches must have; may be empty (row counts only). */
  readonly columns: readonly number[]
  /**
   * The predicate above this scan as DuckDB prints it in a plan, such as `((#0 > 10) AND (#1 = 'x'))`: columns by their position in
   * `columns`, or by name. For skipping only: the engine filters every row again, so a part that is not understood is ignored.
   */
  readonly filter?: string
  /** Values that columns are joined with: rows that have none of them do not matter. */
  readonly keys?: readonly ColumnKeys[]
  /** Whether the receiver may have enough after a few rows: nothing is then read ahead of what it pulls. */
  readonly stopsEarly?: boolean
  /** How many rows the receiver will probably pull; those are read first, alone where pages allow. */
  readonly limit?: number
  /** Only the first `rows` rows in the order of a column matter, wherever nulls go in it; for requests without a filter. */
  readonly top?: TopRows
  /** Whether the receiver has copied what it needs of a batch when it pulls the next: what is not kept is then freed at once. */
  readonly copies?: boolean
  readonly signal?: AbortSignal
}

/** The values a column, by its index into the table's schema, may have behind `casts`, innermost first. */
export interface ColumnKeys {
  readonly column: number
  readonly casts: readonly string[]
  readonly domain: Domain
  /** Sorted, each once. */
  readonly values: readonly Bound[]
}

/** The first rows in the order of a column, by its index into the table's schema. */
export interface TopRows {
  readonly column: number
  readonly direction: 'up' | 'down'
  readonly rows: number
}

/** Pulls batches. Batches share buffers with the cache: the receiver must not write to them or transfer them. */
export interface ScanReader {
  /** The next batch if it is decoded already, `'pending'` if it must be waited for, `'done'` after the last. Throws what failed. */
  poll(): ColumnBatch | 'pending' | 'done'
  /** Resolves when {@link poll} will not say `'pending'`. Rejects with what failed. */
  ready(): Promise<void>
  /** Fetches and decodes everything, so that {@link poll} never says `'pending'` again. */
  load(): Promise<void>
  readonly metrics: ScanMetrics
  /** Stops fetching and gives memory back; twice is fine. */
  close(): void
}

/** Why a row group was not read: by what its footer says, a Bloom filter, its page index, a limit, the partition its file is of, the keys of a join, or because its rows are deleted. */
export type SkipReason = 'statistics' | 'bloom' | 'pages' | 'limit' | 'partition' | 'join' | 'deleted'

/** What a scan cost. Bytes are of the file as stored. */
export interface ScanMetrics {
  /** What is scanned, without query strings or credentials. */
  readonly source: string
  files: number
  /** Files that were proved useless by what a catalog told of them, so that their footers were not read, or of those that are read from front to back by their folders. */
  filesSkipped: number
  rowGroups: number
  rowGroupsRead: number
  /** Row groups that were proved useless, for whatever reason. */
  rowGroupsSkipped: number
  /** The same by reason. */
  readonly rowGroupsSkippedBy: Record<SkipReason, number>
  /** Data pages of the columns asked for, in row groups whose page index was read; 0 where none was. */
  pages: number
  pagesRead: number
  pagesSkipped: number
  /** Bytes of the pages and column chunks that were needed and not in memory; what was fetched beyond that are footers, indexes, and gaps read over. */
  bytesNeeded: number
  bytesFetched: number
  requests: number
  /** Column chunks found decoded in memory. */
  cacheHits: number
  rows: number
  /** Choosing row groups and pages, indexes read for that included. */
  planMilliseconds: number
  fetchMilliseconds: number
  decodeMilliseconds: number
  /** Copying rows into the engine. */
  feedMilliseconds: number
  warnings: string[]
}

/** For whom a table is made. */
export interface TableOptions {
  readonly signal?: AbortSignal
  /** The statement that reads it. */
  readonly scope?: FetchScope
  /** No row is read: of a table of a lake the columns are enough. */
  readonly columnsOnly?: boolean
  /** What reads text of CSV, where there is an engine that does. */
  readonly csv?: CsvParser
}

/** What a table of a lake consists of; implemented by `lake/`, used by scans. */
export type LakeTables = (
  source: LakeSource,
  options: TableOptions,
) => Promise<{ readonly files: ListedSource; readonly rows?: Source & { readonly format: 'batches' } }>

/** Makes tables out of sources; implemented by `scan/`, used by engines. */
export interface ScanProvider {
  /** Reads what is needed to know the schema. Cached by source id and by file validator. */
  table(source: Source | ListedSource, options?: TableOptions): Promise<ScanTable>
  /** Forgets a source and what was cached of it. */
  drop(id: string): void
  /** Gives up decoded columns that do not fit the budget any more. */
  trim(): void
  close(): void | Promise<void>
}
