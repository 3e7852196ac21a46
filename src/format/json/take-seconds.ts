import type { JsonCursor } from './json-cursor.ts'

/** Years whose microseconds a number holds exactly. */
const firstYear = 1700
const lastYear = 2250

/** Days before each month of a year that begins in March, and that year's months by those of ours. */
const daysBefore = [306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275]
const daysIn = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Seconds since 1970 of a text such as `"2024-02-29 12:00:00"`, with a `T` between and, when it is of a zone, a `Z` behind, and goes over it.
 * Undefined, and nothing is gone over, for everything else.
 */
export function takeSeconds(cursor: JsonCursor, isZoned: boolean): number | undefined {
  const { bytes, position } = cursor
  const at = position + 1
  const year = digits(bytes, at, 4)
  const month = digits(bytes, at + 5, 2)
  const day = digits(bytes, at + 8, 2)
  const hour = digits(bytes, at + 11, 2)
  const minute = digits(bytes, at + 14, 2)
  const second = digits(bytes, at + 17, 2)
  if (bytes[at + 4] !== 0x2d || bytes[at + 7] !== 0x2d || bytes[at + 13] !== 0x3a || bytes[at + 16] !== 0x3a)
    return undefined
  if (bytes[at + 10] !== 0x54 && (isZoned || bytes[at + 10] !== 0x20)) return undefined
  if (isZoned && bytes[at + 19] !== 0x5a) return undefined
  const end = isZoned ? at + 20 : at + 19
  if (end >= cursor.end || bytes[end] !== 0x22) return undefined
  if (year < firstYear || year > lastYear || month < 1 || month > 12 || day < 1) return undefined
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (day > daysIn[month - 1]! + (month === 2 && isLeap ? 1 : 0)) return undefined
  cursor.position = end + 1
  const marchYear = month > 2 ? year : year - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  const days = marchYear * 365 + leapDays + daysBefore[month - 1]! + day - 1 - daysToEpoch
  return days * 86_400 + hour * 3600 + minute * 60 + second
}

/** Days from 0000-03-01 to 1970-01-01. */
const daysToEpoch = 719_468

/** The number that `count` digits are; far below zero when they are none. */
function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) {
    const digit = bytes[index]! - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1e9
    value = value * 10 + digit
  }
  return value
}
