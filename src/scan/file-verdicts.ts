import type { Bound } from '../format/parquet/statistics.ts'
import type { BoundKeys } from './bound-keys.ts'
import { domainOf, isSameDomain, literal } from './domain.ts'
import type { Domain } from './domain.ts'
import type { FileBounds } from './listed-files.ts'
import type { ColumnOperand, Comparison, Constant, Predicate } from './predicate.ts'
import type { LogicalType } from '../types/logical-type.ts'

/** What is known of a column in all files. */
export interface FileColumnFacts {
  readonly type: LogicalType
  readonly bounds: FileBounds
  readonly keys: BoundKeys
}

/** For each file whether a predicate may be true, or false, for some row: 1 or 0. */
export interface Verdicts {
  readonly mayBeTrue: Uint8Array
  readonly mayBeFalse: Uint8Array
}

/** All of `files`, of which `rows` tells how many rows each has. */
export interface ManyFiles {
  readonly rows: Float64Array
  /** Facts by the name of a column; undefined where nothing is known. */
  readonly facts: (column: string) => FileColumnFacts | undefined
}

/**
 * What `predicate` may be for rows of each file, all files at once. It rules out no file that `outcomes` would keep, and leaves in some that only
 * the bounds themselves can rule out.
 */
export function fileVerdicts(predicate: Predicate, files: ManyFiles): Verdicts {
  const { rows, facts } = files
  switch (predicate.kind) {
    case 'and':
    case 'or': {
      const parts = predicate.parts.map((part) => fileVerdicts(part, files))
      const [all, some] =
        predicate.kind === 'and' ? (['mayBeTrue', 'mayBeFalse'] as const) : (['mayBeFalse', 'mayBeTrue'] as const)
      const every = new Uint8Array(rows.length).fill(1)
      const any = new Uint8Array(rows.length)
      for (const part of parts) {
        for (let file = 0; file < rows.length; file++) {
          every[file]! &= part[all][file]!
          any[file]! |= part[some][file]!
        }
      }
      return predicate.kind === 'and' ? { mayBeTrue: every, mayBeFalse: any } : { mayBeTrue: any, mayBeFalse: every }
    }
    case 'not': {
      const { mayBeTrue, mayBeFalse } = fileVerdicts(predicate.part, files)
      return { mayBeTrue: mayBeFalse, mayBeFalse: mayBeTrue }
    }
    case 'isNull':
      return nullVerdicts(rows, facts(predicate.operand.column))
    case 'isTrue':
      return compared(files, predicate.operand, '=', (domain) => (domain.kind === 'boolean' ? true : undefined))
    case 'compare':
      return compared(files, predicate.operand, predicate.comparison, (domain) => literal(predicate.constant, domain))
    case 'between':
      return between(files, predicate)
    case 'prefix':
      return prefixed(files, predicate)
    case 'within':
      return within(files, predicate)
    case 'among':
      return among(files, predicate)
    case 'unknown':
      return anything(rows.length)
    default:
      throw predicate satisfies never
  }
}

function anything(count: number): Verdicts {
  const all = new Uint8Array(count).fill(1)
  return { mayBeTrue: all, mayBeFalse: all }
}

/** Verdicts of a test that null fails: `isOut` says which files it is certain for, where the column has values at all. */
function verdicts(
  rows: Float64Array,
  { bounds }: FileColumnFacts,
  { isTrue, isFalse }: { isTrue: (file: number) => boolean; isFalse: (file: number) => boolean },
): Verdicts {
  const nulls = bounds.nulls
  const mayBeTrue = new Uint8Array(rows.length)
  const mayBeFalse = new Uint8Array(rows.length)
  for (let file = 0; file < rows.length; file++) {
    if (nulls !== undefined && nulls[file] === rows[file]) continue
    if (isTrue(file)) mayBeTrue[file] = 1
    if (isFalse(file)) mayBeFalse[file] = 1
  }
  return { mayBeTrue, mayBeFalse }
}

const always = (): boolean => true

/** The facts of an operand whose values are compared as they are. */
function plainFacts(
  { facts }: ManyFiles,
  { column, casts }: ColumnOperand,
): (FileColumnFacts & { domain: Domain }) | undefined {
  const known = casts.length === 0 ? facts(column) : undefined
  const domain = known && domainOf(known.type)
  return known === undefined || domain === undefined ? undefined : { ...known, domain }
}

