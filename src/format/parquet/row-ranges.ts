/** Rows `start` (inclusive) to `end` (exclusive) of a row group. */
export interface RowRange {
  readonly start: number
  readonly end: number
}

/** Ranges in ascending order that neither overlap nor touch. */
export type RowRanges = readonly RowRange[]

/** Rows in all ranges. */
export function countRows(ranges: RowRanges): number {
  return ranges.reduce((rows, { start, end }) => rows + end - start, 0)
}

/** The same rows as ranges that neither overlap nor touch; `ranges` must be in ascending order of their starts. */
export function joinRanges(ranges: readonly RowRange[]): RowRanges {
  const joined: { start: number; end: number }[] = []
  for (const { start, end } of ranges) {
    if (start >= end) continue
    const last = joined.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else joined.push({ start, end })
  }
  return joined
}

/** The first `rows` rows of `ranges`, and the others. */
export function splitRanges(ranges: RowRanges, rows: number): readonly [RowRanges, RowRanges] {
  let left = rows
  const first: RowRange[] = []
  const rest: RowRange[] = []
  for (const { start, end } of ranges) {
    const middle = Math.min(end, start + left)
    left -= middle - start
    if (start < middle) first.push({ start, end: middle })
    if (middle < end) rest.push({ start: middle, end })
  }
  return [first, rest]
}

/** Rows that are not further apart than this become one range, which is handed on at once. */
const closeRows = 1024

/** The rows of `ranges` whose numbers, counted through all of them, are `numbers`, in ascending order; and those of `ranges` between close ones. */
export function nthRows(ranges: RowRanges, numbers: readonly number[]): RowRanges {
  let at = 0
  let before = 0
  const rows = numbers.map((number) => {
    while (number - before >= ranges[at]!.end - ranges[at]!.start) before += ranges[at]!.end - ranges[at++]!.start
    return { range: at, row: ranges[at]!.start + number - before }
  })
  return joinRanges(
    rows.map(({ range, row }, index) => {
      const next = rows[index + 1]
      const isClose = next !== undefined && next.range === range && next.row - row <= closeRows
      return { start: row, end: isClose ? next.row : row + 1 }
    }),
  )
}
