import type { Expression } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { typeName } from '../../../types/type-names.ts'
import { isFloat, isInteger } from '../../types.ts'
import type { Spelling, TypeOfOperand } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { collated, double, known, notANumber, numberOf, ofDouble } from './words.ts'

/** A function of some numbers; of others it is `otherwise`, where PostgreSQL fails. */
const partial = (name: string, where: string, otherwise?: string): Spelling => ({
  call: ([value], _, __, type) => {
    const call = `${name}(${isFloat(type(0)) ? value : double(value!)})`
    const other = otherwise === undefined ? '' : ` WHEN ${value} IS NOT NULL THEN ${otherwise}`
    return `CASE WHEN ${value} ${where} THEN ${call}${other} END`
  },
})
const guarded = (name: string, where: string): Spelling =>
  `CASE WHEN ${where} THEN ${name}(${double('{1}')}) WHEN {1} IS NOT NULL THEN ${notANumber} END`
const choice = (name: string): Spelling => ({
  call: ([value, ...rest], _, __, type) => `${name}(${[collated(value!, type(0)), ...rest].join(', ')})`,
})
/** 1 by what may be zero, of either sign. */
const inverse = (name: string): Spelling => {
  const divisor = `${name}(${double('{1}')})`
  return `CASE WHEN ${divisor} <> 0 THEN 1 / ${divisor} WHEN CAST(${divisor} AS text) = '-0' THEN ${double("'-Infinity'")} WHEN {1} IS NOT NULL THEN ${double("'Infinity'")} END`
}
const shift = (name: string, write: (value: string, places: string) => string): Spelling => ({
  call: ([value, places], _, nodes) => {
    const count = numberOf(nodes[1])
    if (count === undefined || count < 0 || count > 63)
      throw unsupported('postgres', `${name}() by places that are computed, or not from 0 to 63`)
    return write(value!, places!)
  },
})
const ranges: Partial<Record<LogicalType['kind'], readonly [low: string, high: string]>> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
}
/** Arithmetic that is NULL where it would overflow. */
const tried = (name: string, operator: string): Spelling => ({
  call: ([a, b], _, __, type) => {
    const sides = [type(0), type(1)]
    if (sides.some(isFloat) && sides.every((side) => isFloat(side) || isInteger(side)))
      return `(${double(a!)} ${operator} ${double(b!)})`
    const widest = ['bigint', 'integer', 'smallint'].find((kind) => sides.some((side) => side?.kind === kind))
    const range = ranges[widest as LogicalType['kind']]
    if (range === undefined || !sides.every(isInteger) || sides.some((side) => side?.kind === 'hugeint'))
      throw unsupported('postgres', `${name}() of what is not known to be whole or floating point numbers`)
    const exact = `CAST(${a} AS numeric) ${operator} ${b}`
    return `CASE WHEN ${exact} BETWEEN ${range[0]} AND ${range[1]} THEN CAST(${exact} AS ${widest}) END`
  },
})

