import { batchRows, defaultBatchBytes } from '../batch-size.ts'
import { columnBuilder } from '../column-builder.ts'
import type { ColumnBuilder } from '../column-builder.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { appendOf, recordAppend } from './append.ts'
import type { Append } from './append-number.ts'
import { AvroFailure } from './avro-failure.ts'
import { Cursor } from './cursor.ts'
import { logicalTypeOf } from './logical-type-of.ts'
import type { AvroType } from './schema.ts'

/** Rows of a file, the columns asked for in the order asked for. */
export interface RowsRead {
  readonly length: number
  readonly columns: readonly ColumnData[]
}

/** Decodes rows into columns. Batches hold whole rows, of one block or several. */
export class RowDecoder {
  length = 0
  readonly #cursor = new Cursor()
  readonly #builders: ReadonlyMap<number, ColumnBuilder>
  readonly #wanted: readonly number[]
  readonly #append: Append
  readonly #batchBytes: number
  #left = 0
  #bytes = 0

  constructor(
    { writer, reader }: { readonly writer: AvroType; readonly reader: AvroType },
    wanted: readonly number[],
    batchBytes: number = defaultBatchBytes,
  ) {
    this.#wanted = wanted
    this.#batchBytes = batchBytes
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
    const fullAt = start + this.#batchBytes - this.#bytes
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
    return this.length >= batchRows || this.#bytes >= this.#batchBytes
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
