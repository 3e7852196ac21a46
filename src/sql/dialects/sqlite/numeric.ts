import type { Expression } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { typeName } from '../../../types/type-names.ts'
import { isFloat, isInteger } from '../../types.ts'
import type { Spelling, TypeOfOperand } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { failure } from './values.ts'
import { numberOf, ofIntegers, ofNumbers } from './words.ts'

/** A function of some numbers. Of others it fails, as there is no NaN that it could be. */
const partial = (name: string, where: string): Spelling =>
  `CASE WHEN ${where} THEN ${name}({1}) WHEN {1} IS NOT NULL THEN ${failure} END`
const extreme = (name: 'min' | 'max'): Spelling => ({
  call: (operands) => {
    const [a, b] = operands
    if (operands.length === 1) return a!
    if (operands.length === 2) return `coalesce(${name}(${a}, ${b}), ${a}, ${b})`
    return `(SELECT ${name}(v) FROM (${operands.map((operand) => `SELECT ${operand} AS v`).join(' UNION ALL ')}))`
  },
})
const compares = (a: LogicalType | undefined, b: LogicalType | undefined): boolean =>
  a?.kind === 'null' || b?.kind === 'null' || (a !== undefined && a.kind === b?.kind) || (isInteger(a) && isInteger(b))
/** The whole number next to a floating point number; of two, the even one. */
const even = (value: string): string =>
  `(CASE WHEN abs(${value} - trunc(${value})) = 0.5 THEN 2 * round(${value} / 2) ELSE round(${value}) END)`
const shift = (name: string, write: (value: string, places: number) => string): Spelling => ({
  call: ([value], _, nodes, type) => {
    const places = numberOf(nodes[1])
    if (!isInteger(type(0)) || places === undefined || places < 0 || places > 62)
      throw unsupported('sqlite', `${name}() by places that are computed, or not from 0 to 62`)
    return write(value!, places)
  },
})
const ranges: Partial<Record<LogicalType['kind'], readonly [low: string, high: string]>> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
}
/** Arithmetic that is NULL where it would overflow: beyond 64 bits SQLite goes on in floating point. */
const tried = (name: string, operator: string): Spelling => ({
  call: ([a, b], _, __, type) => {
    const sides = [type(0), type(1)]
    const result = `(${a} ${operator} ${b})`
    if (sides.some(isFloat)) {
      sides.forEach((side) => ofNumbers(name, side))
      return result
    }
    const widest = ['bigint', 'integer', 'smallint'].find((kind) => sides.some((side) => side?.kind === kind))
    if (!sides.every(isInteger) || widest === undefined || sides.some((side) => side?.kind === 'hugeint'))
      throw unsupported('sqlite', `${name}() of what is not known to be numbers`)
    const range = ranges[widest as LogicalType['kind']]
    const fits = range === undefined ? `typeof(${result}) = 'integer'` : `${result} BETWEEN ${range[0]} AND ${range[1]}`
    return `CASE WHEN ${fits} THEN ${result} END`
  },
})
const factorials = Array.from({ length: 21 }, (_, n) => {
  let product = 1n
  for (let each = 2n; each <= BigInt(n); each++) product *= each
  return ` WHEN ${n} THEN ${product}`
})

/** A number between 0 and 1 of a row's number and a seed: a polynomial of third degree modulo a prime, as SQLite has no hash. */
function hashed([row]: readonly string[], _: boolean, nodes: readonly Expression[]): string {
  const prime = 2_147_483_647
  const seed = ((numberOf(nodes[1])! % prime) + prime) % prime
  const [a, b, c] = [48_271, 16_807, 39_373].map((factor, at) => {
    const shift = (BigInt(seed) * BigInt(factor + 7 * at + 1) + 1_013_904_223n) % BigInt(prime)
    return `((${row} * ${factor} + ${shift}) % ${prime})`
  })
  return `((((${a} * ${b}) % ${prime}) * ${c}) % ${prime} / ${prime}.0)`
}

