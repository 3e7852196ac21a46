import type { Column } from '../column.ts'
import type {
  AnyColumn,
  Argument,
  ArgumentNeeds,
  ArgumentType,
  Deferred,
  Operand,
  OperandNeeds,
  OperandType,
  Wants,
} from '../column-types.ts'
import { lambda } from '../lambda.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf } from './call.ts'
import { namedStruct } from './struct.ts'

/** An item of the list `A`, in a function over it. */
type ItemOf<A> = Column<Deferred<'item', [ArgumentType<A>]>, never, string>
type Test<A> = (item: ItemOf<A>) => AnyColumn
type Of<A, R, Operation extends string> = Column<
  Deferred<Operation, [ArgumentType<A>]>,
  Wants<'list', A> | OperandNeeds<R>,
  string
>

/** `list_transform(list, lambda x: …)`: what the function makes of each item, and of its position from 0 if it asks. */
export function transform<A extends Argument, R extends Operand>(
  list: A,
  each: (item: ItemOf<A>, index: Column<number, never, string>) => R,
): Column<Deferred<'array', [OperandType<R>]>, Wants<'list', A> | OperandNeeds<R>, string> {
  return callOf('transform(list<T>, (T, integer)->U) list<U>', 'scalar', [
    argumentNode(list),
    lambda(each as never, 'transform()', 2),
  ])
}

/** `list_filter(list, lambda x: …)`: the items for which the function, given also the position from 0, is true. */
export function filter<A extends Argument, R extends AnyColumn>(
  list: A,
  test: (item: ItemOf<A>, index: Column<number, never, string>) => R,
): Of<A, R, 'same'> {
  return callOf('filter(list<T>, (T, integer)->boolean) list<T>', 'scalar', [
    argumentNode(list),
    lambda(test as never, 'filter()', 2),
  ])
}

/** `list_bool_or(list_transform(list, lambda x: …))`: whether one item passes; NULL when none does and one test is NULL. */
export function exists<A extends Argument>(list: A, test: Test<A>): Column<boolean | null, Wants<'list', A>, string> {
  return callOf('exists(list<T>, (T)->boolean) boolean', 'scalar', [
    argumentNode(list),
    lambda(test as never, 'exists()', 1),
  ])
}

/** `list_bool_and(list_transform(list, lambda x: …))`: whether all items pass; NULL when none fails and one test is NULL. */
export function forall<A extends Argument>(list: A, test: Test<A>): Column<boolean | null, Wants<'list', A>, string> {
  return callOf('forall(list<T>, (T)->boolean) boolean', 'scalar', [
    argumentNode(list),
    lambda(test as never, 'forall()', 1),
  ])
}

/**
 * `list_reduce(list, lambda total, x: …, initial)`: goes through the items, from `initial` on; `finish` makes the result of
 * the last total. Where total and items are of types that are not alike, each pair of them goes through a struct of both on DuckDB.
 */
export function aggregate<A extends Argument, I extends Operand, R extends Operand = Column<OperandType<I>>>(
  list: A,
  initial: I,
  merge: (total: Column<OperandType<I>, never, string>, item: ItemOf<A>) => Operand,
  finish?: (total: Column<OperandType<I>, never, string>) => R,
): Column<OperandType<R> | null, Wants<'list', A> | OperandNeeds<I>, string> {
  const total = callOf('aggregate(list<T>, A, (A, T)->A) A', 'scalar', [
    argumentNode(list),
    operandNode(initial),
    lambda(merge as never, 'aggregate()', 2),
  ])
  if (finish === undefined) return total
  return transform(call('array(T...) list<T>', 'scalar', [total]), finish as never).getItem(0) as Column<never>
}

/** `list_transform(range(…), lambda i: …)`: what the function makes of the items of both lists side by side; NULL where one is shorter. */
export function zipWith<A extends Argument, B extends Argument, R extends Operand>(
  left: A,
  right: B,
  each: (left: ItemOf<A>, right: ItemOf<B>) => R,
): Column<Deferred<'array', [OperandType<R>]>, Wants<'list', A> | Wants<'list', B>, string> {
  const positions = call('zipPositions(list...) list<bigint>', 'scalar', [left, right])
  const item = (list: Argument, index: AnyColumn): AnyColumn => call('get(list<T>, integer) T', 'scalar', [list, index])
  return transform(positions, (index) => each(item(left, index) as never, item(right, index) as never)) as Column<never>
}

/**
 * `[{'0': a[1], '1': b[1]}, …]`: structs of the items of the lists side by side, with the names of the columns, or positions
 * from 0 where a list has none.
 */
export function arraysZip<A extends readonly [Argument, ...Argument[]]>(
  ...lists: A
): Column<Record<string, unknown>[] | null, Wants<'list', A[number]>, string> {
  const positions: AnyColumn = call('zipPositions(list...) list<bigint>', 'scalar', lists)
  const zipped: AnyColumn = transform(positions, (index) =>
    namedStruct(
      Object.fromEntries(
        lists.map((list, position) => {
          const node = argumentNode(list)
          const name = node.kind === 'ColumnReference' ? node.name : String(position)
          return [name, call('get(list<T>, integer) T', 'scalar', [list, index])]
        }),
      ),
    ),
  )
  return zipped
}

