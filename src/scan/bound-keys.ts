import type { Bound } from '../format/parquet/statistics.ts'
import type { ColumnData } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { widthOf } from '../types/slice-column.ts'
import { typedView } from '../types/typed-view.ts'
import { isValid } from '../types/validity.ts'
import { boundReader } from './bound-reader.ts'
import type { BoundReader } from './bound-reader.ts'
import { domainOf } from './domain.ts'
import type { FileBounds } from './listed-files.ts'

/** Numbers that a bound lies between: what compares for certain by them compares so itself. */
export interface BoundKey {
  readonly low: number
  readonly high: number
}

type Side = keyof BoundKey

/** Bytes of a text that its key is of, behind what all have in common. */
const keyBytes = 6
const beyondAll = 2 ** (8 * keyBytes) + 2

/**
 * The bounds of a column in many files as numbers, so that all files are compared at once. Numbers are their own keys, rounded away from
 * the values where a double cannot hold them; text and bytes are known by a few bytes behind what all bounds begin with.
 */
export class BoundKeys {
  /** No value of a file is below its entry; −Infinity where nothing is known. */
  readonly low: Float64Array
  /** Nor above this one, NaN aside. */
  readonly high: Float64Array
  /** Whether both are the bounds themselves. */
  readonly isExact: boolean
  readonly #prefix: Uint8Array

  constructor(type: LogicalType, { min, max }: FileBounds, count: number) {
    const sides = [min, max].flatMap((column) => (column === undefined ? [] : (bytesOfBounds(type, column) ?? [])))
    this.#prefix = commonPrefix(sides)
    this.low = new Float64Array(count).fill(-Infinity)
    this.high = new Float64Array(count).fill(Infinity)
    if (min !== undefined) this.#fill(this.low, { type, column: min, side: 'low' })
    if (max !== undefined) this.#fill(this.high, { type, column: max, side: 'high' })
    this.isExact = domainOf(type)?.kind !== 'bytes' && isFinelyTold(type, [this.low, this.high])
  }

  /** The key of a bound of the column's type. */
  keyOf(bound: Bound): BoundKey {
    return { low: this.#edge(bound, 'low'), high: this.#edge(bound, 'high') }
  }

  #edge(bound: Bound, side: Side): number {
    if (typeof bound === 'number') return bound
    if (typeof bound === 'bigint') return rounded(bound, side)
    if (typeof bound === 'boolean') return Number(bound)
    return this.#textEdge(bound, { from: 0, to: bound.length }, side)
  }

  #textEdge(bytes: Uint8Array, { from, to }: { readonly from: number; readonly to: number }, side: Side): number {
    const prefix = this.#prefix
    for (let index = 0; index < prefix.length; index++) {
      const byte = from + index < to ? bytes[from + index]! : -1
      if (byte !== prefix[index]) return byte < prefix[index]! ? -1 : beyondAll
    }
    let key = 0
    for (let index = 0, at = from + prefix.length; index < keyBytes; index++, at++)
      key = key * 256 + (at < to ? bytes[at]! : 0)
    return side === 'low' ? key : key + 1
  }

  #fill(
    keys: Float64Array,
    bounds: { readonly type: LogicalType; readonly column: ColumnData; readonly side: Side },
  ): void {
    const { type, column, side } = bounds
    if (fillNumbers(keys, bounds)) return
    const texts = bytesOfBounds(type, column)
    if (texts !== undefined) {
      const { bytes, offsets } = texts
      for (let file = 0; file < keys.length; file++)
        if (isValid(column, file))
          keys[file] = this.#textEdge(bytes, { from: offsets[file]!, to: offsets[file + 1]! }, side)
      return
    }
    const read = valueReaderOf(type, column)
    if (read === undefined) return
    for (let file = 0; file < keys.length; file++) {
      const bound = read(file)
      if (bound !== null) keys[file] = this.#edge(bound, side)
    }
  }
}

/** Reads bounds of any type that has some; undefined for all others. NaN is no bound. */
export function valueReaderOf(type: LogicalType, column: ColumnData): BoundReader | undefined {
  if (type.kind !== 'double' && type.kind !== 'float') return boundReader(type, column)
  const values =
    type.kind === 'double'
      ? typedView(Float64Array, column.values, column.length)
      : typedView(Float32Array, column.values, column.length)
  return (row) => (isValid(column, row) && !Number.isNaN(values[row]!) ? values[row]! : null)
}

