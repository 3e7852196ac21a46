/** Rows of a file by their position in it, ascending, each once. */
export interface Positions {
  readonly rows: Uint32Array
  /** The snapshot each was deleted in, where that is known. */
  readonly snapshots?: Float64Array
}

/** Positions in any order, of which some may come twice. */
export function sortedPositions(positions: ArrayLike<number>, snapshots?: ArrayLike<number>): Positions {
  let isSorted = true
  for (let at = 1; isSorted && at < positions.length; at++) isSorted = positions[at]! > positions[at - 1]!
  if (isSorted)
    return { rows: Uint32Array.from(positions), ...(snapshots && { snapshots: Float64Array.from(snapshots) }) }
  const order = Uint32Array.from({ length: positions.length }, (_, at) => at)
  order.sort((a, b) => positions[a]! - positions[b]! || (snapshots?.[a] ?? 0) - (snapshots?.[b] ?? 0))
  const firsts = order.filter((at, index) => index === 0 || positions[at] !== positions[order[index - 1]!])
  return {
    rows: Uint32Array.from(firsts, (at) => positions[at]!),
    ...(snapshots && { snapshots: Float64Array.from(firsts, (at) => snapshots[at]!) }),
  }
}

/** All positions of `parts`; one that is in several keeps its first snapshot. */
export function joinPositions(parts: readonly Positions[]): Positions {
  const given = parts.filter(({ rows }) => rows.length > 0)
  if (given.length < 2) return given[0] ?? { rows: new Uint32Array() }
  const length = given.reduce((sum, { rows }) => sum + rows.length, 0)
  const rows = new Uint32Array(length)
  const snapshots = given.some((part) => part.snapshots !== undefined) ? new Float64Array(length) : undefined
  let at = 0
  for (const part of given) {
    rows.set(part.rows, at)
    snapshots?.set(part.snapshots ?? new Float64Array(part.rows.length).fill(NaN), at)
    at += part.rows.length
  }
  return sortedPositions(rows, snapshots)
}

/** The positions of `all` that are not among `others`. */
export function withoutPositions({ rows, snapshots }: Positions, others: Positions): Positions {
  const left: number[] = []
  let other = 0
  for (let at = 0; at < rows.length; at++) {
    while (other < others.rows.length && others.rows[other]! < rows[at]!) other++
    if (others.rows[other] !== rows[at]) left.push(at)
  }
  if (left.length === rows.length) return { rows, ...(snapshots && { snapshots }) }
  return {
    rows: Uint32Array.from(left, (at) => rows[at]!),
    ...(snapshots && { snapshots: Float64Array.from(left, (at) => snapshots[at]!) }),
  }
}

/** Those that were deleted in snapshots `from` to `to`, both counted; all of them where it is not known when they were. */
export function positionsWithin(
  { rows, snapshots }: Positions,
  { from = -Infinity, to = Infinity }: { readonly from?: number; readonly to?: number },
): Positions {
  if (snapshots === undefined) return { rows }
  const isIn = (_: number, at: number): boolean => snapshots[at]! >= from && snapshots[at]! <= to
  return { rows: rows.filter(isIn), snapshots: snapshots.filter(isIn) }
}

/** The index of the first of `positions` that is not below `row`. */
export function positionFrom(positions: Uint32Array, row: number): number {
  let [low, high] = [0, positions.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positions[middle]! < row) low = middle + 1
    else high = middle
  }
  return low
}
