import type { Expression } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import type { Spelling, TypeOfOperand } from '../dialect.ts'
import { formatParts } from '../time-format.ts'
import { unsupported } from '../unsupported.ts'
import { sqliteCast } from './cast.ts'
import { failure, literal } from './values.ts'
import { ofIntegers, temporal, textOf } from './words.ts'

const integer = (value: string): string => `CAST(${value} AS INTEGER)`
const field = (from: number, size: number): Spelling => ({
  call: ([value], _, __, type) => {
    temporal(type(0))
    return integer(`substr(${value}, ${from}, ${size})`)
  },
})
const day = (value: string, type: LogicalType | undefined): string => {
  temporal(type)
  return type?.kind === 'date' ? value : `substr(${value}, 1, 10)`
}
const ofDay = (write: (day: string, other: string) => string): Spelling => ({
  call: ([value, other], _, __, type) => write(day(value!, type(0)), other!),
})
/** A time to the second, and what it has behind that. */
const second = (value: string, type: LogicalType | undefined): string => {
  temporal(type)
  return type?.kind === 'date' ? `(${value} || ' 00:00:00')` : `substr(${value}, 1, 19)`
}
const microsOfSecond = (value: string, type: LogicalType | undefined): string =>
  type?.kind === 'date' ? '0' : integer(`substr(substr(${value}, 21) || '000000', 1, 6)`)
/** Microseconds since 1970. */
const micros = (value: string, type: LogicalType | undefined): string =>
  `(unixepoch(${second(value, type)}) * 1000000 + ${microsOfSecond(value, type)})`
const floored = (value: string, divisor: number): string =>
  `((${value} - ((${value} % ${divisor}) + ${divisor}) % ${divisor}) / ${divisor})`
/** The time of so many microseconds since 1970, as SQLite prints it: without zeros at the end. */
const ofMicros = (value: string): string =>
  `(coalesce(datetime(${floored(value, 1_000_000)}, 'unixepoch'), CASE WHEN ${value} IS NOT NULL THEN ${failure} END) || rtrim(format('.%06d', (${value} % 1000000 + 1000000) % 1000000), '.0'))`
/** A day after others, which fails after the year 9999 where SQLite says NULL. */
const moved = (date: string, ...by: readonly string[]): string => {
  const operands = [date, ...by].map((each) => `${each} IS NOT NULL`).join(' AND ')
  return `coalesce(date(${date}, ${by.join(', ')}), CASE WHEN ${operands} THEN ${failure} END)`
}
const isodow = (date: string): string => `((CAST(strftime('%w', ${date}) AS INTEGER) + 6) % 7 + 1)`
const named = (format: string, names: string, first: number): ((date: string) => string) => {
  return (date) => `substr('${names}', 3 * (${integer(`strftime('${format}', ${date})`)} - ${first}) + 1, 3)`
}
const dayName = named('%w', 'SunMonTueWedThuFriSat', 0)
const monthName = named('%m', 'JanFebMarAprMayJunJulAugSepOctNovDec', 1)
const oneOf = (value: string, names: readonly string[], first: number): string =>
  `CASE ${value}${names.map((name, at) => ` WHEN ${at + first} THEN '${name}'`).join('')} END`
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = 'January February March April May June July August September October November December'.split(' ')

const unitMicros: Readonly<Record<string, number>> = {
  microsecond: 1,
  millisecond: 1000,
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: 86_400_000_000,
  week: 604_800_000_000,
}
const unitMonths: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 }
const unitOf = (node: Expression | undefined, operation: string): string => {
  const unit = textOf(node)?.toLowerCase().replace(/s$/, '') ?? ''
  if (unitMicros[unit] === undefined && unitMonths[unit] === undefined)
    throw unsupported('sqlite', `${operation}() of the unit ${JSON.stringify(textOf(node) ?? 'that is computed')}`)
  return unit
}
/** Moves a day by months: to the last day of a shorter one. */
const afterMonths = (date: string, count: string): string => `date(${date}, (${count}) || ' months', 'floor')`

