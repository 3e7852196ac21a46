import { civilFromDays, daysFromCivil, daysInMonth, isoDayOfWeek, isoWeek } from './civil.ts'
import type { Zone } from './zone.ts'

const secondsPerDay = 86_400

/** Fields that differences are counted in. */
export type CountedField = 'year' | 'isoyear' | 'month' | 'week' | 'day' | 'hour'

/** The day and the second of it that the clock on the wall shows. */
export function wallAt(zone: Zone, instant: number): { readonly days: number; readonly second: number } {
  const local = instant + zone.offsetAt(instant)
  const days = Math.floor(local / secondsPerDay)
  return { days, second: local - days * secondsPerDay }
}

/** The same time of day `days` later, as far as the clock shows it then. */
export function addDays(zone: Zone, instant: number, days: number): number {
  if (days === 0) return instant
  const before = zone.offsetAt(instant)
  const moved = instant + days * secondsPerDay
  const shift = (before - zone.offsetAt(moved)) % secondsPerDay
  if (shift === 0) return moved
  const adjusted = moved + shift
  const isShown = (adjusted + zone.offsetAt(adjusted) - instant - before) % secondsPerDay === 0
  return isShown || shift > 0 ? adjusted : moved
}

/** The same day and time of day `months` later, or the last day of a shorter month. */
export function addMonths(zone: Zone, instant: number, months: number): number {
  if (months === 0) return instant
  const { days, second } = wallAt(zone, instant)
  const { year, month, day } = civilFromDays(days)
  const first = civilFromDays(daysFromCivil(year, month + months, 1))
  const last = Math.min(day, daysInMonth(first.year, first.month))
  return zone.instantOf(daysFromCivil(first.year, first.month, last) * secondsPerDay + second)
}

/** The same week and day of the week of another year of ISO 8601. */
function addIsoYears(zone: Zone, instant: number, years: number): number {
  const { days, second } = wallAt(zone, instant)
  const { year, week } = isoWeek(days)
  const fourth = daysFromCivil(year + years, 1, 4)
  const monday = fourth - isoDayOfWeek(fourth) + 1
  return zone.instantOf((monday + (week - 1) * 7 + isoDayOfWeek(days) - 1) * secondsPerDay + second)
}

/** A span of time in DuckDB's parts, the last in seconds and microseconds of the same sign. */
export interface Span {
  readonly months: number
  readonly days: number
  readonly seconds: number
  readonly micros: number
}

/** Adds months and days by the calendar and the rest by the clock; what is negative in part starts with the clock. */
export function addSpan(
  zone: Zone,
  { sec, us }: Moment,
  { months, days, seconds, micros }: Span,
): { sec: number; us: number } {
  let fraction = us + micros
  let instant = sec
  let clock = seconds
  if (fraction >= 1_000_000) {
    fraction -= 1_000_000
    clock += 1
  } else if (fraction < 0) {
    fraction += 1_000_000
    clock -= 1
  }
  const isBackward = months < 0 || days < 0 || seconds < 0 || micros < 0
  if (isBackward) instant += clock
  instant = addDays(zone, addMonths(zone, instant, months), days)
  if (!isBackward) instant += clock
  return { sec: instant, us: fraction }
}

/** An instant: whole seconds, and microseconds from 0 to 999,999. */
export interface Moment {
  readonly sec: number
  readonly us: number
}

/**
 * How many whole `field`s lie between two instants, towards zero, and where so many from the start lead. Instants are told apart by
 * milliseconds, or by `grain` microseconds.
 */
