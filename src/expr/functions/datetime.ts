import { LakefrontError, nearestName } from '../../errors.ts'
import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred, Operand, OperandNeeds } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf } from './call.ts'

type Part<A> = Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A>, string>
type Time<A> = Column<Deferred<'time', [ArgumentType<A>]>, ArgumentNeeds<A>, string>

/** `CAST(year(x) AS INTEGER)` */
export function year<A extends Argument>(value: A): Part<A> {
  return call('year(temporal) integer', 'scalar', [value])
}

/** `CAST(quarter(x) AS INTEGER)` */
export function quarter<A extends Argument>(value: A): Part<A> {
  return call('quarter(temporal) integer', 'scalar', [value])
}

/** `CAST(month(x) AS INTEGER)` */
export function month<A extends Argument>(value: A): Part<A> {
  return call('month(temporal) integer', 'scalar', [value])
}

/** `CAST(day(x) AS INTEGER)` */
export function dayofmonth<A extends Argument>(value: A): Part<A> {
  return call('dayofmonth(temporal) integer', 'scalar', [value])
}

/** `CAST(dayofyear(x) AS INTEGER)` */
export function dayofyear<A extends Argument>(value: A): Part<A> {
  return call('dayofyear(temporal) integer', 'scalar', [value])
}

/** `CAST(dayofweek(x) + 1 AS INTEGER)`: Sunday is 1, Saturday 7. */
export function dayofweek<A extends Argument>(value: A): Part<A> {
  return call('dayofweek(temporal) integer', 'scalar', [value])
}

/** `CAST(hour(x) AS INTEGER)` */
export function hour<A extends Argument>(value: A): Part<A> {
  return call('hour(temporal|time) integer', 'scalar', [value])
}

/** `CAST(minute(x) AS INTEGER)` */
export function minute<A extends Argument>(value: A): Part<A> {
  return call('minute(temporal|time) integer', 'scalar', [value])
}

/** `CAST(second(x) AS INTEGER)`: whole seconds. */
export function second<A extends Argument>(value: A): Part<A> {
  return call('second(temporal|time) integer', 'scalar', [value])
}

const units: Readonly<Record<string, string>> = {
  year: 'year',
  yyyy: 'year',
  yy: 'year',
  quarter: 'quarter',
  month: 'month',
  mon: 'month',
  mm: 'month',
  week: 'week',
  day: 'day',
  dd: 'day',
  hour: 'hour',
  minute: 'minute',
  second: 'second',
  millisecond: 'milliseconds',
  microsecond: 'microseconds',
}

/** `CAST(date_trunc('month', x) AS TIMESTAMP)`: the start of the year, quarter, month, week (Monday), day, hour, minute, second … */
export function dateTrunc<A extends Argument>(unit: string, value: A): Time<A> {
  const name = unit.toLowerCase()
  if (!Object.hasOwn(units, name)) {
    const names = Object.keys(units)
    const nearest = nearestName(name, names)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `dateTrunc(): "${unit}" is not a unit. Units: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    )
  }
  return callOf('dateTrunc(string, temporal) timestamp', 'scalar', [literal(units[name]!), argumentNode(value)])
}

/** `CAST(make_timestamp(epoch_us(now())) AS DATE)`: today in UTC, the same for the whole statement. */
export function currentDate(): Column<string, never, string> {
  return call('currentDate() date', 'scalar', [])
}

/** `make_timestamp(epoch_us(now()))`: now in UTC as TIMESTAMP, the same for the whole statement. */
export function currentTimestamp(): Column<string, never, string> {
  return call('currentTimestamp() timestamp', 'scalar', [])
}

/** `CAST(x AS DATE)`, or by a `strptime` format such as `%d.%m.%Y`. */
export function toDate<A extends Argument>(value: A, format?: string): Time<A> {
  return callOf('toDate(temporal|string, string?) date', 'scalar', [
    argumentNode(value),
    ...(format === undefined ? [] : [literal(format)]),
  ])
}

/** `CAST(x AS TIMESTAMP)`, or by a `strptime` format such as `%Y-%m-%d %H:%M`. */
export function toTimestamp<A extends Argument>(value: A, format?: string): Time<A> {
  return callOf('toTimestamp(temporal|string, string?) timestamp', 'scalar', [
    argumentNode(value),
    ...(format === undefined ? [] : [literal(format)]),
  ])
}

/** `CAST(x AS DATE) + days`: a DATE. */
export function dateAdd<A extends Argument, D extends Operand>(
  value: A,
  days: D,
): Column<Deferred<'time', [ArgumentType<A>]>, ArgumentNeeds<A> | OperandNeeds<D>, string> {
  return callOf('dateAdd(temporal|string, integer) date', 'scalar', [argumentNode(value), operandNode(days)])
}

/** `CAST(x AS DATE) - days`: a DATE. */
export function dateSub<A extends Argument, D extends Operand>(
  value: A,
  days: D,
): Column<Deferred<'time', [ArgumentType<A>]>, ArgumentNeeds<A> | OperandNeeds<D>, string> {
  return callOf('dateSub(temporal|string, integer) date', 'scalar', [argumentNode(value), operandNode(days)])
}

/** `CAST(date_diff('day', start, end) AS INTEGER)`: the days from `start` to `end`, in PySpark's order of arguments. */
export function dateDiff<E extends Argument, S extends Argument>(
  end: E,
  start: S,
): Column<Deferred<'number', [ArgumentType<E>, ArgumentType<S>]>, ArgumentNeeds<E> | ArgumentNeeds<S>, string> {
  return call('dateDiff(temporal|string, temporal|string) integer', 'scalar', [end, start])
}
