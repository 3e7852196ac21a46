import type { LogicalType } from '../../../types/logical-type.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'

const listed = (type: LogicalType | undefined): void => {
  if (type?.kind !== 'list') throw unsupported('clickhouse', 'A function of what is not known to be a list')
}
/** The items of a list that pass, by their positions. */
const kept = (list: string, test: string): string =>
  `arrayFilter((lf_v, lf_i) -> ${test}, ${list}, arrayEnumerate(${list}))`
const once = (list: string): string => `indexOf(${list}, lf_v) = lf_i`
/** What a function of the items, and of their positions if it asks, is called over. */
const over = (name: string, parameters: number, [list, body]: readonly string[]): string =>
  `${name}(${body}, ${list}${parameters > 1 ? `, arrayEnumerate(${list})` : ''})`
const parametersOf = (node: { readonly kind: string } | undefined): number =>
  node?.kind === 'Lambda' ? (node as unknown as { parameters: readonly string[] }).parameters.length : 1
const extreme = (name: 'arrayMax' | 'arrayMin'): Spelling => {
  const there = 'arrayFilter(lf_v -> isNotNull(lf_v), {1})'
  return `if(empty(${there}), NULL, ${name}(${there}))`
}

/** Functions of lists, which are never NULL. */
export const collection: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  array: {
    call: (values) => {
      if (values.length === 0) throw unsupported('clickhouse', 'A list without items')
      return `[${values.join(', ')}]`
    },
  },
  arrayAppend: 'arrayPushBack',
  arrayPrepend: 'arrayPushFront',
  arrayCompact: 'arrayFilter(lf_v -> isNotNull(lf_v), {1})',
  arrayContains: 'if(isNull({2}), NULL, if(has({1}, {2}), TRUE, if(has({1}, NULL), NULL, FALSE)))',
  arrayDistinct: { call: ([list]) => kept(list!, once(list!)) },
  arrayUnion: { call: ([a, b]) => kept(`arrayConcat(${a}, ${b})`, once(`arrayConcat(${a}, ${b})`)) },
  arrayExcept: { call: ([a, b]) => kept(a!, `${once(a!)} AND NOT has(${b}, lf_v)`) },
  arrayIntersect: { call: ([a, b]) => kept(a!, `${once(a!)} AND has(${b}, lf_v)`) },
  arrayMax: extreme('arrayMax'),
  arrayMin: extreme('arrayMin'),
  arrayPosition: 'if(isNull({2}), NULL, toInt64(indexOf({1}, {2})))',
  arraySize: 'toInt32(length({1}))',
  size: {
    call: ([list], _, __, type) => {
      listed(type(0))
      return `toInt32(length(${list}))`
    },
  },
  elementAt: {
    call: ([list, position], _, __, type) => {
      listed(type(0))
      return `arrayElementOrNull(${list}, ${position})`
    },
  },
  get: 'if({2} < 0, NULL, arrayElementOrNull({1}, {2} + 1))',
  itemAt: {
    call: ([list, position], _, __, type) => {
      listed(type(0))
      return `if(${position} < 0, NULL, arrayElementOrNull(${list}, ${position} + 1))`
    },
  },
  flatten: 'arrayFlatten',
  arrayRepeat: 'arrayWithConstant(greatest({2}, 0), {1})',
  arraySort: 'arraySort',
  sortArrayDescending: 'arrayReverseSort',
  shuffle: 'arrayShuffle',
  transform: { call: (operands, _, nodes) => over('arrayMap', parametersOf(nodes[1]), operands) },
  filter: { call: (operands, _, nodes) => over('arrayFilter', parametersOf(nodes[1]), operands) },
})
