import type { Column } from '../column.ts'
import type {
  Argument,
  ArgumentNeeds,
  ArgumentType,
  ArgumentTypes,
  Deferred,
  Operand,
  OperandNeeds,
  Wants,
} from '../column-types.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `map_keys(map)` */
export function mapKeys<A extends Argument>(
  map: A,
): Column<Deferred<'keys', [ArgumentType<A>]>, Wants<'map', A>, string> {
  return callOf('mapKeys(map<K, V>) list<K>', 'scalar', [argumentNode(map)])
}

/** `map_values(map)` */
export function mapValues<A extends Argument>(
  map: A,
): Column<Deferred<'values', [ArgumentType<A>]>, Wants<'map', A>, string> {
  return callOf('mapValues(map<K, V>) list<V>', 'scalar', [argumentNode(map)])
}

/** `map_entries(map)`: a list of structs with `key` and `value`. */
export function mapEntries<A extends Argument>(
  map: A,
): Column<Deferred<'entries', [ArgumentType<A>]>, Wants<'map', A>, string> {
  return callOf('mapEntries(map<K, V>) list<entry<K, V>>', 'scalar', [argumentNode(map)])
}

/** `map(keys, values)` */
export function mapFromArrays<A extends Argument, B extends Argument>(
  keys: A,
  values: B,
): Column<Deferred<'map', [ArgumentType<A>, ArgumentType<B>]>, Wants<'list', A> | Wants<'list', B>, string> {
  return callOf('mapFromArrays(list<K>, list<V>) map<K, V>', 'scalar', [argumentNode(keys), argumentNode(values)])
}

/** `map_from_entries(entries)` */
export function mapFromEntries<A extends Argument>(entries: A): Column<unknown, ArgumentNeeds<A>, string> {
  return callOf('mapFromEntries(list<entry<K,V>>) map<K, V>', 'scalar', [argumentNode(entries)])
}

/** `map_contains(map, key)` */
export function mapContainsKey<A extends Argument, B extends Operand>(
  map: A,
  key: B,
): Column<boolean | null, Wants<'map', A> | OperandNeeds<B>, string> {
  return callOf('mapContainsKey(map<K, V>, any) boolean', 'scalar', [argumentNode(map), operandNode(key)])
}

/** `map_concat(maps)`: of equal keys the last counts (PySpark fails). */
export function mapConcat<A extends readonly Argument[]>(
  ...maps: A
): Column<Deferred<'same', ArgumentTypes<A>>, Wants<'map', A[number]>, string> {
  return callOf(
    'mapConcat(map<K, V>...) map<K, V>',
    'scalar',
    maps.map((each) => argumentNode(each)),
  )
}
