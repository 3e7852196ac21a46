import type { DecodeRequest } from '../format/parquet/decode.ts'
import type { RowGroup } from '../format/parquet/footer.ts'
import { selectionRequest } from '../format/parquet/page-selection.ts'
import type { LeafSelection, PageSelection } from '../format/parquet/page-selection.ts'
import { usesDictionary } from '../format/parquet/pages.ts'
import type { ParquetColumn } from '../format/parquet/schema.ts'
import { readRanges } from '../storage/coalesce.ts'
import type { ByteRange } from '../storage/coalesce.ts'
import type { ByteSource, ReadOptions } from '../storage/storage.ts'

/** A column to read, and which pages of it; all without them. */
export interface ColumnWanted {
  readonly column: ParquetColumn
  readonly pages?: PageSelection | undefined
}

export interface ReadColumnsOptions {
  readonly source: ByteSource
  readonly read: ReadOptions
  /** Hears of each range that is needed. */
  readonly onNeeded: (range: ByteRange) => void
}

/** Reads what is stored of columns of a row group, as requests to a decoder. */
export async function readColumns(
  rowGroup: RowGroup,
  wanted: readonly ColumnWanted[],
  { source, read, onNeeded }: ReadColumnsOptions,
): Promise<DecodeRequest[]> {
  const leaves = wanted.map(({ column, pages }): readonly LeafSelection[] => {
    const chunks = rowGroup.chunks.slice(column.firstLeaf, column.endLeaf)
    return pages?.leaves ?? chunks.map((chunk) => ({ runs: [chunk] }))
  })
  const fetch = (ranges: readonly ByteRange[]): Promise<Uint8Array[]> => {
    ranges.forEach(onNeeded)
    return readRanges(source, ranges, read)
  }
  const bytes = await fetch(leaves.flat().flatMap(({ runs }) => runs))
  const own = leaves.map((selected) => selected.map(({ runs }) => bytes.splice(0, runs.length)))
  const late = wanted.flatMap(({ column }, position) =>
    leaves[position]!.flatMap(({ dictionary }, leaf) => {
      const chunk = rowGroup.chunks[column.firstLeaf + leaf]!
      const runs = own[position]![leaf]!
      return dictionary !== undefined && runs.some((run) => usesDictionary(run, chunk))
        ? [{ position, leaf, dictionary }]
        : []
    }),
  )
  const dictionaries = late.length === 0 ? [] : await fetch(late.map(({ dictionary }) => dictionary))
  late.forEach(({ position, leaf }, index) => own[position]![leaf]!.unshift(dictionaries[index]!))
  return wanted.map(({ column, pages }, position): DecodeRequest => {
    if (pages === undefined) return { column, rowGroup, bytes: own[position]!.map(([chunk]) => chunk!) }
    const isLate = (leaf: number): boolean => late.some((found) => found.position === position && found.leaf === leaf)
    const selected = pages.leaves.map((leaf, index): LeafSelection => (isLate(index) ? { runs: leaf.runs } : leaf))
    return selectionRequest(column, rowGroup, { selection: { ...pages, leaves: selected }, bytes: own[position]! })
  })
}
