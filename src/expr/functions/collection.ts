import type { Column } from '../column.ts'
import type {
  Argument,
  ArgumentNeeds,
  ArgumentType,
  ArgumentTypes,
  Deferred,
  Operand,
  OperandNeeds,
  OperandType,
  OperandWants,
  Wants,
} from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `[a, b, …]`: a list of the values. */
export function array<A extends readonly Argument[]>(
  ...values: A
): Column<Deferred<'array', ArgumentTypes<A>>, ArgumentNeeds<A[number]>, string> {
  return callOf(
    'array(T...) list<T>',
    'scalar',
    values.map((each) => argumentNode(each)),
  )
}

/** `CASE WHEN list IS NOT NULL THEN list_append(list, value) END` */
export function arrayAppend<A extends Argument, B extends Operand>(
  list: A,
  value: B,
): Column<Deferred<'same', [ArgumentType<A>, OperandType<B>]>, Wants<'list', A> | OperandNeeds<B>, string> {
  return callOf('arrayAppend(list<T>, T) list<T>', 'scalar', [argumentNode(list), operandNode(value)])
}

/** `CASE WHEN list IS NOT NULL THEN list_prepend(value, list) END` */
export function arrayPrepend<A extends Argument, B extends Operand>(
  list: A,
  value: B,
): Column<Deferred<'same', [ArgumentType<A>, OperandType<B>]>, Wants<'list', A> | OperandNeeds<B>, string> {
  return callOf('arrayPrepend(list<T>, T) list<T>', 'scalar', [argumentNode(list), operandNode(value)])
}

/** `list_filter(list, lambda v: v IS NOT NULL)`: without NULLs. */
export function arrayCompact<A extends Argument>(
  list: A,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('arrayCompact(list<T>) list<T>', 'scalar', [argumentNode(list)])
}

/** `list_contains(list, value)`: NULL where it is not found and there are NULLs. */
export function arrayContains<A extends Argument, B extends Operand>(
  list: A,
  value: B,
): Column<boolean | null, Wants<'list', A> | OperandNeeds<B>, string> {
  return callOf('arrayContains(list<T>, T) boolean', 'scalar', [argumentNode(list), operandNode(value)])
}

/** `list_filter(list, lambda v, i: list_position(list, v) = i)`: each value where it comes first, NULL too. */
export function arrayDistinct<A extends Argument>(
  list: A,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('arrayDistinct(list<T>) list<T>', 'scalar', [argumentNode(list)])
}

/**
 * `list_filter(list, lambda v, i: list_position(list, v) = i AND list_position(other, v) IS NULL)`: each value of the first that the other has not, once.
 */
export function arrayExcept<A extends Argument, B extends Argument>(
  list: A,
  other: B,
): Column<Deferred<'same', [ArgumentType<A>, ArgumentType<B>]>, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('arrayExcept(list<T>, list<T>) list<T>', 'scalar', [argumentNode(list), argumentNode(other)])
}

/**
 * `list_filter(list, lambda v, i: list_position(list, v) = i AND list_position(other, v) IS NOT NULL)`: each value of the first that the other has too, once.
 */
export function arrayIntersect<A extends Argument, B extends Argument>(
  list: A,
  other: B,
): Column<Deferred<'same', [ArgumentType<A>, ArgumentType<B>]>, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('arrayIntersect(list<T>, list<T>) list<T>', 'scalar', [argumentNode(list), argumentNode(other)])
}

/** `list_filter(list || other, lambda v, i: list_position(list || other, v) = i)`: each value of both, once. */
export function arrayUnion<A extends Argument, B extends Argument>(
  list: A,
  other: B,
): Column<Deferred<'same', [ArgumentType<A>, ArgumentType<B>]>, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('arrayUnion(list<T>, list<T>) list<T>', 'scalar', [argumentNode(list), argumentNode(other)])
}

/** `list_has_any(list, other)`: NULL where none is found and there are NULLs. */
export function arraysOverlap<A extends Argument, B extends Argument>(
  list: A,
  other: B,
): Column<boolean | null, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('arraysOverlap(list<T>, list<T>) boolean', 'scalar', [argumentNode(list), argumentNode(other)])
}

/**
 * `list[:position - 1] || [value] || list[position:]`: at a position from 1, from the end when negative; NULLs fill the gap behind the end.
 */
export function arrayInsert<A extends Argument, B extends Operand, C extends Operand>(
  list: A,
  position: B,
  value: C,
): Column<
  Deferred<'same', [ArgumentType<A>, OperandType<B>, OperandType<C>]>,
  Wants<'list', A> | OperandWants<'number', B> | OperandNeeds<C>,
  string
> {
  return callOf('arrayInsert(list<T>, integer, T) list<T>', 'scalar', [
    argumentNode(list),
    operandNode(position),
    operandNode(value),
  ])
}

/**
 * `array_to_string(list_transform(list, lambda v: coalesce(v, nullReplacement)), delimiter)`: NULLs are left out, or replaced.
 */
