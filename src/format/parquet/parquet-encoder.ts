import { LakefrontError } from '../../errors.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { sliceColumn } from '../../types/slice-column.ts'
import { typeName } from '../../types/type-names.ts'
import { boundValue } from './bound-value.ts'
import { columnBytes } from './column-bytes.ts'
import { encodeColumn } from './encode.ts'
import type { EncodePlace } from './encode.ts'
import { mergeBounds } from './exact-bounds.ts'
import type { ExactBounds } from './exact-bounds.ts'
import { fileFooter, parquetMagic } from './file-footer.ts'
import type { WrittenChunk, WrittenRowGroup } from './file-footer.ts'
import { fileSchema } from './file-schema.ts'
import type { FileSchema } from './file-schema.ts'
import { RowsWaiting } from './rows-waiting.ts'
import type {
  FileField,
  LeafStatistics,
  ParquetEncoder,
  ParquetSummary,
  ParquetWriteOptions,
  ParquetWriter,
} from './parquet-writer.ts'

const defaultRows = 122_880

/** Most bytes, not yet encoded, that wait for a row group to become full. */
const mostWaiting = 64 * 2 ** 20

/** Pieces smaller than this are put together before they are given away. */
const pieceBytes = 2 ** 20

const codecs = ['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'] as const

type OpenOptions = Parameters<ParquetEncoder['open']>[1]

/** Writers of Parquet files whose columns are encoded in `place`. What waits in all of them is counted in `waiting`, and encoded earlier when it is too much. */
export function parquetEncoder(
  place: EncodePlace,
  waiting: RowsWaiting = new RowsWaiting(() => Infinity),
): ParquetEncoder {
  return { waiting, open: (fields, options) => new FileWriter({ place, waiting }, fields, options) }
}

class FileWriter implements ParquetWriter {
  readonly #place: EncodePlace
  readonly #waitingOfAll: RowsWaiting
  readonly #leave: () => void
  readonly #fields: readonly FileField[]
  readonly #schema: FileSchema
  readonly #options: Required<ParquetWriteOptions> & Pick<OpenOptions, 'emit'>
  readonly #rowGroups: WrittenRowGroup[] = []
  #waiting: ColumnBatch[] = []
  #waitingRows = 0
  #waitingBytes = 0
  #underWay: { readonly write: Promise<void>; readonly bytes: number } | undefined
  #written = 0
  /** Bytes encoded to bytes that waited, of the last row group. */
  #ratio = 1
  #checked: ColumnBatch['schema'] | undefined
  #state: 'open' | 'finished' | 'closed' = 'open'
  #failure: { readonly error: unknown } | undefined

  constructor(
    { place, waiting }: { readonly place: EncodePlace; readonly waiting: RowsWaiting },
    fields: readonly FileField[],
    options: OpenOptions,
  ) {
    this.#place = place
    this.#waitingOfAll = waiting
    this.#fields = fields
    this.#schema = fileSchema(fields)
    this.#options = checkedOptions(options)
    this.#leave = waiting.enter()
  }

  get size(): number {
    return this.#written + Math.ceil((this.#waitingBytes + (this.#underWay?.bytes ?? 0)) * this.#ratio)
  }

