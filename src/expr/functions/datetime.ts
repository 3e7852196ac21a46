import { LakefrontError, nearestName } from '../../errors.ts'
import type { Column } from '../column.ts'
import type {
  Argument,
  ArgumentNeeds,
  ArgumentType,
  Deferred,
  Operand,
  OperandNeeds,
  OperandType,
  OperandWants,
  Wants,
} from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf } from './call.ts'

type Part<A> = Column<Deferred<'number', [ArgumentType<A>]>, Wants<'temporal', A>, string>
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
  return callOf('dateTrunc(string, temporal) timestamp', 'scalar', [
    literal(unitName('dateTrunc', unit)),
    argumentNode(value),
  ])
}

/** `CAST(make_timestamp(epoch_us(now())) AS DATE)`: today in UTC, the same for the whole statement. */
export function currentDate(): Column<string, never, string> {
  return call('currentDate() date', 'scalar', [])
}

/** `make_timestamp(epoch_us(now()))`: now in UTC as TIMESTAMP, the same for the whole statement. */
export function currentTimestamp(): Column<string, never, string> {
  return call('currentTimestamp() timestamp', 'scalar', [])
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

/**
 * `CAST(CAST(value AS DATE) + to_months(CAST(months AS INTEGER)) AS DATE)`: the last of the month where it is shorter.
 */
export function addMonths<A extends Argument, B extends Operand>(
  value: A,
  months: B,
): Column<
  Deferred<'time', [ArgumentType<A>, OperandType<B>]>,
  Wants<'temporal', A> | OperandWants<'number', B>,
  string
> {
  return callOf('addMonths(temporal|string, integer) date', 'scalar', [argumentNode(value), operandNode(months)])
}

/** `CAST(make_timestamp(epoch_us(now())) AS TIME)`: in UTC. */
export function currentTime(): Column<Deferred<'time', []>, never, string> {
  return callOf('currentTime() time', 'scalar', [])
}

/** `strftime(value, '%a')`: `Mon` to `Sun`. */
export function dayname<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('dayname(temporal) varchar', 'scalar', [argumentNode(value)])
}

/** `strftime(value, '%b')`: `Jan` to `Dec`. */
export function monthname<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('monthname(temporal) varchar', 'scalar', [argumentNode(value)])
}

/** `CAST(isodow(value) - 1 AS INTEGER)`: Monday is 0, Sunday 6. */
export function weekday<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('weekday(temporal) integer', 'scalar', [argumentNode(value)])
}

/** `CAST(weekofyear(value) AS INTEGER)`: by ISO 8601. */
export function weekofyear<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('weekofyear(temporal) integer', 'scalar', [argumentNode(value)])
}

/** `last_day(CAST(value AS DATE))`: of its month. */
export function lastDay<A extends Argument>(
  value: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('lastDay(temporal|string) date', 'scalar', [argumentNode(value)])
}

/** `CAST(value AS TIME)` */
export function toTime<A extends Argument>(
  value: A,
): Column<Deferred<'time', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('toTime(string) time', 'scalar', [argumentNode(value)])
}

const weekdays = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su']

/** `CAST(x AS DATE) + …`: the first such weekday after the date; `Mon`, `monday` or `MO`. */
export function nextDay<A extends Argument>(value: A, weekday: string): Time<A> {
  const day = weekdays.indexOf(weekday.slice(0, 2).toLowerCase()) + 1
  if (day === 0) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `nextDay(): "${weekday}" is not a weekday. Give Mon, Tue, Wed, Thu, Fri, Sat or Sun.`,
    )
  }
  return callOf('nextDay(temporal|string, integer) date', 'scalar', [argumentNode(value), literal(day)])
}

/**
 * The months from `start` to `end`, whole when both are the same day of the month or the last, else with a fraction of 31
 * days, rounded to 8 digits.
 *
 * Makes `(year(end) - year(start)) * 12 + month(end) - month(start) + …`.
 */
export function monthsBetween<E extends Argument, S extends Argument>(
  end: E,
  start: S,
  roundOff = true,
): Column<Deferred<'number', [ArgumentType<E>, ArgumentType<S>]>, ArgumentNeeds<E> | ArgumentNeeds<S>, string> {
  return callOf(
    `${roundOff ? 'monthsBetween' : 'monthsBetweenExactly'}(temporal|string, temporal|string) double`,
    'scalar',
    [argumentNode(end), argumentNode(start)],
  )
}

const extracted: Readonly<Record<string, string>> = {
  year: 'year',
  years: 'year',
  quarter: 'quarter',
  month: 'month',
  months: 'month',
  week: 'weekofyear',
  weeks: 'weekofyear',
  day: 'dayofmonth',
  days: 'dayofmonth',
  dayofweek: 'dayofweek',
  dow: 'dayofweek',
  doy: 'dayofyear',
  hour: 'hour',
  hours: 'hour',
  minute: 'minute',
  minutes: 'minute',
  yearofweek: 'isoyear',
  dow_iso: 'isodow',
  dayofweek_iso: 'isodow',
}

/** `CAST(year(x) AS INTEGER)` …: a part by its name: year, quarter, month, week, day, dow, doy, hour, minute, yearofweek, dow_iso. */
export function extract<A extends Argument>(part: string, value: A): Part<A> {
  const name = Object.hasOwn(extracted, part.toLowerCase()) ? extracted[part.toLowerCase()] : undefined
  if (name === undefined) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `extract(): "${part}" is not a part of a time. Parts: ${Object.keys(extracted).join(', ')}.`,
    )
  }
  return call(`${name}(temporal) integer`, 'scalar', [value])
}

/** `CAST(date_trunc('month', x) AS DATE)`: the first day of its year, quarter, month or week (Monday). */
export function trunc<A extends Argument>(value: A, unit: string): Time<A> {
  const name = unitName('trunc', unit)
  return callOf('trunc(string, temporal) date', 'scalar', [literal(name), argumentNode(value)])
}

/** `x + to_months(count)` …: a time moved by whole units, back when negative. */
export function timestampAdd<A extends Argument, D extends Operand>(
  unit: string,
  count: D,
  value: A,
): Column<Deferred<'time', [ArgumentType<A>, OperandType<D>]>, ArgumentNeeds<A> | OperandWants<'number', D>, string> {
  return callOf('timestampAdd(string, integer, temporal) timestamp', 'scalar', [
    literal(unitName('timestampAdd', unit)),
    operandNode(count),
    argumentNode(value),
  ])
}

/** `date_sub('month', start, end)`: the whole units that fit between the two. */
export function timestampDiff<S extends Argument, E extends Argument>(
  unit: string,
  start: S,
  end: E,
): Column<Deferred<'bigint', [ArgumentType<S>, ArgumentType<E>]>, ArgumentNeeds<S> | ArgumentNeeds<E>, string> {
  return callOf('timestampDiff(string, temporal, temporal) bigint', 'scalar', [
    literal(unitName('timestampDiff', unit)),
    argumentNode(start),
    argumentNode(end),
  ])
}

function unitName(where: string, unit: string): string {
  const name = unit.toLowerCase()
  if (Object.hasOwn(units, name)) return units[name]!
  const names = Object.keys(units)
  const nearest = nearestName(name, names)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `${where}(): "${unit}" is not a unit. Units: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
  )
}
