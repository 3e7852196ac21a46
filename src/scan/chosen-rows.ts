import type { ColumnData } from '../types/column-data.ts'
import { bytesOf, typedView } from '../types/typed-view.ts'
import { isValid } from '../types/validity.ts'
import type { ChooseRows } from './assemble.ts'
import { chosenRows, deletedIn } from './row-choice.ts'
import type { Task } from './scan-plan.ts'
import type { SnapshotRange } from './listed-files.ts'

/** Which rows of a row group of a listed file go on: those that are not deleted, of the snapshots asked for. Undefined for all. */
export function chooseRows({ file, firstRow, sieve }: Task): ChooseRows | undefined {
  const { choice, only } = file.listed ?? {}
  if (choice === undefined && sieve === undefined) return undefined
  return (start, length, [snapshots]) => {
    const rows = choice && chosenRows(choice, firstRow + start, firstRow + start + length)
    return snapshots === undefined ? rows : ofSnapshots(snapshots, only!, rows)
  }
}

/** Whether rows of a file are left out, which came with snapshots from `first` to `last`; NaN where that is not known. */
export function leavesOut({ from, to, except = [] }: SnapshotRange, first: number, last: number): boolean {
  return (
    (to !== undefined && last > to) ||
    (from !== undefined && first < from) ||
    except.some((snapshot) => snapshot >= first && snapshot <= last)
  )
}

/** The snapshots that rows of a row group were deleted in, as a bigint column. */
export function deletionColumn({ file, firstRow }: Task, start: number, length: number): ColumnData {
  const told = deletedIn(file.listed!.choice!, firstRow + start, firstRow + start + length)
  const values = BigInt64Array.from(told, (snapshot) => BigInt(Number.isNaN(snapshot) ? 0 : snapshot))
  return { length, nullCount: 0, values: bytesOf(values) }
}

/** Those of `rows`, all by default, that came with the snapshots asked for; a row that does not say so counts. */
function ofSnapshots(
  column: ColumnData,
  { from, to, except = [] }: SnapshotRange,
  rows: Uint32Array | undefined,
): Uint32Array | undefined {
  const snapshots = typedView(BigInt64Array, column.values, column.length)
  const [first, last] = [BigInt(from ?? 0), BigInt(to ?? Number.MAX_SAFE_INTEGER)]
  const out = new Set(except.map(BigInt))
  const isIn = (row: number): boolean => {
    const own = snapshots[row]!
    return !isValid(column, row) || (own >= first && own <= last && !out.has(own))
  }
  if (rows !== undefined) return rows.filter(isIn)
  const kept = new Uint32Array(column.length)
  let count = 0
  for (let row = 0; row < column.length; row++) if (isIn(row)) kept[count++] = row
  return count === column.length ? undefined : kept.subarray(0, count)
}