export function countBetween(
  zone: Zone,
  field: CountedField,
  start: Moment,
  end: Moment,
  grain: number = 1000,
): { readonly count: number; readonly reached: number } {
  const add = (count: number): number => {
    switch (field) {
      case 'year':
        return addMonths(zone, start.sec, count * 12)
      case 'isoyear':
        return addIsoYears(zone, start.sec, count)
      case 'month':
        return addMonths(zone, start.sec, count)
      case 'week':
        return addDays(zone, start.sec, count * 7)
      case 'day':
        return addDays(zone, start.sec, count)
      case 'hour':
        return start.sec + count * 3600
      default:
        return field satisfies never
    }
  }
  const lengths = { year: 31_556_952, isoyear: 31_556_952, month: 2_629_746, week: 604_800, day: 86_400, hour: 3600 }
  const milli = Math.floor(start.us / grain)
  const wanted = Math.floor(end.us / grain)
  const compare = (instant: number): number => instant - end.sec || milli - wanted
  const sign = compare(start.sec) <= 0 ? 1 : -1
  let count = Math.trunc((end.sec - start.sec) / lengths[field])
  while (count !== 0 && sign * compare(add(count)) > 0) count -= sign
  while (sign * compare(add(count + sign)) <= 0) count += sign
  // A day that the calendar of a zone left out is the same instant as its neighbour.
  while (count !== 0 && compare(add(count)) === 0 && compare(add(count - sign)) === 0) count -= sign
  count = count === 0 ? 0 : count
  return { count, reached: add(count) }
}

/** Parts that instants are cut off at. */
export type Truncation =
  | 'era'
  | 'millennium'
  | 'century'
  | 'decade'
  | 'year'
  | 'isoyear'
  | 'quarter'
  | 'month'
  | 'week'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millisecond'
  | 'microsecond'

/** The start of the part that an instant lies in. */
export function truncate(zone: Zone, part: Truncation, { sec, us }: Moment): { sec: number; us: number } {
  if (part === 'microsecond') return { sec, us }
  if (part === 'millisecond') return { sec, us: us - (us % 1000) }
  if (part === 'second') return { sec, us: 0 }
  const { days, second } = wallAt(zone, sec)
  if (part === 'minute') return { sec: sec - (second % 60), us: 0 }
  if (part === 'hour') return { sec: zone.instantOf(days * secondsPerDay + second - (second % 3600)), us: 0 }
  return { sec: zone.instantOf(firstDay(part, days) * secondsPerDay), us: 0 }
}

/** Whether a part begins where a day does. */
export function isOfDays(part: Truncation): part is DayPart {
  return !['hour', 'minute', 'second', 'millisecond', 'microsecond'].includes(part)
}

/** Where parts of days begin, for many instants of which neighbours mostly lie on the same day. */
export class FirstSeconds {
  readonly #zone: Zone
  #part: DayPart | undefined
  #days = NaN
  #second = NaN

  constructor(zone: Zone) {
    this.#zone = zone
  }

  of(part: DayPart, instant: number): number {
    const days = Math.floor((instant + this.#zone.offsetAt(instant)) / secondsPerDay)
    if (part !== this.#part || days !== this.#days) {
      this.#part = part
      this.#days = days
      this.#second = this.#zone.instantOf(firstDay(part, days) * secondsPerDay)
    }
    return this.#second
  }
}

type DayPart = Exclude<Truncation, 'hour' | 'minute' | 'second' | 'millisecond' | 'microsecond'>

function firstDay(part: DayPart, days: number): number {
  const { year, month, day } = civilFromDays(days)
  switch (part) {
    case 'day':
      return days
    case 'week':
      return days - isoDayOfWeek(days) + 1
    case 'month':
      return days - day + 1
    case 'quarter':
      return daysFromCivil(year, month - ((month - 1) % 3), 1)
    case 'year':
      return daysFromCivil(year, 1, 1)
    case 'isoyear': {
      const start = isoWeek(days)
      return days - isoDayOfWeek(days) + 1 - (start.week - 1) * 7
    }
    case 'decade':
      return firstOfYears(year, 10)
    case 'century':
      return firstOfYears(year, 100)
    case 'millennium':
      return firstOfYears(year, 1000)
    case 'era':
      return daysFromCivil(year > 0 ? 0 : 1, 1, 1)
    default:
      return part satisfies never
  }
}

/** Years are counted within their era, which has no year 0. */
function firstOfYears(year: number, count: number): number {
  if (year > 0) return daysFromCivil(year - (year % count), 1, 1)
  const before = 1 - year
  return daysFromCivil(1 - (before - (before % count)), 1, 1)
}
