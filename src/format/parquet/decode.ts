import { readParquet } from 'parquet-wasm/esm/parquet_wasm.js'
import { LakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { readFfiArray } from '../arrow-ffi.ts'
import { convertArray } from './convert.ts'
import type { DictionaryCopies } from './convert.ts'
import { decompressedPages } from './decompressed-pages.ts'
import { excerpt } from './excerpt.ts'
import type { ColumnChunk, RowGroup } from './footer.ts'
import { inspectPages } from './pages.ts'
import type { PageSummary } from './pages.ts'
import { parquetInstance } from './parquet-instance.ts'
import type { ParquetInstance } from './parquet-instance.ts'
import { physicalTypes } from './schema.ts'
import type { ParquetColumn } from './schema.ts'
import { loadZstd } from './zstd.ts'
import type { DecompressZstd } from './zstd.ts'

/** Most rows of a batch: a multiple of DuckDB's vectors, and DuckDB's own row group length. */
const batchRows = 122_880

const int32 = physicalTypes.indexOf('int32')

/** Most bytes of a column chunk once decompressed: decoding needs several times that, in a memory of at most 4 GiB. */
const largestChunk = 1024 * 1024 * 1024

/** Decodes stored column chunks. */
export interface ParquetDecoder {
  /** Loads what decoding needs; calling it early hides the time it takes. */
  ready(): Promise<void>
  /**
   * One column of one row group, cut at every {@link batchRows} rows. `bytes[i]` is what the file holds for physical column
   * `column.firstLeaf + i`. Fails with `CORRUPT_FILE`, or `UNSUPPORTED` for a codec or encoding that cannot be read.
   */
  decode(request: DecodeRequest): Promise<readonly ColumnData[]>
  /** What the decoder's own memory has grown to; it never shrinks. */
  readonly memoryBytes: number
}

export interface DecodeRequest {
  readonly column: ParquetColumn
  readonly rowGroup: RowGroup
  readonly bytes: readonly Uint8Array[]
}

/**
 * A decoder on parquet-wasm. `load` gives its wasm file, and is called once, at the first use. Bytes are better than a compiled
 * module: only then the decoder survives any number of damaged files.
 */
export function parquetDecoder(load: () => Promise<WebAssembly.Module | BufferSource>): ParquetDecoder {
  const start = parquetInstance(load)
  let zstd: Promise<DecompressZstd | undefined> | undefined
  let memoryBytes = 0
  return {
    async ready() {
      await start()
    },
    async decode(request) {
      const instance = await start()
      const isZstd = chunksOf(request).some(({ codec }) => codec === 'zstd')
      if (isZstd) zstd ??= loadZstd()
      const batches = decode(request, instance, isZstd ? await zstd : undefined)
      memoryBytes = instance.memory.byteLength
      return batches
    },
    get memoryBytes() {
      return memoryBytes
    },
  }
}

function decode(
  request: DecodeRequest,
  instance: ParquetInstance,
  zstd: DecompressZstd | undefined,
): readonly ColumnData[] {
  const { column, rowGroup, bytes } = request
  if (rowGroup.rows === 0) return []
  const chunks = chunksOf(request)
  chunks.forEach(checkReadable)
  const pages = chunks.map((chunk, index) => inspectPages(bytes[index]!, chunk))
  const asDictionary = pages.length === 1 && paysAsDictionary(column, pages[0]!, rowGroup.rows)
  const stored = pages.map((page, index) => {
    const [chunk, own] = [chunks[index]!, bytes[index]!.subarray(0, page.length)]
    return zstd === undefined || chunk.codec !== 'zstd' ? { chunk, bytes: own } : decompressedPages(own, chunk, zstd)
  })
  // DuckDB writes unsigned values and differences that need more than the 32 bits Rust allows an int32 for.
  const asInt64 = new Set([...pages.keys()].filter((leaf) => chunks[leaf]!.type === int32 && pages[leaf]!.isDeltaOnly))
  const file = excerpt(column, rowGroup.rows, { stored, asDictionary, asInt64 })
  const batches = readBatches(file, column, instance)
  const rows = batches.reduce((sum, batch) => sum + batch.length, 0)
  if (rows !== rowGroup.rows) {
    throw damaged(column, `it holds ${rows} rows where the row group has ${rowGroup.rows}`)
  }
  return batches
}

function chunksOf({ column, rowGroup }: DecodeRequest): readonly ColumnChunk[] {
  return rowGroup.chunks.slice(column.firstLeaf, column.endLeaf)
}

function readBatches(file: Uint8Array, column: ParquetColumn, instance: ParquetInstance): ColumnData[] {
  const dictionaries: DictionaryCopies = new Map()
  const stream = instance.run(
    () => readParquet(file, { batchSize: batchRows }).intoFFI(),
    (error) => unreadable(column, error),
  )
  try {
    const { memory } = instance
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

function checkReadable(chunk: ColumnChunk): void {
  const name = chunk.path.join('.')
  if (chunk.codec === 'lzo') {
    throw new LakefrontError('UNSUPPORTED', `Column "${name}" is compressed with LZO, which cannot be read.`)
  }
  if (chunk.uncompressedBytes > largestChunk) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `Column "${name}" has ${chunk.uncompressedBytes} bytes in one row group; at most ${largestChunk} can be read. Write the file with smaller row groups.`,
    )
  }
}

/** parquet-wasm throws strings, errors, and traps where its Rust code panics. */
function unreadable(column: ParquetColumn, cause: unknown): LakefrontError {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (/NYI|not (yet )?(implemented|supported)|unsupported|disabled/i.test(message)) {
    return new LakefrontError(
      'UNSUPPORTED',
      `Column "${column.field.name}" is stored in a way that cannot be read: ${message}.`,
      { cause },
    )
  }
  return damaged(column, cause instanceof WebAssembly.RuntimeError ? 'its bytes do not decode' : message, cause)
}

function damaged(column: ParquetColumn, what: string, cause?: unknown): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `Column "${column.field.name}" is damaged: ${what}.`, { cause })
}