/** Functions of numbers, of conditions, and of the engine. */
export const numeric: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  abs: 'abs',
  round: { call: round },
  floor: whole('floor'),
  ceil: whole('ceil'),
  sqrt: `CASE WHEN {1} < 0 THEN ${failure} ELSE sqrt({1}) END`,
  pow: { call: ([base, exponent]) => `pow(${base}, ${exponent})` },
  exp: 'exp',
  expm1: '(exp({1}) - 1)',
  ln: 'CASE WHEN {1} > 0 THEN ln({1}) END',
  log10: 'CASE WHEN {1} > 0 THEN log10({1}) END',
  log1p: 'CASE WHEN {1} > -1 THEN ln(1 + {1}) END',
  log2: 'CASE WHEN {1} > 0 THEN log2({1}) END',
  log: 'CASE WHEN {1} > 0 AND {2} > 0 THEN ln({2}) / ln({1}) END',
  cbrt: '(sign({1}) * pow(abs({1}), 1.0 / 3))',
  sign: 'sign',
  factorial: `CASE {1}${factorials.join('')} END`,
  rint: { call: ([value]) => even(`CAST(${value} AS REAL)`) },
  bround: {
    call: ([value], _, nodes, type) => {
      if (!isFloat(type(0)) || numberOf(nodes[1]) !== 0)
        throw unsupported('sqlite', 'bround() to digits, or of what is not known to be a floating point number')
      return even(value!)
    },
  },
  negative: '(-{1})',
  positive: '(+{1})',
  pmod: ofIntegers('pmod', ([a, b]) => `(((${a} % ${b}) + ${b}) % ${b})`),
  widthBucket:
    'CASE WHEN {4} > 0 AND {2} <> {3} THEN CAST(CASE WHEN {2} < {3} THEN CASE WHEN {1} < {2} THEN 0 WHEN {1} >= {3} THEN {4} + 1 ELSE floor(({1} - {2}) * {4} * 1.0 / ({3} - {2})) + 1 END ELSE CASE WHEN {1} > {2} THEN 0 WHEN {1} <= {3} THEN {4} + 1 ELSE floor(({2} - {1}) * {4} * 1.0 / ({2} - {3})) + 1 END END AS INTEGER) END',
  isnan: '(FALSE)',
  nanvl: '{1}',
  rand: '((random() & 9007199254740991) / 9007199254740992.0)',
  hashUnit: { call: hashed },
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  asin: partial('asin', 'abs({1}) <= 1'),
  acos: partial('acos', 'abs({1}) <= 1'),
  atan: 'atan',
  atan2: 'atan2',
  sinh: 'sinh',
  cosh: 'cosh',
  tanh: 'tanh',
  asinh: 'asinh',
  acosh: partial('acosh', '{1} >= 1'),
  atanh: partial('atanh', 'abs({1}) < 1'),
  sec: '(1 / cos({1}))',
  csc: 'CASE WHEN sin({1}) <> 0 THEN 1 / sin({1}) WHEN {1} IS NOT NULL THEN 9e999 END',
  cot: 'CASE WHEN tan({1}) <> 0 THEN 1 / tan({1}) WHEN {1} IS NOT NULL THEN 9e999 END',
  degrees: 'degrees',
  radians: 'radians',
  pi: 'pi()',
  e: 'exp(1)',
  hypot: 'sqrt(CAST({1} AS REAL) * {1} + CAST({2} AS REAL) * {2})',
  bitCount: ofIntegers(
    'bitCount',
    ([value]) =>
      `(WITH RECURSIVE lf_p(lf_i) AS (SELECT 0 UNION ALL SELECT lf_i + 1 FROM lf_p WHERE lf_i < 63) SELECT sum((${value} >> lf_i) & 1) FROM lf_p)`,
  ),
  bitGet: ofIntegers('bitGet', ([value, place]) => `((${value} >> ${place}) & 1)`),
  bitwiseNot: ofIntegers('bitwiseNot', ([a]) => `(~${a})`),
  bitwiseAnd: ofIntegers('bitwiseAnd', ([a, b]) => `(${a} & ${b})`),
  bitwiseOr: ofIntegers('bitwiseOr', ([a, b]) => `(${a} | ${b})`),
  bitwiseXor: ofIntegers('bitwiseXor', ([a, b]) => `((${a} | ${b}) - (${a} & ${b}))`),
  shiftleft: shift(
    'shiftleft',
    (value, places) =>
      `CASE WHEN typeof(${value} * ${2n ** BigInt(places)}) = 'real' THEN ${failure} ELSE ${value} * ${2n ** BigInt(places)} END`,
  ),
  shiftright: shift('shiftright', (value, places) => `(${value} >> ${places})`),
  tryAdd: tried('tryAdd', '+'),
  trySubtract: tried('trySubtract', '-'),
  tryMultiply: tried('tryMultiply', '*'),
  tryDivide: {
    call: ([a, b], _, __, type) => {
      ofNumbers('tryDivide', type(0))
      ofNumbers('tryDivide', type(1))
      return `(CAST(${a} AS REAL) / ${b})`
    },
  },
  tryMod: ofIntegers('tryMod', ([a, b]) => `(${a} % ${b})`),
  coalesce: { call: (operands) => (operands.length === 1 ? operands[0]! : `coalesce(${operands.join(', ')})`) },
  nullif: 'nullif',
  greatest: extreme('max'),
  least: extreme('min'),
  nvl2: 'CASE WHEN {1} IS NOT NULL THEN {2} ELSE {3} END',
  nullifzero: 'nullif({1}, 0)',
  zeroifnull: 'coalesce({1}, 0)',
  isnull: '({1} IS NULL)',
  isnotnull: '({1} IS NOT NULL)',
  equalNull: {
    call: ([a, b], _, __, type) => {
      if (!compares(type(0), type(1))) throw unsupported('sqlite', 'equalNull() of values of different types')
      return `(${a} IS NOT DISTINCT FROM ${b})`
    },
  },
  typeOf: {
    call: (_, __, ___, type) => {
      const found = type(0)
      if (found === undefined) throw unsupported('sqlite', 'typeof() of a column of unknown type', 'cast() it first.')
      return `'${typeName(found).replaceAll("'", "''")}'`
    },
  },
  version: 'sqlite_version()',
  currentDatabase: "'main'",
})

