import type { ParquetFooter } from '../format/parquet/footer.ts'
import type { ByteSource, Traffic } from '../storage/storage.ts'
import type { FileIndex } from './file-index.ts'
import { overlap } from './overlap.ts'
import { openParquetReader } from './parquet-reader.ts'
import type { ReadContext } from './parquet-reader.ts'
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
