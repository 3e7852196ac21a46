import type { Schema } from '../../types/logical-type.ts'
import type { Command } from '../command.ts'
import { csvEncoder } from '../../format/csv/csv-encoder.ts'
import type { FileEncoder } from '../../format/file-encoder.ts'
import { jsonEncoder } from '../../format/json/json-encoder.ts'
import { tableEncoder } from './table.ts'

/** The encoder of `format`. A table shows `rows` rows. */
export async function resultEncoder(
  { format, rows, codec }: Command & { kind: 'sql' },
  schema: Schema,
): Promise<FileEncoder> {
  switch (format) {
    case 'table':
      return tableEncoder(schema, rows)
    case 'csv':
      return csvEncoder(schema)
    case 'json':
      return jsonEncoder(schema, { form: 'array' })
    case 'arrow':
      return (await import('../../format/arrow/arrow-encoder.ts')).arrowEncoder(schema, { form: 'stream' })
    case 'avro':
      return (await import('../../format/avro/avro-encoder.ts')).avroEncoder(
        schema,
        codec === undefined ? {} : { codec },
      )
    default:
      return format satisfies never
  }
}
