import { LakefrontError } from '../../../errors.ts'
import type { Expression } from '../../../expr/expression.ts'
import { classOf } from '../../../expr/value-type.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { typeName } from '../../../types/type-names.ts'
import type { Spelling } from '../dialect.ts'

/** Functions of lists, maps and structs. */
export const collection: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  range: 'range',
  unnest: 'unnest',
  unnestOuter: 'unnest(CASE WHEN len({1}) > 0 THEN {1} ELSE [NULL] END)',
  unnestPositions: 'unnest(CAST(range(len({1})) AS INTEGER[]))',
  unnestOuterPositions: 'unnest(CASE WHEN len({1}) > 0 THEN CAST(range(len({1})) AS INTEGER[]) ELSE [NULL] END)',
  array: { call: (values) => `[${values.join(', ')}]` },
  arrayAppend: 'CASE WHEN {1} IS NOT NULL THEN list_append({1}, {2}) END',
  arrayPrepend: 'CASE WHEN {1} IS NOT NULL THEN list_prepend({2}, {1}) END',
  arrayCompact: 'list_filter({1}, lambda lf_v: lf_v IS NOT NULL)',
  arrayContains:
    'CASE WHEN list_contains({1}, {2}) THEN TRUE WHEN list_position({1}, NULL) IS NOT NULL THEN NULL ELSE list_contains({1}, {2}) END',
  arrayDistinct: 'list_filter({1}, lambda lf_v, lf_i: list_position({1}, lf_v) = lf_i)',
  arrayExcept:
    'list_filter({1}, lambda lf_v, lf_i: list_position({1}, lf_v) = lf_i AND list_position({2}, lf_v) IS NULL)',
  arrayIntersect:
    'list_filter({1}, lambda lf_v, lf_i: list_position({1}, lf_v) = lf_i AND list_position({2}, lf_v) IS NOT NULL)',
  arrayUnion: 'list_filter({1} || {2}, lambda lf_v, lf_i: list_position({1} || {2}, lf_v) = lf_i)',
  arraysOverlap:
    'CASE WHEN list_has_any({1}, {2}) THEN TRUE WHEN len({1}) > 0 AND len({2}) > 0 AND (list_position({1}, NULL) IS NOT NULL OR list_position({2}, NULL) IS NOT NULL) THEN NULL ELSE list_has_any({1}, {2}) END',
  arrayInsert:
    'CASE WHEN {2} > 0 THEN list_resize({1}[:{2} - 1], {2} - 1) || [{3}] || {1}[{2}:] WHEN {2} < 0 THEN {1}[:len({1}) + {2} + 1] || [{3}] || {1}[len({1}) + {2} + 2:] END',
  arrayJoin: [
    '',
    '',
    'array_to_string(list_filter({1}, lambda lf_v: lf_v IS NOT NULL), {2})',
    'array_to_string(list_transform({1}, lambda lf_v: coalesce(lf_v, {3})), {2})',
  ],
  arrayMax: 'list_max',
  arrayMin: 'list_min',
  arrayPosition:
    'CASE WHEN {1} IS NOT NULL AND {2} IS NOT NULL THEN CAST(coalesce(list_position({1}, {2}), 0) AS BIGINT) END',
  arrayRemove: 'CASE WHEN {2} IS NOT NULL THEN list_filter({1}, lambda lf_v: lf_v IS DISTINCT FROM {2}) END',
  arrayRepeat: 'list_transform(range(greatest({2}, 0)), lambda lf_i: {1})',
  arraySize: 'CAST(len({1}) AS INTEGER)',
  elementAt: '{1}[{2}]',
  get: 'CASE WHEN {2} >= 0 THEN {1}[{2} + 1] END',
  flatten: 'CASE WHEN list_position({1}, NULL) IS NULL THEN flatten({1}) END',
  sequence: [
    '',
    '',
    'CASE WHEN {1} <= {2} THEN generate_series({1}, {2}) ELSE generate_series({1}, {2}, -1) END',
    'generate_series({1}, {2}, {3})',
  ],
  slice:
    'CASE WHEN {2} > 0 THEN {1}[{2}:{2} + {3} - 1] WHEN -{2} <= len({1}) THEN {1}[len({1}) + {2} + 1:len({1}) + {2} + {3}] WHEN {1} IS NOT NULL THEN [] END',
  shuffle:
    "list_transform(list_sort(list_transform({1}, lambda lf_v: {'r': random(), 'v': lf_v})), lambda lf_p: lf_p.v)",
  transform: 'list_transform',
  filter: 'list_filter',
  exists:
    'CASE WHEN len({1}) = 0 THEN FALSE ELSE CASE WHEN list_bool_or(list_transform({1}, {2})) THEN TRUE WHEN list_position(list_transform({1}, {2}), NULL) IS NULL AND {1} IS NOT NULL THEN FALSE END END',
  forall:
    'CASE WHEN len({1}) = 0 THEN TRUE ELSE CASE WHEN NOT list_bool_and(list_transform({1}, {2})) THEN FALSE WHEN list_position(list_transform({1}, {2}), NULL) IS NULL AND {1} IS NOT NULL THEN TRUE END END',
  aggregate: {
    call: ([list, initial, merge], _, nodes, type) => {
      const [items, total, step] = [type(0), type(2), nodes[2]!]
      const item = items?.kind === 'list' || items?.kind === 'array' ? items.element : undefined
      if (step.kind !== 'Lambda' || total === undefined || item === undefined || isAlike(total, item))
        return `list_reduce(${list}, ${merge}, ${initial})`
      return foldedApart({ list: list!, initial: initial!, merge: merge!, names: step.parameters }, total, item)
    },
  },
  zipPositions: {
    call: (lists) =>
      `CASE WHEN ${lists.map((list) => `${list} IS NOT NULL`).join(' AND ')} THEN range(greatest(${lists.map((list) => `len(${list})`).join(', ')})) END`,
  },
  arraySort: "list_sort({1}, 'ASC', 'NULLS LAST')",
  sortArray: "list_sort({1}, 'ASC', 'NULLS FIRST')",
  sortArrayDescending: "list_sort({1}, 'DESC', 'NULLS LAST')",
  size: {
    call: ([value], _, __, type) => `CAST(${type(0)?.kind === 'map' ? 'cardinality' : 'len'}(${value}) AS INTEGER)`,
  },
  itemAt: {
    call: ([value, key], _, __, type) => (type(0)?.kind === 'map' ? `${value}[${key}]` : `${value}[${key} + 1]`),
  },
  namedStruct: { call: (operands) => `{${pairs(operands)}}` },
  withField: {
    call: ([value, , item], _, nodes) =>
      `CASE WHEN ${value} IS NOT NULL THEN struct_update(${value}, ${quoted(nodes[1]!)} := ${item}) END`,
  },
  dropFields: {
    call: ([value, ...names], _, nodes, type) => {
      const struct = type(0)
      if (struct?.kind !== 'struct') {
        throw new LakefrontError(
          'UNSUPPORTED',
          'dropFields() needs to know the type of the struct. Give it one with cast().',
        )
      }
      const dropped = new Set(nodes.slice(1).map((node) => (node.kind === 'Literal' ? String(node.value) : '')))
      const kept = struct.fields
        .filter(({ name }) => !dropped.has(name))
        .map(({ name }) => `'${name.replaceAll("'", "''")}'`)
      if (kept.length === 0 || names.length === 0) {
        throw new LakefrontError('INVALID_ARGUMENT', 'dropFields() would leave no fields.')
      }
      return `CASE WHEN ${value} IS NOT NULL THEN {${kept.map((name) => `${name}: struct_extract(${value}, ${name})`).join(', ')}} END`
    },
  },
  mapKeys: 'map_keys',
  mapValues: 'map_values',
  mapEntries: 'map_entries',
  mapFromArrays: 'map({1}, {2})',
  mapFromEntries: 'map_from_entries',
  mapContainsKey: 'map_contains',
  mapConcat: 'map_concat',
  createMap: { call: (operands) => `MAP {${pairs(operands)}}` },
  mapAt: '{1}[{2}]',
  zipKeys:
    'list_filter(map_keys({1}) || map_keys({2}), lambda lf_v, lf_i: list_position(map_keys({1}) || map_keys({2}), lf_v) = lf_i)',
})

