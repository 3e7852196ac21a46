import { LakefrontError } from '../errors.ts'
import type { ParquetFooter } from '../format/parquet/footer.ts'
import type { ByteSource, Traffic } from '../storage/storage.ts'
import type { Field, LogicalType, Schema } from '../types/logical-type.ts'
import type { FileIndex } from './file-index.ts'
import { openParquetReader } from './parquet-reader.ts'
import type { ReadContext } from './parquet-reader.ts'
import type { ScanTable } from './source.ts'

/** A file whose footer is known. */
export interface ParquetFile {
  readonly source: ByteSource
  readonly footer: ParquetFooter
  /** Identifies these very bytes in caches. */
  readonly key: string
  readonly index: FileIndex
}

/** One column of the table in one file: its index among the file's columns, or absent there. */
export type FileColumns = readonly (number | undefined)[]

/** The table of one or many Parquet files; columns are matched by name, and a file that lacks one has nulls. */
export function parquetTable(files: readonly ParquetFile[], context: ReadContext & { cost: Traffic }): ScanTable {
  const { schema, columns } = unite(files)
  let cost: Traffic | undefined = context.cost
  return {
    schema,
    rowCount: files.reduce((rows, file) => rows + file.footer.rows, 0),
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

/** The union of all files' columns in order of appearance, and where each file has them. */
function unite(files: readonly ParquetFile[]): { schema: Schema; columns: readonly FileColumns[] } {
  const fields: Field[] = []
  const origins: ParquetFile[] = []
  const indexByName = new Map<string, number>()
  for (const file of files) {
    for (const { field } of file.footer.columns) {
      const known = indexByName.get(field.name.toLowerCase())
      if (known === undefined) {
        indexByName.set(field.name.toLowerCase(), fields.length)
        fields.push(field)
        origins.push(file)
      } else {
        checkSameType(fields[known]!, origins[known]!, field, file)
      }
    }
  }
  const columns = files.map((file) => {
    const byName = new Map(file.footer.columns.map(({ field }, index) => [field.name.toLowerCase(), index]))
    return fields.map((field) => byName.get(field.name.toLowerCase()))
  })
  const isNullable = (index: number): boolean =>
    files.some((file, at) => {
      const column = columns[at]![index]
      return column === undefined || file.footer.columns[column]!.field.nullable
    })
  return { schema: { fields: fields.map((field, index) => ({ ...field, nullable: isNullable(index) })) }, columns }
}

function checkSameType(first: Field, firstFile: ParquetFile, other: Field, otherFile: ParquetFile): void {
  if (typeKey(first.type) === typeKey(other.type)) return
  throw new LakefrontError(
    'TYPE_MISMATCH',
    `Column "${other.name}" is ${typeName(other.type)} in "${otherFile.source.label}" but ${typeName(first.type)} in "${firstFile.source.label}". ` +
      'Read the files separately and cast one of them.',
    { details: { column: other.name, files: [firstFile.source.label, otherFile.source.label] } },
  )
}

/** Equal for equal types; whether nulls may occur does not matter. */
function typeKey(type: LogicalType): string {
  return JSON.stringify(type, (key, value: unknown) => (key === 'nullable' ? undefined : value))
}

function typeName(type: LogicalType): string {
  return type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind
}
