import { addSpan } from './calendar.ts'
import type { Moment, Span } from './calendar.ts'
import type { Zone } from './zone.ts'

export interface InstantRange {
  readonly start: Moment
  readonly end: Moment
  readonly step: Span
  /** Whether the end may be one of the instants. */
  readonly isInclusive: boolean
}

/** Whether a span is one of nothing. */
export function isNothing({ months, days, seconds, micros }: Span): boolean {
  return months === 0 && days === 0 && seconds === 0 && micros === 0
}

/** Which way a step goes, 1 or −1. @throws Error when its parts go both ways. */
function directionOf({ months, days, seconds, micros }: Span): 1 | -1 {
  const parts = [months, days, seconds || micros]
  const sign = parts.some((part) => part > 0) ? 1 : -1
  if (parts.some((part) => part * sign < 0))
    throw new Error('RANGE with composite interval that has mixed signs is not supported')
  return sign
}

/** The instants from `start` on by steps of the calendar and the clock of a zone, each made of the one before. */
export function* instants(zone: Zone, { start, end, step, isInclusive }: InstantRange): Generator<Moment, undefined> {
  const sign = directionOf(step)
  let at = start
  for (;;) {
    const beyond = sign * (at.sec - end.sec || at.us - end.us)
    if (beyond > 0 || (beyond === 0 && !isInclusive)) return
    yield at
    at = addSpan(zone, at, step)
  }
}
