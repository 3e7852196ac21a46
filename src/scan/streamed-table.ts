import type { JsonFile } from '../format/json/read-json.ts'
import type { ByteSource, FetchScope, ReadOptions, Traffic } from '../storage/storage.ts'
import type { ColumnData } from '../types/column-data.ts'
import type { Field, LogicalType } from '../types/logical-type.ts'
import type { ParquetOptions, ScanTable } from './source.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { StreamedReader } from './streamed-reader.ts'
import { columnsByName } from './table-columns.ts'

/** A file of rows, which is read from front to back. */
export interface StreamedFile {
  readonly source: ByteSource
  readonly fields: readonly Field[]
  /** Whether it is known to hold no rows, so that its types say nothing. */
  readonly isEmpty?: boolean
  /** How it is read as JSON, if it is. */
  readonly json?: JsonFile
  /** The same file with other types, for formats whose values have none of their own. */
  retyped?(types: readonly LogicalType[]): StreamedFile
  /** Reads the columns `wanted`, by their indices in `fields`; without any, only counts rows. A batch is made of `batchBytes` of the file at most, where that can be chosen. */
  read(
    wanted: readonly number[],
    options: ReadOptions & { readonly readsAhead: boolean; readonly batchBytes: number },
  ): AsyncIterable<{ readonly length: number; readonly columns: readonly ColumnData[] }>
}

/** The table of one or many files of rows. */
export function streamedTable(
  files: readonly StreamedFile[],
  options: ParquetOptions | undefined,
  context: { readonly cost: Traffic; readonly memory: MemoryBudget; readonly scope?: FetchScope },
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
      const reader = new StreamedReader({ files, columns, schema }, request, context)
      reader.metrics.requests += cost?.requests ?? 0
      reader.metrics.bytesFetched += cost?.bytes ?? 0
      cost = undefined
      return reader
    },
  }
}

/** `files` that are read as other types, where some have the same column as another type than others: as one that holds the values of all. */
export function withCommonTypes(files: readonly StreamedFile[]): readonly StreamedFile[] {
  const types = new Map<string, LogicalType>()
  for (const { fields, isEmpty } of files) {
    for (const { name, type } of isEmpty === true ? [] : fields) {
      const known = types.get(name.toLowerCase())
      types.set(name.toLowerCase(), known === undefined ? type : commonType(known, type))
    }
  }
  return files.map(
    (file) => file.retyped?.(file.fields.map(({ name, type }) => types.get(name.toLowerCase()) ?? type)) ?? file,
  )
}

/** Kinds of which each holds the texts of those before it. */
const chains: readonly (readonly LogicalType['kind'][])[] = [
  ['bigint', 'hugeint', 'double'],
  ['date', 'timestamp', 'timestamptz'],
]

function commonType(a: LogicalType, b: LogicalType): LogicalType {
  if (JSON.stringify(a) === JSON.stringify(b)) return a
  for (const chain of chains) {
    const [first, second] = [chain.indexOf(a.kind), chain.indexOf(b.kind)]
    if (first >= 0 && second >= 0) return first > second ? a : b
  }
  return { kind: 'varchar' }
}
