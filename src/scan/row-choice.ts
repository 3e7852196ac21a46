import { positionFrom } from './positions.ts'
import type { Positions } from './positions.ts'

/** Rows of a file that a scan sees: those at some positions, or all but them. */
export interface RowChoice {
  readonly kind: 'only' | 'without'
  readonly positions: Positions
}

/** How many rows of `start` to `end` are seen. */
export function countChosen({ kind, positions }: RowChoice, start: number, end: number): number {
  const listed = positionFrom(positions.rows, end) - positionFrom(positions.rows, start)
  return kind === 'only' ? listed : end - start - listed
}

/** The rows of `start` to `end` that are seen, counted from `start`; undefined for all. */
export function chosenRows(choice: RowChoice, start: number, end: number): Uint32Array | undefined {
  const { kind } = choice
  const { rows: listed } = choice.positions
  const count = countChosen(choice, start, end)
  if (count === end - start) return undefined
  const rows = new Uint32Array(count)
  let next = positionFrom(listed, start)
  if (kind === 'only') {
    for (let at = 0; at < count; at++) rows[at] = listed[next++]! - start
    return rows
  }
  for (let row = start, at = 0; row < end; row++) {
    if (listed[next] === row) next++
    else rows[at++] = row - start
  }
  return rows
}

/** The snapshots in which rows `start` to `end` were deleted, NaN for rows of which that is not known. */
export function deletedIn({ positions }: RowChoice, start: number, end: number): Float64Array {
  const told = new Float64Array(end - start).fill(NaN)
  const { rows, snapshots } = positions
  if (snapshots === undefined) return told
  for (let at = positionFrom(rows, start); at < rows.length && rows[at]! < end; at++)
    told[rows[at]! - start] = snapshots[at]!
  return told
}
