import type { LogicalType } from '../../../types/logical-type.ts'
import type { Spelling } from '../dialect.ts'
import { formatParts } from '../time-format.ts'
import { unsupported } from '../unsupported.ts'
import { textOf } from './words.ts'

const integer = (name: string): Spelling => `toInt32(${name}({1}))`
const timestamp = (value: string, type: LogicalType | undefined): string =>
  type?.kind === 'date' ? `toDateTime64(${value}, 6, 'UTC')` : value
const clock = (name: string): Spelling => ({
  call: ([value], _, __, type) => `toInt32(${name}(${timestamp(value!, type(0))}))`,
})
const micros = (value: string, type: LogicalType | undefined): string =>
  `toUnixTimestamp64Micro(${timestamp(value, type)})`
const floored = (value: string, size: number): string => `intDiv(${value} - positiveModulo(${value}, ${size}), ${size})`
const sizes: Readonly<Record<string, number>> = {
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: 86_400_000_000,
}
/** ClickHouse's own functions of this kind know the years from 1970 on only. */
const starts: Readonly<Record<string, (day: string) => string>> = {
  year: (day) => `makeDate32(toYear(${day}), 1, 1)`,
  quarter: (day) => `makeDate32(toYear(${day}), toQuarter(${day}) * 3 - 2, 1)`,
  month: (day) => `makeDate32(toYear(${day}), toMonth(${day}), 1)`,
  week: (day) => `subtractDays(${day}, toDayOfWeek(${day}) - 1)`,
}
const fields: Readonly<Record<string, string>> = {
  Y: '%Y',
  y: '%y',
  m: '%m',
  d: '%d',
  H: '%H',
  I: '%I',
  M: '%i',
  S: '%S',
  p: '%p',
  j: '%j',
  a: '%a',
  A: '%W',
  b: '%b',
  B: '%M',
}

/** Functions of dates and times. */
export const datetime: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  year: integer('toYear'),
  quarter: integer('toQuarter'),
  month: integer('toMonth'),
  dayofmonth: integer('toDayOfMonth'),
  dayofyear: integer('toDayOfYear'),
  dayofweek: 'toInt32(toDayOfWeek({1}) % 7 + 1)',
  weekday: 'toInt32(toDayOfWeek({1}) - 1)',
  isodow: integer('toDayOfWeek'),
  weekofyear: integer('toISOWeek'),
  isoyear: integer('toISOYear'),
  hour: clock('toHour'),
  minute: clock('toMinute'),
  second: clock('toSecond'),
  dayname: "formatDateTime({1}, '%a')",
  monthname: "formatDateTime({1}, '%b')",
  dateTrunc: {
    call: ([, value], _, nodes, type) => {
      const unit = textOf(nodes[0]) ?? ''
      const start = starts[unit]
      if (start !== undefined) return `toDateTime64(${start(`toDate32(${value})`)}, 6, 'UTC')`
      const size = sizes[unit]
      if (size === undefined) throw unsupported('clickhouse', `dateTrunc('${unit}')`)
      const at = micros(value!, type(1))
      return `fromUnixTimestamp64Micro(${at} - positiveModulo(${at}, ${size}), 'UTC')`
    },
  },
  trunc: {
    call: ([, value], _, nodes) => {
      const start = starts[textOf(nodes[0]) ?? '']
      if (start === undefined) throw unsupported('clickhouse', 'trunc() of such a unit')
      return start(`toDate32(${value})`)
    },
  },
  dateFormat: {
    call: ([value], _, nodes) => {
      const format = textOf(nodes[1])
      if (format === undefined) throw unsupported('clickhouse', 'dateFormat() by a format that is computed')
      const written = formatParts(format).map((part) => {
        if ('text' in part) return part.text.replaceAll('%', '%%').replaceAll('\\', '\\\\').replaceAll("'", "\\'")
        const found = part.padded ? fields[part.field] : undefined
        if (found === undefined)
          throw unsupported('clickhouse', `dateFormat() with %${part.padded ? '' : '-'}${part.field}`)
        return found
      })
      return `formatDateTime(${value}, '${written.join('')}')`
    },
  },
  dateAdd: 'addDays(toDate32({1}), {2})',
  dateSub: 'subtractDays(toDate32({1}), {2})',
  dateDiff: "toInt32(dateDiff('day', toDate32({2}), toDate32({1})))",
  addMonths: 'addMonths(toDate32({1}), {2})',
  unixDate: 'toInt32(toDate32({1}))',
  dateFromUnixDate: "addDays(toDate32('1970-01-01'), {1})",
  unixMicros: { call: ([value], _, __, type) => micros(value!, type(0)) },
  unixMillis: { call: ([value], _, __, type) => floored(micros(value!, type(0)), 1000) },
  unixSeconds: { call: ([value], _, __, type) => floored(micros(value!, type(0)), 1_000_000) },
  timestampMicros: "fromUnixTimestamp64Micro(toInt64({1}), 'UTC')",
  timestampMillis: "fromUnixTimestamp64Micro(toInt64({1}) * 1000, 'UTC')",
  currentTimezone: "'UTC'",
})
