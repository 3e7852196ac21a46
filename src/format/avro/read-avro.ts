import { LakefrontError } from '../../errors.ts'
import type { ReadOptions } from '../../storage/storage.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { columnBuilder } from '../column-builder.ts'
import type { ColumnBuilder } from '../column-builder.ts'
import { appendOf, recordAppend } from './append.ts'
import type { Append } from './append-number.ts'
import { AvroFailure } from './avro-failure.ts'
import { avroBlocks, damagedBlock } from './container.ts'
import type { AvroFile } from './container.ts'
import { Cursor } from './cursor.ts'
import { logicalTypeOf } from './logical-type-of.ts'

/** Rows, and bytes of rows, after which a batch is full. */
const batchRows = 65_536
const batchBytes = 8 * 1024 * 1024

/** Rows of a file, the columns asked for in the order asked for. */
export interface RowsRead {
  readonly length: number
  readonly columns: readonly ColumnData[]
}

/**
 * Reads the columns `wanted`, indices into the file's fields, block by block, straight into columns: what is not wanted is passed
 * over. Holds a few ranges of the file and one batch, which ends with its block when nothing is read ahead. Without columns only the heads of blocks are read.
 */
export async function* readAvro(
  file: AvroFile,
  wanted: readonly number[],
  options: ReadOptions & { readsAhead: boolean },
): AsyncGenerator<RowsRead> {
  const skipsRows = wanted.length === 0
  const rows = rowDecoder(file, wanted)
  for await (const block of avroBlocks(file, { ...options, skipsRows })) {
    if (skipsRows) {
      if (block.rows > 0) yield { length: block.rows, columns: [] }
      continue
    }
    try {
      rows.begin(await file.decompress(block.bytes), block.rows)
      while (rows.read()) yield rows.take()
      if (!options.readsAhead && rows.length > 0) yield rows.take()
    } catch (error) {
      throw located(error, file, block)
    }
  }
  if (rows.length > 0) yield rows.take()
}

function rowDecoder(file: AvroFile, wanted: readonly number[]): RowDecoder {
  try {
    return new RowDecoder(file, wanted)
  } catch (error) {
    if (!(error instanceof AvroFailure)) throw error
    const { label } = file.source
    throw new LakefrontError(error.code, `"${label}" cannot be read with that schema: ${error.message}`, {
      details: { file: label },
      cause: error,
    })
  }
}

function located(error: unknown, file: AvroFile, block: { number: number; offset: number }): unknown {
  if (error instanceof RangeError)
    return damagedBlock(file.source.label, block, new AvroFailure('a value runs over the end of the block'))
  return error instanceof AvroFailure ? damagedBlock(file.source.label, block, error) : error
}

/** Decodes rows into columns. Batches hold whole rows, of one block or several. */
class RowDecoder {
  length = 0
  readonly #cursor = new Cursor()
  readonly #builders: ReadonlyMap<number, ColumnBuilder>
  readonly #wanted: readonly number[]
  readonly #append: Append
  #left = 0
  #bytes = 0

  constructor({ writer, reader }: AvroFile, wanted: readonly number[]) {
    this.#wanted = wanted
    const fields = reader.kind === 'record' ? reader.fields : [{ type: reader }]
    this.#builders = new Map(wanted.map((index) => [index, columnBuilder(logicalTypeOf(fields[index]!.type))]))
    this.#append =
      writer.kind === 'record' && reader.kind === 'record'
        ? recordAppend(
            writer,
            reader,
            fields.map((_, index) => this.#builders.get(index)),
          )
        : appendOf(writer, reader, this.#builders.get(0)!)
  }

  /** Starts a block. */
  begin(bytes: Uint8Array, rows: number): void {
    this.#cursor.open(bytes)
    this.#left = rows
  }

  /** Goes on with the block until a batch is full, which it then says, or the block is at its end. */
  read(): boolean {
    const cursor = this.#cursor
    const append = this.#append
    const end = cursor.bytes.length
    const start = cursor.position
    const most = Math.min(this.#left, batchRows - this.length)
    const fullAt = start + batchBytes - this.#bytes
    let row = 0
    while (row < most && cursor.position < fullAt) {
      const before = cursor.position
      append(cursor)
      row++
      if (cursor.position > end) cursor.check()
      if (cursor.position === before) cursor.countEmpty(1)
    }
    this.#left -= row
    this.length += row
    this.#bytes += cursor.position - start
    if (this.#left === 0 && cursor.position !== end)
      throw new AvroFailure(`${end - cursor.position} bytes are left after its last row`)
    return this.length >= batchRows || this.#bytes >= batchBytes
  }

  /** The rows since the last batch. */
  take(): RowsRead {
    const columns = new Map([...this.#builders].map(([index, builder]) => [index, builder.finish()]))
    const { length } = this
    this.length = 0
    this.#bytes = 0
    return { length, columns: this.#wanted.map((index) => columns.get(index)!) }
  }
}
