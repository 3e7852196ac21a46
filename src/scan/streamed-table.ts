import type { ByteSource, FetchScope, ReadOptions, Traffic } from '../storage/storage.ts'
import type { ColumnData } from '../types/column-data.ts'
import type { Field } from '../types/logical-type.ts'
import type { ParquetOptions, ScanTable } from './source.ts'
import { StreamedReader } from './streamed-reader.ts'
import { columnsByName } from './table-columns.ts'

/** A file of rows, which is read from front to back. */
export interface StreamedFile {
  readonly source: ByteSource
  readonly fields: readonly Field[]
  /** Reads the columns `wanted`, by their indices in `fields`; without any, only counts rows. */
  read(
    wanted: readonly number[],
    options: ReadOptions & { readonly readsAhead: boolean },
  ): AsyncIterable<{ readonly length: number; readonly columns: readonly ColumnData[] }>
}

/** The table of one or many files of rows. */
export function streamedTable(
  files: readonly StreamedFile[],
  options: ParquetOptions | undefined,
  context: { readonly cost: Traffic; readonly scope?: FetchScope },
): ScanTable {
  const named = files.map(({ source, fields }) => ({
    source,
    footer: { columns: fields.map((field) => ({ field })) },
  }))
  const { schema, columns } = columnsByName(named, options)
  let cost: Traffic | undefined = context.cost
  return {
    schema,
    open(request) {
      const reader = new StreamedReader({ files, columns, schema }, request, context.scope)
      reader.metrics.requests += cost?.requests ?? 0
      reader.metrics.bytesFetched += cost?.bytes ?? 0
      cost = undefined
      return reader
    },
  }
}
