import type { Bound } from '../format/parquet/statistics.ts'
import type { BoundKey, BoundKeys } from './bound-keys.ts'
import type { ColumnTest } from './could-prune.ts'
import { domainOf, isSameDomain, literal } from './domain.ts'
import type { Domain } from './domain.ts'
import type { FileBounds } from './listed-files.ts'
import type { ColumnOperand, Comparison, Predicate } from './predicate.ts'
import type { LogicalType } from '../types/logical-type.ts'

/** What is known of a column in all files. */
export interface FileColumnFacts {
  readonly type: LogicalType
  readonly bounds: FileBounds
  readonly keys: BoundKeys
  /** Files that have no other value than null: {@link filesOfNulls}. */
  readonly onlyNulls: readonly number[]
}

/** All files of a list, of which `rows` tells how many rows each has. */
export interface ManyFiles {
  readonly rows: Float64Array
  /** Facts by the name of a column; undefined where nothing is known. */
  readonly facts: (column: string) => FileColumnFacts | undefined
}

/**
 * For each file 1 when `predicate` may be `wanted` for some row of it, else 0; all files at once. It rules out no file that `outcomes` would
 * keep, and leaves in some that only the bounds themselves can rule out.
 */
export function fileVerdicts(predicate: Predicate, files: ManyFiles, wanted = true): Uint8Array {
  const verdicts = new Uint8Array(files.rows.length).fill(1)
  narrow(predicate, files, { wanted, verdicts })
  return verdicts
}

interface Narrowing {
  readonly wanted: boolean
  /** Entries of files for which the predicate cannot be `wanted` become 0. */
  readonly verdicts: Uint8Array
}

function narrow(predicate: Predicate, files: ManyFiles, { wanted, verdicts }: Narrowing): void {
  const { rows, facts } = files
  switch (predicate.kind) {
    case 'and':
    case 'or':
      if ((predicate.kind === 'and') === wanted)
        for (const part of predicate.parts) narrow(part, files, { wanted, verdicts })
      else narrowToAny(predicate.parts, files, { wanted, verdicts })
      return
    case 'not':
      return narrow(predicate.part, files, { wanted: !wanted, verdicts })
    case 'isNull':
      return narrowNulls(rows, facts(predicate.operand.column), { wanted, verdicts })
    case 'unknown':
      return
    default: {
      const known = plainFacts(files, predicate.operand)
      const test = known && testOf(predicate, known, wanted)
      if (test !== undefined) keep(known!, verdicts, { test, nullsPass: predicate.kind === 'within' })
    }
  }
}

function narrowToAny(parts: readonly Predicate[], files: ManyFiles, { wanted, verdicts }: Narrowing): void {
  const any = new Uint8Array(verdicts.length)
  for (const part of parts) {
    const own = verdicts.slice()
    narrow(part, files, { wanted, verdicts: own })
    for (let file = 0; file < any.length; file++) any[file]! |= own[file]!
  }
  verdicts.set(any)
}

function narrowNulls(rows: Float64Array, facts: FileColumnFacts | undefined, { wanted, verdicts }: Narrowing): void {
  const nulls = facts?.bounds.nulls
  if (nulls === undefined) return
  for (let file = 0; file < rows.length; file++) if (nulls[file] === (wanted ? 0 : rows[file])) verdicts[file] = 0
}

/** Keeps files whose values may pass `test`; those that have only nulls pass none but where nulls pass. */
function keep(
  facts: FileColumnFacts,
  verdicts: Uint8Array,
  { test, nullsPass }: { readonly test: Test; readonly nullsPass: boolean },
): void {
  const { nulls } = facts.bounds
  const own = nullsPass ? verdicts.slice() : verdicts
  drop(facts, own, test)
  if (!nullsPass) for (const file of facts.onlyNulls) verdicts[file] = 0
  else if (nulls !== undefined)
    for (let file = 0; file < own.length; file++) if (own[file] === 0 && nulls[file] === 0) verdicts[file] = 0
}

/** Files of which it is known that all values are null. */
export function filesOfNulls({ nulls }: FileBounds, rows: Float64Array): readonly number[] {
  const files: number[] = []
  if (nulls !== undefined)
    for (let file = 0; file < rows.length; file++) if (nulls[file] === rows[file]) files.push(file)
  return files
}

/** Takes out files none of whose values passes. */
function drop({ keys: { low, high }, bounds: { nans } }: FileColumnFacts, verdicts: Uint8Array, test: Test): void {
  if (typeof test === 'function') {
    for (let file = 0; file < verdicts.length; file++) if (verdicts[file] === 1 && !test(file)) verdicts[file] = 0
    return
  }
  const { from = -Infinity, to = Infinity, nanPasses } = test
  if (to !== Infinity) for (let file = 0; file < low.length; file++) if (low[file]! > to) verdicts[file] = 0
  if (from === -Infinity) return
  for (let file = 0; file < high.length; file++)
    if (high[file]! < from && !(nanPasses && nans?.[file] !== 0)) verdicts[file] = 0
}