/**
 * `list_sort(list, 'ASC', 'NULLS LAST')`, or in the order of a function of two items that is below, at or above 0 as the
 * first belongs before, beside or after the second. With a function the time grows with the square of the length.
 */
export function arraySort<A extends Argument>(
  list: A,
  compare?: (left: ItemOf<A>, right: ItemOf<A>) => AnyColumn,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'list', A>, string> {
  if (compare === undefined) return call('arraySort(list<T>) list<T>', 'scalar', [list])
  const placed = transform(list, (item, index) =>
    namedStruct({
      before: call('size(list) integer', 'scalar', [
        filter(list, (other) => compare(other as never, item as never).lt(0)),
      ]) as AnyColumn,
      index,
      item,
    }),
  )
  const sorted = call('arraySort(list<T>) list<T>', 'scalar', [placed])
  return transform(sorted, (each) => (each as AnyColumn).getField('item')) as Column<never>
}

/** `list_sort(list, 'ASC', 'NULLS FIRST')`, or descending with NULLs last. */
export function sortArray<A extends Argument>(
  list: A,
  ascending = true,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'list', A>, string> {
  return call(`${ascending ? 'sortArray' : 'sortArrayDescending'}(list<T>) list<T>`, 'scalar', [list])
}

type KeyOf<A> = Column<Deferred<'key', [ArgumentType<A>]>, never, string>
type ValueIn<A> = Column<Deferred<'value', [ArgumentType<A>]>, never, string>

/** `map_from_entries(list_filter(map_entries(map), lambda x: …))`: the entries whose key and value pass. */
export function mapFilter<A extends Argument>(
  map: A,
  test: (key: KeyOf<A>, value: ValueIn<A>) => AnyColumn,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'map', A>, string> {
  return entriesMapped(map, (entries) => filter(entries, (entry) => test(...partsOf<A>(entry))))
}

/** `map_from_entries(list_transform(map_entries(map), lambda x: …))`: other keys, by key and value. */
export function transformKeys<A extends Argument, R extends Operand>(
  map: A,
  each: (key: KeyOf<A>, value: ValueIn<A>) => R,
): Column<Deferred<'rekeyed', [ArgumentType<A>, OperandType<R>]>, Wants<'map', A> | OperandNeeds<R>, string> {
  return entriesMapped(map, (entries) =>
    transform(entries, (entry) => {
      const [key, value] = partsOf<A>(entry)
      return namedStruct({ key: each(key, value) as AnyColumn, value })
    }),
  )
}

/** `map_from_entries(list_transform(map_entries(map), lambda x: …))`: other values, by key and value. */
export function transformValues<A extends Argument, R extends Operand>(
  map: A,
  each: (key: KeyOf<A>, value: ValueIn<A>) => R,
): Column<Deferred<'revalued', [ArgumentType<A>, OperandType<R>]>, Wants<'map', A> | OperandNeeds<R>, string> {
  return entriesMapped(map, (entries) =>
    transform(entries, (entry) => {
      const [key, value] = partsOf<A>(entry)
      return namedStruct({ key, value: each(key, value) as AnyColumn })
    }),
  )
}

/** A map of the keys of both maps, to what the function makes of a key and its values, NULL where a map lacks it. */
export function mapZipWith<A extends Argument, B extends Argument, R extends Operand>(
  left: A,
  right: B,
  each: (key: KeyOf<A>, left: ValueIn<A>, right: ValueIn<B>) => R,
): Column<Deferred<'revalued', [ArgumentType<A>, OperandType<R>]>, ArgumentNeeds<A> | ArgumentNeeds<B>, string> {
  const keys = call('zipKeys(map<K, V>, map<K, W>) list<K>', 'scalar', [left, right])
  const at = (map: Argument, key: AnyColumn): AnyColumn => call('mapAt(map<K, V>, K) V', 'scalar', [map, key])
  const entries = transform(keys, (key) =>
    namedStruct({ key, value: each(key as never, at(left, key) as never, at(right, key) as never) as AnyColumn }),
  )
  return call('mapFromEntries(list<entry<K, V>>) map<K, V>', 'scalar', [entries])
}

function partsOf<A>(entry: AnyColumn): [KeyOf<A>, ValueIn<A>] {
  return [entry.getField('key'), entry.getField('value')] as AnyColumn[] as [KeyOf<A>, ValueIn<A>]
}

function entriesMapped(map: Argument, change: (entries: AnyColumn) => AnyColumn): Column<never, never, never> {
  const entries = call('mapEntries(map<K, V>) list<entry<K, V>>', 'scalar', [map])
  return call('mapFromEntries(list<entry<K, V>>) map<K, V>', 'scalar', [change(entries)])
}
