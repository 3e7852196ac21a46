import { civilFromDays, daysFromCivil, isoDayOfWeek, isoWeek } from './civil.ts'
import { wallAt } from './calendar.ts'
import type { Moment, Truncation } from './calendar.ts'
import type { Zone } from './zone.ts'

/** Parts of a point in time, by the first of their names. */
export type DatePart =
  | Truncation
  | 'dayofweek'
  | 'isodow'
  | 'dayofyear'
  | 'yearweek'
  | 'epoch'
  | 'timezone'
  | 'timezone_hour'
  | 'timezone_minute'
  | 'julian'

const names: Readonly<Record<DatePart, string>> = {
  era: 'era',
  millennium: 'millennium mil mils millenium millennia millenniums',
  century: 'century cent centuries c',
  decade: 'decade dec decades decs',
  year: 'year yr y years yrs',
  isoyear: 'isoyear',
  quarter: 'quarter quarters',
  month: 'month mon months mons',
  week: 'week weeks w weekofyear',
  day: 'day days d dayofmonth',
  hour: 'hour hr hours hrs h',
  minute: 'minute min minutes mins m',
  second: 'second sec seconds secs s',
  millisecond: 'millisecond milliseconds ms msec msecs',
  microsecond: 'microsecond microseconds us usec usecs usecond useconds',
  dayofweek: 'dayofweek dow weekday',
  isodow: 'isodow',
  dayofyear: 'dayofyear doy',
  yearweek: 'yearweek',
  epoch: 'epoch',
  timezone: 'timezone',
  timezone_hour: 'timezone_hour',
  timezone_minute: 'timezone_minute',
  julian: 'julian jd',
}

const byName: ReadonlyMap<string, DatePart> = new Map(
  Object.entries(names).flatMap(([part, all]) => all.split(' ').map((name) => [name, part as DatePart] as const)),
)

/** Functions of one argument that give a part, by the names of theirs. */
export const partFunctions: Readonly<Record<string, DatePart>> = {
  ...Object.fromEntries(Object.keys(names).map((part) => [part, part as DatePart])),
  dayofmonth: 'day',
  weekday: 'dayofweek',
  weekofyear: 'week',
}

/** The part that a specifier names, in any case. */
export function datePart(specifier: string): DatePart {
  const part = byName.get(specifier.toLowerCase())
  if (part === undefined) throw new Error(`extract specifier "${specifier}" not recognized`)
  return part
}

/** What to cut off at for a part. */
export function truncationOf(part: DatePart): Truncation {
  switch (part) {
    case 'yearweek':
      return 'week'
    case 'dayofweek':
    case 'isodow':
    case 'dayofyear':
    case 'julian':
      return 'day'
    case 'epoch':
      return 'second'
    case 'timezone':
    case 'timezone_hour':
    case 'timezone_minute':
      throw new Error('Specifier type not implemented for ICU DATETRUNC')
    default:
      return part
  }
}

/** Whether a part is a DOUBLE. */
export function isFractional(part: DatePart): boolean {
  return part === 'epoch' || part === 'julian'
}

/** A part of an instant in a zone. */
export function extract(zone: Zone, part: DatePart, { sec, us }: Moment): number {
  if (part === 'epoch') return Math.floor(sec * 1000 + Math.floor(us / 1000)) / 1000 + (us % 1000) / 1e6
  const { days, second } = wallAt(zone, sec)
  switch (part) {
    case 'hour':
      return Math.floor(second / 3600)
    case 'minute':
      return Math.floor(second / 60) % 60
    case 'second':
      return second % 60
    case 'millisecond':
      return (second % 60) * 1000 + Math.floor(us / 1000)
    case 'microsecond':
      return (second % 60) * 1_000_000 + us
    case 'dayofweek':
      return isoDayOfWeek(days) % 7
    case 'isodow':
      return isoDayOfWeek(days)
    case 'week':
      return isoWeek(days).week
    case 'isoyear':
      return isoWeek(days).year
    case 'yearweek': {
      const { year, week } = isoWeek(days)
      return year * 100 + (year > 0 ? week : -week)
    }
    case 'timezone':
      return zone.offsetAt(sec)
    case 'timezone_hour':
      return Math.trunc(zone.offsetAt(sec) / 3600)
    case 'timezone_minute':
      return Math.trunc((zone.offsetAt(sec) % 3600) / 60)
    case 'julian':
      return days + 2_440_588 + (second * 1_000_000 + us) / 86_400e6
    default:
      return dayPart(part, days)
  }
}

type DayPart = 'era' | 'millennium' | 'century' | 'decade' | 'year' | 'quarter' | 'month' | 'day' | 'dayofyear'

function dayPart(part: DayPart, days: number): number {
  const { year, month, day } = civilFromDays(days)
  const inEra = year > 0 ? year : 1 - year
  const sign = year > 0 ? 1 : -1
  switch (part) {
    case 'era':
      return year > 0 ? 1 : 0
    case 'millennium':
      return sign * (Math.trunc((inEra - 1) / 1000) + 1)
    case 'century':
      return sign * (Math.trunc((inEra - 1) / 100) + 1)
    case 'decade':
      return Math.trunc(inEra / 10)
    case 'year':
      return inEra
    case 'quarter':
      return Math.floor((month - 1) / 3) + 1
    case 'month':
      return month
    case 'day':
      return day
    case 'dayofyear':
      return days - daysFromCivil(year, 1, 1) + 1
    default:
      return part satisfies never
  }
}
