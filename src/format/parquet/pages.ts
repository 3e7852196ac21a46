import { LakefrontError } from '../../errors.ts'
import type { ColumnChunk } from './footer.ts'
import { integer } from './footer.ts'
import { readThriftStruct } from './thrift.ts'
import type { ThriftStruct } from './thrift.ts'

/** What the page headers of a column chunk say. */
export interface PageSummary {
  /** Values of the dictionary page; 0 without one. */
  readonly dictionaryValues: number
  /** Whether every data page holds dictionary indices. */
  readonly isDictionaryOnly: boolean
  /** Whether every data page is encoded as DELTA_BINARY_PACKED. */
  readonly isDeltaOnly: boolean
  /** Where the last page with values ends: what is behind it is no page. */
  readonly length: number
}

const dataPage = 0
export const dictionaryPage = 2
export const dataPageV2 = 3
const dictionaryEncodings: ReadonlySet<number> = new Set([2, 8])
const deltaBinaryPacked = 5

/**
 * Walks the page headers of a column chunk and checks every length against the bytes there are and against what the footer
 * promised, so that a decoder never allocates what a damaged header asks for.
 */
export function inspectPages(bytes: Uint8Array, chunk: ColumnChunk): PageSummary {
  let offset = 0
  let values = 0
  let dictionaryValues = 0
  const encodings = new Set<number>()
  while (offset < bytes.length && values < chunk.values) {
    const { value: header, end } = readPageHeader(bytes, offset, chunk)
    const compressed = integer(header[3], 'compressed page size')
    const uncompressed = integer(header[2], 'uncompressed page size')
    if (compressed > bytes.length - end) throw damaged(chunk, `a page of ${compressed} bytes is cut off`)
    if (uncompressed > limitOf(chunk))
      throw damaged(chunk, `a page claims ${uncompressed} bytes, more than the whole column`)
    const details = header[pageDetails[header[1] as number] ?? -1] as ThriftStruct | undefined
    if (header[1] === dictionaryPage && details !== undefined) {
      dictionaryValues = integer(details[1], 'number of dictionary values')
      if (dictionaryValues > uncompressed * 8)
        throw damaged(chunk, 'its dictionary claims more values than its bytes can hold')
    } else if (details !== undefined) {
      values += integer(details[1], 'number of page values')
      encodings.add(integer(details[header[1] === dataPageV2 ? 4 : 2], 'encoding'))
      if (header[1] === dataPageV2) checkLevels(details, compressed, chunk)
    }
    offset = end + compressed
  }
  if (values !== chunk.values) {
    throw damaged(chunk, `its pages hold ${values} values where ${chunk.values} are promised`)
  }
  return {
    dictionaryValues,
    isDictionaryOnly: dictionaryValues > 0 && [...encodings].every((encoding) => dictionaryEncodings.has(encoding)),
    isDeltaOnly: encodings.size === 1 && encodings.has(deltaBinaryPacked),
    length: offset,
  }
}

/** The values that the page headers in `bytes`, some pages of a chunk, count. */
export function countPageValues(bytes: Uint8Array, chunk: ColumnChunk): number {
  let values = 0
  for (let offset = 0; offset < bytes.length;) {
    const { value: header, end } = readPageHeader(bytes, offset, chunk)
    const details = header[pageDetails[header[1] as number] ?? -1] as ThriftStruct | undefined
    if (header[1] !== dictionaryPage && details !== undefined) values += integer(details[1], 'number of page values')
    offset = end + integer(header[3], 'compressed page size')
  }
  return values
}

/** Whether one of the pages in `bytes` refers to the dictionary of `chunk`. */
export function usesDictionary(bytes: Uint8Array, chunk: ColumnChunk): boolean {
  for (let offset = 0; offset < bytes.length;) {
    const { value: header, end } = readPageHeader(bytes, offset, chunk)
    const details = header[pageDetails[header[1] as number] ?? -1] as ThriftStruct | undefined
    const encoding = details?.[header[1] === dataPageV2 ? 4 : 2]
    if (header[1] !== dictionaryPage && dictionaryEncodings.has(encoding as number)) return true
    offset = end + integer(header[3], 'compressed page size')
  }
  return false
}

/** The field of a page header that tells of a page, by its type. */
export const pageDetails: Readonly<Record<number, number>> = { [dataPage]: 5, [dictionaryPage]: 7, [dataPageV2]: 8 }

export function readPageHeader(
  bytes: Uint8Array,
  offset: number,
  chunk: ColumnChunk,
): { value: ThriftStruct; end: number } {
  try {
    return readThriftStruct(bytes, offset)
  } catch (cause) {
    throw damaged(chunk, 'a page header cannot be read', cause)
  }
}

function checkLevels(details: ThriftStruct, compressed: number, chunk: ColumnChunk): void {
  const levels =
    integer(details[5] ?? 0, 'length of definition levels') + integer(details[6] ?? 0, 'length of repetition levels')
  if (levels > compressed) throw damaged(chunk, 'the levels of a page are longer than the page')
}

/** Some writers forget headers in the total, hence the slack. */
function limitOf(chunk: ColumnChunk): number {
  return Math.max(chunk.uncompressedBytes, chunk.end - chunk.start) + 65_536
}

function damaged(chunk: ColumnChunk, what: string, cause?: unknown): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `Column "${chunk.path.join('.')}" is damaged: ${what}.`, { cause })
}
