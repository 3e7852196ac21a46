import type { ColumnBatch } from '../../types/column-data.ts'
import { formatValue } from '../../types/format-value.ts'
import type { Schema } from '../../types/logical-type.ts'
import { valueReader } from '../../types/value-reader.ts'
import type { FileEncoder } from '../file-encoder.ts'
import { inChunks } from '../in-chunks.ts'

/** How CSV is written. */
export interface CsvWriteOptions {
  /** Whether the first line has the names of the columns. Default true. */
  readonly header?: boolean
  /** Between fields: one character. Default `,`. */
  readonly delim?: string
  /** Around fields: one character; doubled within them. Default `"`. */
  readonly quote?: string
  /** What stands before a quote within a field, in place of a second quote: one character. */
  readonly escape?: string
  /** What stands for NULL, never quoted. Default nothing; fields that are this text are quoted. */
  readonly nullstr?: string
  /** Whether every field but NULL is quoted. Default false: those that need it. */
  readonly quoteAll?: boolean
  /** Default `\n`. */
  readonly newLine?: '\n' | '\r\n'
}

/**
 * RFC 4180 with a header; lines end with a line feed alone, as DuckDB and psql write them. Values are DuckDB's own texts. NULL is an
 * empty field, an empty text is `""`.
 */
export function csvEncoder(schema: Schema, options: CsvWriteOptions = {}): FileEncoder {
  const { header = true, delim = ',', newLine = '\n', nullstr = '' } = options
  const types = schema.fields.map(({ type }) => type)
  const field = fieldWriter(options)
  function* lines(batch: ColumnBatch): Generator<string> {
    const readers = types.map((type, index) => valueReader(type, batch.columns[index]!))
    for (let row = 0; row < batch.length; row++) {
      let line = ''
      for (let index = 0; index < readers.length; index++) {
        const value = readers[index]!(row)
        if (index > 0) line += delim
        line += value === null ? nullstr : field(typeof value === 'string' ? value : formatValue(value, types[index]!))
      }
      yield line + newLine
    }
  }
  const names = schema.fields.map(({ name }) => field(name)).join(delim)
  return {
    head: () => (header ? [names + newLine] : []),
    batch: (batch) => inChunks(lines(batch)),
    tail: () => [],
  }
}

/** Writes a text as a field: quoted where it would mean something else, or nothing. */
function fieldWriter({
  delim = ',',
  quote = '"',
  escape = quote,
  nullstr = '',
  quoteAll = false,
}: CsvWriteOptions): (text: string) => string {
  const special = new RegExp(`[${[...new Set([delim, quote, escape])].map(inClass).join('')}\r\n]`, 'u')
  const doubled = new RegExp(`[${[...new Set([quote, escape])].map(inClass).join('')}]`, 'gu')
  return (text) =>
    quoteAll || text === nullstr || special.test(text)
      ? quote + text.replace(doubled, (character) => escape + character) + quote
      : text
}

function inClass(character: string): string {
  return character.replace(/[\\\]^-]/, '\\$&')
}
