import type { ColumnBatch } from '../../types/column-data.ts'
import type { Schema } from '../../types/logical-type.ts'
import type { Format } from '../command.ts'
import { csvEncoder } from './csv.ts'
import { jsonEncoder } from './json.ts'
import { tableEncoder } from './table.ts'

/** Turns a result into what is written, in chunks small enough to wait between them. Called in order, `head` and `tail` once. */
export interface ResultEncoder {
  head(): Iterable<string | Uint8Array>
  batch(batch: ColumnBatch): Iterable<string | Uint8Array>
  tail(): Iterable<string | Uint8Array>
}

/** The encoder of `format`. A table shows `limit` rows. */
export async function resultEncoder(format: Format, schema: Schema, limit: number): Promise<ResultEncoder> {
  switch (format) {
    case 'table':
      return tableEncoder(schema, limit)
    case 'csv':
      return csvEncoder(schema)
    case 'json':
      return jsonEncoder(schema)
    case 'arrow':
      return (await import('./arrow.ts')).arrowEncoder(schema)
    default:
      return format satisfies never
  }
}
