import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred } from '../column-types.ts'
import { call } from './call.ts'

type Element<A, Missing = never> = Column<Deferred<'field', [ArgumentType<A>, 0, Missing]>, ArgumentNeeds<A>, 'col'>
type Columns<A, Operation extends string, Missing = never> = Column<
  Deferred<Operation, [ArgumentType<A>, Missing]>,
  ArgumentNeeds<A>,
  string
>

/**
 * `unnest(x)`: a row per element of a list, as `col` unless named; of a map, a row per entry as `key` and `value`, or as `as('k', 'v')` says. Rows without
 * elements are left out. One in a select() or withColumn(), and nothing can be computed from it there.
 */
export function explode<A extends Argument>(value: A): Element<A> {
  return call('explode(any) unknown', 'generator', [value])
}

/** As {@link explode}; a row without elements stays, with NULL. */
export function explodeOuter<A extends Argument>(value: A): Element<A, null> {
  return call('explodeOuter(any) unknown', 'generator', [value])
}

/** As {@link explode}, with the position from 0 before it, as `pos`. */
export function posexplode<A extends Argument>(value: A): Columns<A, 'positions'> {
  return call('posexplode(any) unknown', 'generator', [value])
}

/** As {@link posexplode}; a row without elements stays, with NULL. */
export function posexplodeOuter<A extends Argument>(value: A): Columns<A, 'positions', null> {
  return call('posexplodeOuter(any) unknown', 'generator', [value])
}

/** A row per struct of a list, with the fields as columns. */
export function inline<A extends Argument>(value: A): Columns<A, 'fields'> {
  return call('inline(any) unknown', 'generator', [value])
}

/** As {@link inline}; a row without elements stays, with NULL. */
export function inlineOuter<A extends Argument>(value: A): Columns<A, 'fields', null> {
  return call('inlineOuter(any) unknown', 'generator', [value])
}