type Known = FileColumnFacts & { readonly domain: Domain }

/** What passes: values with keys from one to another, both included, and NaN where that is greater than all; or what a function says of a file. */
type Test = ((file: number) => boolean) | { readonly from?: number; readonly to?: number; readonly nanPasses?: boolean }

/** The facts of an operand whose values are compared as they are. */
function plainFacts({ facts }: ManyFiles, { column, casts }: ColumnOperand): Known | undefined {
  const known = casts.length === 0 ? facts(column) : undefined
  const domain = known && domainOf(known.type)
  return known === undefined || domain === undefined ? undefined : { ...known, domain }
}

/** Whether the values of a file may make a test of a column `wanted`; undefined where they always may. */
function testOf(predicate: ColumnTest, known: Known, wanted: boolean): Test | undefined {
  switch (predicate.kind) {
    case 'isTrue':
      return known.domain.kind === 'boolean' ? compared(known, wanted ? '=' : '!=', true) : undefined
    case 'compare': {
      const { comparison } = predicate
      return compared(known, wanted ? comparison : negations[comparison], literal(predicate.constant, known.domain))
    }
    case 'between': {
      const [low, high] = [literal(predicate.low, known.domain), literal(predicate.high, known.domain)]
      return wanted && low !== undefined && high !== undefined ? between(known, low, high) : undefined
    }
    case 'prefix': {
      if (!wanted || known.domain.kind !== 'bytes' || known.domain.type !== 'varchar') return undefined
      const first = new TextEncoder().encode(predicate.prefix)
      return between(known, first, padded(first))
    }
    case 'within': {
      const { low, high } = known.keys.keyOf(predicate.bound)
      if (!wanted) return undefined
      return predicate.direction === 'up' ? { to: high } : { from: low }
    }
    case 'among':
      return wanted && isSameDomain(known.domain, predicate.domain) ? among(known, predicate.values) : undefined
    case 'isNull':
      return undefined
    default:
      throw predicate satisfies never
  }
}

const negations: Readonly<Record<Comparison, Comparison>> = {
  '=': '!=',
  '!=': '=',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
}

/** NaN, which bounds leave out, is greater than everything in DuckDB. */
function compared(known: Known, comparison: Comparison, constant: Bound | undefined): Test | undefined {
  if (constant === undefined || Number.isNaN(constant)) return undefined
  const own = known.keys.keyOf(constant)
  const nanPasses = known.domain.kind === 'double' || known.domain.kind === 'float'
  switch (comparison) {
    case '=':
      return { from: own.low, to: own.high }
    case '!=':
      return different(known, own, nanPasses)
    case '<':
      return { to: nextBelow(own.high) }
    case '<=':
      return { to: own.high }
    case '>':
      return { from: nextAbove(own.low), nanPasses }
    case '>=':
      return { from: own.low, nanPasses }
    default:
      throw comparison satisfies never
  }
}

function different(
  { keys: { low, high }, bounds: { nans }, domain }: Known,
  own: BoundKey,
  hasNaN: boolean,
): Test | undefined {
  if (domain.kind === 'bytes' || own.low !== own.high) return undefined
  return (file) => low[file] !== own.low || high[file] !== own.low || (hasNaN && nans?.[file] !== 0)
}

function between({ keys }: Known, first: Bound, last: Bound): Test {
  return { from: keys.keyOf(first).low, to: keys.keyOf(last).high }
}

/** The doubles beside one. */
function nextBelow(value: number): number {
  return -nextAbove(-value)
}

function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE
  if (!Number.isFinite(value)) return value
  const bits = new BigInt64Array(1)
  const doubles = new Float64Array(bits.buffer)
  doubles[0] = value
  bits[0]! += value > 0 ? 1n : -1n
  return doubles[0]
}

/** No text that begins with `bytes` comes behind this. */
function padded(bytes: Uint8Array): Uint8Array {
  const last = new Uint8Array(bytes.length + 256).fill(0xff)
  last.set(bytes)
  return last
}

function among({ keys }: Known, values: readonly Bound[]): Test {
  const own = values.map((value) => keys.keyOf(value))
  const lows = Float64Array.from(own, ({ low }) => low)
  const highs = Float64Array.from(own, ({ high }) => high)
  return (file) => {
    const first = firstNotBelow(highs, keys.low[file]!)
    return first < highs.length && lows[first]! <= keys.high[file]!
  }
}

/** The position of the first of `sorted` that is not less than `key`. */
function firstNotBelow(sorted: Float64Array, key: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
