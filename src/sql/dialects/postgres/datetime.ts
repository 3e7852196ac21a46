import type { Expression } from '../../../expr/expression.ts'
import type { Spelling } from '../dialect.ts'
import { formatParts, timePattern } from '../time-format.ts'
import { unsupported } from '../unsupported.ts'
import { literal } from './values.ts'
import { double, integer, textOf, timestamp } from './words.ts'

const part = (name: string): Spelling => `CAST(extract(${name} FROM {1}) AS integer)`
const clock = (name: string): Spelling => ({
  call: ([value], _, __, type) =>
    integer(`floor(extract(${name} FROM ${type(0)?.kind === 'date' ? timestamp(value!) : value}))`),
})
const seconds = (value: string): string => `extract(epoch FROM ${value})`
const bigint = (value: string): string => `CAST(${value} AS bigint)`
/** A timestamp by its microseconds since 1970, exactly. */
const ofMicros = (micros: string): string =>
  `(TIMESTAMP 'epoch' + ${micros} / 1000000 * INTERVAL '1 second' + ${micros} % 1000000 * INTERVAL '1 microsecond')`

/** Whether numbers are those of a time: a year, month, day, hour, minute and second. */
const isTime = ([year, month, day, hour, minute, second]: readonly string[]): string =>
  `${year} BETWEEN 1 AND 9999 AND ${month} BETWEEN 1 AND 12 AND ${day} BETWEEN 1 AND extract(DAY FROM make_date(CASE WHEN ${month} BETWEEN 1 AND 12 THEN CAST(${year} AS integer) ELSE 1 END, CASE WHEN ${month} BETWEEN 1 AND 12 THEN CAST(${month} AS integer) ELSE 1 END, 1) + INTERVAL '1 month' - INTERVAL '1 day') AND ${hour} BETWEEN 0 AND 23 AND ${minute} BETWEEN 0 AND 59 AND ${second} >= 0 AND ${second} < 60`

/** Months of a time since one before, without what is left of a month. */
const months = (end: string, start: string): string =>
  `((extract(YEAR FROM ${end}) - extract(YEAR FROM ${start})) * 12 + extract(MONTH FROM ${end}) - extract(MONTH FROM ${start}))`
const isLastDay = (time: string): string => `extract(DAY FROM ${time} + INTERVAL '1 day') = 1`
const sinceMonth = (time: string): string => `floor(${seconds(`${time} - date_trunc('month', ${time})`)})`
const monthsBetween = (end: string, start: string): string =>
  `(${months(end, start)} + CASE WHEN extract(DAY FROM ${end}) = extract(DAY FROM ${start}) OR (${isLastDay(end)} AND ${isLastDay(start)}) THEN 0 ELSE (${sinceMonth(end)} - ${sinceMonth(start)}) / 2678400 END)`

const unitSeconds: Readonly<Record<string, number>> = {
  microsecond: 1e-6,
  millisecond: 1e-3,
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
}
const unitMonths: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 }
const unitOf = (node: Expression | undefined, operation: string): string => {
  const unit = textOf(node)?.toLowerCase().replace(/s$/, '') ?? ''
  if (unitSeconds[unit] === undefined && unitMonths[unit] === undefined)
    throw unsupported('postgres', `${operation}() of the unit ${JSON.stringify(textOf(node) ?? 'that is computed')}`)
  return unit
}

