import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'
import { datePattern } from './date-pattern.ts'

type Time<A> = Column<Deferred<'time', [ArgumentType<A>]>, ArgumentNeeds<A>, string>
type Moment<A> = Column<string | null, ArgumentNeeds<A>, string>

/** `CAST(x AS DATE)`, or by a pattern such as `dd.MM.yyyy` or strptime's `%d.%m.%Y`, `CAST(strptime(x, pattern) AS DATE)`. */
export function toDate<A extends Argument>(value: A, pattern?: string): Time<A> {
  return parsed('toDate', 'date', value, pattern)
}

/** `CAST(x AS TIMESTAMP)`, or by a pattern such as `yyyy-MM-dd HH:mm` or strptime's `%Y-%m-%d %H:%M`, `strptime(x, pattern)`. */
export function toTimestamp<A extends Argument>(value: A, pattern?: string): Time<A> {
  return parsed('toTimestamp', 'timestamp', value, pattern)
}

/** `TRY_CAST(x AS DATE)` or `CAST(try_strptime(x, pattern) AS DATE)`: as {@link toDate}, NULL where the text is no date. */
export function tryToDate<A extends Argument>(value: A, pattern?: string): Moment<A> {
  return parsed('tryToDate', 'date', value, pattern)
}

/** `TRY_CAST(x AS TIMESTAMP)` or `try_strptime(x, pattern)`: as {@link toTimestamp}, NULL where the text is no time. */
export function tryToTimestamp<A extends Argument>(value: A, pattern?: string): Moment<A> {
  return parsed('tryToTimestamp', 'timestamp', value, pattern)
}

/** `strftime(x, '%Y-%m-%d')` for the pattern `yyyy-MM-dd`: PySpark's letters, or strftime's when there is a `%`. */
export function dateFormat<A extends Argument>(
  value: A,
  pattern: string,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'temporal', A>, string> {
  return callOf('dateFormat(temporal, string) varchar', 'scalar', [
    argumentNode(value),
    literal(datePattern('dateFormat', pattern)),
  ])
}

/** `strftime(make_timestamp(x * 1000000), '%Y-%m-%d %H:%M:%S')`: seconds since 1970 as text in UTC. */
export function fromUnixtime<A extends Argument>(
  seconds: A,
  pattern = 'yyyy-MM-dd HH:mm:ss',
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('fromUnixtime(integer, string) varchar', 'scalar', [
    argumentNode(seconds),
    literal(datePattern('fromUnixtime', pattern)),
  ])
}

/** `(epoch_us(date_trunc('second', x)) // 1000000)`: seconds since 1970 of a time, or of text by a pattern; of now without arguments. */
export function unixTimestamp<A extends Argument = never>(
  value?: A,
  pattern = 'yyyy-MM-dd HH:mm:ss',
): Column<Deferred<'bigint', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  if (value === undefined) return callOf('unixNow() bigint', 'scalar', [])
  return callOf('unixTimestamp(temporal|string, string) bigint', 'scalar', [
    argumentNode(value),
    literal(datePattern('unixTimestamp', pattern)),
  ])
}

function parsed(name: string, type: string, value: Argument, pattern: string | undefined): Column<never, never, never> {
  const format = pattern === undefined ? [] : [literal(datePattern(name, pattern))]
  return callOf(`${name}(temporal|string, string?) ${type}`, 'scalar', [argumentNode(value), ...format])
}
