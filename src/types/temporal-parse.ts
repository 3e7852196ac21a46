import { largestOffset } from './temporal-text.ts'

const datePattern = /^(\d{1,7})-(\d{1,2})-(\d{1,2})( \(BC\))?/i
const clockPattern = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?/
const offsetPattern = /^\s*(?:(Z)|([+-])(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?)$/i
const largestInt64 = 0x7fff_ffff_ffff_ffffn
const largestInt32 = 0x7fff_ffff

/** Days since 1970-01-01 of a DATE's text, the inverse of `dateText`; undefined when it is none. */
export function parseDate(text: string): number | undefined {
  if (/^[+-]?infinity$/i.test(text)) return text.startsWith('-') ? -largestInt32 : largestInt32
  const match = datePattern.exec(text)
  if (match === null || match[0].length < text.length) return undefined
  const days = civilDays(match)
  return days === undefined || Math.abs(days) >= largestInt32 ? undefined : days
}

function civilDays([, yearText, monthText, dayText, beforeChrist]: RegExpExecArray): number | undefined {
  const named = Number(yearText)
  if (beforeChrist !== undefined && named === 0) return undefined
  return daysOf(beforeChrist === undefined ? named : 1 - named, Number(monthText), Number(dayText))
}

/**
 * Days since 1970-01-01, the year 0 being the one before the first; undefined when there is no such day. "Days from civil" (Howard
 * Hinnant), the inverse of the algorithm in `temporal-text.ts`.
 */
export function daysOf(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1) return undefined
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (day > (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31)) return undefined
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Units of 10^-`digits` seconds of a clock's text, and what follows it; undefined when it is no clock or has more digits. */
function parseClock(text: string, digits: number, hours = 23): { units: number; rest: string } | undefined {
  const match = clockPattern.exec(text)
  if (match === null) return undefined
  const [all, hour, minute, second = '0', fraction = ''] = match
  if (Number(hour) > hours || Number(minute) > 59 || Number(second) > 59) return undefined
  const significant = fraction.replace(/0+$/, '')
  if (significant.length > digits) return undefined
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  return { units: seconds * 10 ** digits + Number(significant.padEnd(digits, '0')), rest: text.slice(all.length) }
}

/** Seconds east of Greenwich: `+02`, `-05:30`, `+01:02:03`, `Z`; undefined when it is no offset. */
function parseOffset(text: string): number | undefined {
  const match = offsetPattern.exec(text)
  if (match === null) return undefined
  const [, zulu, sign, hours = '0', minutes = '0', seconds = '0'] = match
  if (zulu !== undefined) return 0
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  if (size > largestOffset) return undefined
  return sign === '-' ? -size : size
}

/** The inverse of `timeText`; undefined when the text is no time of day or has more digits than fit. */
export function parseTime(text: string, digits: 6 | 9): number | undefined {
  const clock = parseClock(text, digits, 24)
  return clock === undefined || clock.rest !== '' || clock.units > 86_400 * 10 ** digits ? undefined : clock.units
}

/** The inverse of `timetzText`; a text without an offset is UTC. */
export function parseTimetz(text: string): bigint | undefined {
  const clock = parseClock(text, 6, 24)
  if (clock === undefined || clock.units > 86_400_000_000) return undefined
  const offset = clock.rest === '' ? 0 : parseOffset(clock.rest)
  return offset === undefined ? undefined : (BigInt(clock.units) << 24n) | BigInt(largestOffset - offset)
}

/** What DuckDB's own casts take: microseconds that begin on a whole day, nanoseconds likewise. */
const earliest: Readonly<Record<0 | 3 | 6 | 9, bigint>> = {
  0: -9_223_372_022_400n,
  3: -9_223_372_022_400_000n,
  6: -9_223_372_022_400_000_000n,
  9: -9_223_286_400_000_000_000n,
}
const latest: Readonly<Record<0 | 3 | 6 | 9, bigint>> = {
  0: largestInt64 / 1_000_000n,
  3: largestInt64 / 1000n,
  6: largestInt64 - 1n,
  9: largestInt64 - 1n,
}

/**
 * Units of 10^-`digits` seconds since 1970-01-01 00:00:00 UTC, the inverse of `timestampText`. Takes `T` for the space, a
 * date alone, and `Z` or, when `takesOffset`, any offset (DuckDB drops the offset from the text of a TIMESTAMP; others shift
 * by it). Undefined when the text is no timestamp, has more digits than fit, or is out of DuckDB's range.
 */
export function parseTimestamp(text: string, digits: 0 | 3 | 6 | 9, takesOffset: boolean): bigint | undefined {
  if (/^[+-]?infinity$/i.test(text)) return text.startsWith('-') ? -largestInt64 : largestInt64
  const match = datePattern.exec(text)
  const days = match === null ? undefined : civilDays(match)
  if (match === null || days === undefined) return undefined
  const perSecond = 10 ** digits
  let inDay = 0
  let offset: number | undefined = 0
  const rest = text.slice(match[0].length)
  if (rest !== '') {
    const clock = /^[ T]/i.test(rest) ? parseClock(rest.slice(1), digits) : undefined
    if (clock === undefined) return undefined
    inDay = clock.units
    offset = clock.rest === '' ? 0 : parseOffset(clock.rest)
    if (offset === undefined || (offset !== 0 && !takesOffset)) return undefined
  }
  const units = BigInt(days) * BigInt(86_400 * perSecond) + BigInt(inDay - offset * perSecond)
  return units >= earliest[digits] && units <= latest[digits] ? units : undefined
}

/** An interval as DuckDB keeps it. */
export interface IntervalParts {
  readonly months: number
  readonly days: number
  readonly microseconds: bigint
}

const intervalUnits: Readonly<Record<string, readonly [months: number, days: number, microseconds: bigint]>> = {
  year: [12, 0, 0n],
  month: [1, 0, 0n],
  week: [0, 7, 0n],
  day: [0, 1, 0n],
  hour: [0, 0, 3_600_000_000n],
  minute: [0, 0, 60_000_000n],
  second: [0, 0, 1_000_000n],
  millisecond: [0, 0, 1000n],
  microsecond: [0, 0, 1n],
}

/**
 * The inverse of `intervalText`, also with weeks, or with hours and smaller units in words instead of a clock; undefined when
 * it is no interval.
 */
export function parseInterval(text: string): IntervalParts | undefined {
  let [months, days, microseconds] = [0, 0, 0n]
  let clock: 'none' | 'words' | 'digits' = 'none'
  const pattern = /\s*(?:([+-]?)(\d+):([0-5]\d):([0-5]\d)(?:\.(\d{1,6})0*)?|([+-]?\d+)\s*([a-z]+))(?=\s|$)/iy
  let end = 0
  while (end < text.trimEnd().length) {
    const match = pattern.exec(text)
    if (match === null) return undefined
    end = pattern.lastIndex
    const [, sign, hours, minutes, seconds, fraction = '', count, unit] = match
    if (count !== undefined && unit !== undefined) {
      const name = unit.toLowerCase().replace(/s$/, '')
      const size = Object.hasOwn(intervalUnits, name) ? intervalUnits[name]! : undefined
      if (size === undefined) return undefined
      months += Number(count) * size[0]
      days += Number(count) * size[1]
      microseconds += BigInt(count) * size[2]
      if (size[2] !== 0n) {
        if (clock === 'digits') return undefined
        clock = 'words'
      }
    } else {
      const whole = BigInt(hours!) * 3600n + BigInt(minutes!) * 60n + BigInt(seconds!)
      const size = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
      if (clock !== 'none') return undefined
      clock = 'digits'
      microseconds += sign === '-' ? -size : size
    }
  }
  const fits =
    end > 0 &&
    Math.abs(months + 0.5) <= largestInt32 + 0.5 &&
    Math.abs(days + 0.5) <= largestInt32 + 0.5 &&
    BigInt.asIntN(64, microseconds) === microseconds
  return fits ? { months, days, microseconds } : undefined
}
