import type { ParquetFooter } from '../format/parquet/footer.ts'
import type { ByteSource, Traffic } from '../storage/storage.ts'
import type { FileIndex } from './file-index.ts'
import type { MappedName, SnapshotRange } from './listed-files.ts'
import { overlap } from './overlap.ts'
import { openParquetReader } from './parquet-reader.ts'
import type { ReadContext } from './parquet-reader.ts'
import type { RowChoice } from './row-choice.ts'
import { factsOfGroups } from './scan-plan.ts'
import type { MappedField, ParquetOptions, ScanTable } from './source.ts'
import { tableColumns } from './table-columns.ts'

/** A file whose footer is known. */
export interface ParquetFile {
  readonly source: ByteSource
  readonly footer: ParquetFooter
  /** Identifies these very bytes in caches. */
  readonly key: string
  readonly index: FileIndex
  /** Of a file that a catalog lists. */
  readonly listed?: ListedFile
}

/** What a catalog says of a file. */
export interface ListedFile {
  /** Its place in the list. */
  readonly place: number
  /** The row id of its first row. */
  readonly rowId?: number
  /** The snapshot its rows came with, where they do not say it themselves. */
  readonly snapshot?: number
  /** The rows that count; all by default. */
  readonly choice?: RowChoice
  /** The snapshots whose rows count, for a file that holds rows of others too. */
  readonly only?: SnapshotRange
  /** What its columns are called, where they have no ids. */
  readonly naming?: readonly MappedName[]
}

/** The table of one or many Parquet files. */
export function parquetTable(
  files: readonly ParquetFile[],
  source: { readonly options?: ParquetOptions; readonly mapping?: readonly MappedField[] },
  context: ReadContext & { cost: Traffic },
): ScanTable {
  const { schema, columns } = tableColumns(files, source)
  let cost: Traffic | undefined = context.cost
  const overlaps = new Map<number, number>()
  return {
    schema,
    rowCount: files.reduce((rows, file) => rows + file.footer.rows, 0),
    overlap(column) {
      const known = overlaps.get(column) ?? overlap(factsOfGroups({ files, columns, schema }, column))
      overlaps.set(column, known)
      return known
    },
    open(request) {
      const reader = openParquetReader({ files, columns, schema }, request, context)
      reader.metrics.requests += cost?.requests ?? 0
      reader.metrics.bytesFetched += cost?.bytes ?? 0
      reader.metrics.warnings.push(...new Set(files.flatMap(({ source }) => source.warnings)))
      cost = undefined
      return reader
    },
  }
}
