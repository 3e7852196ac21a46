import { compareBounds } from '../format/parquet/statistics.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import type { ColumnData } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'
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
    const [readMin, readMax] = [min && valueReaderOf(type, min), max && valueReaderOf(type, max)]
    this.low = new Float64Array(count).fill(-Infinity)
    this.high = new Float64Array(count).fill(Infinity)
    this.#prefix = domainOf(type)?.kind === 'bytes' ? commonPrefix([readMin, readMax], count) : new Uint8Array()
    if (readMin !== undefined && !copyNumbers(min!, type, this.low)) this.#fill(this.low, readMin, 'low')
    if (readMax !== undefined && !copyNumbers(max!, type, this.high)) this.#fill(this.high, readMax, 'high')
    this.isExact = domainOf(type)?.kind !== 'bytes' && isFinelyTold(type, [this.low, this.high])
  }

  /** The key of a bound of the column's type. */
  keyOf(bound: Bound): BoundKey {
    return { low: this.#edge(bound, 'low'), high: this.#edge(bound, 'high') }
  }

  #edge(bound: Bound, side: keyof BoundKey): number {
    if (typeof bound === 'number') return bound
    if (typeof bound === 'bigint') return rounded(bound, side)
    if (typeof bound === 'boolean') return Number(bound)
    const prefix = this.#prefix
    const beside = compareBounds(bound.subarray(0, prefix.length), prefix)
    if (beside !== 0) return beside < 0 ? -1 : beyondAll
    let key = 0
    for (let index = 0; index < keyBytes; index++) key = key * 256 + (bound[prefix.length + index] ?? 0)
    return side === 'low' ? key : key + 1
  }

  #fill(keys: Float64Array, read: BoundReader, side: keyof BoundKey): void {
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
const narrowArrays: Readonly<
  Record<
    string,
    | typeof Int8Array
    | typeof Int16Array
    | typeof Int32Array
    | typeof Uint8Array
    | typeof Uint16Array
    | typeof Uint32Array
    | undefined
  >
> = {
  tinyint: Int8Array,
  smallint: Int16Array,
  integer: Int32Array,
  utinyint: Uint8Array,
  usmallint: Uint16Array,
  uinteger: Uint32Array,
  date: Int32Array,
}

function copyNumbers(column: ColumnData, { kind }: LogicalType, into: Float64Array): boolean {
  const array = narrowArrays[kind]
  if (array === undefined) return false
  const values = typedView<ArrayLike<number>>(array, column.values, column.length)
  for (let row = 0; row < into.length; row++) if (isValid(column, row)) into[row] = values[row]!
  return true
}

/** Whether all keys of whole numbers are small enough for a double to hold them. */
function isFinelyTold({ kind }: LogicalType, sides: readonly Float64Array[]): boolean {
  if (kind === 'double' || kind === 'float') return true
  const isCoarse = (key: number): boolean => Math.abs(key) > Number.MAX_SAFE_INTEGER && Math.abs(key) !== Infinity
  return !sides.some((keys) => keys.some(isCoarse))
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

function commonPrefix(readers: readonly (BoundReader | undefined)[], count: number): Uint8Array {
  let common: Uint8Array | undefined
  for (const read of readers.filter((given) => given !== undefined)) {
    for (let file = 0; file < count; file++) {
      const bound = read(file)
      if (!(bound instanceof Uint8Array)) continue
      if (common === undefined) common = bound
      let shared = 0
      while (shared < common.length && common[shared] === bound[shared]) shared++
      if (shared < common.length) common = common.subarray(0, shared)
      if (shared === 0) return common
    }
  }
  return common ?? new Uint8Array()
}