/** What `to_char` has for a field of `strftime`. */
const patterns: Readonly<Record<string, string>> = {
  Y: 'YYYY',
  y: 'YY',
  m: 'MM',
  d: 'DD',
  H: 'HH24',
  I: 'HH12',
  M: 'MI',
  S: 'SS',
  f: 'US',
  g: 'MS',
  j: 'DDD',
  p: 'AM',
  a: 'Dy',
  A: 'FMDay',
  b: 'Mon',
  B: 'FMMonth',
}
const formatted = (time: string, node: Expression | undefined, operation: string): string => {
  const format = textOf(node)
  if (format === undefined) throw unsupported('postgres', `${operation}() by a format that is computed`)
  const pattern = formatParts(format).map((each) => {
    if ('text' in each) return `"${each.text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
    const found = patterns[each.field]
    if (found === undefined) throw unsupported('postgres', `${operation}() with %${each.field}`)
    return each.padded ? found : `FM${found}`
  })
  return `to_char(${time}, ${literal(pattern.join(''))})`
}

/** A text read by a format of numbers: what it has none for is the first of its kind. */
const parsed = (
  value: string,
  node: Expression | undefined,
  operation: string,
  otherwise: 'fails' | 'NULL',
): string => {
  const format = textOf(node)
  const read = format === undefined ? undefined : timePattern(format)
  if (read === undefined) throw unsupported('postgres', `${operation}() by such a format`)
  const pattern = literal(read.pattern)
  const field = (name: string, none: string): string => {
    const at = read.fields.indexOf(name)
    return at < 0 ? none : integer(`(regexp_match(${value}, ${pattern}))[${at + 1}]`)
  }
  const half = `(${field('I', '0')} % 12 + CASE WHEN lower((regexp_match(${value}, ${pattern}))[${read.fields.indexOf('p') + 1}]) = 'pm' THEN 12 ELSE 0 END)`
  const hour = read.fields.includes('I') ? half : field('H', '0')
  const numbers = [field('Y', '1900'), field('m', '1'), field('d', '1'), hour, field('M', '0'), field('S', '0')]
  const made = `make_timestamp(${numbers.join(', ')})`
  if (otherwise === 'NULL')
    return `CASE WHEN ${value} ~ ${pattern} THEN CASE WHEN ${isTime(numbers)} THEN ${made} END END`
  return `CASE WHEN ${value} ~ ${pattern} THEN ${made} WHEN ${value} IS NOT NULL THEN ${timestamp(`'not of the format: ' || ${value}`)} END`
}
const zoned = (write: (operands: readonly string[]) => string): Spelling => ({
  call: (operands, _, nodes) => {
    const names = nodes.map(textOf).filter((name) => name !== undefined)
    // PostgreSQL reads others as POSIX does, where +9 is west.
    if (names.length === 0 || !names.every((name) => /^(UTC|[A-Z][A-Za-z_]+(\/[A-Z][A-Za-z_-]+)+)$/.test(name)))
      throw unsupported('postgres', 'A time zone that is not a name such as Europe/Berlin')
    return write(operands)
  },
})

/** Functions of dates and times. */
export const datetime: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  year: part('YEAR'),
  quarter: part('QUARTER'),
  month: part('MONTH'),
  dayofmonth: part('DAY'),
  dayofyear: part('DOY'),
  dayofweek: 'CAST(extract(DOW FROM {1}) + 1 AS integer)',
  hour: clock('HOUR'),
  minute: clock('MINUTE'),
  second: clock('SECOND'),
  weekday: 'CAST(extract(ISODOW FROM {1}) - 1 AS integer)',
  weekofyear: part('WEEK'),
  isoyear: part('ISOYEAR'),
  isodow: part('ISODOW'),
  dayname: "to_char(CAST({1} AS timestamp), 'Dy')",
  monthname: "to_char(CAST({1} AS timestamp), 'Mon')",
  dateTrunc: 'date_trunc({1}, CAST({2} AS timestamp))',
  trunc: 'CAST(date_trunc({1}, CAST({2} AS timestamp)) AS date)',
  lastDay: "CAST(date_trunc('month', CAST({1} AS timestamp)) + INTERVAL '1 month' - INTERVAL '1 day' AS date)",
  nextDay: '(CAST({1} AS date) + (({2} - CAST(extract(ISODOW FROM CAST({1} AS date)) AS integer) + 6) % 7 + 1))',
  currentDate: "CAST(now() AT TIME ZONE 'UTC' AS date)",
  currentTimestamp: "(now() AT TIME ZONE 'UTC')",
  currentTime: "CAST(now() AT TIME ZONE 'UTC' AS time)",
  currentTimezone: "'UTC'",
  toTime: 'CAST({1} AS time)',
  toDate: {
    call: ([value, format], _, nodes) =>
      `CAST(${format === undefined ? value : parsed(value!, nodes[1], 'toDate', 'fails')} AS date)`,
  },
  toTimestamp: {
    call: ([value, format], _, nodes) =>
      format === undefined ? timestamp(value!) : parsed(value!, nodes[1], 'toTimestamp', 'fails'),
  },
  tryToDate: {
    call: ([value], _, nodes) => `CAST(${parsed(value!, nodes[1], 'tryToDate', 'NULL')} AS date)`,
  },
  tryToTimestamp: {
    call: ([value], _, nodes) => parsed(value!, nodes[1], 'tryToTimestamp', 'NULL'),
  },
  dateFormat: { call: ([value], _, nodes) => formatted(timestamp(value!), nodes[1], 'dateFormat') },
  fromUnixtime: {
    call: ([value], _, nodes) =>
      formatted(`(TIMESTAMP 'epoch' + ${bigint(value!)} * INTERVAL '1 second')`, nodes[1], 'fromUnixtime'),
  },
  unixNow: bigint(`floor(${seconds('now()')})`),
  unixTimestamp: {
    call: ([value], _, nodes, type) => {
      const isTime = type(0)?.kind === 'date' || type(0)?.kind === 'timestamp'
      return bigint(`floor(${seconds(isTime ? value! : parsed(value!, nodes[1], 'unixTimestamp', 'fails'))})`)
    },
  },
  unixDate: "(CAST({1} AS date) - DATE '1970-01-01')",
  unixMicros: bigint(`${seconds('{1}')} * 1000000`),
  unixMillis: bigint(`floor(${seconds('{1}')} * 1000)`),
  unixSeconds: bigint(`floor(${seconds('{1}')})`),
  dateFromUnixDate: "(DATE '1970-01-01' + CAST({1} AS integer))",
  timestampMicros: ofMicros(bigint('{1}')),
  timestampMillis: ofMicros(`(${bigint('{1}')} * 1000)`),
  timestampSeconds: ofMicros(bigint('({1} * CAST(1000000 AS bigint))')),
  dateAdd: '(CAST({1} AS date) + CAST({2} AS integer))',
  dateSub: '(CAST({1} AS date) - CAST({2} AS integer))',
  dateDiff: '(CAST({1} AS date) - CAST({2} AS date))',
  addMonths: 'CAST(CAST({1} AS date) + make_interval(months => CAST({2} AS integer)) AS date)',
  monthsBetweenExactly: double(monthsBetween(timestamp('{1}'), timestamp('{2}'))),
  monthsBetween: double(`round(${monthsBetween(timestamp('{1}'), timestamp('{2}'))}, 8)`),
  timestampAdd: {
    call: ([, count, value], _, nodes) => {
      const unit = unitOf(nodes[0], 'timestampAdd')
      const interval = unit === 'quarter' ? '3 month' : `1 ${unit}`
      return `(${timestamp(value!)} + ${count} * INTERVAL '${interval}')`
    },
  },
  timestampDiff: {
    call: ([, start, end], _, nodes) => difference(unitOf(nodes[0], 'timestampDiff'), start!, end!),
  },
  makeDate: 'make_date({1}, {2}, {3})',
  makeTime: `make_time({1}, {2}, ${double('{3}')})`,
  makeTimestamp: `make_timestamp({1}, {2}, {3}, {4}, {5}, ${double('{6}')})`,
  tryMakeTimestamp: `CASE WHEN ${isTime(['{1}', '{2}', '{3}', '{4}', '{5}', '{6}'])} THEN make_timestamp({1}, {2}, {3}, {4}, {5}, ${double('{6}')}) END`,
  makeInterval: `make_interval({1}, {2}, {3}, {4}, CAST({5} AS integer), CAST({6} AS integer), ${double('{7}')})`,
  makeDtInterval: `make_interval(0, 0, 0, {1}, CAST({2} AS integer), CAST({3} AS integer), ${double('{4}')})`,
  makeYmInterval: 'make_interval({1}, {2})',
  fromUtcTimestamp: zoned(([value, zone]) => `(${timestamp(value!)} AT TIME ZONE 'UTC' AT TIME ZONE ${zone})`),
  toUtcTimestamp: zoned(([value, zone]) => `(${timestamp(value!)} AT TIME ZONE ${zone} AT TIME ZONE 'UTC')`),
  convertTimezone: zoned(([from, to, value]) => `(${timestamp(value!)} AT TIME ZONE ${from} AT TIME ZONE ${to})`),
})

/** How many whole units lie between two times; months end on the last day of a shorter one. */
function difference(unit: string, from: string, to: string): string {
  const [start, end] = [timestamp(from), timestamp(to)]
  const size = unitSeconds[unit]
  if (size !== undefined) return bigint(`trunc(${seconds(`(${end} - ${start})`)} / CAST('${size}' AS numeric))`)
  const whole = (a: string, b: string): string =>
    `(${months(b, a)} - CASE WHEN ${a} + CAST(${months(b, a)} AS integer) * INTERVAL '1 month' > ${b} THEN 1 ELSE 0 END)`
  const found = `CASE WHEN ${start} <= ${end} THEN ${whole(start, end)} ELSE -${whole(end, start)} END`
  return bigint(`trunc((${found}) / ${unitMonths[unit]})`)
}