/** Functions of numbers, of conditions, and of the engine. */
export const numeric: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  abs: 'abs',
  round: { call: round },
  floor: whole('floor'),
  ceil: whole('ceil'),
  sqrt: partial('sqrt', '>= 0', notANumber),
  pow: ofDouble('power'),
  exp: ofDouble('exp'),
  ln: partial('ln', '> 0'),
  log10: partial('log', '> 0'),
  log2: `CASE WHEN {1} > 0 THEN ln(${double('{1}')}) / ln(${double('2')}) END`,
  log: `CASE WHEN {1} > 0 AND {2} > 0 THEN ln(${double('{2}')}) / ln(${double('{1}')}) END`,
  expm1: `(exp(${double('{1}')}) - 1)`,
  log1p: `CASE WHEN {1} > -1 THEN ln(1 + ${double('{1}')}) END`,
  cbrt: ofDouble('cbrt'),
  sign: { call: ([value]) => `CAST(sign(${value}) AS smallint)` },
  factorial: 'CASE WHEN {1} BETWEEN 0 AND 20 THEN CAST(factorial({1}) AS bigint) END',
  rint: ofDouble('round'),
  bround: {
    call: ([value], _, nodes, type) => {
      if (!isFloat(type(0)) || numberOf(nodes[1]) !== 0)
        throw unsupported('postgres', 'bround() to digits, or of what is not known to be a floating point number')
      return `round(${double(value!)})`
    },
  },
  negative: '(-{1})',
  positive: '(+{1})',
  pmod: {
    call: ([value, divisor], _, __, type) => {
      if (isFloat(type(0)) || isFloat(type(1))) throw unsupported('postgres', 'pmod() of floating point numbers')
      return `(((${value} % nullif(${divisor}, 0)) + ${divisor}) % nullif(${divisor}, 0))`
    },
  },
  widthBucket: `CASE WHEN {4} > 0 AND {2} <> {3} THEN CAST(width_bucket(${double('{1}')}, ${double('{2}')}, ${double('{3}')}, {4}) AS bigint) END`,
  isnan: `coalesce(${double('{1}')} = ${notANumber}, FALSE)`,
  nanvl: `CASE WHEN ${double('{1}')} = ${notANumber} THEN {2} ELSE {1} END`,
  rand: 'random()',
  hashUnit: '((hashint8extended({1}, {2}) & 9007199254740991) / 9007199254740992.0)',
  randn: '(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))',
  sin: ofDouble('sin'),
  cos: ofDouble('cos'),
  tan: ofDouble('tan'),
  asin: guarded('asin', 'abs({1}) <= 1'),
  acos: guarded('acos', 'abs({1}) <= 1'),
  atan: ofDouble('atan'),
  atan2: `atan2(${double('{1}')}, ${double('{2}')})`,
  sinh: ofDouble('sinh'),
  cosh: ofDouble('cosh'),
  tanh: ofDouble('tanh'),
  asinh: ofDouble('asinh'),
  acosh: guarded('acosh', '{1} >= 1'),
  atanh: guarded('atanh', 'abs({1}) <= 1'),
  sec: `(1 / cos(${double('{1}')}))`,
  csc: inverse('sin'),
  cot: inverse('tan'),
  degrees: ofDouble('degrees'),
  radians: ofDouble('radians'),
  pi: 'pi()',
  e: `exp(${double('1')})`,
  hypot: `sqrt(${double('{1}')} * {1} + ${double('{2}')} * {2})`,
  bitCount: 'CAST(bit_count(CAST(CAST({1} AS bigint) AS bit(64))) AS integer)',
  bitGet: 'CAST((CAST({1} AS bigint) >> {2}) & 1 AS smallint)',
  bitwiseNot: '(~{1})',
  bitwiseAnd: '({1} & {2})',
  bitwiseOr: '({1} | {2})',
  bitwiseXor: '({1} # {2})',
  shiftleft: shift('shiftleft', (value, places) => `CAST(${value} * power(CAST(2 AS numeric), ${places}) AS bigint)`),
  shiftright: shift('shiftright', (value, places) => `(CAST(${value} AS bigint) >> ${places})`),
  tryAdd: tried('tryAdd', '+'),
  trySubtract: tried('trySubtract', '-'),
  tryMultiply: tried('tryMultiply', '*'),
  tryDivide: `(${double('{1}')} / nullif({2}, 0))`,
  tryMod: {
    call: ([value, divisor], _, __, type) => {
      if (isFloat(type(0)) || isFloat(type(1))) throw unsupported('postgres', 'tryMod() of floating point numbers')
      return `(${value} % nullif(${divisor}, 0))`
    },
  },
  coalesce: 'coalesce',
  nullif: 'nullif',
  greatest: choice('greatest'),
  least: choice('least'),
  nvl2: 'CASE WHEN {1} IS NOT NULL THEN {2} ELSE {3} END',
  nullifzero: 'nullif({1}, 0)',
  zeroifnull: 'coalesce({1}, 0)',
  isnull: '({1} IS NULL)',
  isnotnull: '({1} IS NOT NULL)',
  equalNull: '({1} IS NOT DISTINCT FROM {2})',
  typeOf: {
    call: (_, __, ___, type) => `'${typeName(known(type(0), 'typeof')).replaceAll("'", "''")}'`,
  },
  version: 'version()',
})

/** Halves away from zero; PostgreSQL rounds doubles to the even one. */
function round(operands: readonly string[], _: boolean, nodes: readonly Expression[], type: TypeOfOperand): string {
  const [value] = operands as [string]
  const digits = numberOf(nodes[1]) ?? 0
  const { kind } = known(type(0), 'round')
  if (kind === 'decimal') return `round(${value}, ${digits})`
  if (kind !== 'double') {
    if (!isInteger(type(0))) throw unsupported('postgres', `round() of ${kind}`)
    return digits >= 0 ? value : `CAST(round(CAST(${value} AS numeric), ${digits}) AS ${kind})`
  }
  const scale = double(`'1e${Math.abs(digits)}'`)
  const scaled = digits === 0 ? value : digits > 0 ? `(${value} * ${scale})` : `(${value} / ${scale})`
  const rounded = `CASE WHEN abs(${scaled} - trunc(${scaled})) >= 0.5 THEN trunc(${scaled}) + sign(${scaled}) ELSE trunc(${scaled}) END`
  if (digits === 0) return `(${rounded})`
  return digits > 0 ? `((${rounded}) / ${scale})` : `((${rounded}) * ${scale})`
}

function whole(name: string): Spelling {
  return { call: ([value], _, __, type) => (isInteger(type(0)) ? value! : `${name}(${value})`) }
}
