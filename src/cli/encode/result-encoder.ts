import type { ColumnBatch } from '../../types/column-data.ts'
import type { Schema } from '../../types/logical-type.ts'
import type { Command } from '../command.ts'
import { csvEncoder } from './csv.ts'
import { jsonEncoder } from './json.ts'
import { tableEncoder } from './table.ts'

/** Turns a result into what is written, in chunks small enough to wait between them. Called in order, `head` and `tail` once. */
export interface ResultEncoder {
  head(): Chunks
  batch(batch: ColumnBatch): Chunks
  tail(): Chunks
}

type Chunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

/** The encoder of `format`. A table shows `rows` rows. */
export async function resultEncoder(
  { format, rows, codec }: Command & { kind: 'sql' },
  schema: Schema,
): Promise<ResultEncoder> {
  switch (format) {
    case 'table':
      return tableEncoder(schema, rows)
    case 'csv':
      return csvEncoder(schema)
    case 'json':
      return jsonEncoder(schema)
    case 'arrow':
      return (await import('./arrow.ts')).arrowEncoder(schema)
    case 'avro':
      return (await import('../../format/avro/avro-encoder.ts')).avroEncoder(
        schema,
        codec === undefined ? {} : { codec },
      )
    default:
      return format satisfies never
  }
}
