import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Operand, OperandType, OperandWants, Wants } from '../column-types.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `make_date(year, month, day)` */
export function makeDate<A extends Argument, B extends Operand, C extends Operand>(
  year: A,
  month: B,
  day: C,
): Column<
  Deferred<'time', [ArgumentType<A>, OperandType<B>, OperandType<C>]>,
  Wants<'number', A> | OperandWants<'number', B> | OperandWants<'number', C>,
  string
> {
  return callOf('makeDate(integer, integer, integer) date', 'scalar', [
    argumentNode(year),
    operandNode(month),
    operandNode(day),
  ])
}

/** `make_timestamp(year, month, day, hour, minute, CAST(second AS DOUBLE))`: in UTC. */
export function makeTimestamp<
  A extends Argument,
  B extends Operand,
  C extends Operand,
  D extends Operand,
  E extends Operand,
  F extends Operand,
>(
  year: A,
  month: B,
  day: C,
  hour: D,
  minute: E,
  second: F,
): Column<
  Deferred<'time', [ArgumentType<A>, OperandType<B>, OperandType<C>, OperandType<D>, OperandType<E>, OperandType<F>]>,
  | Wants<'number', A>
  | OperandWants<'number', B>
  | OperandWants<'number', C>
  | OperandWants<'number', D>
  | OperandWants<'number', E>
  | OperandWants<'number', F>,
  string
> {
  return callOf('makeTimestamp(integer, integer, integer, integer, integer, number) timestamp', 'scalar', [
    argumentNode(year),
    operandNode(month),
    operandNode(day),
    operandNode(hour),
    operandNode(minute),
    operandNode(second),
  ])
}

/**
 * `TRY(make_timestamp(year, month, day, hour, minute, CAST(second AS DOUBLE)))`: NULL where there is no such time.
 */
export function tryMakeTimestamp<
  A extends Argument,
  B extends Operand,
  C extends Operand,
  D extends Operand,
  E extends Operand,
  F extends Operand,
>(
  year: A,
  month: B,
  day: C,
  hour: D,
  minute: E,
  second: F,
): Column<
  string | null,
  | Wants<'number', A>
  | OperandWants<'number', B>
  | OperandWants<'number', C>
  | OperandWants<'number', D>
  | OperandWants<'number', E>
  | OperandWants<'number', F>,
  string
> {
  return callOf('tryMakeTimestamp(integer, integer, integer, integer, integer, number) timestamp', 'scalar', [
    argumentNode(year),
    operandNode(month),
    operandNode(day),
    operandNode(hour),
    operandNode(minute),
    operandNode(second),
  ])
}

/** `make_time(hour, minute, CAST(second AS DOUBLE))` */
export function makeTime<A extends Argument, B extends Operand, C extends Operand>(
  hour: A,
  minute: B,
  second: C,
): Column<
  Deferred<'time', [ArgumentType<A>, OperandType<B>, OperandType<C>]>,
  Wants<'number', A> | OperandWants<'number', B> | OperandWants<'number', C>,
  string
> {
  return callOf('makeTime(integer, integer, number) time', 'scalar', [
    argumentNode(hour),
    operandNode(minute),
    operandNode(second),
  ])
}

/**
 * `(to_years(CAST(years AS INTEGER)) + to_months(CAST(months AS INTEGER)) + to_weeks(CAST(weeks AS INTEGER)) + to_days(CAST(days AS INTEGER)) + to_hours(CAST(hours AS BIGINT)) + to_minutes(CAST(minutes AS BIGINT)) + to_seconds(CAST(seconds AS DOUBLE)))`
 */
export function makeInterval<
  A extends Argument,
  B extends Operand = 0,
  C extends Operand = 0,
  D extends Operand = 0,
  E extends Operand = 0,
  F extends Operand = 0,
  G extends Operand = 0,
>(
  years: A,
  months?: B,
  weeks?: C,
  days?: D,
  hours?: E,
  minutes?: F,
  seconds?: G,
): Column<
  Deferred<
    'time',
    [ArgumentType<A>, OperandType<B>, OperandType<C>, OperandType<D>, OperandType<E>, OperandType<F>, OperandType<G>]
  >,
  | Wants<'number', A>
  | OperandWants<'number', B>
  | OperandWants<'number', C>
  | OperandWants<'number', D>
  | OperandWants<'number', E>
  | OperandWants<'number', F>
  | OperandWants<'number', G>,
  string
> {
  return callOf('makeInterval(integer, integer?, integer?, integer?, integer?, integer?, number?) interval', 'scalar', [
    argumentNode(years),
    operandNode(months ?? 0),
    operandNode(weeks ?? 0),
    operandNode(days ?? 0),
    operandNode(hours ?? 0),
    operandNode(minutes ?? 0),
    operandNode(seconds ?? 0),
  ])
}

/**
 * `(to_days(CAST(days AS INTEGER)) + to_hours(CAST(hours AS BIGINT)) + to_minutes(CAST(minutes AS BIGINT)) + to_seconds(CAST(seconds AS DOUBLE)))`
 */
export function makeDtInterval<A extends Argument, B extends Operand = 0, C extends Operand = 0, D extends Operand = 0>(
  days: A,
  hours?: B,
  minutes?: C,
  seconds?: D,
): Column<
  Deferred<'time', [ArgumentType<A>, OperandType<B>, OperandType<C>, OperandType<D>]>,
  Wants<'number', A> | OperandWants<'number', B> | OperandWants<'number', C> | OperandWants<'number', D>,
  string
> {
  return callOf('makeDtInterval(integer, integer?, integer?, number?) interval', 'scalar', [
    argumentNode(days),
    operandNode(hours ?? 0),
    operandNode(minutes ?? 0),
    operandNode(seconds ?? 0),
  ])
}

/** `(to_years(CAST(years AS INTEGER)) + to_months(CAST(months AS INTEGER)))` */
export function makeYmInterval<A extends Argument, B extends Operand = 0>(
  years: A,
  months?: B,
): Column<Deferred<'time', [ArgumentType<A>, OperandType<B>]>, Wants<'number', A> | OperandWants<'number', B>, string> {
  return callOf('makeYmInterval(integer, integer?) interval', 'scalar', [argumentNode(years), operandNode(months ?? 0)])
}