/** Halves away from zero, by the arithmetic of DuckDB; SQLite's own goes by the digits it would print. */
function round(operands: readonly string[], _: boolean, nodes: readonly Expression[], type: TypeOfOperand): string {
  const [value] = operands as [string]
  const digits = nodes[1]?.kind === 'Literal' ? Number(nodes[1].value) : 0
  ofNumbers('round', type(0))
  if (isInteger(type(0))) {
    if (digits >= 0) return value
    const unit = 10n ** BigInt(-digits)
    if (digits < -18) return `(0 * ${value})`
    return `(sign(${value}) * ((abs(${value}) + ${unit / 2n}) / ${unit}) * ${unit})`
  }
  const scale = `1.0e${Math.abs(digits)}`
  const scaled = digits === 0 ? value : digits > 0 ? `(${value} * ${scale})` : `(${value} / ${scale})`
  const rounded = `CASE WHEN abs(${scaled} - trunc(${scaled})) >= 0.5 THEN trunc(${scaled}) + sign(${scaled}) ELSE trunc(${scaled}) END`
  if (digits === 0) return `(${rounded})`
  return digits > 0 ? `((${rounded}) / ${scale})` : `((${rounded}) * ${scale})`
}

function whole(name: 'floor' | 'ceil'): Spelling {
  return {
    call: ([value], _, __, type) => {
      ofNumbers(name, type(0))
      return isInteger(type(0)) ? value! : `${name}(${value})`
    },
  }
}