/** `a: b, c: d` of operands by turns. */
function pairs(operands: readonly string[]): string {
  return operands.flatMap((key, index) => (index % 2 === 0 ? [`${key}: ${operands[index + 1]}`] : [])).join(', ')
}

/** The text of a literal as a quoted name. */
function quoted(node: Expression): string {
  return `"${node.kind === 'Literal' ? String(node.value).replaceAll('"', '""') : ''}"`
}

function isAlike(a: LogicalType, b: LogicalType): boolean {
  return (classOf(a) === 'number' && classOf(b) === 'number') || typeName(a) === typeName(b)
}

/** Total and items share one type in `list_reduce`: here a struct of both, of which `merge` is given the total of one and the item of the other. */
function foldedApart(
  { list, initial, merge, names }: { list: string; initial: string; merge: string; names: readonly string[] },
  total: LogicalType,
  item: LogicalType,
): string {
  const [first, second = 'lf_unused'] = names
  const body = merge.slice(merge.indexOf(':') + 1)
  const pair = (t: string, v: string): string =>
    `{'t': CAST(${t} AS ${typeName(total)}), 'v': CAST(${v} AS ${typeName(item)})}`
  const merged = `list_transform([lf_q.v], lambda ${second}: list_transform([lf_p.t], lambda ${first}:${body})[1])[1]`
  return `struct_extract(list_reduce(list_transform(${list}, lambda lf_v: ${pair('NULL', 'lf_v')}), lambda lf_p, lf_q: ${pair(merged, 'NULL')}, ${pair(initial, 'NULL')}), 't')`
}
