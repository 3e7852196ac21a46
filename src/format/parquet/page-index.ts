import type { ColumnChunk, RawStatistics } from './footer.ts'
import { readThriftStruct } from './thrift.ts'
import type { ThriftStruct, ThriftValue } from './thrift.ts'

/** The data pages of one column chunk: page `i` is `starts[i]` to `ends[i]` of the file and begins with row `firstRows[i]`. */
export interface PageLocations {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly firstRows: readonly number[]
}

/**
 * Reads an offset index. Undefined when it contradicts itself or its column chunk: it is only ever an aid, and the chunk can be
 * read without. Format: https://github.com/apache/parquet-format/blob/master/PageIndex.md
 */
export function readPageLocations(bytes: Uint8Array, chunk: ColumnChunk, rows: number): PageLocations | undefined {
  const pages = listOf(parsed(bytes)?.[1])
  if (pages === undefined || pages.length === 0) return undefined
  const starts: number[] = []
  const ends: number[] = []
  const firstRows: number[] = []
  for (const page of pages as readonly ThriftStruct[]) {
    const [start, length, firstRow] = [page[1], page[2], page[3]]
    if (!isCount(start) || !isCount(length) || !isCount(firstRow)) return undefined
    const isInOrder =
      starts.length === 0
        ? start >= chunk.start && firstRow === 0
        : start >= ends.at(-1)! && firstRow > firstRows.at(-1)! && firstRow < rows
    if (!isInOrder || length === 0 || start + length > chunk.end) return undefined
    starts.push(start)
    ends.push(start + length)
    firstRows.push(firstRow)
  }
  return { starts, ends, firstRows }
}

/** Reads a column index: statistics by page, as raw as those of a chunk. Undefined unless it has `pages` of them. */
export function readPageStatistics(
  bytes: Uint8Array,
  locations: PageLocations,
  rows: number,
): RawStatistics[] | undefined {
  const index = parsed(bytes)
  const [isNull, minima, maxima] = [listOf(index?.[1]), listOf(index?.[2]), listOf(index?.[3])]
  const nullCounts = listOf(index?.[5])
  const pages = locations.firstRows.length
  if (isNull?.length !== pages || minima?.length !== pages || maxima?.length !== pages) return undefined
  return locations.firstRows.map((firstRow, page) => {
    if (isNull[page] === true) return { nulls: (locations.firstRows[page + 1] ?? rows) - firstRow }
    const [min, max, nulls] = [minima[page], maxima[page], nullCounts?.[page]]
    return {
      ...(isCount(nulls) ? { nulls } : {}),
      ...(min instanceof Uint8Array ? { min } : {}),
      ...(max instanceof Uint8Array ? { max } : {}),
    }
  })
}

function parsed(bytes: Uint8Array): ThriftStruct | undefined {
  try {
    return readThriftStruct(bytes).value
  } catch {
    return undefined
  }
}

function listOf(value: ThriftValue | undefined): readonly ThriftValue[] | undefined {
  return Array.isArray(value) ? value : undefined
}

function isCount(value: ThriftValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
