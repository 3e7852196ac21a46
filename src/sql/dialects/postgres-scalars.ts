import type { LogicalType } from '../../types/logical-type.ts'
import { isFloat } from '../types.ts'
import type { Spelling } from './dialect.ts'
import { unsupported } from './unsupported.ts'

const double = (slot: string): string => `CAST(${slot} AS double precision)`
const ofDouble = (name: string): Spelling => `${name}(${double('{1}')})`
const part = (name: string): Spelling => `CAST(extract(${name} FROM {1}) AS integer)`
const guarded = (name: string, where: string): Spelling =>
  `CASE WHEN ${where} THEN ${name}(${double('{1}')}) WHEN {1} IS NOT NULL THEN ${double("'NaN'")} END`
const bytes = (value: string, type: LogicalType | undefined, operation: string): string => {
  if (type?.kind === 'blob') return value
  if (type?.kind === 'varchar') return `convert_to(${value}, 'UTF8')`
  throw unsupported('postgres', `${operation}() of what is not known to be text or bytes`)
}
const ofBytes = (operation: string, write: (value: string) => string): Spelling => ({
  call: ([value], _, __, type) => write(bytes(value!, type(0), operation)),
})

/** How PostgreSQL spells more functions of one row. */
export const postgresScalars: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  nvl2: 'CASE WHEN {1} IS NOT NULL THEN {2} ELSE {3} END',
  nullifzero: 'nullif({1}, 0)',
  zeroifnull: 'coalesce({1}, 0)',
  isnull: '({1} IS NULL)',
  isnotnull: '({1} IS NOT NULL)',
  equalNull: '({1} IS NOT DISTINCT FROM {2})',
  bitCount: 'CAST(bit_count(CAST(CAST({1} AS bigint) AS bit(64))) AS integer)',
  bitwiseNot: '(~{1})',
  bitwiseAnd: '({1} & {2})',
  bitwiseOr: '({1} | {2})',
  bitwiseXor: '({1} # {2})',
  btrim: 'btrim',
  elt: {
    call: ([position, ...values]) =>
      `CASE ${position}${values.map((value, at) => ` WHEN ${at + 1} THEN ${value}`).join('')} END`,
  },
  instr: 'strpos',
  left: 'left({1}, CASE WHEN {2} < 0 THEN 0 ELSE {2} END)',
  right: 'right({1}, CASE WHEN {2} < 0 THEN 0 ELSE {2} END)',
  lpad: 'lpad',
  rpad: 'rpad',
  overlay: ['', '', '', 'overlay({1} PLACING {2} FROM {3})', 'overlay({1} PLACING {2} FROM {3} FOR {4})'],
  repeat: 'repeat',
  splitPart: 'split_part',
  translate: 'translate',
  reverse: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind !== 'varchar') throw unsupported('postgres', 'reverse() of what is not known to be text')
      return `reverse(${value})`
    },
  },
  position:
    'CASE WHEN strpos(substring({2} FROM {3}), {1}) = 0 OR ({3} < 1 AND {2} IS NOT NULL) THEN 0 ELSE strpos(substring({2} FROM {3}), {1}) + {3} - 1 END',
  ascii: 'ascii',
  octetLength: 'octet_length',
  bitLength: '(8 * octet_length({1}))',
  md5: ofBytes('md5', (value) => `md5(${value})`),
  sha2: ofBytes('sha2', (value) => `encode(sha256(${value}), 'hex')`),
  hex: ofBytes('hex', (value) => `upper(encode(${value}, 'hex'))`),
  cbrt: ofDouble('cbrt'),
  expm1: `(exp(${double('{1}')}) - 1)`,
  log1p: `CASE WHEN {1} > -1 THEN ln(1 + ${double('{1}')}) END`,
  log: `CASE WHEN {1} > 0 AND {2} > 0 THEN ln(${double('{2}')}) / ln(${double('{1}')}) END`,
  factorial: 'CASE WHEN {1} BETWEEN 0 AND 20 THEN CAST(factorial({1}) AS bigint) END',
  rint: ofDouble('round'),
  negative: '(-{1})',
  positive: '(+{1})',
  pmod: {
    call: ([value, divisor], _, __, type) => {
      if (isFloat(type(0)) || isFloat(type(1))) throw unsupported('postgres', 'pmod() of floating point numbers')
      return `(((${value} % nullif(${divisor}, 0)) + ${divisor}) % nullif(${divisor}, 0))`
    },
  },
  widthBucket: `CASE WHEN {4} > 0 AND {2} <> {3} THEN CAST(width_bucket(${double('{1}')}, ${double('{2}')}, ${double('{3}')}, {4}) AS bigint) END`,
  isnan: `coalesce(${double('{1}')} = ${double("'NaN'")}, FALSE)`,
  nanvl: `CASE WHEN ${double('{1}')} = ${double("'NaN'")} THEN {2} ELSE {1} END`,
  rand: 'random()',
  asin: guarded('asin', 'abs({1}) <= 1'),
  acos: guarded('acos', 'abs({1}) <= 1'),
  atan: ofDouble('atan'),
  sinh: ofDouble('sinh'),
  cosh: ofDouble('cosh'),
  tanh: ofDouble('tanh'),
  asinh: ofDouble('asinh'),
  acosh: guarded('acosh', '{1} >= 1'),
  atanh: guarded('atanh', 'abs({1}) <= 1'),
  sin: ofDouble('sin'),
  cos: ofDouble('cos'),
  tan: ofDouble('tan'),
  sec: `(1 / cos(${double('{1}')}))`,
  atan2: `atan2(${double('{1}')}, ${double('{2}')})`,
  degrees: ofDouble('degrees'),
  radians: ofDouble('radians'),
  pi: 'pi()',
  e: `exp(${double('1')})`,
  hypot: `sqrt(${double('{1}')} * {1} + ${double('{2}')} * {2})`,
  addMonths: 'CAST(CAST({1} AS date) + make_interval(months => CAST({2} AS integer)) AS date)',
  dayname: "to_char(CAST({1} AS timestamp), 'Dy')",
  monthname: "to_char(CAST({1} AS timestamp), 'Mon')",
  weekday: 'CAST(extract(ISODOW FROM {1}) - 1 AS integer)',
  weekofyear: part('WEEK'),
  isoyear: part('ISOYEAR'),
  isodow: part('ISODOW'),
  lastDay: "CAST(date_trunc('month', CAST({1} AS timestamp)) + INTERVAL '1 month' - INTERVAL '1 day' AS date)",
  nextDay: '(CAST({1} AS date) + (({2} - CAST(extract(ISODOW FROM CAST({1} AS date)) AS integer) + 6) % 7 + 1))',
  trunc: 'CAST(date_trunc({1}, CAST({2} AS timestamp)) AS date)',
  unixDate: "(CAST({1} AS date) - DATE '1970-01-01')",
  dateFromUnixDate: "(DATE '1970-01-01' + CAST({1} AS integer))",
  bitAnd: 'bit_and',
  bitOr: 'bit_or',
  bitXor: 'bit_xor',
  boolAnd: 'bool_and',
  boolOr: 'bool_or',
  countIf: 'count(CASE WHEN {1} THEN 1 END)',
  listagg: 'string_agg({distinct}{1}, {2})',
  covarPop: `covar_pop(${double('{1}')}, ${double('{2}')})`,
  covarSamp: `covar_samp(${double('{1}')}, ${double('{2}')})`,
  regrAvgx: `regr_avgx(${double('{1}')}, ${double('{2}')})`,
  regrAvgy: `regr_avgy(${double('{1}')}, ${double('{2}')})`,
  regrSxx: `regr_sxx(${double('{1}')}, ${double('{2}')})`,
  regrSxy: `regr_sxy(${double('{1}')}, ${double('{2}')})`,
  regrSyy: `regr_syy(${double('{1}')}, ${double('{2}')})`,
  regrCount: `regr_count(${double('{1}')}, ${double('{2}')})`,
})
