import { LakefrontError } from '../../errors.ts'
import { integer } from './footer.ts'
import type { ColumnChunk } from './footer.ts'
import { dataPageV2, dictionaryPage, pageDetails, readPageHeader } from './pages.ts'
import { writeThriftStruct } from './thrift.ts'
import type { ThriftField, ThriftStruct } from './thrift.ts'
import type { DecompressZstd } from './zstd.ts'

/** The same pages without compression, and the chunk that describes them. */
export interface DecompressedPages {
  readonly chunk: ColumnChunk
  readonly bytes: Uint8Array
}

/** Decompresses the pages in `bytes`, which {@link inspectPages} found to be whole, and writes their headers anew. */
export function decompressedPages(
  bytes: Uint8Array,
  chunk: ColumnChunk,
  decompress: DecompressZstd,
): DecompressedPages {
  const parts: Uint8Array[] = []
  let total = 0
  let dictionary = 0
  for (let offset = 0; offset < bytes.length;) {
    const { value: header, end } = readPageHeader(bytes, offset, chunk)
    offset = end + integer(header[3], 'compressed page size')
    const type = header[1] as number
    const details = header[pageDetails[type] ?? -1] as ThriftStruct | undefined
    if (details === undefined) continue
    const payload = payloadOf(bytes.subarray(end, offset), { header, details, chunk, decompress })
    const written = writeThriftStruct([
      [1, { type: 'i32', value: type }],
      [2, { type: 'i32', value: payload.length }],
      [3, { type: 'i32', value: payload.length }],
      [pageDetails[type]!, { type: 'struct', value: detailsOf(type, details) }],
    ])
    parts.push(written, payload)
    total += written.length + payload.length
    if (type === dictionaryPage) dictionary = total
  }
  const joined = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  const hasDictionary = chunk.dataStart > chunk.start
  const dataStart = hasDictionary ? chunk.start + dictionary : chunk.dataStart
  return { chunk: { ...chunk, codec: 'uncompressed', dataStart, end: chunk.start + total }, bytes: joined }
}

interface Page {
  readonly header: ThriftStruct
  readonly details: ThriftStruct
  readonly chunk: ColumnChunk
  readonly decompress: DecompressZstd
}

/** Levels of pages of version 2 are stored as they are, and so may their values be. */
function payloadOf(stored: Uint8Array, { header, details, chunk, decompress }: Page): Uint8Array {
  const size = integer(header[2], 'uncompressed page size')
  const isV2 = header[1] === dataPageV2
  if (isV2 && details[7] === false) return stored
  const levels = isV2 ? integer(details[5] ?? 0, 'length of levels') + integer(details[6] ?? 0, 'length of levels') : 0
  const values = size < levels ? undefined : decompress(stored.subarray(levels), size - levels)
  if (values === undefined) {
    throw new LakefrontError(
      'CORRUPT_FILE',
      `Column "${chunk.path.join('.')}" is damaged: a page does not decompress to the ${size} bytes it claims.`,
    )
  }
  if (levels === 0) return values
  const payload = new Uint8Array(size)
  payload.set(stored.subarray(0, levels))
  payload.set(values, levels)
  return payload
}

/** The counts and encodings of a page, all of them small numbers; statistics stay out. */
function detailsOf(type: number, details: ThriftStruct): [number, ThriftField | undefined][] {
  const numbers = type === dictionaryPage ? [1, 2] : type === dataPageV2 ? [1, 2, 3, 4, 5, 6] : [1, 2, 3, 4]
  const fields = numbers.map((id): [number, ThriftField | undefined] => {
    const value = details[id]
    return [id, typeof value === 'number' ? { type: 'i32', value } : undefined]
  })
  return type === dataPageV2 ? [...fields, [7, { type: 'bool', value: false }]] : fields
}
