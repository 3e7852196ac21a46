const largestInt64 = 0x7fff_ffff_ffff_ffffn

/** The most DuckDB allows as the offset of a TIME WITH TIME ZONE, in seconds: 15:59:59 east or west. */
export const largestOffset: number = 57_599

/** Days since 1970-01-01 as DuckDB prints a DATE: `2024-02-29`, `0044-03-15 (BC)`, `infinity`. */
export function dateText(days: number): string {
  if (days === 0x7fff_ffff) return 'infinity'
  if (days === -0x7fff_ffff) return '-infinity'
  return civilText(days)
}

/**
 * The proleptic Gregorian calendar, by the algorithm "civil from days" (Howard Hinnant, chrono-compatible low-level date
 * algorithms): years begin in March, so that the leap day is the last.
 */
function civilText(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return year > 0
    ? `${fourDigits(year)}-${twoDigits(month)}-${twoDigits(day)}`
    : `${fourDigits(1 - year)}-${twoDigits(month)}-${twoDigits(day)} (BC)`
}

const pairs: readonly string[] = Array.from({ length: 100 }, (_, value) => `${value}`.padStart(2, '0'))

/** `HH:MM:` of every minute of a day: one string instead of five to put together, for the type seen most. */
const minutes: readonly string[] = Array.from({ length: 1440 }, (_, minute) => {
  return `${pairs[Math.floor(minute / 60)]}:${pairs[minute % 60]}:`
})

function twoDigits(value: number): string {
  return pairs[value] ?? `${value}`
}

function fourDigits(value: number): string {
  return value > 999 ? `${value}` : `${value}`.padStart(4, '0')
}

/** Whole seconds and a fraction in units of 10^-`digits` as a clock shows them, without trailing zeros: `04:05:06.789`. */
function clockText(seconds: number, fraction: number, digits: number): string {
  const minute = Math.floor(seconds / 60)
  const start = minutes[minute] ?? `${twoDigits(Math.floor(minute / 60))}:${pairs[minute % 60]}:`
  const clock = start + pairs[seconds % 60]
  if (fraction === 0) return clock
  let [significant, width] = [fraction, digits]
  for (; significant % 10 === 0; width--) significant /= 10
  return `${clock}.${`${significant}`.padStart(width, '0')}`
}

/** Units of 10^-`digits` seconds since midnight (6 for TIME, 9 for TIME_NS) as DuckDB prints them: `12:34:56.5`. */
export function timeText(units: number, digits: 6 | 9): string {
  const perSecond = digits === 6 ? 1_000_000 : 1_000_000_000
  return clockText(Math.floor(units / perSecond), units % perSecond, digits)
}

/**
 * A TIME WITH TIME ZONE as DuckDB packs it: `12:34:56+02`, `12:34:56-15:59:59`. DuckDB 1.5.6 prints the offset of 2 hours and 7
 * seconds as `+02:07`, which reads as 7 minutes; here it is `+02:00:07`.
 */
export function timetzText(packed: bigint): string {
  const offset = largestOffset - Number(packed & 0xff_ffffn)
  const seconds = Math.abs(offset)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  while (parts.length > 1 && parts.at(-1) === 0) parts.pop()
  return `${timeText(Number(packed >> 24n), 6)}${offset < 0 ? '-' : '+'}${parts.map(twoDigits).join(':')}`
}

/** Makes texts of timestamps, remembering the last day: neighbours mostly share it. */
export interface TimestampText {
  /** From a count of units that is a safe integer. */
  fromNumber(units: number): string
  fromBigInt(units: bigint): string
}

/**
 * Texts of timestamps counted in 10^-`digits` seconds since 1970-01-01 00:00:00, as DuckDB prints them, with `suffix`
 * (`+00` for TIMESTAMP WITH TIME ZONE) unless infinite.
 */
export function timestampText(digits: 0 | 3 | 6 | 9, suffix: string): TimestampText {
  const perSecond = 10 ** digits
  const perDay = 86_400 * perSecond
  let lastDay = Number.NaN
  let lastText = ''
  const text = (day: number, inDay: number): string => {
    if (day !== lastDay) {
      lastDay = day
      lastText = `${civilText(day)} `
    }
    const seconds = digits === 0 ? inDay : Math.floor(inDay / perSecond)
    return lastText + clockText(seconds, inDay - seconds * perSecond, digits) + suffix
  }
  return {
    fromNumber(units) {
      const day = Math.floor(units / perDay)
      return text(day, units - day * perDay)
    },
    fromBigInt(units) {
      if (units === largestInt64) return 'infinity'
      if (units === -largestInt64) return '-infinity'
      const divisor = BigInt(perDay)
      const remainder = units % divisor
      const inDay = remainder < 0n ? remainder + divisor : remainder
      return text(Number((units - inDay) / divisor), Number(inDay))
    },
  }
}

/** Months, days and microseconds as DuckDB prints an INTERVAL: `1 year 2 months 3 days 04:05:06.789`. */
export function intervalText(months: number, days: number, microseconds: bigint): string {
  const parts: string[] = []
  const years = Math.trunc(months / 12)
  if (years !== 0) parts.push(counted(years, 'year'))
  if (months % 12 !== 0) parts.push(counted(months % 12, 'month'))
  if (days !== 0) parts.push(counted(days, 'day'))
  if (microseconds !== 0n || parts.length === 0) {
    const size = microseconds < 0n ? -microseconds : microseconds
    const clock = clockText(Number(size / 1_000_000n), Number(size % 1_000_000n), 6)
    parts.push(microseconds < 0n ? `-${clock}` : clock)
  }
  return parts.join(' ')
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 || count === -1 ? '' : 's'}`
}
