import {
  Data,
  type DataType,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  Struct,
  Table,
  tableFromIPC,
  type TypeMap,
} from 'apache-arrow'
import { type ArrowEncoder, arrowEncoder, dictionaryEncoder } from './arrow-encode.ts'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import { columnFromArrow } from './arrow-decode.ts'
import { arrowSchema } from './arrow-type.ts'
import type { ColumnBatch, ColumnData } from './column-data.ts'
import type { Schema } from './logical-type.ts'
import { sharedDictionary } from './shared-dictionary.ts'
import { fieldFromArrow } from './type-from-arrow.ts'

/**
 * An Arrow table of `batches`, over the same memory where the layouts are equal. Decimals are widened to 128 bits; hugeint is
 * 16 bytes under DuckDB's own extension name, since no decimal holds all of it; `docs/values.md` has the whole table. Columns
 * that are dictionary encoded in every batch stay so.
 */
export function tableFromBatches(schema: Schema, batches: readonly ColumnBatch[]): Table {
  const dictionaries = schema.fields.map(({ type }, index) =>
    sharedDictionary(
      type,
      batches.map((batch) => batch.columns[index]!),
    ),
  )
  const arrow = arrowSchema(schema, (index) => dictionaries[index] !== undefined)
  const encoders = schema.fields.map(({ type }, index): ArrowEncoder => {
    const arrowType = arrow.fields[index]!.type
    const shared = dictionaries[index]
    return shared === undefined ? arrowEncoder(type, arrowType) : dictionaryEncoder(type, shared.dictionary, arrowType)
  })
  const recordBatches = batches.map((batch, at) => {
    const columns = batch.columns.map((column, index) => dictionaries[index]?.columns[at] ?? column)
    return recordBatch(arrow, encoders, columns, batch.length)
  })
  return new Table(arrow, recordBatches)
}

/**
 * Makes Arrow record batches of the batches of one stream: all of one Arrow schema, so that they can form a table. Dictionary
 * encoded columns are written out, since the next batch may not have them.
 */
export function recordBatchMaker(schema: Schema): (batch: ColumnBatch) => RecordBatch {
  const arrow = arrowSchema(schema, () => false)
  const encoders = schema.fields.map(({ type }, index) => arrowEncoder(type, arrow.fields[index]!.type))
  return (batch) => recordBatch(arrow, encoders, batch.columns, batch.length)
}

/** One batch as an Arrow record batch; for a stream of them compile {@link recordBatchMaker} once. */
export function recordBatchFrom(batch: ColumnBatch): RecordBatch {
  return recordBatchMaker(batch.schema)(batch)
}

/** The bytes of an Arrow IPC stream, or of a file (also called Feather, version 2) with `format: 'file'`. */
export function ipcFromBatches(
  schema: Schema,
  batches: readonly ColumnBatch[],
  { format = 'stream' }: { format?: 'stream' | 'file' } = {},
): Uint8Array {
  const table = tableFromBatches(schema, batches)
  const writer = format === 'stream' ? RecordBatchStreamWriter.writeAll(table) : RecordBatchFileWriter.writeAll(table)
  return writer.toUint8Array(true)
}

/**
 * The batches of an Arrow table or record batch, or of the bytes of an Arrow IPC stream or file, over the same memory where the layouts are
 * equal. Throws `UNSUPPORTED` naming the column for a type without a counterpart, `CORRUPT_FILE` for damaged bytes.
 */
export function batchesFromArrow(source: Table | RecordBatch | Uint8Array | ArrayBuffer): ArrowBatches {
  const table = Table.isTable(source)
    ? source
    : RecordBatch.isRecordBatch(source)
      ? new Table([source])
      : tableFromBytes(source)
  const schema: Schema = { fields: table.schema.fields.map((field) => fieldFromArrow(field)) }
  const batches = table.batches
    .filter((batch) => batch.numRows > 0)
    .map((batch) => ({
      schema,
      length: batch.numRows,
      columns: schema.fields.map(({ type }, index) => columnFromArrow(type, batch.data.children[index]!)),
    }))
  return { schema, batches }
}

/** What {@link batchesFromArrow} returns: no batch is empty. */
export interface ArrowBatches {
  readonly schema: Schema
  readonly batches: ColumnBatch[]
}

function tableFromBytes(source: Uint8Array | ArrayBuffer): Table {
  const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source
  const shortest = 8
  try {
    if (bytes.byteLength < shortest) throw new RangeError(`${bytes.byteLength} bytes are too few.`)
    return tableFromIPC(bytes.byteOffset % 8 === 0 ? bytes : bytes.slice())
  } catch (cause) {
    throw new LakefrontError('CORRUPT_FILE', 'The bytes are no Arrow IPC stream or file, or they are damaged.', {
      cause,
    })
  }
}

function recordBatch(
  schema: ReturnType<typeof arrowSchema>,
  encoders: readonly ArrowEncoder[],
  columns: readonly ColumnData[],
  length: number,
): RecordBatch {
  const children = encoders.map((encode, index) => {
    try {
      return encode(columns[index]!)
    } catch (error) {
      if (!isLakefrontError(error, 'INVALID_VALUE')) throw error
      const column = schema.fields[index]!.name
      throw new LakefrontError('INVALID_VALUE', `Column "${column}": ${error.message}`, {
        details: { column },
        cause: error,
      })
    }
  })
  const struct = new Struct<TypeMap>(schema.fields)
  return new RecordBatch(schema, new Data(struct, 0, length, 0, {}, children as Data<DataType>[]))
}
