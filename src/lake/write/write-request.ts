import type { Statement } from '../../engine/engine.ts'
import type { NewColumn } from '../snapshot/lake-columns.ts'
import type { LakeSortKey } from '../commit/change.ts'
import { ownColumns } from '../own-columns.ts'

/** A table or view by its name. */
export interface ObjectName {
  readonly schema: string
  readonly name: string
}

/** How rows whose columns are not those of the table are taken. */
export interface SchemaOptions {
  /** Adds columns that the table lacks, and widens those that are too narrow. Default false: such rows are refused. */
  readonly mergeSchema?: boolean
  /** With `mergeSchema`: values that do not fit a text column otherwise become text. Default false. */
  readonly castToVarchar?: boolean
}

/** What a user wants of a lake, as plain data that survives `structuredClone`. */
export type LakeOperation = ObjectOperation | ColumnOperation | RowOperation

export type ObjectOperation =
  | { readonly kind: 'createSchema'; readonly name: string; readonly ifNotExists: boolean }
  | { readonly kind: 'dropSchema'; readonly name: string; readonly ifExists: boolean; readonly cascade: boolean }
  | {
      readonly kind: 'createTable'
      readonly table: ObjectName
      readonly columns: readonly NewColumn[]
      /** Such as `month(at)`. */
      readonly partitionBy: readonly string[]
      readonly sortBy: readonly LakeSortKey[]
      readonly comment?: string
      readonly ifNotExists: boolean
    }
  | { readonly kind: 'dropTable'; readonly table: ObjectName; readonly ifExists: boolean }
  | { readonly kind: 'renameTable'; readonly table: ObjectName; readonly name: string }
  | { readonly kind: 'createView'; readonly view: ObjectName; readonly sql: string; readonly replace: boolean }
  | { readonly kind: 'dropView'; readonly view: ObjectName; readonly ifExists: boolean }
  | {
      readonly kind: 'comment'
      readonly on: 'table' | 'view'
      readonly object: ObjectName
      readonly column?: readonly string[]
      readonly text: string | null
    }
  | { readonly kind: 'setOption'; readonly table?: ObjectName; readonly key: string; readonly value: string | null }

export type ColumnOperation =
  | {
      readonly kind: 'addColumn'
      readonly table: ObjectName
      readonly into: readonly string[]
      readonly column: NewColumn
    }
  | { readonly kind: 'dropColumn'; readonly table: ObjectName; readonly column: readonly string[] }
  | {
      readonly kind: 'renameColumn'
      readonly table: ObjectName
      readonly column: readonly string[]
      readonly name: string
    }
  | {
      readonly kind: 'alterType'
      readonly table: ObjectName
      readonly column: readonly string[]
      readonly type: NewColumn['type']
    }
  | {
      readonly kind: 'setNullable'
      readonly table: ObjectName
      readonly column: readonly string[]
      readonly nullable: boolean
    }
  | {
      readonly kind: 'setDefault'
      readonly table: ObjectName
      readonly column: readonly string[]
      readonly default?: NewColumn['default']
    }
  | { readonly kind: 'setPartitioning'; readonly table: ObjectName; readonly keys: readonly string[] }
  | { readonly kind: 'setSorting'; readonly table: ObjectName; readonly keys: readonly LakeSortKey[] }

/** Columns that tell where a row of a table is, behind those of the table, and what of a scan each is: the file, the place in it, and the row's id. */
export const rowPlaces: readonly { readonly name: string; readonly virtual: 'fileIndex' | 'rowNumber' | 'rowId' }[] = [
  { name: ownColumns.file, virtual: 'fileIndex' },
  { name: ownColumns.position, virtual: 'rowNumber' },
  { name: ownColumns.rowId, virtual: 'rowId' },
]

export type RowOperation =
  | ({
      readonly kind: 'insert'
      readonly table: ObjectName
      readonly rows: Statement
      /** What goes when the rows come: all that is there, or the partitions that the rows are of. Default: nothing. */
      readonly overwrite?: 'all' | 'partitions'
    } & SchemaOptions)
  /**
   * Rows that take the place of others: the statement begins with file, position and row id of the old row, null where there is none, and
   * whether there is a new one; made on `snapshot`.
   */
  | {
      readonly kind: 'replace'
      readonly table: ObjectName
      readonly rows: Statement
      readonly snapshot: number
      /** Rows that come beside that, in the same way as `insert`. */
      readonly added?: Statement
    }
  | {
      readonly kind: 'register'
      readonly table: ObjectName
      /** URLs or paths of Parquet files, that belong to the lake from then on. */
      readonly files: readonly string[]
      readonly hivePartitioning: boolean
    }
