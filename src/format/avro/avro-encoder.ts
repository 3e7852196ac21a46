import { LakefrontError } from '../../errors.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { ConversionFailure } from '../../types/conversion-failure.ts'
import type { Schema } from '../../types/logical-type.ts'
import { AvroFailure } from './avro-failure.ts'
import { avroSchemaOf } from './avro-schema-of.ts'
import { compressorOf } from './compress.ts'
import type { Compress, WriteCodec } from './compress.ts'
import { encodeRecord } from './encode-column.ts'
import { parseAvroSchema } from './schema.ts'
import type { AvroRecord } from './schema.ts'
import { Sink } from './sink.ts'

/** How Avro is written. */
export interface AvroWriteOptions {
  /** Default `deflate`. */
  readonly codec?: WriteCodec
  /** The schema to write, as JSON: a record whose fields are called like the columns. Default: what {@link avroSchemaOf} makes. */
  readonly schema?: string
  /** Bytes of rows after which a block ends. Default 256 KB. */
  readonly blockBytes?: number
}

/** Writes batches as one object container file, in chunks: `head`, `batch` for each batch, `tail`, in that order. */
export interface AvroEncoder {
  head(): Iterable<Uint8Array>
  batch(batch: ColumnBatch): AsyncIterable<Uint8Array>
  tail(): AsyncIterable<Uint8Array>
}

/** An encoder of rows of `schema`. Fails at once when the schema that is given does not fit it. */
export async function avroEncoder(schema: Schema, options: AvroWriteOptions = {}): Promise<AvroEncoder> {
  const { codec = 'deflate', blockBytes = 256 * 1024 } = options
  const text = options.schema ?? JSON.stringify(avroSchemaOf(schema))
  return new ContainerEncoder({
    schema,
    text,
    record: recordOf(text),
    codec,
    blockBytes,
    compress: await compressorOf(codec),
  })
}

interface Parts {
  readonly schema: Schema
  readonly text: string
  readonly record: AvroRecord
  readonly codec: WriteCodec
  readonly blockBytes: number
  readonly compress: Compress
}

class ContainerEncoder implements AvroEncoder {
  readonly #parts: Parts
  readonly #sync = crypto.getRandomValues(new Uint8Array(16))
  readonly #rows = new Sink()
  #count = 0
  #written = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  head(): Iterable<Uint8Array> {
    const { text, codec } = this.#parts
    const sink = new Sink()
    const put = (bytes: Uint8Array): void => {
      sink.int(bytes.length)
      sink.copy(bytes, 0, bytes.length)
    }
    const encoder = new TextEncoder()
    sink.copy(Uint8Array.of(0x4f, 0x62, 0x6a, 0x01), 0, 4)
    sink.int(2)
    for (const [key, value] of [
      ['avro.schema', text],
      ['avro.codec', codec],
    ] as const) {
      put(encoder.encode(key))
      put(encoder.encode(value))
    }
    sink.int(0)
    sink.copy(this.#sync, 0, 16)
    return [sink.take()]
  }

  async *batch(batch: ColumnBatch): AsyncGenerator<Uint8Array> {
    const { record, schema, blockBytes } = this.#parts
    const rows = this.#rows
    const columns = schema.fields.map(({ name, type }, index) => ({ name, type, column: batch.columns[index]! }))
    let row = 0
    try {
      const encode = encodeRecord(columns, record, rows)
      while (row < batch.length) {
        for (; row < batch.length && rows.position < blockBytes; row++, this.#count++) encode(row)
        if (rows.position >= blockBytes) yield* this.#block()
      }
    } catch (error) {
      throw error instanceof ConversionFailure ? refused(error, this.#written + row) : error
    }
    this.#written += batch.length
  }

  async *tail(): AsyncGenerator<Uint8Array> {
    if (this.#count > 0) yield* this.#block()
  }

  async *#block(): AsyncGenerator<Uint8Array> {
    const stored = await this.#parts.compress(this.#rows.take())
    const head = new Sink()
    head.number(this.#count)
    head.number(stored.length)
    this.#count = 0
    yield head.take()
    yield stored
    yield this.#sync
  }
}

function recordOf(schema: string): AvroRecord {
  let problem = 'it is no record.'
  try {
    const type = parseAvroSchema(schema)
    if (type.kind === 'record') return type
  } catch (error) {
    if (!(error instanceof AvroFailure)) throw error
    problem = error.message
  }
  throw new LakefrontError('INVALID_ARGUMENT', `The Avro schema to write with is not valid: ${problem}`)
}

function refused({ code, message, path }: ConversionFailure, row: number): LakefrontError {
  const subject = path === '' ? 'The rows' : `Column "${path}"`
  const where = code === 'INVALID_VALUE' ? `${subject}, row ${row},` : subject
  const details = { ...(path === '' ? {} : { column: path }), row }
  return new LakefrontError(code, `${where} cannot be written as Avro: ${message}.`, { details })
}
