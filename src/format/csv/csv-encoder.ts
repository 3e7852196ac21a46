import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import { formatValue } from '../../types/format-value.ts'
import type { LogicalType, Schema } from '../../types/logical-type.ts'
import { isValid } from '../../types/validity.ts'
import { valueReader } from '../../types/value-reader.ts'
import type { FileEncoder } from '../file-encoder.ts'
import { integerReader } from '../integer-reader.ts'
import { TextSink } from '../text-sink.ts'

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
  const field = fieldWriter(options)
  const sink = new TextSink()
  function* chunks(batch: ColumnBatch): Generator<Uint8Array> {
    const appenders = schema.fields.map(({ type }, index) =>
      fieldAppender(type, batch.columns[index]!, { sink, options, field }),
    )
    for (let row = 0; row < batch.length; row++) {
      for (let index = 0; index < appenders.length; index++) {
        if (index > 0) sink.text(delim)
        if (isValid(batch.columns[index]!, row)) appenders[index]!(row)
        else sink.text(nullstr)
      }
      sink.text(newLine)
      if (sink.position >= chunkBytes) yield sink.take()
    }
    if (sink.position > 0) yield sink.take()
  }
  const names = schema.fields.map(({ name }) => field(name)).join(delim)
  return {
    head: () => (header ? [names + newLine] : []),
    batch: chunks,
    tail: () => [],
  }
}

const chunkBytes = 64 * 1024

interface FieldParts {
  readonly sink: TextSink
  readonly options: CsvWriteOptions
  readonly field: (text: string) => string
}

/** Appends the value of a row that is not null. Whole numbers and texts are written as the bytes they are, where nothing speaks against it. */
function fieldAppender(type: LogicalType, column: ColumnData, parts: FieldParts): (row: number) => void {
  const { sink, options, field } = parts
  const { delim = ',', quote = '"', escape = quote, nullstr = '', quoteAll = false } = options
  const marks = [delim, quote, escape]
  const integer = integerReader(type, column)
  if (integer !== undefined && !quoteAll && !/^-?\d+$/.test(nullstr) && !marks.some((mark) => /[-\d]/.test(mark))) {
    return (row) => {
      const value = integer(row)
      if (typeof value === 'number') sink.integer(value)
      else sink.text(String(value))
    }
  }
  const isText =
    type.kind === 'varchar' && !quoteAll && nullstr === '' && marks.every((mark) => mark.charCodeAt(0) < 0x80)
  if (isText && column.dictionary === undefined) {
    const [separator, opening, escaping] = marks.map((mark) => mark.charCodeAt(0)) as [number, number, number]
    const { offsets = new Int32Array(1), values = new Uint8Array() } = column
    return (row) => {
      const [start, end] = [offsets[row]!, offsets[row + 1]!]
      let isPlain = start < end
      for (let at = start; at < end && isPlain; at++) {
        const byte = values[at]!
        isPlain = byte !== separator && byte !== opening && byte !== escaping && byte !== 0x0a && byte !== 0x0d
      }
      if (isPlain) return sink.copy(values, start, end)
      sink.byte(opening)
      for (let at = start; at < end; at++) {
        const byte = values[at]!
        if (byte === opening || byte === escaping) sink.byte(escaping)
        sink.byte(byte)
      }
      sink.byte(opening)
    }
  }
  const read = valueReader(type, column)
  return (row) => {
    const value = read(row)
    if (value === null) sink.text(nullstr)
    else sink.text(field(typeof value === 'string' ? value : formatValue(value, type)))
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