/** A time by a format of `strftime`, which knows less in SQLite: field by field. */
const formatted = (
  value: string,
  type: LogicalType | undefined,
  node: Expression | undefined,
  operation: string,
): string => {
  const format = textOf(node)
  if (format === undefined) throw unsupported('sqlite', `${operation}() by a format that is computed`)
  const date = day(value, type)
  const time = second(value, type)
  const number = (from: number, size: number, padded: boolean): string =>
    padded ? `substr(${time}, ${from}, ${size})` : integer(`substr(${time}, ${from}, ${size})`)
  const fields: Readonly<Record<string, (padded: boolean) => string>> = {
    Y: () => `substr(${time}, 1, 4)`,
    y: (padded) => number(3, 2, padded),
    m: (padded) => number(6, 2, padded),
    d: (padded) => number(9, 2, padded),
    H: (padded) => number(12, 2, padded),
    M: (padded) => number(15, 2, padded),
    S: (padded) => number(18, 2, padded),
    I: (padded) => (padded ? `strftime('%I', ${time})` : integer(`strftime('%I', ${time})`)),
    p: () => `strftime('%p', ${time})`,
    j: (padded) => (padded ? `strftime('%j', ${date})` : integer(`strftime('%j', ${date})`)),
    f: () => `format('%06d', ${microsOfSecond(value, type)})`,
    g: () => `format('%03d', ${microsOfSecond(value, type)} / 1000)`,
    a: () => dayName(date),
    b: () => monthName(date),
    A: () => oneOf(integer(`strftime('%w', ${date})`), days, 0),
    B: () => oneOf(integer(`substr(${date}, 6, 2)`), months, 1),
  }
  const parts = formatParts(format).map((each) => {
    if ('text' in each) return literal(each.text)
    const write = fields[each.field]
    if (write === undefined) throw unsupported('sqlite', `${operation}() with %${each.field}`)
    return write(each.padded)
  })
  return `CASE WHEN ${value} IS NOT NULL THEN ${parts.join(' || ')} END`
}

const monthsBetween = (end: string, start: string, type: TypeOfOperand): string => {
  const [a, b] = [day(end, type(0)), day(start, type(1))]
  const part = (date: string, from: number, size: number): string => integer(`substr(${date}, ${from}, ${size})`)
  const whole = `((${part(a, 1, 4)} - ${part(b, 1, 4)}) * 12 + ${part(a, 6, 2)} - ${part(b, 6, 2)})`
  const isLast = (date: string): string => `substr(date(${date}, '+1 day'), 9, 2) = '01'`
  const since = (value: string, at: 0 | 1, date: string): string =>
    `(unixepoch(${second(value, type(at))}) - unixepoch(substr(${date}, 1, 8) || '01'))`
  return `(${whole} + CASE WHEN substr(${a}, 9) = substr(${b}, 9) OR (${isLast(a)} AND ${isLast(b)}) THEN 0.0 ELSE (${since(end, 0, a)} - ${since(start, 1, b)}) / 2678400.0 END)`
}

/** A time of numbers, where they are ones of a time. */
const made = (numbers: readonly string[], otherwise: string): string => {
  const [year, month, date, hour, minute, seconds] = numbers as [string, string, string, string, string, string]
  const text = `format('%04d-%02d-%02d', ${year}, ${month}, ${date})`
  const clock = `format('%02d:%02d:%02d', ${hour}, ${minute}, ${integer(seconds)})`
  const fraction = `rtrim(format('.%06d', ${integer(`round((${seconds} - ${integer(seconds)}) * 1000000)`)}), '.0')`
  const there = numbers.map((number) => `${number} IS NOT NULL`).join(' AND ')
  const isTime = `date(${text}) = ${text} AND ${hour} BETWEEN 0 AND 23 AND ${minute} BETWEEN 0 AND 59 AND ${seconds} >= 0 AND ${seconds} < 60`
  return `CASE WHEN ${there} THEN CASE WHEN ${isTime} THEN ${text} || ' ' || ${clock} || ${fraction} ELSE ${otherwise} END END`
}

