import type { ByteSource } from '../../storage/storage.ts'
import { formatValue } from '../../types/format-value.ts'
import type { LogicalType, Schema } from '../../types/logical-type.ts'
import { valueReader } from '../../types/value-reader.ts'
import { readFooter } from './footer.ts'
import type { Codec, ColumnChunk, ParquetFooter } from './footer.ts'
import { physicalTypes } from './schema.ts'
import type { ParquetColumn, PhysicalType } from './schema.ts'
import { columnBounds } from './statistics.ts'
import type { Bound } from './statistics.ts'

/** What a Parquet file says about itself, for people. Plain data that survives `structuredClone`; sizes are bytes. */
export interface ParquetMetadata {
  readonly label: string
  readonly size: number
  readonly rows: number
  readonly footerBytes: number
  readonly createdBy?: string
  readonly schema: Schema
  readonly keyValues: readonly { readonly key: string; readonly value: string }[]
  readonly rowGroups: readonly RowGroupMetadata[]
}

export interface RowGroupMetadata {
  readonly rows: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  /** Physical columns: those of nested types one by one. */
  readonly columns: readonly ColumnChunkMetadata[]
}

export interface ColumnChunkMetadata {
  /** The names from the root to the physical column, joined by dots. */
  readonly path: string
  readonly physicalType: PhysicalType
  readonly codec: Codec
  readonly encodings: readonly string[]
  readonly values: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  readonly nulls?: number
  /** Bounds as DuckDB prints values; they may be no values themselves, as long text is cut. */
  readonly min?: string
  readonly max?: string
}

const encodingNames: Readonly<Record<number, string>> = {
  0: 'PLAIN',
  2: 'PLAIN_DICTIONARY',
  3: 'RLE',
  4: 'BIT_PACKED',
  5: 'DELTA_BINARY_PACKED',
  6: 'DELTA_LENGTH_BYTE_ARRAY',
  7: 'DELTA_BYTE_ARRAY',
  8: 'RLE_DICTIONARY',
  9: 'BYTE_STREAM_SPLIT',
}

/** Reads the footer of a Parquet file, and nothing else of it. Fails like {@link readFooter}. */
export async function readParquetMetadata(
  source: ByteSource,
  options: { signal?: AbortSignal } = {},
): Promise<ParquetMetadata> {
  const footer = await readFooter(source, options)
  const { label, size, rows, footerBytes, createdBy, keyValues } = footer
  return {
    label,
    size,
    rows,
    footerBytes,
    ...(createdBy === undefined ? {} : { createdBy }),
    schema: { fields: footer.columns.map((column) => column.field) },
    keyValues,
    rowGroups: footer.rowGroups.map((group) => rowGroupMetadata(footer, group)),
  }
}

function rowGroupMetadata(footer: ParquetFooter, { rows, chunks }: ParquetFooter['rowGroups'][number]): RowGroupMetadata {
  const columns = footer.columns.flatMap((column) =>
    chunks.slice(column.firstLeaf, column.endLeaf).map((chunk) => columnChunkMetadata(column, chunk)),
  )
  return {
    rows,
    compressedBytes: columns.reduce((bytes, column) => bytes + column.compressedBytes, 0),
    uncompressedBytes: columns.reduce((bytes, column) => bytes + column.uncompressedBytes, 0),
    columns,
  }
}

function columnChunkMetadata(column: ParquetColumn, chunk: ColumnChunk): ColumnChunkMetadata {
  const { nulls, min, max } = columnBounds(column, chunk)
  return {
    path: chunk.path.join('.'),
    physicalType: physicalTypes[chunk.type]!,
    codec: chunk.codec,
    encodings: chunk.encodings.map((encoding) => encodingNames[encoding] ?? String(encoding)),
    values: chunk.values,
    compressedBytes: chunk.end - chunk.start,
    uncompressedBytes: chunk.uncompressedBytes,
    ...(nulls === undefined ? {} : { nulls }),
    ...(min === undefined ? {} : { min: boundText(min, column.field.type) }),
    ...(max === undefined ? {} : { max: boundText(max, column.field.type) }),
  }
}

function boundText(bound: Bound, type: LogicalType): string {
  if (typeof bound === 'number' || typeof bound === 'boolean') return formatValue(bound, type)
  if (typeof bound === 'bigint') return formatValue(valueReader(type, { length: 1, nullCount: 0, values: littleEndian(bound) })(0), type)
  if (type.kind === 'varchar') return new TextDecoder().decode(bound)
  if (type.kind === 'blob') return formatValue(bound, type)
  return formatValue(valueReader(type, { length: 1, nullCount: 0, values: bound })(0), type)
}

/** Sixteen bytes, of which a reader takes the first as many as its type has. */
function littleEndian(value: bigint): Uint8Array {
  const words = BigInt64Array.of(BigInt.asIntN(64, value), BigInt.asIntN(64, value >> 64n))
  return new Uint8Array(words.buffer)
}