export function arrayJoin<A extends Argument>(
  list: A,
  delimiter: string,
  nullReplacement?: string,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('arrayJoin(list<T>, string, string?) varchar', 'scalar', [
    argumentNode(list),
    literal(delimiter),
    ...(nullReplacement === undefined ? [] : [literal(nullReplacement)]),
  ])
}

/** `list_max(list)` */
export function arrayMax<A extends Argument>(
  list: A,
): Column<Deferred<'item', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('arrayMax(list<T>) T', 'scalar', [argumentNode(list)])
}

/** `list_min(list)` */
export function arrayMin<A extends Argument>(
  list: A,
): Column<Deferred<'item', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('arrayMin(list<T>) T', 'scalar', [argumentNode(list)])
}

/**
 * `CASE WHEN list IS NOT NULL AND value IS NOT NULL THEN CAST(coalesce(list_position(list, value), 0) AS BIGINT) END`: from 1; 0 when it is not there.
 */
export function arrayPosition<A extends Argument, B extends Operand>(
  list: A,
  value: B,
): Column<Deferred<'bigint', [ArgumentType<A>, OperandType<B>]>, Wants<'list', A> | OperandNeeds<B>, string> {
  return callOf('arrayPosition(list<T>, T) bigint', 'scalar', [argumentNode(list), operandNode(value)])
}

/** `CASE WHEN value IS NOT NULL THEN list_filter(list, lambda v: v IS DISTINCT FROM value) END` */
export function arrayRemove<A extends Argument, B extends Operand>(
  list: A,
  value: B,
): Column<Deferred<'same', [ArgumentType<A>, OperandType<B>]>, Wants<'list', A> | OperandNeeds<B>, string> {
  return callOf('arrayRemove(list<T>, T) list<T>', 'scalar', [argumentNode(list), operandNode(value)])
}

/** `list_transform(range(greatest(times, 0)), lambda i: value)` */
export function arrayRepeat<A extends Argument, B extends Operand>(
  value: A,
  times: B,
): Column<Deferred<'array', [ArgumentType<A>, OperandType<B>]>, ArgumentNeeds<A> | OperandWants<'number', B>, string> {
  return callOf('arrayRepeat(T, integer) list<T>', 'scalar', [argumentNode(value), operandNode(times)])
}

/** `CAST(len(list) AS INTEGER)` */
export function arraySize<A extends Argument>(
  list: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('arraySize(list<T>) integer', 'scalar', [argumentNode(list)])
}

/** `CAST(len(value) AS INTEGER)`: of a list or map. */
export function size<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('size(list|map) integer', 'scalar', [argumentNode(value)])
}

/**
 * `value[key]`: of a list at a position from 1, from the end when negative, or of a map at a key; NULL when there is none.
 */
export function elementAt<A extends Argument, B extends Operand>(
  value: A,
  key: B,
): Column<unknown, ArgumentNeeds<A> | OperandNeeds<B>, string> {
  return callOf('elementAt(list|map, any) unknown', 'scalar', [argumentNode(value), operandNode(key)])
}

/** `CASE WHEN index >= 0 THEN list[index + 1] END`: at a position from 0; NULL when there is none. */
export function get<A extends Argument, B extends Operand>(
  list: A,
  index: B,
): Column<Deferred<'item', [ArgumentType<A>, OperandType<B>]>, Wants<'list', A> | OperandWants<'number', B>, string> {
  return callOf('get(list<T>, integer) T', 'scalar', [argumentNode(list), operandNode(index)])
}

/** `flatten(lists)`: the items of the lists in a list; NULL when one of them is. */
export function flatten<A extends Argument>(
  lists: A,
): Column<Deferred<'item', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('flatten(list<list<T>>) list<T>', 'scalar', [argumentNode(lists)])
}

/** `generate_series(start, stop, step)`: from `start` to `stop`, both included. */
export function sequence<A extends Argument, B extends Argument, C extends Operand = never>(
  start: A,
  stop: B,
  step?: C,
): Column<bigint[] | null, ArgumentNeeds<A> | ArgumentNeeds<B> | OperandNeeds<C>, string> {
  return callOf('sequence(integer, integer, integer?) list<bigint>', 'scalar', [
    argumentNode(start),
    argumentNode(stop),
    ...(step === undefined ? [] : [operandNode(step)]),
  ])
}

/** `list[start:start + length - 1]`: from a position counted from 1, from the end when negative. */
export function slice<A extends Argument, B extends Operand, C extends Operand>(
  list: A,
  start: B,
  length: C,
): Column<
  Deferred<'same', [ArgumentType<A>, OperandType<B>, OperandType<C>]>,
  Wants<'list', A> | OperandWants<'number', B> | OperandWants<'number', C>,
  string
> {
  return callOf('slice(list<T>, integer, integer) list<T>', 'scalar', [
    argumentNode(list),
    operandNode(start),
    operandNode(length),
  ])
}

/**
 * `list_transform(list_sort(list_transform(list, lambda v: {'r': random(), 'v': v})), lambda p: p.v)`: in another order each time.
 */
export function shuffle<A extends Argument>(
  list: A,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return callOf('shuffle(list<T>) list<T>', 'scalar', [argumentNode(list)])
}
