import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { LakefrontError } from '../../errors.ts'
import type { Expression } from '../expression.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `'UTC'`: times are computed in UTC. */
export function currentTimezone(): Column<string, never, string> {
  return callOf('currentTimezone() varchar', 'scalar', [])
}

/**
 * `timezone(zone, timezone('UTC', CAST(value AS TIMESTAMP)))`: what clocks in the zone show at a time in UTC. A zone is a name, or an offset
 * such as `+02:00` or `UTC-5`, east of Greenwich if positive: `CAST(value AS TIMESTAMP) + CAST('1 ' || 'second' AS INTERVAL) * 7200`.
 */
export function fromUtcTimestamp<A extends Argument>(
  value: A,
  zone: string,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  const offset = offsetOf(zone)
  return offset === undefined
    ? callOf('fromUtcTimestamp(temporal|string, string) timestamp', 'scalar', [argumentNode(value), literal(zone)])
    : moved(argumentNode(value), offset)
}

/** `timezone('UTC', timezone(zone, CAST(value AS TIMESTAMP)))`: the time in UTC when clocks in the zone show that. Zones as those of `fromUtcTimestamp`. */
export function toUtcTimestamp<A extends Argument>(
  value: A,
  zone: string,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  const offset = offsetOf(zone)
  return offset === undefined
    ? callOf('toUtcTimestamp(temporal|string, string) timestamp', 'scalar', [argumentNode(value), literal(zone)])
    : moved(argumentNode(value), -offset)
}

/**
 * `timezone(to, timezone(from, CAST(value AS TIMESTAMP)))`: from what clocks show in one zone to what they show in another. Zones as
 * those of `fromUtcTimestamp`.
 */
export function convertTimezone<A extends Argument>(
  from: string,
  to: string,
  value: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  if (offsetOf(from) !== undefined || offsetOf(to) !== undefined)
    return fromUtcTimestamp(toUtcTimestamp(value, from), to) as Column<never>
  return callOf('convertTimezone(string, string, temporal|string) timestamp', 'scalar', [
    literal(from),
    literal(to),
    argumentNode(value),
  ])
}

function moved(value: Expression, seconds: number): Column<never, never, never> {
  const signature = 'timestampAdd(string, integer, temporal|string) timestamp'
  return callOf(signature, 'scalar', [literal('second'), literal(seconds), value])
}

/** Seconds east of Greenwich of `+02:00`, `-0530`, `+5`, `UTC+02:30`; undefined for the name of a zone. @throws LakefrontError `INVALID_ARGUMENT` beyond 18 hours. */
function offsetOf(zone: string): number | undefined {
  const match = /^(?:UTC|GMT|UT)?([+-])(\d\d?)(?::?(\d\d)(?::?(\d\d))?)?$/.exec(zone)
  if (match === null) return zone === 'Z' ? 0 : undefined
  const [hours, minutes, seconds] = match.slice(2).map((digits = '0') => Number(digits)) as [number, number, number]
  const offset = hours * 3600 + minutes * 60 + seconds
  if (minutes > 59 || seconds > 59 || offset > 18 * 3600)
    throw new LakefrontError('INVALID_ARGUMENT', `There is no time zone "${zone}": offsets go from -18:00 to +18:00.`)
  return match[1] === '-' ? -offset : offset
}
