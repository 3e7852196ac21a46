import { civilFromDays, daysFromCivil, isoDayOfWeek, isoWeek } from './civil.ts'
import { wallAt } from './calendar.ts'
import type { Moment } from './calendar.ts'
import type { Zone } from './zone.ts'

export const monthNames: readonly string[] =
  'January February March April May June July August September October November December'.split(' ')
/** From Sunday. */
export const dayNames: readonly string[] = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

const composed: Readonly<Record<string, string>> = { c: '%Y-%m-%d %H:%M:%S', x: '%Y-%m-%d', X: '%H:%M:%S' }

/** An instant in a zone by a format of `%`-specifiers, as DuckDB's `strftime` writes it. */
export function strftime(zone: Zone, moment: Moment, format: string, zoneName: string): string {
  const { days, second } = wallAt(zone, moment.sec)
  const { year, month, day } = civilFromDays(days)
  const hour = Math.floor(second / 3600)
  const dayOfYear = days - daysFromCivil(year, 1, 1)
  const sunday = isoDayOfWeek(days) % 7
  const nano = String(moment.us * 1000)
  const pad = (value: number, width: number): string => String(value).padStart(width, '0')
  const write = (specifier: string, isShort: boolean): string => {
    const two = (value: number): string => (isShort ? String(value) : pad(value, 2))
    switch (specifier) {
      case 'a':
        return dayNames[sunday]!.slice(0, 3)
      case 'A':
        return dayNames[sunday]!
      case 'w':
        return String(sunday)
      case 'u':
        return String(isoDayOfWeek(days))
      case 'd':
        return two(day)
      case 'b':
      case 'h':
        return monthNames[month - 1]!.slice(0, 3)
      case 'B':
        return monthNames[month - 1]!
      case 'm':
        return two(month)
      case 'y':
        return two(Math.abs(year % 100))
      case 'Y':
        return year < 0 ? `-${pad(-year, 4)}` : pad(year, 4)
      case 'G':
        return pad(isoWeek(days).year, 4)
      case 'V':
        return pad(isoWeek(days).week, 2)
      case 'H':
        return two(hour)
      case 'I':
        return two(hour % 12 === 0 ? 12 : hour % 12)
      case 'p':
        return hour < 12 ? 'AM' : 'PM'
      case 'M':
        return two(Math.floor(second / 60) % 60)
      case 'S':
        return two(second % 60)
      case 'f':
        return pad(moment.us, 6)
      case 'g':
        return pad(Math.floor(moment.us / 1000), 3)
      case 'n':
        return nano.padStart(9, '0')
      case 'j':
        return isShort ? String(dayOfYear + 1) : pad(dayOfYear + 1, 3)
      case 'U':
        return two(Math.floor((dayOfYear + 7 - sunday) / 7))
      case 'W':
        return two(Math.floor((dayOfYear + 7 - ((sunday + 6) % 7)) / 7))
      case 'z':
        return offsetText(zone.offsetAt(moment.sec), true)
      case 'Z':
        return zoneName
      case '%':
        return '%'
      default:
        throw new Error(`Failed to parse format specifier ${format}: Unrecognized format for strftime: %${specifier}`)
    }
  }
  return format
    .replace(/%(-?)([cxX])/g, (_all, _minus, letter: string) => composed[letter]!)
    .replace(/%(-?)([^]|$)/g, (_all, minus: string, specifier: string) => {
      if (specifier === '') throw new Error('Trailing format character %')
      return write(specifier, minus === '-')
    })
}

/** An offset as casts to text write it, `+01`, `-03:30`; with seconds where it has some as `%z` does. */
export function offsetText(seconds: number, hasSeconds: boolean = false): string {
  const size = Math.abs(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  const parts = [Math.floor(size / 60) % 60, hasSeconds ? size % 60 : 0]
  while (parts.at(-1) === 0) parts.pop()
  return `${seconds < 0 ? '-' : '+'}${[Math.floor(size / 3600), ...parts].map(two).join(':')}`
}