/** Functions of dates and times, which are text. */
export const datetime: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  year: field(1, 4),
  quarter: {
    call: ([value], _, __, type) => {
      temporal(type(0))
      return `((CAST(substr(${value}, 6, 2) AS INTEGER) + 2) / 3)`
    },
  },
  month: field(6, 2),
  dayofmonth: field(9, 2),
  dayofyear: ofDay((date) => integer(`strftime('%j', ${date})`)),
  dayofweek: ofDay((date) => `(CAST(strftime('%w', ${date}) AS INTEGER) + 1)`),
  hour: field(12, 2),
  minute: field(15, 2),
  second: field(18, 2),
  weekday: ofDay((date) => `(${isodow(date)} - 1)`),
  weekofyear: ofDay((date) => integer(`strftime('%V', ${date})`)),
  isoyear: ofDay((date) => integer(`strftime('%G', ${date})`)),
  isodow: ofDay(isodow),
  dayname: ofDay(dayName),
  monthname: ofDay(monthName),
  dateTrunc: { call: ([, value], _, nodes, type) => truncated(value!, nodes[0], type(1)) },
  trunc: { call: ([, value], _, nodes, type) => `substr(${truncated(value!, nodes[0], type(1))}, 1, 10)` },
  lastDay: ofDay(
    (date) =>
      `(substr(${date}, 1, 8) || CASE WHEN substr(${date}, 6, 2) IN ('04', '06', '09', '11') THEN '30' WHEN substr(${date}, 6, 2) = '02' THEN strftime('%d', substr(${date}, 1, 4) || '-03-01', '-1 day') ELSE '31' END)`,
  ),
  nextDay: ofDay((date, weekday) => moved(date, `((${weekday} - ${isodow(date)} + 6) % 7 + 1) || ' days'`)),
  currentDate: "date('now')",
  currentTimestamp: "rtrim(rtrim(strftime('%Y-%m-%d %H:%M:%f', 'now'), '0'), '.')",
  currentTime: "rtrim(rtrim(strftime('%H:%M:%f', 'now'), '0'), '.')",
  currentTimezone: "('UTC')",
  toTime: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind !== 'varchar') throw unsupported('sqlite', 'toTime() of what is not known to be text')
      return `CASE WHEN strftime('%H:%M:%S', ${value}) = ${value} THEN ${value} WHEN ${value} IS NOT NULL THEN ${failure} END`
    },
  },
  toDate: {
    call: ([value, format], _, __, type) => {
      if (format !== undefined) throw unsupported('sqlite', 'toDate() with a format')
      return sqliteCast(value!, 'DATE', false, type(0))
    },
  },
  toTimestamp: {
    call: ([value, format], _, __, type) => {
      if (format !== undefined) throw unsupported('sqlite', 'toTimestamp() with a format')
      return sqliteCast(value!, 'TIMESTAMP', false, type(0))
    },
  },
  dateFormat: { call: ([value], _, nodes, type) => formatted(value!, type(0), nodes[1], 'dateFormat') },
  fromUnixtime: {
    call: ([value], _, nodes) =>
      formatted(`datetime(${value}, 'unixepoch')`, { kind: 'timestamp' }, nodes[1], 'fromUnixtime'),
  },
  unixNow: "unixepoch('now')",
  unixTimestamp: {
    call: ([value], _, nodes, type) => {
      if (type(0)?.kind !== 'varchar') return `unixepoch(${second(value!, type(0))})`
      if (textOf(nodes[1]) !== '%Y-%m-%d %H:%M:%S')
        throw unsupported('sqlite', 'unixTimestamp() of text by such a format')
      return `unixepoch(${sqliteCast(value!, 'TIMESTAMP', false, type(0))})`
    },
  },
  unixDate: ofDay((date) => integer(`julianday(${date}) - 2440587.5`)),
  unixMicros: { call: ([value], _, __, type) => micros(value!, type(0)) },
  unixMillis: { call: ([value], _, __, type) => floored(micros(value!, type(0)), 1000) },
  unixSeconds: { call: ([value], _, __, type) => `unixepoch(${second(value!, type(0))})` },
  dateFromUnixDate: ofIntegers('dateFromUnixDate', ([value]) => `date(${value} * 86400, 'unixepoch')`),
  timestampMicros: ofIntegers('timestampMicros', ([value]) => ofMicros(value!)),
  timestampMillis: ofIntegers('timestampMillis', ([value]) => ofMicros(`(${value} * 1000)`)),
  timestampSeconds: {
    call: ([value]) => ofMicros(integer(`round(${value} * 1000000)`)),
  },
  dateAdd: ofDay((date, count) => moved(date, `${count} || ' days'`)),
  dateSub: ofDay((date, count) => moved(date, `(-${count}) || ' days'`)),
  dateDiff: {
    call: ([end, start], _, __, type) =>
      `CAST(julianday(${day(end!, type(0))}) - julianday(${day(start!, type(1))}) AS INTEGER)`,
  },
  addMonths: ofDay(afterMonths),
  monthsBetweenExactly: { call: ([end, start], _, __, type) => monthsBetween(end!, start!, type) },
  monthsBetween: { call: ([end, start], _, __, type) => `round(${monthsBetween(end!, start!, type)}, 8)` },
  timestampAdd: {
    call: ([, count, value], _, nodes, type) => {
      const unit = unitOf(nodes[0], 'timestampAdd')
      const size = unitMicros[unit]
      if (size !== undefined) return ofMicros(`(${micros(value!, type(2))} + ${count} * ${size})`)
      return `(${afterMonths(day(value!, type(2)), `${count} * ${unitMonths[unit]}`)} || ${type(2)?.kind === 'date' ? "' 00:00:00'" : `substr(${value}, 11)`})`
    },
  },
  timestampDiff: {
    call: ([, start, end], _, nodes, type) => {
      const unit = unitOf(nodes[0], 'timestampDiff')
      const [a, b] = [micros(start!, type(1)), micros(end!, type(2))]
      if (unitMicros[unit] !== undefined) return `((${b} - ${a}) / ${unitMicros[unit]})`
      return monthsApart([start!, type(1)], [end!, type(2)], unitMonths[unit]!)
    },
  },
  makeDate: {
    call: (numbers) => `substr(${made([...numbers, '0', '0', '0'], failure)}, 1, 10)`,
  },
  makeTime: {
    call: (numbers) => `substr(${made(['2000', '1', '1', ...numbers], failure)}, 12)`,
  },
  makeTimestamp: { call: (numbers) => made(numbers, failure) },
  tryMakeTimestamp: { call: (numbers) => made(numbers, 'NULL') },
})

