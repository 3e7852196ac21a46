import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { typedView } from '../../types/typed-view.ts'
import { isValid } from '../../types/validity.ts'
import { compareBounds } from './statistics.ts'
import type { Bound } from './statistics.ts'

/** The least and the greatest value of a leaf, NaN aside; absent where there is none. */
export interface ExactBounds {
  readonly min?: Bound
  readonly max?: Bound
  /** Of float and double. */
  readonly hasNan?: boolean
}

/** A leaf of a column, and which of its values belong to a row (1): all of them when that is absent. */
export interface LeafColumn {
  readonly type: LogicalType
  readonly column: ColumnData
  readonly reached?: Uint8Array
}

/** The leaves of a column, in the order of a Parquet file. */
export function leavesOf(type: LogicalType, column: ColumnData, reached?: Uint8Array): LeafColumn[] {
  switch (type.kind) {
    case 'struct': {
      const own = withoutNulls(column, reached)
      return type.fields.flatMap((field, index) => leavesOf(field.type, column.children![index]!, own))
    }
    case 'list':
      return leavesOf(type.element, column.children![0]!, reachedElements(column, reached))
    case 'map': {
      const [keys, values] = column.children![0]!.children!
      const own = reachedElements(column, reached)
      return [...leavesOf(type.key, keys!, own), ...leavesOf(type.value, values!, own)]
    }
    case 'array':
      return leavesOf(type.element, column.children![0]!, reachedItems(column, type.size, reached))
    default:
      return [{ type, column, ...(reached === undefined ? {} : { reached }) }]
  }
}

/** Bounds of both, together. */
export function mergeBounds(a: ExactBounds, b: ExactBounds): ExactBounds {
  const min = b.min === undefined || (a.min !== undefined && !isLess(b.min, a.min)) ? a.min : b.min
  const max = b.max === undefined || (a.max !== undefined && !isLess(a.max, b.max)) ? a.max : b.max
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(a.hasNan === undefined && b.hasNan === undefined ? {} : { hasNan: a.hasNan === true || b.hasNan === true }),
  }
}

/** Bounds of a float or double leaf. −0 is less than 0. */
export function floatBounds({ type, column, reached }: LeafColumn): ExactBounds {
  const { length } = column
  const values: Float32Array | Float64Array =
    type.kind === 'float'
      ? typedView(Float32Array, column.values, length)
      : typedView(Float64Array, column.values, length)
  const isPlain = reached === undefined && column.nullCount === 0
  let [min, max, hasNan, count] = [Infinity, -Infinity, false, 0]
  for (let index = 0; index < length; index++) {
    if (!isPlain && !((reached === undefined || reached[index] === 1) && isValid(column, index))) continue
    const value = values[index]!
    if (value === value) {
      count++
      if (value < min || (value === 0 && min === 0)) min = Math.min(value, min)
      if (value > max || (value === 0 && max === 0)) max = Math.max(value, max)
    } else hasNan = true
  }
  return count === 0 ? { hasNan } : { min, max, hasNan }
}

/** Bounds of a leaf of text or bytes, in the order of their bytes. */
export function byteBounds({ column, reached }: LeafColumn): ExactBounds {
  const offsets = column.offsets ?? new Int32Array(1)
  const values = column.values ?? new Uint8Array(0)
  let [min, max] = [-1, -1]
  const isBefore = (a: number, b: number): boolean => {
    const [startA, startB] = [offsets[a]!, offsets[b]!]
    const [lengthA, lengthB] = [offsets[a + 1]! - startA, offsets[b + 1]! - startB]
    const shared = Math.min(lengthA, lengthB)
    for (let at = 0; at < shared; at++) {
      const difference = values[startA + at]! - values[startB + at]!
      if (difference !== 0) return difference < 0
    }
    return lengthA < lengthB
  }
  for (let index = 0; index < column.length; index++) {
    if (!((reached === undefined || reached[index] === 1) && isValid(column, index))) continue
    if (min < 0 || isBefore(index, min)) min = index
    if (max < 0 || isBefore(max, index)) max = index
  }
  const bytes = (index: number): Uint8Array => values.slice(offsets[index], offsets[index + 1])
  return min < 0 ? {} : { min: bytes(min), max: bytes(max) }
}

/** −0 before 0, which `compareBounds` holds for equal. */
function isLess(a: Bound, b: Bound): boolean {
  return a === 0 && b === 0 ? Object.is(a, -0) && !Object.is(b, -0) : compareBounds(a, b) < 0
}

function withoutNulls(column: ColumnData, reached: Uint8Array | undefined): Uint8Array | undefined {
  if (column.nullCount === 0) return reached
  return Uint8Array.from({ length: column.length }, (_, index) => reaches(column, reached, index))
}

function reachedElements(column: ColumnData, reached: Uint8Array | undefined): Uint8Array | undefined {
  const offsets = column.offsets ?? new Int32Array(1)
  const count = column.children![0]!.length
  const isWhole = reached === undefined && column.nullCount === 0 && offsets[0] === 0
  if (isWhole && (offsets[column.length] ?? 0) === count) return undefined
  const own = new Uint8Array(count)
  for (let index = 0; index < column.length; index++)
    if (reaches(column, reached, index)) own.fill(1, offsets[index], offsets[index + 1])
  return own
}

function reachedItems(column: ColumnData, size: number, reached: Uint8Array | undefined): Uint8Array | undefined {
  if (reached === undefined && column.nullCount === 0) return undefined
  const own = new Uint8Array(column.length * size)
  for (let index = 0; index < column.length; index++)
    if (reaches(column, reached, index)) own.fill(1, index * size, (index + 1) * size)
  return own
}

function reaches(column: ColumnData, reached: Uint8Array | undefined, index: number): 0 | 1 {
  return (reached === undefined || reached[index] === 1) && isValid(column, index) ? 1 : 0
}
