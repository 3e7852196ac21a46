import { LakefrontError } from '../../errors.ts'
import type { ByteSource, ReadOptions } from '../../storage/storage.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { Field } from '../../types/logical-type.ts'
import { defaultBatchBytes } from '../batch-size.ts'
import { byteChunks } from '../byte-chunks.ts'
import { concatenated } from '../collect-bytes.ts'
import { contentOf, isWide, mistaken } from '../detect-format.ts'
import { CsvRecords, countOf } from './csv-records.ts'
import type { CsvDialect, CsvParameters, CsvParser } from './csv-parser.ts'
import { textChunks } from './text-chunks.ts'

/** A file of CSV whose dialect and columns were found. */
export interface CsvFile {
  readonly source: ByteSource
  readonly fields: readonly Field[]
  /** Whether there are lines behind the header. */
  readonly hasRows: boolean
  /** Bytes of text that hold the header, where lines to be passed over come before it. */
  readonly headBytes: number
  readonly dialect: CsvDialect
  readonly parameters: CsvParameters
  readonly parser: CsvParser
}

export interface CsvOpenOptions extends Omit<ReadOptions, 'ifMatch'> {
  readonly parser: CsvParser
  readonly parameters?: CsvParameters
}

/** DuckDB's `sample_size`: records that dialect and types are found from. */
const defaultSample = 20_480

/** The most of a text that is looked at for that. */
const largestSample = 64 * 1024 * 1024

/** Bytes of the first piece that is parsed. They grow from there to those of a batch, so that the first rows come soon. */
const smallestPiece = 256 * 1024

/** A record of more bytes is taken for a quote that was not closed. */
const largestRecord = 128 * 1024 * 1024

/** Reads the beginning of a file of CSV and finds its dialect and columns. */
export async function openCsv(
  source: ByteSource,
  { parser, parameters = {}, ...options }: CsvOpenOptions,
): Promise<CsvFile> {
  const { label } = source
  const skipped = Number(parameters['skip'] ?? 0)
  const asked = Number(parameters['sample_size'] ?? defaultSample)
  const sample = asked < 0 ? Infinity : asked + skipped
  const chunks: Uint8Array[] = []
  let length = 0
  let lines = 0
  let wanted = sample + 4096
  const texts = textChunks(byteChunks(source, { ...options, readsAhead: false }), encodingOf(parameters), label)
  for (;;) {
    let isAll = true
    for (let next = await texts.next(); next.done !== true; next = await texts.next()) {
      chunks.push(next.value)
      length += next.value.length
      lines += countOf(next.value, 0x0a) + countOf(next.value, 0x0d)
      if (lines < wanted && length < largestSample) continue
      isAll = false
      break
    }
    const text = concatenated(chunks, length)
    chunks.splice(0, chunks.length, text)
    checkText(text, label)
    const found = parser.sniff(isAll ? text : wholeLines(text), { label, parameters })
    // Lines in quotes are not records: where they are many, there is more to be looked at.
    const isEnough = isAll || length >= largestSample || new CsvRecords(found.dialect).count(text) >= sample
    if (isEnough) {
      await texts.return(undefined)
      const { skipRows, comment } = found.dialect
      const headBytes = skipRows > 0 || comment !== '' ? text.length : 0
      return { source, parser, parameters, ...found, headBytes, hasRows: !isAll || hasRows(text, found.dialect) }
    }
    wanted *= 2
  }
}

/** Reads the columns `wanted`, by their indices in `fields`, in pieces of whole records. */
export async function* readCsv(
  file: CsvFile,
  wanted: readonly number[],
  { batchBytes = defaultBatchBytes, ...options }: ReadOptions & { readsAhead: boolean; batchBytes?: number },
): AsyncGenerator<{ readonly length: number; readonly columns: readonly ColumnData[] }> {
  const { source, parameters, dialect, fields, parser, headBytes } = file
  const reading = parser.read({ label: source.label, parameters, dialect, fields }, wanted)
  const texts = textChunks(byteChunks(source, options), encodingOf(parameters), source.label)
  const sizes = { label: source.label, batchBytes, headBytes }
  for await (const piece of piecesOf(texts, new CsvRecords(dialect), sizes)) {
    const rows = reading.parse(piece)
    if (rows.length > 0) yield rows
  }
}

async function* piecesOf(
  chunks: AsyncIterable<Uint8Array>,
  records: CsvRecords,
  { label, batchBytes, headBytes }: { readonly label: string; readonly batchBytes: number; readonly headBytes: number },
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let length = 0
  let offset = 0
  let size = Math.max(smallestPiece, headBytes)
  for await (const chunk of chunks) {
    held.push(chunk)
    length += chunk.length
    if (length < size) continue
    const text = concatenated(held, length)
    const end = records.end(text)
    if (end > 0) yield text.subarray(0, end)
    offset += end
    const rest = text.subarray(end)
    held = rest.length === 0 ? [] : [rest]
    length = rest.length
    size = Math.min(batchBytes, size * 4) + (end === 0 ? length : 0)
    if (length > largestRecord) {
      throw new LakefrontError(
        'CORRUPT_FILE',
        `"${label}" has a record of more than 128 MB at byte ${offset} of its text. A quote may not be closed there; quote: '' reads quotes as any other character.`,
        { details: { file: label, offset } },
      )
    }
  }
  if (length > 0) yield concatenated(held, length)
}

function hasRows(text: Uint8Array, dialect: CsvDialect): boolean {
  const records = new CsvRecords(dialect)
  const lines = records.count(text) + (records.end(text) < text.length ? 1 : 0)
  return lines > dialect.skipRows + (dialect.hasHeader ? 1 : 0)
}

function wholeLines(text: Uint8Array): Uint8Array {
  const end = Math.max(text.lastIndexOf(0x0a), text.lastIndexOf(0x0d, -2)) + 1
  return end === 0 ? text : text.subarray(0, end)
}

function encodingOf({ encoding }: CsvParameters): string | undefined {
  return encoding?.replaceAll(/^'|'$/g, '')
}

/** What is known to be something else would be read as CSV of one odd column. */
function checkText(text: Uint8Array, label: string): void {
  const content = contentOf(text.subarray(0, 4096))
  if (content !== undefined && ('other' in content || !['csv', 'json'].includes(content.format)))
    throw mistaken(label, 'csv', content)
  const zero = text.subarray(0, 4096).indexOf(0)
  if (zero < 0 || !isWide(text)) return
  throw new LakefrontError(
    'CORRUPT_FILE',
    `"${label}" is no text: byte ${zero} is 0. It looks like UTF-16: say encoding: 'utf-16'.`,
    { details: { file: label, offset: zero } },
  )
}
