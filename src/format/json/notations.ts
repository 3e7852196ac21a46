import { daysOf } from '../../types/temporal-parse.ts'

/** How the texts of a column are written that are more than texts. */
export interface Notation {
  readonly type: 'time' | 'date' | 'timestamp' | 'uuid'
  /** Days of a date, microseconds of a time or of a timestamp whose offset is taken off; undefined for what is not so written. */
  readonly read: (text: string) => number | bigint | undefined
}

type Groups = Readonly<Record<string, string | undefined>>

/** White space as DuckDB has it. */
const space = '[ \\t-\\r]'
const clock = '(?<hour>\\d{1,2}):(?<minute>\\d{1,2}):(?<second>\\d{1,2})'
const fraction = '(?:\\.(?<fraction>\\d{1,6}))?'
const offset = '(?:Z|(?<offset>[+-]\\d\\d(?::|:?\\d\\d|:\\d\\d:(?:\\d\\d)?)?))'
const half = `${space}+(?<half>[APap])[Mm]`

/** Parts of a date as DuckDB's formats name them; the century of `%y` is told by its two digits. */
const parts: Groups = {
  '%Y': '(?<year>\\d{1,4})',
  '%y': '(?<short>\\d{1,2})',
  '%m': '(?<month>\\d{1,2})',
  '%d': '(?<day>\\d{1,2})',
}

const timePattern = new RegExp(
  `^${space}*(?<hour>\\d{1,9}):(?:(?<minutes>\\d\\d)|(?<minute>\\d{1,2}):(?<second>\\d{1,2})(?:\\.(?<fraction>\\d*))?${space}*)$`,
)

const hexDigits = (count: number): string => `[0-9a-fA-F]{${count}}`
const uuidPattern = new RegExp(`^${[8, 4, 4, 4, 12].map(hexDigits).join('-')}$`)

/** By the clock of wherever: a date alone is its midnight, and fractions may be there or not, but behind a "T". */
export const local: Notation = timestamp(`%Y-%m-%d(?:(?:${space}+|T(?!.*\\.))${clock}${fraction})?`)

/** Instants; fractions may be there or not. */
export const zoned: Notation = timestamp(`%Y-%m-%dT${clock}${fraction}${offset}`)

export const uuid: Notation = { type: 'uuid', read: (text) => (uuidPattern.test(text) ? 0 : undefined) }

/**
 * What DuckDB's `read_json` looks for, in the order in which it prefers it. All texts of a column are to be of one, as 01-02-2026 is another
 * day where days come first than where months do.
 */
export const notations: readonly Notation[] = [
  { type: 'time', read: timeOf },
  ...['%y-%m-%d', '%Y-%m-%d', '%d-%m-%y', '%d-%m-%Y', '%m-%d-%y', '%m-%d-%Y'].map(date),
  timestamp(`%y-%m-%d${space}+${clock}`),
  local,
  zoned,
  timestamp(`%d-%m-%y${space}+${clock}`),
  timestamp(`%d-%m-%Y${space}+${clock}`),
  timestamp(`%m-%d-%y${space}+${clock}${half}`),
  timestamp(`%m-%d-%Y${space}+${clock}${half}`),
  uuid,
]

function patternOf(format: string): RegExp {
  return new RegExp(`^${space}*${format.replaceAll(/%./g, (part) => parts[part]!)}${space}*$`)
}

function date(format: string): Notation {
  const pattern = patternOf(format)
  return { type: 'date', read: (text) => dayOf(pattern.exec(text)?.groups) }
}

function timestamp(format: string): Notation {
  const pattern = patternOf(format)
  return {
    type: 'timestamp',
    read(text) {
      const groups = pattern.exec(text)?.groups
      const [day, seconds] = [dayOf(groups), secondsOf(groups)]
      if (day === undefined || seconds === undefined) return undefined
      return BigInt(day * 86_400 + seconds) * 1_000_000n + BigInt(microsOf(groups))
    },
  }
}

function dayOf({ year, short, month, day }: Groups = {}): number | undefined {
  const full = short === undefined ? Number(year) : Number(short) + (Number(short) < 69 ? 2000 : 1900)
  return month === undefined ? undefined : daysOf(full, Number(month), Number(day))
}

/** Seconds since midnight, the offset taken off; none of a date alone. */
function secondsOf({ hour = '0', minute = '0', second = '0', half, offset }: Groups = {}): number | undefined {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  if (half !== undefined && (Number(hour) < 1 || Number(hour) > 12)) return undefined
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  const [east = 0, minutesEast = 0, secondsEast = 0] = offset?.match(/\d\d/g)?.map(Number) ?? []
  const shift = east * 3600 + minutesEast * 60 + secondsEast
  return hours * 3600 + Number(minute) * 60 + Number(second) - (offset?.startsWith('-') === true ? -shift : shift)
}

/** Microseconds of a fraction; digits behind the sixth are left out. */
function microsOf({ fraction = '' }: Groups = {}): number {
  return Number(fraction.slice(0, 6).padEnd(6, '0'))
}

function timeOf(text: string): number | undefined {
  const groups = timePattern.exec(text)?.groups
  if (groups === undefined) return undefined
  const { hour, minute = groups['minutes'], second = '0' } = groups
  if (Number(minute) > 59 || Number(second) > 59) return undefined
  const micros = (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1_000_000 + microsOf(groups)
  return micros <= 86_400_000_000 ? micros : undefined
}
