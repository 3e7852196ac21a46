import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `make_timestamp(CAST(value AS BIGINT))`: since 1970 in UTC. */
export function timestampMicros<A extends Argument>(
  value: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('timestampMicros(integer) timestamp', 'scalar', [argumentNode(value)])
}

/** `make_timestamp(CAST(value AS BIGINT) * 1000)`: since 1970 in UTC. */
export function timestampMillis<A extends Argument>(
  value: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('timestampMillis(integer) timestamp', 'scalar', [argumentNode(value)])
}

/** `make_timestamp(CAST(value * CAST(1000000 AS BIGINT) AS BIGINT))`: since 1970 in UTC. */
export function timestampSeconds<A extends Argument>(
  value: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('timestampSeconds(number) timestamp', 'scalar', [argumentNode(value)])
}

/** `CAST(date_diff('day', DATE '1970-01-01', value) AS INTEGER)`: days since 1970. */
export function unixDate<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('unixDate(date) integer', 'scalar', [argumentNode(value)])
}

/** `(DATE '1970-01-01' + CAST(days AS INTEGER))` */
export function dateFromUnixDate<A extends Argument>(
  days: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('dateFromUnixDate(integer) date', 'scalar', [argumentNode(days)])
}

/** `epoch_us(value)` */
export function unixMicros<A extends Argument>(
  value: A,
): Column<Deferred<'bigint', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('unixMicros(temporal) bigint', 'scalar', [argumentNode(value)])
}

/** `(epoch_us(date_trunc('millisecond', value)) // 1000)` */
export function unixMillis<A extends Argument>(
  value: A,
): Column<Deferred<'bigint', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('unixMillis(temporal) bigint', 'scalar', [argumentNode(value)])
}

/** `(epoch_us(date_trunc('second', value)) // 1000000)` */
export function unixSeconds<A extends Argument>(
  value: A,
): Column<Deferred<'bigint', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('unixSeconds(temporal) bigint', 'scalar', [argumentNode(value)])
}
