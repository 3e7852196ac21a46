import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `'UTC'`: times are computed in UTC. */
export function currentTimezone(): Column<string, never, string> {
  return callOf('currentTimezone() varchar', 'scalar', [])
}

/** `timezone(zone, timezone('UTC', CAST(value AS TIMESTAMP)))`: what clocks in the zone show at a time in UTC. */
export function fromUtcTimestamp<A extends Argument>(
  value: A,
  zone: string,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('fromUtcTimestamp(temporal|string, string) timestamp', 'scalar', [argumentNode(value), literal(zone)])
}

/** `timezone('UTC', timezone(zone, CAST(value AS TIMESTAMP)))`: the time in UTC when clocks in the zone show that. */
export function toUtcTimestamp<A extends Argument>(
  value: A,
  zone: string,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('toUtcTimestamp(temporal|string, string) timestamp', 'scalar', [argumentNode(value), literal(zone)])
}

/**
 * `timezone(to, timezone(from, CAST(value AS TIMESTAMP)))`: from what clocks show in one zone to what they show in another.
 */
export function convertTimezone<A extends Argument>(
  from: string,
  to: string,
  value: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('convertTimezone(string, string, temporal|string) timestamp', 'scalar', [
    literal(from),
    literal(to),
    argumentNode(value),
  ])
}
