import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `list_inner_product(CAST(a AS DOUBLE[]), CAST(b AS DOUBLE[]))` */
export function vectorInnerProduct<A extends Argument, B extends Argument>(
  a: A,
  b: B,
): Column<Deferred<'number', [ArgumentType<A>, ArgumentType<B>]>, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('vectorInnerProduct(list<T>, list<T>) double', 'scalar', [argumentNode(a), argumentNode(b)])
}

/** `list_cosine_similarity(CAST(a AS DOUBLE[]), CAST(b AS DOUBLE[]))` */
export function vectorCosineSimilarity<A extends Argument, B extends Argument>(
  a: A,
  b: B,
): Column<Deferred<'number', [ArgumentType<A>, ArgumentType<B>]>, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('vectorCosineSimilarity(list<T>, list<T>) double', 'scalar', [argumentNode(a), argumentNode(b)])
}

/** `list_distance(CAST(a AS DOUBLE[]), CAST(b AS DOUBLE[]))` */
export function vectorL2Distance<A extends Argument, B extends Argument>(
  a: A,
  b: B,
): Column<Deferred<'number', [ArgumentType<A>, ArgumentType<B>]>, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('vectorL2Distance(list<T>, list<T>) double', 'scalar', [argumentNode(a), argumentNode(b)])
}
