import type { ByteSource } from '../storage/storage.ts'
import type { ColumnData } from '../types/column-data.ts'

/**
 * Files of a table as a catalog lists them, column by column: entry `i` of each array is of file `i`, NaN where nothing is known. A million
 * files cost a few arrays. No file is asked for anything before a scan cannot do without it, and what it holds is taken to be what it
 * held: the files of such a catalog never change. Give the same object for the same list, as what is learned of it is kept with it.
 */
export interface ListedFiles {
  /** What to call them in messages. */
  readonly label: string
  readonly count: number
  /** The bytes of a file; asks for nothing yet. */
  readonly open: (file: number) => ByteSource
  /** Rows in the file, deleted ones and all. */
  readonly rows: Float64Array
  /** Bytes of the file, and of its footer without the eight behind it: it is then read at once, and nothing beside it. */
  readonly sizes?: Float64Array
  readonly footerSizes?: Float64Array
  /** The row id of a file's first row, for files that do not hold row ids themselves. */
  readonly rowIds?: Float64Array
  /** The snapshot a file's rows came with: the first of them, where the file says of each row which it was. */
  readonly snapshots?: Float64Array
  /** The last of them, for files that say so. */
  readonly lastSnapshots?: Float64Array
  /** Rows of other snapshots are left out. Both ends count. */
  readonly only?: SnapshotRange
  /** Rows of a file that are deleted: 0 for most, NaN where only {@link deletes} can tell. Absent: no row is. */
  readonly deleted?: Float64Array
  /** Which they are; asked only of files whose entry in `deleted` is not 0. */
  readonly deletes?: (file: number) => DeletedRows
  /** Which rows a scan sees. Default `'live'`: those that are not deleted. */
  readonly shows?: 'live' | 'deleted'
  /** For each file the place of its names in `names`, −1 for files whose columns are known by their ids. */
  readonly namings?: Int32Array
  readonly names?: readonly (readonly MappedName[])[]
  /** What is known of the values of a column, by its name in the mapping. Asked once, when a scan first needs it. */
  readonly bounds?: (
    column: string,
    options: { readonly signal?: AbortSignal },
  ) => FileBounds | undefined | Promise<FileBounds | undefined>
}

export interface SnapshotRange {
  readonly from?: number
  readonly to?: number
  /** Snapshots between them that do not count. */
  readonly except?: readonly number[]
}

/** Deleted rows of one file, in whatever is given here. */
export interface DeletedRows {
  readonly files?: readonly DeleteFile[]
  /** Positions in the file, in any order. */
  readonly positions?: ArrayLike<number>
  /** The snapshot each of `positions` was deleted in; told in place of the row's own where `shows` is `'deleted'`. */
  readonly positionSnapshots?: ArrayLike<number>
  /** All rows of the file, by this snapshot. */
  readonly all?: number
  /** Rows that do not count as deleted here, as they were before. */
  readonly except?: DeletedRows
}

/**
 * A file of positions: Parquet with a text, `pos`, and at times the snapshot each was deleted in; or Iceberg's deletion vector, bare or in a
 * Puffin file.
 */
export interface DeleteFile {
  readonly source: ByteSource
  readonly format: 'parquet' | 'puffin'
  readonly size?: number
  readonly footerSize?: number
  /** Only what was deleted in these snapshots, for files that say of each position when it was: best given always, as catalogs forget to tell. */
  readonly only?: SnapshotRange
  /** The snapshot of positions of which the file does not say it. */
  readonly snapshot?: number
}

/** What is known of the values of a column in each file. Bounds may be wider than the values; null where there is none. */
export interface FileBounds {
  /** Values of the column's type, NaN aside. */
  readonly min?: ColumnData
  readonly max?: ColumnData
  readonly nulls?: Float64Array
  /** 0 for files that surely hold no NaN. Without it each may. */
  readonly nans?: Uint8Array
  /** Iceberg's bucket of all values of a file, −1 for files that were not divided so. */
  readonly buckets?: { readonly count: number; readonly of: Int32Array }
}

/** A name in files without ids, and the id of the column or field it means; or of a folder such as `year=2024`. */
export interface MappedName {
  readonly name: string
  readonly id: number
  readonly isPartition?: boolean
  readonly fields?: readonly MappedName[]
}