/** Arrays of the types whose values a double holds. */
const narrowArrays = {
  tinyint: Int8Array,
  smallint: Int16Array,
  integer: Int32Array,
  utinyint: Uint8Array,
  usmallint: Uint16Array,
  uinteger: Uint32Array,
  date: Int32Array,
  float: Float32Array,
  double: Float64Array,
} as const

/** Puts numbers where they are not null; false for types that are not read so, which are wider or no numbers. */
function fillNumbers(
  keys: Float64Array,
  { type, column, side }: { readonly type: LogicalType; readonly column: ColumnData; readonly side: Side },
): boolean {
  if (column.dictionary !== undefined) return false
  if (Object.hasOwn(narrowArrays, type.kind)) {
    const array = narrowArrays[type.kind as keyof typeof narrowArrays]
    const values = typedView<ArrayLike<number>>(array, column.values, column.length)
    for (let row = 0; row < keys.length; row++) {
      const value = values[row]!
      if (isValid(column, row) && value === value) keys[row] = value
    }
    return true
  }
  if (!isOfEightBytes(type)) return false
  const isUnsigned = type.kind === 'ubigint'
  const halves = typedView(Int32Array, column.values, column.length * 2)
  for (let row = 0; row < keys.length; row++) {
    const low = halves[row * 2]! >>> 0
    const half = halves[row * 2 + 1]!
    const high = isUnsigned ? half >>> 0 : half
    const value = high * 2 ** 32 + low
    if (isValid(column, row))
      keys[row] = Number.isSafeInteger(value) ? value : rounded((BigInt(high) << 32n) | BigInt(low), side)
  }
  return true
}

function isOfEightBytes(type: LogicalType): boolean {
  const kind = domainOf(type)?.kind
  return (kind === 'decimal' || kind === 'instant') && widthOf(type) === 8
}

/** Whether all keys of whole numbers are small enough for a double to hold them. */
function isFinelyTold({ kind }: LogicalType, sides: readonly Float64Array[]): boolean {
  if (kind === 'double' || kind === 'float') return true
  for (const keys of sides)
    for (let file = 0; file < keys.length; file++)
      if (Math.abs(keys[file]!) > Number.MAX_SAFE_INTEGER && Math.abs(keys[file]!) !== Infinity) return false
  return true
}

/** The nearest double that is not above `value`, or not below. */
function rounded(value: bigint, side: keyof BoundKey): number {
  const near = Number(value)
  if (Math.abs(near) <= Number.MAX_SAFE_INTEGER) return near
  const isExact = BigInt(near) === value
  if (isExact) return near
  const step = 2 ** (Math.floor(Math.log2(Math.abs(near))) - 51)
  return side === 'low' ? near - step : near + step
}

interface TextBounds {
  readonly bytes: Uint8Array
  readonly offsets: ArrayLike<number>
  readonly column: ColumnData
}

/** Where the bytes of each bound are; undefined for types whose bounds are no bytes, and where they are not in one piece. */
function bytesOfBounds(type: LogicalType, column: ColumnData): TextBounds | undefined {
  if (domainOf(type)?.kind !== 'bytes' || column.dictionary !== undefined || column.values === undefined)
    return undefined
  const offsets =
    type.kind === 'uuid' ? Int32Array.from({ length: column.length + 1 }, (_, row) => row * 16) : column.offsets
  return offsets && { bytes: column.values, offsets, column }
}

/** What all bounds begin with. */
function commonPrefix(sides: readonly TextBounds[]): Uint8Array {
  let common: Uint8Array | undefined
  for (const { bytes, offsets, column } of sides) {
    for (let file = 0; file < column.length; file++) {
      if (!isValid(column, file)) continue
      const from = offsets[file]!
      const to = offsets[file + 1]!
      common ??= bytes.subarray(from, to)
      let shared = 0
      while (shared < common.length && from + shared < to && common[shared] === bytes[from + shared]) shared++
      if (shared < common.length) common = common.subarray(0, shared)
      if (shared === 0) return common
    }
  }
  return common ?? new Uint8Array()
}