  async write(batch: ColumnBatch): Promise<void> {
    this.#checkOpen()
    this.#checkSchema(batch)
    const bytesPerRow = Math.max(1, bytesOf(batch) / Math.max(1, batch.length))
    for (let start = 0; start < batch.length;) {
      const limit = Math.min(mostWaiting, this.#options.rowGroupBytes / this.#ratio)
      const fitting = Math.max(1, Math.floor((limit - this.#waitingBytes) / bytesPerRow))
      const rows = Math.min(batch.length - start, this.#options.rowGroupRows - this.#waitingRows, fitting)
      this.#waiting.push(sliced(batch, start, rows))
      this.#waitingRows += rows
      const bytes = Math.ceil(rows * bytesPerRow)
      this.#waitingBytes += bytes
      this.#waitingOfAll.add(bytes)
      start += rows
      const isFull = this.#waitingRows >= this.#options.rowGroupRows || rows === fitting
      if (isFull || this.#waitingOfAll.isTooMuch(this.#waitingBytes)) await this.#flush()
    }
  }

  async finish(): Promise<ParquetSummary> {
    this.#checkOpen()
    await this.#flush()
    await this.#settle()
    return this.#guarded(async () => {
      if (this.#written === 0) await this.#emit([parquetMagic()])
      const { pieces, footerBytes } = fileFooter(this.#schema, this.#rowGroups, {
        start: this.#written,
        metadata: this.#options.metadata,
      })
      await this.#emit(pieces)
      this.#state = 'finished'
      this.#leave()
      return {
        rows: this.#rowGroups.reduce((sum, { rows }) => sum + rows, 0),
        bytes: this.#written,
        footerBytes,
        leaves: this.#schema.leaves.map((leaf, index) => leafStatistics(leaf, this.#rowGroups, index)),
      }
    })
  }

  close(): void {
    this.#state = 'closed'
    this.#leave()
    this.#waiting = []
    this.#waitingOfAll.remove(this.#waitingBytes)
    this.#waitingBytes = 0
    this.#rowGroups.length = 0
  }

  /** Begins to write what waits; where there are other threads for it, rows are taken meanwhile. */
  async #flush(): Promise<void> {
    const [batches, bytes] = [this.#waiting, this.#waitingBytes]
    await this.#settle()
    this.#waiting = []
    this.#waitingRows = 0
    this.#waitingBytes = 0
    if (batches.length === 0) return
    const before = this.#written
    const write = this.#guarded(async () => {
      await this.#writeRowGroup(batches)
      this.#ratio = (this.#written - before) / bytes
    }).finally(() => this.#waitingOfAll.remove(bytes))
    this.#underWay = { write, bytes }
    // A failure is told by the call that waits for it.
    write.catch(() => {})
    if (this.#place.isConcurrent !== true) await this.#settle()
  }

  /** Waits for the row group that is under way. */
  async #settle(): Promise<void> {
    if (this.#underWay === undefined) return
    const { write } = this.#underWay
    this.#place.lend?.(write)
    await write
    this.#underWay = undefined
  }

  /** Encodes a row group, and writes it, or both its halves should it have more bytes than it may. */
  async #writeRowGroup(batches: readonly ColumnBatch[]): Promise<void> {
    const { compression, dictionary, rowGroupBytes } = this.#options
    const rows = batches.reduce((sum, { length }) => sum + length, 0)
    const encoded = await Promise.all(
      this.#fields.map(({ name, type }, index) =>
        encodeColumn(this.#place, {
          name,
          type,
          parts: batches.map(({ columns }) => columns[index]!),
          compression,
          dictionary,
        }),
      ),
    )
    if (rows > 1 && encoded.reduce((sum, { bytes }) => sum + bytes.length, 0) > rowGroupBytes) {
      for (const half of halves(batches, rows)) await this.#writeRowGroup(half)
      return
    }
    const chunks: WrittenChunk[] = []
    const pieces: Uint8Array[] = this.#written === 0 ? [parquetMagic()] : []
    let base = this.#written === 0 ? parquetMagic().length : this.#written
    for (const column of encoded) {
      for (const leaf of column.leaves) chunks.push({ leaf, base })
      base += column.bytes.length
      pieces.push(column.bytes)
    }
    await this.#emit(pieces)
    this.#rowGroups.push({ rows, chunks })
  }

  async #emit(pieces: readonly Uint8Array[]): Promise<void> {
    for (const bytes of gathered(pieces)) {
      if (this.#state === 'closed') throw closed()
      this.#written += bytes.length
      await this.#options.emit(bytes)
    }
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  #checkOpen(): void {
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#state !== 'open') throw closed()
  }

  #checkSchema({ schema }: ColumnBatch): void {
    if (schema === this.#checked) return
    const [expected, given] = [this.#fields, schema.fields].map((fields) => fields.map(({ type }) => typeName(type)))
    const at = expected!.findIndex((type, index) => type !== given![index])
    if (expected!.length !== given!.length || at >= 0) {
      throw new LakefrontError(
        'TYPE_MISMATCH',
        at < 0
          ? `A batch has ${given!.length} columns where the file has ${expected!.length}.`
          : `Column "${this.#fields[at]!.name}" of the file is ${expected![at]}, but a batch has ${given![at] ?? 'no such column'}.`,
      )
    }
    this.#checked = schema
  }
}

function checkedOptions(options: OpenOptions): Required<ParquetWriteOptions> & Pick<OpenOptions, 'emit'> {
  const {
    compression = 'snappy',
    rowGroupRows = defaultRows,
    rowGroupBytes = Infinity,
    dictionary = true,
    metadata = {},
  } = options
  if (!codecs.includes(compression)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `The compression "${String(compression)}" is not known. Known are ${codecs.join(', ')}.`,
    )
  }
  if (!Number.isSafeInteger(rowGroupRows) || rowGroupRows < 1) {
    throw new LakefrontError('INVALID_ARGUMENT', `rowGroupRows is ${rowGroupRows}; it must be a whole number above 0.`)
  }
  if (!(rowGroupBytes >= 1)) {
    throw new LakefrontError('INVALID_ARGUMENT', `rowGroupBytes is ${rowGroupBytes}; it must be a number above 0.`)
  }
  return { compression, rowGroupRows, rowGroupBytes, dictionary, metadata, emit: options.emit }
}

function bytesOf({ columns }: ColumnBatch): number {
  return columns.reduce((sum, column) => sum + columnBytes(column), 0)
}

function sliced(batch: ColumnBatch, start: number, length: number): ColumnBatch {
  if (start === 0 && length === batch.length) return batch
  const { schema } = batch
  const columns = batch.columns.map((column, index) => sliceColumn(column, schema.fields[index]!.type, start, length))
  return { schema, length, columns }
}

function halves(batches: readonly ColumnBatch[], rows: number): [ColumnBatch[], ColumnBatch[]] {
  const both: [ColumnBatch[], ColumnBatch[]] = [[], []]
  let left = Math.ceil(rows / 2)
  for (const batch of batches) {
    const first = Math.min(left, batch.length)
    if (first > 0) both[0].push(sliced(batch, 0, first))
    if (first < batch.length) both[1].push(sliced(batch, first, batch.length - first))
    left -= first
  }
  return both
}

/** The same bytes in pieces of a size that is worth giving away. */
function* gathered(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = []
  let length = 0
  for (const piece of pieces) {
    if (piece.length < pieceBytes) {
      small.push(piece)
      length += piece.length
      if (length < pieceBytes) continue
    }
    if (length > 0) yield joined(small, length)
    small = []
    length = 0
    if (piece.length >= pieceBytes) yield piece
  }
  if (length > 0) yield joined(small, length)
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}

function leafStatistics(
  { type, path, id }: FileSchema['leaves'][number],
  rowGroups: readonly WrittenRowGroup[],
  index: number,
): LeafStatistics {
  let [values, nulls, bytes] = [0, 0, 0]
  let bounds: ExactBounds = {}
  for (const { chunks } of rowGroups) {
    const { leaf } = chunks[index]!
    values += leaf.values
    nulls += leaf.nulls
    bytes += leaf.length
    bounds = mergeBounds(bounds, leaf.bounds)
  }
  const { min, max, hasNan = type.kind === 'float' || type.kind === 'double' ? false : undefined } = bounds
  const [minimum, maximum] = [min, max].map((bound) => (bound === undefined ? undefined : boundValue(type, bound)))
  return {
    path,
    ...(id === undefined ? {} : { id }),
    type,
    valueCount: values - nulls,
    nullCount: nulls,
    ...(minimum === undefined ? {} : { min: minimum }),
    ...(maximum === undefined ? {} : { max: maximum }),
    ...(hasNan === undefined ? {} : { hasNan }),
    bytes,
  }
}

function closed(): LakefrontError {
  return new LakefrontError('CLOSED', 'The Parquet writer is closed; open another one.')
}
