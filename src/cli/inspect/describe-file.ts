import type { ColumnChunk, ParquetFooter } from '../../format/parquet/footer.ts'
import type { ParquetColumn } from '../../format/parquet/schema.ts'
import { columnBounds, compareBounds } from '../../format/parquet/statistics.ts'
import type { Bound, ColumnBounds } from '../../format/parquet/statistics.ts'
import { typeName } from '../../types/type-names.ts'
import { boundText } from './bound-text.ts'

/** What a Parquet file holds. This is what `lakefront inspect --format json` prints; sizes are bytes. */
export interface FileDescription {
  readonly file: string
  readonly bytes: number
  readonly rows: number
  readonly footerBytes: number
  readonly createdBy: string | null
  readonly columns: readonly ColumnDescription[]
  readonly rowGroups: readonly RowGroupDescription[]
  readonly keyValues: readonly { readonly key: string; readonly value: string }[]
}

/** Bounds are texts as DuckDB prints the values, null where the file does not tell. */
export interface Statistics {
  readonly min: string | null
  readonly max: string | null
  readonly nulls: number | null
}

export interface ColumnDescription extends Statistics {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly codecs: readonly string[]
  readonly encodings: readonly string[]
  readonly bytes: number
  readonly uncompressedBytes: number
}

export interface RowGroupDescription {
  readonly rows: number
  readonly bytes: number
  readonly uncompressedBytes: number
  readonly columns: readonly (Statistics & {
    readonly name: string
    readonly bytes: number
    readonly uncompressedBytes: number
    readonly codec: string
  })[]
}

/** Encodings by their number in the format. */
const encodings: Readonly<Record<number, string>> = {
  0: 'plain',
  2: 'plain_dictionary',
  3: 'rle',
  4: 'bit_packed',
  5: 'delta_binary_packed',
  6: 'delta_length_byte_array',
  7: 'delta_byte_array',
  8: 'rle_dictionary',
  9: 'byte_stream_split',
}

export function describeFile(footer: ParquetFooter): FileDescription {
  const groups = footer.rowGroups.map((group) => {
    const columns = footer.columns.map((column) => {
      const chunks = chunksOf(column, group.chunks)
      return { column, chunks, bounds: boundsOf(column, chunks) }
    })
    return { rows: group.rows, columns }
  })
  return {
    file: footer.label,
    bytes: footer.size,
    rows: footer.rows,
    footerBytes: footer.footerBytes,
    createdBy: footer.createdBy ?? null,
    columns: footer.columns.map((column, index) => {
      const parts = groups.map((group) => group.columns[index]!)
      const chunks = parts.flatMap((part) => part.chunks)
      return {
        name: column.field.name,
        type: typeName(column.field.type),
        nullable: column.field.nullable,
        codecs: [...new Set(chunks.map((chunk) => chunk.codec))],
        encodings: [...new Set(chunks.flatMap((chunk) => chunk.encodings))].map((code) => encodings[code] ?? `${code}`),
        ...sizes(chunks),
        ...statistics(column, merged(groups.map(({ rows, columns }) => ({ rows, ...columns[index]!.bounds })))),
      }
    }),
    rowGroups: groups.map(({ rows, columns }) => ({
      rows,
      ...sizes(columns.flatMap((part) => part.chunks)),
      columns: columns.map(({ column, chunks, bounds }) => ({
        name: column.field.name,
        codec: [...new Set(chunks.map((chunk) => chunk.codec))].join(', '),
        ...sizes(chunks),
        ...statistics(column, bounds),
      })),
    })),
    keyValues: footer.keyValues,
  }
}

function chunksOf(column: ParquetColumn, chunks: readonly ColumnChunk[]): readonly ColumnChunk[] {
  return chunks.slice(column.firstLeaf, column.endLeaf)
}

/** Statistics are of physical columns: only a column that is one has any of its own. */
function boundsOf(column: ParquetColumn, chunks: readonly ColumnChunk[]): ColumnBounds {
  return chunks.length === 1 ? columnBounds(column, chunks[0]!) : {}
}

function sizes(chunks: readonly ColumnChunk[]): { bytes: number; uncompressedBytes: number } {
  return {
    bytes: chunks.reduce((sum, chunk) => sum + chunk.end - chunk.start, 0),
    uncompressedBytes: chunks.reduce((sum, chunk) => sum + chunk.uncompressedBytes, 0),
  }
}

/** Of the whole file; a row group that does not tell makes it unknown, one of nulls only has nothing to tell. */
function merged(parts: readonly (ColumnBounds & { rows: number })[]): ColumnBounds {
  let nulls: number | undefined = 0
  let min: Bound | undefined
  let max: Bound | undefined
  let isKnown = true
  for (const part of parts) {
    nulls = nulls === undefined || part.nulls === undefined ? undefined : nulls + part.nulls
    if (part.rows === part.nulls) continue
    if (part.min === undefined || part.max === undefined) {
      isKnown = false
      continue
    }
    if (min === undefined || compareBounds(part.min, min) < 0) min = part.min
    if (max === undefined || compareBounds(part.max, max) > 0) max = part.max
  }
  return {
    ...(nulls === undefined ? {} : { nulls }),
    ...(isKnown && min !== undefined ? { min } : {}),
    ...(isKnown && max !== undefined ? { max } : {}),
  }
}

function statistics({ field }: ParquetColumn, { min, max, nulls }: ColumnBounds): Statistics {
  return {
    min: min === undefined ? null : boundText(field.type, min),
    max: max === undefined ? null : boundText(field.type, max),
    nulls: nulls ?? null,
  }
}
