import type { LogicalType } from '../../types/logical-type.ts'
import type { NewColumn } from '../snapshot/lake-columns.ts'
import type { FileColumnStatistics } from './statistics.ts'
import type { PartitionKey } from './transform.ts'

/**
 * One thing a commit does, as plain data. Schemas, tables and views are named by their UUIDs, which they keep for life; columns by their names
 * from the top down, as they are at that point of the commit. Changes are applied in order, each to what those before it left, and all
 * again to what is newest when another commit came first.
 */
export type Change = SchemaChange | ColumnChange | RowChange

/** What changes the objects of a lake. */
export type SchemaChange =
  | { readonly kind: 'createSchema'; readonly uuid: string; readonly name: string }
  | { readonly kind: 'dropSchema'; readonly schema: string }
  | {
      readonly kind: 'createTable'
      readonly uuid: string
      readonly schema: string
      readonly name: string
      readonly columns: readonly NewColumn[]
    }
  | { readonly kind: 'dropTable'; readonly table: string }
  | { readonly kind: 'renameTable'; readonly table: string; readonly name: string }
  | {
      readonly kind: 'createView'
      readonly uuid: string
      readonly schema: string
      readonly name: string
      /** A SELECT, with `{DUCKLAKE_CATALOG}.` where it names the lake. */
      readonly sql: string
    }
  | { readonly kind: 'dropView'; readonly view: string }
  /** A text for a table, a view, or a column of a table; null takes it away. */
  | {
      readonly kind: 'comment'
      readonly on: 'table' | 'view'
      readonly object: string
      readonly column?: readonly string[]
      readonly text: string | null
    }
  /** Of the lake, or of one table; null takes it away. Makes no snapshot. */
  | { readonly kind: 'setOption'; readonly key: string; readonly value: string | null; readonly table?: string }

/** What changes the columns of a table, its order and its partitions. Files are not rewritten. */
export type ColumnChange =
  | {
      readonly kind: 'addColumn'
      readonly table: string
      /** The struct it goes into; empty for a column of the table. */
      readonly into: readonly string[]
      readonly column: NewColumn
    }
  | { readonly kind: 'dropColumn'; readonly table: string; readonly column: readonly string[] }
  | { readonly kind: 'renameColumn'; readonly table: string; readonly column: readonly string[]; readonly name: string }
  | {
      readonly kind: 'alterType'
      readonly table: string
      readonly column: readonly string[]
      readonly type: LogicalType
    }
  | {
      readonly kind: 'setNullable'
      readonly table: string
      readonly column: readonly string[]
      readonly nullable: boolean
    }
  | {
      readonly kind: 'setDefault'
      readonly table: string
      readonly column: readonly string[]
      readonly default?: NewColumn['default']
    }
  | { readonly kind: 'setPartitioning'; readonly table: string; readonly keys: readonly PartitionKey[] }
  | { readonly kind: 'setSorting'; readonly table: string; readonly keys: readonly LakeSortKey[] }

/** What changes the rows of a table. */
export type RowChange =
  | { readonly kind: 'appendFiles'; readonly table: string; readonly files: readonly NewDataFile[] }
  /** Deletes rows of a data file by their places in it, counted from 0. */
  | {
      readonly kind: 'deletePositions'
      readonly table: string
      readonly file: FileName
      /** Rising, each once. */
      readonly positions: ArrayLike<number>
    }
  /** Takes whole data files out of the table. */
  | { readonly kind: 'endFiles'; readonly table: string; readonly files: readonly FileName[] }
  /** Deletes rows that another client keeps in the catalog itself, by their row ids. */
  | { readonly kind: 'deleteInlined'; readonly table: string; readonly rows: readonly number[] }

/** A data file by its id; one of the same commit, that has none yet, by its path. */
export type FileName = number | string

export interface LakeSortKey {
  /** SQL over the columns of the table. */
  readonly expression: string
  readonly direction: 'ASC' | 'DESC'
  readonly nulls: 'NULLS_FIRST' | 'NULLS_LAST'
}

/** A Parquet file that is stored already. */
export interface NewDataFile {
  /** Below the folder of the table, or a URL where it is not there. */
  readonly path: string
  readonly isRelative: boolean
  readonly rows: number
  readonly bytes: number
  /** Length of the footer's Thrift; absent where not known. */
  readonly footerBytes?: number
  /** Of the leaf columns that are in the file. */
  readonly statistics: readonly FileColumnStatistics[]
  /** By the partition keys of the table as it is at this point of the commit; absent for a table without. */
  readonly partition?: readonly (string | null)[]
  /** Whether the file says the id of each row; else they are new rows, which get theirs from the commit. */
  readonly hasRowIds?: true
  /** How its columns are named, where it has no ids. */
  readonly names?: readonly NamedColumn[]
}

/** A name in a file without ids, and the id of the column it means. */
export interface NamedColumn {
  readonly name: string
  readonly column: number
  readonly fields?: readonly NamedColumn[]
  /** Whether the value is that of a folder such as `year=2024`. */
  readonly isPartition?: boolean
}
