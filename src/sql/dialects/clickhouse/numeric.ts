import type { Expression } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { typeName } from '../../../types/type-names.ts'
import { isFloat, isInteger } from '../../types.ts'
import type { Spelling, TypeOfOperand } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { numberOf } from './words.ts'

const double = (value: string): string => `toFloat64(${value})`
/** A function of some numbers, NULL of others. */
const positive = (name: string, over = 0): Spelling => `if({1} > ${over}, ${name}({1}), NULL)`
const widths: Partial<Record<LogicalType['kind'], string>> = { smallint: 'Int16', integer: 'Int32', bigint: 'Int64' }
/** Arithmetic that is NULL where it would overflow. */
const tried = (name: string, operator: string): Spelling => ({
  call: ([a, b], _, __, type) => {
    const sides = [type(0), type(1)]
    if (sides.some(isFloat)) return `(${double(a!)} ${operator} ${double(b!)})`
    const widest = (['bigint', 'integer', 'smallint'] as const).find((kind) =>
      sides.some((side) => side?.kind === kind),
    )
    if (!sides.every(isInteger) || widest === undefined || sides.some((side) => side?.kind === 'hugeint'))
      throw unsupported('clickhouse', `${name}() of what is not known to be numbers`)
    return `accurateCastOrNull(toInt128(${a}) ${operator} toInt128(${b}), '${widths[widest]}')`
  },
})

/** Functions of numbers, of conditions, and of the engine. */
export const numeric: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  abs: 'abs',
  round: { call: round },
  floor: 'floor',
  ceil: 'ceil',
  sqrt: 'sqrt',
  pow: 'pow',
  exp: 'exp',
  expm1: '(exp({1}) - 1)',
  ln: positive('log'),
  log10: positive('log10'),
  log2: positive('log2'),
  log1p: positive('log1p', -1),
  log: 'if({1} > 0 AND {2} > 0, log({2}) / log({1}), NULL)',
  cbrt: 'cbrt',
  sign: 'sign',
  rint: `roundBankers(${double('{1}')})`,
  negative: '(-{1})',
  positive: '{1}',
  isnan: `ifNull(isNaN(${double('{1}')}), 0)`,
  nanvl: `if(isNaN(${double('{1}')}), {2}, {1})`,
  rand: 'randCanonical()',
  hashUnit: '(sipHash64({1}, {2}) / 18446744073709551616.0)',
  randn: 'randNormal(0, 1)',
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  asin: 'asin',
  acos: 'acos',
  atan: 'atan',
  atan2: 'atan2',
  sinh: 'sinh',
  cosh: 'cosh',
  tanh: 'tanh',
  asinh: 'asinh',
  acosh: 'acosh',
  atanh: 'atanh',
  sec: '(1 / cos({1}))',
  csc: '(1 / sin({1}))',
  cot: '(1 / tan({1}))',
  degrees: 'degrees',
  radians: 'radians',
  pi: 'pi()',
  e: 'e()',
  hypot: `hypot(${double('{1}')}, ${double('{2}')})`,
  bitCount: 'toInt32(bitCount(toInt64({1})))',
  bitwiseNot: 'bitNot',
  bitwiseAnd: 'bitAnd',
  bitwiseOr: 'bitOr',
  bitwiseXor: 'bitXor',
  bitGet: 'bitAnd(bitShiftRight(toInt64({1}), {2}), 1)',
  shiftright: {
    call: ([value, places], _, nodes) => {
      const count = numberOf(nodes[1])
      if (count === undefined || count < 0 || count > 63)
        throw unsupported('clickhouse', 'shiftright() by places that are computed, or not from 0 to 63')
      return `bitShiftRight(toInt64(${value}), ${places})`
    },
  },
  tryAdd: tried('tryAdd', '+'),
  trySubtract: tried('trySubtract', '-'),
  tryMultiply: tried('tryMultiply', '*'),
  tryDivide: `(${double('{1}')} / nullIf({2}, 0))`,
  coalesce: 'coalesce',
  nullif: 'nullIf',
  greatest: 'greatest',
  least: 'least',
  nvl2: 'if(isNotNull({1}), {2}, {3})',
  nullifzero: 'nullIf({1}, 0)',
  zeroifnull: 'ifNull({1}, 0)',
  isnull: 'isNull({1})',
  isnotnull: 'isNotNull({1})',
  equalNull: 'isNotDistinctFrom({1}, {2})',
  typeOf: {
    call: (_, __, ___, type) => {
      const found = type(0)
      if (found === undefined) throw unsupported('clickhouse', 'typeof() of a column of unknown type')
      return `'${typeName(found)}'`
    },
  },
  version: 'version()',
})

/** Halves away from zero; ClickHouse rounds them to the even one. */
function round([value]: readonly string[], _: boolean, nodes: readonly Expression[], type: TypeOfOperand): string {
  const digits = nodes[1]?.kind === 'Literal' ? Number(nodes[1].value) : 0
  if (isInteger(type(0)) && digits >= 0) return value!
  if (!isFloat(type(0))) throw unsupported('clickhouse', 'round() of what is not known to be a DOUBLE')
  const scale = `toFloat64(1e${Math.abs(digits)})`
  const scaled = digits === 0 ? value : digits > 0 ? `(${value} * ${scale})` : `(${value} / ${scale})`
  const rounded = `if(abs(${scaled} - trunc(${scaled})) >= 0.5, trunc(${scaled}) + sign(${scaled}), trunc(${scaled}))`
  if (digits === 0) return rounded
  return digits > 0 ? `(${rounded} / ${scale})` : `(${rounded} * ${scale})`
}
