import type { ColumnBatch } from '../../types/column-data.ts'
import { formatValue } from '../../types/format-value.ts'
import type { Schema } from '../../types/logical-type.ts'
import { valueReader } from '../../types/value-reader.ts'
import { inChunks } from './in-chunks.ts'
import type { ResultEncoder } from './result-encoder.ts'

/**
 * RFC 4180 with a header; lines end with a line feed alone, as DuckDB and psql write them. Values are DuckDB's own texts. NULL is an
 * empty field, an empty text is `""`.
 */
export function csvEncoder(schema: Schema): ResultEncoder {
  const types = schema.fields.map(({ type }) => type)
  function* lines(batch: ColumnBatch): Generator<string> {
    const readers = types.map((type, index) => valueReader(type, batch.columns[index]!))
    for (let row = 0; row < batch.length; row++) {
      let line = ''
      for (let index = 0; index < readers.length; index++) {
        const value = readers[index]!(row)
        if (index > 0) line += ','
        if (value !== null) line += field(typeof value === 'string' ? value : formatValue(value, types[index]!))
      }
      yield `${line}\n`
    }
  }
  return {
    head: () => [`${schema.fields.map(({ name }) => field(name)).join(',')}\n`],
    batch: (batch) => inChunks(lines(batch)),
    tail: () => [],
  }
}

function field(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
