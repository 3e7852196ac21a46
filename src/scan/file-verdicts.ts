import type { Bound } from '../format/parquet/statistics.ts'
import type { BoundKeys } from './bound-keys.ts'
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
      if (test !== undefined) keep(rows, known!, verdicts, { test, nullsPass: predicate.kind === 'within' })
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
  rows: Float64Array,
  { bounds: { nulls } }: FileColumnFacts,
  verdicts: Uint8Array,
  { test, nullsPass }: { test: (file: number) => boolean; nullsPass: boolean },
): void {
  for (let file = 0; file < rows.length; file++) {
    if (verdicts[file] === 0) continue
    const own = nulls?.[file]
    if (nullsPass ? own === 0 && !test(file) : own === rows[file] || !test(file)) verdicts[file] = 0
  }
}

type Known = FileColumnFacts & { readonly domain: Domain }
type Test = ((file: number) => boolean) | undefined

/** The facts of an operand whose values are compared as they are. */
function plainFacts({ facts }: ManyFiles, { column, casts }: ColumnOperand): Known | undefined {
  const known = casts.length === 0 ? facts(column) : undefined
  const domain = known && domainOf(known.type)
  return known === undefined || domain === undefined ? undefined : { ...known, domain }
}

/** Whether the values of a file may make a test of a column `wanted`; undefined where they always may. */
function testOf(predicate: ColumnTest, known: Known, wanted: boolean): Test {
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
      return predicate.direction === 'up'
        ? (file) => known.keys.low[file]! <= high
        : (file) => known.keys.high[file]! >= low
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
function compared({ keys, bounds, domain }: Known, comparison: Comparison, constant: Bound | undefined): Test {
  if (constant === undefined || Number.isNaN(constant)) return undefined
  const { low, high } = keys
  const own = keys.keyOf(constant)
  const isFloat = domain.kind === 'double' || domain.kind === 'float'
  const { nans } = bounds
  const hasNaN = (file: number): boolean => isFloat && nans?.[file] !== 0
  switch (comparison) {
    case '=':
      return (file) => low[file]! <= own.high && high[file]! >= own.low
    case '!=':
      if (domain.kind === 'bytes' || own.low !== own.high) return undefined
      return (file) => low[file] !== own.low || high[file] !== own.low || hasNaN(file)
    case '<':
      return (file) => low[file]! < own.high
    case '<=':
      return (file) => low[file]! <= own.high
    case '>':
      return (file) => high[file]! > own.low || hasNaN(file)
    case '>=':
      return (file) => high[file]! >= own.low || hasNaN(file)
    default:
      throw comparison satisfies never
  }
}

function between({ keys }: Known, first: Bound, last: Bound): Test {
  const [from, to] = [keys.keyOf(first).low, keys.keyOf(last).high]
  return (file) => keys.high[file]! >= from && keys.low[file]! <= to
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