type Typed = readonly [value: string, type: LogicalType | undefined]

/** How many whole times so many months lie between two times. */
function monthsApart(start: Typed, end: Typed, size: number): string {
  const month = ([value]: Typed): string =>
    `(CAST(substr(${value}, 1, 4) AS INTEGER) * 12 + CAST(substr(${value}, 6, 2) AS INTEGER))`
  const moment = ([value, type]: Typed): string => (type?.kind === 'date' ? `(${value} || ' 00:00:00')` : value)
  const whole = (a: Typed, b: Typed): string => {
    const count = `(${month(b)} - ${month(a)})`
    return `(${count} - (${afterMonths(day(...a), count)} || substr(${moment(a)}, 11) > ${moment(b)}))`
  }
  return `(CASE WHEN ${moment(start)} <= ${moment(end)} THEN ${whole(start, end)} ELSE -${whole(end, start)} END / ${size})`
}

function truncated(value: string, node: Expression | undefined, type: LogicalType | undefined): string {
  const date = day(value, type)
  const unit = textOf(node) ?? ''
  switch (unit) {
    case 'year':
      return `(substr(${value}, 1, 4) || '-01-01 00:00:00')`
    case 'quarter':
      return `(substr(${value}, 1, 5) || CASE (CAST(substr(${value}, 6, 2) AS INTEGER) + 2) / 3 WHEN 1 THEN '01' WHEN 2 THEN '04' WHEN 3 THEN '07' ELSE '10' END || '-01 00:00:00')`
    case 'month':
      return `(substr(${value}, 1, 7) || '-01 00:00:00')`
    case 'week':
      return `(date(${date}, 'weekday 0', '-6 days') || ' 00:00:00')`
    case 'day':
      return `(${date} || ' 00:00:00')`
    case 'hour':
    case 'minute':
    case 'second': {
      if (type?.kind === 'date') return `(${value} || ' 00:00:00')`
      const kept = { hour: 13, minute: 16, second: 19 }[unit]
      const rest = { hour: " || ':00:00'", minute: " || ':00'", second: '' }[unit]
      return `(substr(${value}, 1, ${kept})${rest})`
    }
    default:
      throw unsupported('sqlite', `dateTrunc('${unit}')`)
  }
}
