import { LakefrontError } from '../errors.ts'
import type { ByteSource, ReadOptions } from '../storage/storage.ts'
import { byteChunks } from './byte-chunks.ts'
import { countOf } from './csv/csv-records.ts'
import { isUtf8 } from './is-utf8.ts'

/** What bytes are: a format that is read here, or the name of something else. */
export type Content = { readonly format: 'parquet' | 'avro' | 'arrow' | 'json' | 'csv' } | { readonly other: string }

const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0))

/** First bytes, and what they are the first bytes of. */
const beginnings: readonly (readonly [bytes: readonly number[], content: Content])[] = [
  [ascii('PAR1'), { format: 'parquet' }],
  [ascii('PARE'), { format: 'parquet' }],
  [ascii('Obj\u0001'), { format: 'avro' }],
  [ascii('ARROW1'), { format: 'arrow' }],
  [[0xff, 0xff, 0xff, 0xff], { format: 'arrow' }],
  [ascii('FEA1'), { other: 'a Feather file of version 1' }],
  [ascii('ORC'), { other: 'an ORC file' }],
  [ascii('PK\u0003\u0004'), { other: 'a ZIP archive, as spreadsheets are' }],
  [ascii('PK\u0005\u0006'), { other: 'a ZIP archive without files' }],
  [ascii('%PDF'), { other: 'a PDF document' }],
  [ascii('SQLite format 3'), { other: 'an SQLite database' }],
  [[0x89, ...ascii('PNG')], { other: 'a picture' }],
  [[0xff, 0xd8, 0xff], { other: 'a picture' }],
  [ascii('GIF8'), { other: 'a picture' }],
  [[0x89, ...ascii('HDF')], { other: 'an HDF5 file' }],
  [ascii('BZh'), { other: 'a file compressed with bzip2' }],
  [[0xfd, ...ascii('7zXZ')], { other: 'a file compressed with xz' }],
  [[0x1f, 0x8b], { other: 'a file compressed with gzip' }],
  [[0x28, 0xb5, 0x2f, 0xfd], { other: 'a file compressed with zstandard' }],
]

const databaseMark = ascii('DUCK')
const markOffset = 8

/** What a file is that begins with `start`. Text that is nothing else is CSV; nothing at all is told of an empty file. */
export function contentOf(start: Uint8Array): Content | undefined {
  const begins = (bytes: readonly number[], at = 0): boolean => bytes.every((byte, index) => start[at + index] === byte)
  const known = beginnings.find(([bytes]) => begins(bytes))
  if (known !== undefined) return known[1]
  if (begins(databaseMark, markOffset)) return { other: 'a DuckDB database' }
  if (begins([0xff, 0xfe]) || begins([0xfe, 0xff])) return { format: 'csv' }
  const from = begins([0xef, 0xbb, 0xbf]) ? 3 : 0
  const text = start.subarray(from)
  if (text.length === 0) return undefined
  // The last character may be cut.
  const isText = [0, 1, 2, 3].some((cut) => text.length > cut && isUtf8(text, 0, text.length - cut))
  const zeros = countOf(text, 0)
  if (zeros > 0)
    return isWide(text) || (isText && zeros * 8 < text.length) ? { format: 'csv' } : { other: 'binary data' }
  const first = text.find((byte) => byte > 0x20)
  if (isText && (first === 0x7b || first === 0x5b)) return { format: 'json' }
  if (
    isText &&
    first === 0x3c &&
    /^\s*<(?:!doctype|html|\?xml|[a-z]+[\s>])/i.test(new TextDecoder().decode(text.subarray(0, 256)))
  )
    return { other: 'a page of HTML or XML' }
  return { format: 'csv' }
}

/** Whether every other byte is 0, as in text of UTF-16 without a mark. */
export function isWide(start: Uint8Array): boolean {
  const [even, odd] = [0, 1].map((first) => start.subarray(0, 64).filter((byte, at) => at % 2 === first && byte !== 0))
  return (even!.length === 0) !== (odd!.length === 0)
}

/** Bytes that are looked at. */
const startBytes = 4096

/** What a file is by its first bytes, behind gzip or zstandard where these are around it. */
export async function detectFormat(source: ByteSource, options: ReadOptions): Promise<Content | undefined> {
  const { size } = await source.stat(options)
  const head = await source.read(0, Math.min(size, startBytes), options)
  const found = contentOf(head)
  if (found === undefined || !('other' in found) || !/gzip|zstandard/.test(found.other)) return found
  for await (const chunk of byteChunks(source, { ...options, readsAhead: false })) {
    const inside = contentOf(chunk.subarray(0, startBytes))
    if (inside === undefined || 'other' in inside || inside.format === 'json' || inside.format === 'csv') return inside
    return { other: `${found.other} around ${nameOf(inside.format)}` }
  }
  return undefined
}

/** A format in a sentence. */
function nameOf(format: string): string {
  const names: Readonly<Record<string, string>> = {
    parquet: 'a Parquet file',
    avro: 'an Avro file',
    arrow: 'an Arrow file or stream',
    json: 'JSON',
    csv: 'text, as CSV is',
  }
  return names[format] ?? format
}

/** The error for a file without a byte that was taken for `format`. */
export function emptyFile(label: string, format: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `"${label}" is empty, not ${nameOf(format)}.`, {
    details: { file: label, format },
  })
}

/** The error for a file that was taken for `format` and is something else. */
export function mistaken(label: string, format: string, content: Content): LakefrontError {
  const details = { file: label, format, found: 'format' in content ? content.format : content.other }
  if ('other' in content) {
    return new LakefrontError(
      'UNSUPPORTED',
      `"${label}" is ${content.other}, not ${nameOf(format)}. Parquet, Avro, Arrow, JSON and CSV are read, the last two in gzip or zstandard, too.`,
      { details },
    )
  }
  return new LakefrontError(
    'CORRUPT_FILE',
    `"${label}" is ${nameOf(content.format)}, not ${nameOf(format)}. Read it as what it is: read.${content.format}(), read_${content.format}() in SQL.`,
    { details },
  )
}
