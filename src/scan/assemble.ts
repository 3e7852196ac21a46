import type { RowRanges } from '../format/parquet/row-ranges.ts'
import type { ColumnBatch, ColumnData } from '../types/column-data.ts'
import type { LogicalType, Schema } from '../types/logical-type.ts'
import { sliceColumn } from '../types/slice-column.ts'
import { takeColumn } from '../types/take-column.ts'
import { fitted } from './fit.ts'
import type { Fit } from './fit.ts'

/** Decoded values of a column: those of `rows`, one after the other, in batches of any length. */
export interface ColumnPart {
  readonly rows: RowRanges
  readonly batches: readonly ColumnData[]
}

/** A column of a batch: decoded values of a type and what becomes of them, or what makes `length` rows from row `start` on. */
export type BatchColumn =
  | { readonly part: ColumnPart; readonly type: LogicalType; readonly fit: Fit }
  | ((start: number, length: number) => ColumnData)

/** Which of the rows `start` to `start + length` go on, counted from `start`; undefined for all. `sieves` are the columns behind those of the schema. */
export type ChooseRows = (start: number, length: number, sieves: readonly ColumnData[]) => Uint32Array | undefined

/** A run of rows that lies in one batch. */
interface Piece {
  readonly start: number
  readonly end: number
  readonly batch: ColumnData
  /** Where row `start` is in the batch. */
  readonly offset: number
}

/**
 * Batches of the rows `wanted`, cut where any column's batches or pages are. Every part holds those rows at
 * least. Parts beyond the fields of the schema are only for `choose` to look at.
 */
export function assembleBatches(
  schema: Schema,
  wanted: RowRanges,
  parts: readonly BatchColumn[],
  choose?: ChooseRows,
): ColumnBatch[] {
  const columns = parts.map((column) => (typeof column === 'function' ? undefined : piecesOf(column.part)))
  const next = parts.map(() => 0)
  const batches: ColumnBatch[] = []
  for (const range of wanted) {
    for (let start = range.start, end = start; start < range.end; start = end) {
      end = range.end
      columns.forEach((pieces, index) => {
        if (pieces === undefined) return
        while (pieces[next[index]!]!.end <= start) next[index]!++
        end = Math.min(end, pieces[next[index]!]!.end)
      })
      const length = end - start
      const data = columns.map((pieces, index) => {
        const column = parts[index]!
        if (typeof column === 'function') return column(start, length)
        const piece = pieces![next[index]!]!
        return fitted(sliceColumn(piece.batch, column.type, piece.offset + start - piece.start, length), column.fit)
      })
      const own = data.slice(0, schema.fields.length)
      const chosen = choose?.(start, length, data.slice(own.length))
      if (chosen === undefined) batches.push({ schema, length, columns: own })
      else if (chosen.length > 0) batches.push(takenBatch(schema, own, chosen))
    }
  }
  return batches
}

function takenBatch(schema: Schema, columns: readonly ColumnData[], rows: Uint32Array): ColumnBatch {
  const taken = columns.map((column, index) => takeColumn(column, schema.fields[index]!.type, rows))
  return { schema, length: rows.length, columns: taken }
}

function piecesOf({ rows, batches }: ColumnPart): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let offset = 0
  for (const range of rows) {
    for (let start = range.start; start < range.end;) {
      const batch = batches[at]!
      const end = Math.min(range.end, start + batch.length - offset)
      pieces.push({ start, end, batch, offset })
      offset += end - start
      start = end
      if (offset === batch.length) {
        at++
        offset = 0
      }
    }
  }
  return pieces
}
