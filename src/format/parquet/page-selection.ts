import type { ByteRange } from '../../storage/coalesce.ts'
import type { DecodeRequest } from './decode.ts'
import type { ColumnChunk, RowGroup } from './footer.ts'
import type { PageLocations } from './page-index.ts'
import { countPageValues } from './pages.ts'
import { countRows, joinRanges } from './row-ranges.ts'
import type { RowRanges } from './row-ranges.ts'
import type { ParquetColumn } from './schema.ts'

/** The pages of one column of a row group that hold some rows. */
export interface PageSelection {
  /** All rows of those pages. */
  readonly rows: RowRanges
  /** What to read of each physical column. */
  readonly leaves: readonly LeafSelection[]
  readonly pages: number
}

/** Pages of a physical column. */
export interface LeafSelection {
  /** Its dictionary, if it is needed, and runs of pages. */
  readonly runs: readonly ByteRange[]
  /** A dictionary that is needed only if the pages turn out to refer to it. */
  readonly dictionary?: ByteRange
}

/**
 * The pages of `column` that hold the rows `wanted`. Pages of the physical columns of one column do not align, and a decoder needs
 * the same rows of each: rows are added until they are whole pages everywhere.
 */
export function selectPages(
  column: ParquetColumn,
  rowGroup: RowGroup,
  { locations, wanted }: { locations: readonly PageLocations[]; wanted: RowRanges },
): PageSelection {
  let rows = wanted
  for (let before = -1; before !== countRows(rows);) {
    before = countRows(rows)
    for (const leaf of locations) rows = wholePages(rows, leaf, rowGroup.rows)
  }
  let pages = 0
  const leaves = locations.map((leaf, index) => {
    const chunk = rowGroup.chunks[column.firstLeaf + index]!
    const wantedPages = pagesOf(rows, leaf)
    pages += wantedPages.length
    const dictionary = leaf.starts[0]! > chunk.start ? { start: chunk.start, end: leaf.starts[0]! } : undefined
    const isPlain = chunk.dictionaryPages !== undefined && (wantedPages[0] ?? 0) >= chunk.dictionaryPages
    const runs: { start: number; end: number }[] = dictionary === undefined || isPlain ? [] : [dictionary]
    for (const page of wantedPages) {
      const last = runs.at(-1)
      if (last !== undefined && last.end === leaf.starts[page]) last.end = leaf.ends[page]!
      else runs.push({ start: leaf.starts[page]!, end: leaf.ends[page]! })
    }
    return { runs, ...(dictionary !== undefined && isPlain ? { dictionary } : {}) }
  })
  return { rows, leaves, pages }
}

/** What a decoder is asked for `selection`, of which `bytes` were read, run by run. */
export function selectionRequest(
  column: ParquetColumn,
  rowGroup: RowGroup,
  { selection, bytes }: { selection: PageSelection; bytes: readonly (readonly Uint8Array[])[] },
): DecodeRequest {
  const joined = bytes.map(concatenate)
  const chunks = rowGroup.chunks.map((chunk, index) => {
    const leaf = index - column.firstLeaf
    const own = joined[leaf]
    if (own === undefined) return chunk
    // What was left out is no part of what is decoded.
    const start = selection.leaves[leaf]!.dictionary === undefined ? chunk.start : chunk.dataStart
    return { ...chunk, start, values: countPageValues(own, chunk) }
  })
  return { column, rowGroup: { rows: countRows(selection.rows), chunks }, bytes: joined }
}

function wholePages(rows: RowRanges, { firstRows }: PageLocations, groupRows: number): RowRanges {
  return joinRanges(
    rows.map(({ start, end }) => {
      const last = pageOf(firstRows, end - 1)
      return { start: firstRows[pageOf(firstRows, start)]!, end: firstRows[last + 1] ?? groupRows }
    }),
  )
}

function pagesOf(rows: RowRanges, { firstRows }: PageLocations): number[] {
  return rows.flatMap(({ start, end }) => {
    const first = pageOf(firstRows, start)
    return Array.from({ length: pageOf(firstRows, end - 1) - first + 1 }, (_, index) => first + index)
  })
}

/** The page that holds `row`. */
export function pageOf(firstRows: readonly number[], row: number): number {
  let low = 0
  let high = firstRows.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (firstRows[middle]! <= row) low = middle
    else high = middle - 1
  }
  return low
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const joined = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Bytes of `column` in `rowGroup` as stored. */
export function storedBytes(column: ParquetColumn, rowGroup: RowGroup): number {
  return rowGroup.chunks
    .slice(column.firstLeaf, column.endLeaf)
    .reduce((bytes, chunk: ColumnChunk) => bytes + chunk.end - chunk.start, 0)
}
