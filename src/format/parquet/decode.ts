import initialise, { readParquet, wasmMemory } from 'parquet-wasm/esm/parquet_wasm.js'
import { LakefrontError, isLakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { readFfiArray } from '../arrow-ffi.ts'
import { convertArray } from './convert.ts'
import type { DictionaryCopies } from './convert.ts'
import { excerpt } from './excerpt.ts'
import type { ColumnChunk, RowGroup } from './footer.ts'
import { inspectPages } from './pages.ts'
import type { PageSummary } from './pages.ts'
import type { ParquetColumn } from './schema.ts'

/** Most rows of a batch: a multiple of DuckDB's vectors, and DuckDB's own row group length. */
export const batchRows = 122_880

/** Decodes stored column chunks. */
export interface ParquetDecoder {
  /** Loads what decoding needs; calling it early hides the time it takes. */
  ready(): Promise<void>
  /**
   * One column of one row group, cut at every {@link batchRows} rows. `bytes[i]` is what the file holds for physical column
   * `column.firstLeaf + i`. Fails with `CORRUPT_FILE`, or `UNSUPPORTED` for a codec or encoding that cannot be read.
   */
  decode(request: DecodeRequest): Promise<readonly ColumnData[]>
}

export interface DecodeRequest {
  readonly column: ParquetColumn
  readonly rowGroup: RowGroup
  readonly bytes: readonly Uint8Array[]
}

/** A decoder on parquet-wasm. `load` gives its wasm file, and is called once, at the first use. */
export function parquetDecoder(load: () => Promise<WebAssembly.Module | BufferSource>): ParquetDecoder {
  let loading: Promise<void> | undefined
  const ready = (): Promise<void> => {
    loading ??= initialiseWith(load).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  return {
    ready,
    async decode(request) {
      await ready()
      return decode(request)
    },
  }
}

async function initialiseWith(load: () => Promise<WebAssembly.Module | BufferSource>): Promise<void> {
  await initialise({ module_or_path: await load() })
}

function decode({ column, rowGroup, bytes }: DecodeRequest): readonly ColumnData[] {
  if (rowGroup.rows === 0) return []
  const chunks = rowGroup.chunks.slice(column.firstLeaf, column.endLeaf)
  const pages = chunks.map((chunk, index) => inspectPages(bytes[index]!, checkCodec(chunk)))
  const asDictionary = pages.length === 1 && paysAsDictionary(column, pages[0]!, rowGroup.rows)
  const batches = readBatches(excerpt(column, rowGroup, { bytes, asDictionary }), column)
  const rows = batches.reduce((sum, batch) => sum + batch.length, 0)
  if (rows !== rowGroup.rows) {
    throw damaged(column, `it holds ${rows} rows where the row group has ${rowGroup.rows}`)
  }
  return batches
}

function readBatches(file: Uint8Array, column: ParquetColumn): ColumnData[] {
  const dictionaries: DictionaryCopies = new Map()
  const stream = reading(column, () => readParquet(file, { batchSize: batchRows }).intoFFI())
  try {
    const memory = (wasmMemory() as WebAssembly.Memory).buffer as ArrayBuffer
    return Array.from(stream.arrayAddrs(), (address) => {
      const batch = readFfiArray(memory, stream.schemaAddr(), address)
      return convertArray(batch.children[0]!, column.shape, { start: batch.offset, length: batch.length, dictionaries })
    })
  } finally {
    stream.free()
  }
}

function paysAsDictionary(column: ParquetColumn, pages: PageSummary, rows: number): boolean {
  const { node } = column
  const isText = node.physical === 'byte_array' && node.conversion?.as === 'text' && node.repetition !== 'repeated'
  return isText && pages.isDictionaryOnly && pages.dictionaryValues * 2 <= rows
}

function checkCodec(chunk: ColumnChunk): ColumnChunk {
  if (chunk.codec !== 'lzo') return chunk
  throw new LakefrontError('UNSUPPORTED', `Column "${chunk.path.join('.')}" is compressed with LZO, which cannot be read.`)
}

/** parquet-wasm throws strings, errors, and traps where its Rust code panics. */
function reading<T>(column: ParquetColumn, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (isLakefrontError(cause)) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    const isMissing = /NYI|not (yet )?(implemented|supported)|unsupported|disabled/i.test(message)
    if (isMissing) {
      throw new LakefrontError('UNSUPPORTED', `Column "${column.field.name}" is stored in a way that cannot be read: ${message}.`, { cause })
    }
    throw damaged(column, message === 'unreachable' ? 'its bytes do not decode' : message, cause)
  }
}

function damaged(column: ParquetColumn, what: string, cause?: unknown): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `Column "${column.field.name}" is damaged: ${what}.`, { cause })
}