function nullVerdicts(rows: Float64Array, facts: FileColumnFacts | undefined): Verdicts {
  const nulls = facts?.bounds.nulls
  if (nulls === undefined) return anything(rows.length)
  const mayBeTrue = new Uint8Array(rows.length)
  const mayBeFalse = new Uint8Array(rows.length)
  for (let file = 0; file < rows.length; file++) {
    if (nulls[file] !== 0) mayBeTrue[file] = 1
    if (nulls[file] !== rows[file]) mayBeFalse[file] = 1
  }
  return { mayBeTrue, mayBeFalse }
}

function compared(
  files: ManyFiles,
  operand: ColumnOperand,
  comparison: Comparison,
  constantIn: (domain: Domain) => Bound | undefined,
): Verdicts {
  const facts = plainFacts(files, operand)
  const constant = facts && constantIn(facts.domain)
  if (facts === undefined || constant === undefined || Number.isNaN(constant)) return anything(files.rows.length)
  const isTrue = mayHold(facts, comparison, constant)
  const isFalse = mayHold(facts, negations[comparison], constant)
  return verdicts(files.rows, facts, { isTrue, isFalse })
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
function mayHold(
  { keys, bounds, domain }: FileColumnFacts & { domain: Domain },
  comparison: Comparison,
  constant: Bound,
): (file: number) => boolean {
  const { low, high } = keys
  const own = keys.keyOf(constant)
  const isFloat = domain.kind === 'double' || domain.kind === 'float'
  const { nans } = bounds
  const hasNaN = (file: number): boolean => isFloat && nans?.[file] !== 0
  switch (comparison) {
    case '=':
      return (file) => low[file]! <= own.high && high[file]! >= own.low
    case '!=':
      if (domain.kind === 'bytes' || own.low !== own.high) return always
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

function between(files: ManyFiles, { operand, low, high }: Predicate & { kind: 'between' }): Verdicts {
  const facts = plainFacts(files, operand)
  const bound = (constant: Constant): Bound | undefined => facts && literal(constant, facts.domain)
  const [first, last] = [bound(low), bound(high)]
  if (facts === undefined || first === undefined || last === undefined) return anything(files.rows.length)
  const { keys } = facts
  const [from, to] = [keys.keyOf(first).low, keys.keyOf(last).high]
  return verdicts(files.rows, facts, {
    isTrue: (file) => keys.high[file]! >= from && keys.low[file]! <= to,
    isFalse: always,
  })
}

function prefixed(files: ManyFiles, { operand, prefix }: Predicate & { kind: 'prefix' }): Verdicts {
  const facts = plainFacts(files, operand)
  if (facts?.domain.kind !== 'bytes' || facts.domain.type !== 'varchar') return anything(files.rows.length)
  const { keys } = facts
  const wanted = new TextEncoder().encode(prefix)
  const [from, to] = [keys.keyOf(wanted).low, keys.keyOf(padded(wanted)).high]
  return verdicts(files.rows, facts, {
    isTrue: (file) => keys.high[file]! >= from && keys.low[file]! <= to,
    isFalse: always,
  })
}

/** No text that begins with `bytes` comes behind this. */
function padded(bytes: Uint8Array): Uint8Array {
  const last = new Uint8Array(bytes.length + 256).fill(0xff)
  last.set(bytes)
  return last
}

function within(files: ManyFiles, { operand, direction, bound }: Predicate & { kind: 'within' }): Verdicts {
  const facts = plainFacts(files, operand)
  if (facts === undefined) return anything(files.rows.length)
  const { keys, bounds } = facts
  const { low, high } = keys.keyOf(bound)
  const mayBeTrue = new Uint8Array(files.rows.length)
  for (let file = 0; file < mayBeTrue.length; file++) {
    const isBeyond = direction === 'up' ? keys.low[file]! > high : keys.high[file]! < low
    if (!isBeyond || bounds.nulls?.[file] !== 0) mayBeTrue[file] = 1
  }
  return { mayBeTrue, mayBeFalse: new Uint8Array(files.rows.length).fill(1) }
}

function among(files: ManyFiles, { operand, domain, values }: Predicate & { kind: 'among' }): Verdicts {
  const facts = plainFacts(files, operand)
  if (facts === undefined || !isSameDomain(facts.domain, domain)) return anything(files.rows.length)
  const { keys } = facts
  const lows = new Float64Array(values.length)
  const highs = new Float64Array(values.length)
  values.forEach((value, index) => {
    const key = keys.keyOf(value)
    lows[index] = key.low
    highs[index] = key.high
  })
  return verdicts(files.rows, facts, {
    isTrue(file) {
      const first = firstNotBelow(highs, keys.low[file]!)
      return first < values.length && lows[first]! <= keys.high[file]!
    },
    isFalse: always,
  })
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
