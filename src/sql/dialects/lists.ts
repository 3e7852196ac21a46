import type { Expression } from '../../expr/expression.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import type { Spelling, TypeOfOperand } from './dialect.ts'
import { unsupported } from './unsupported.ts'

/** How an engine takes a list apart into rows and puts rows together to a list. */
export interface ListWords {
  readonly dialect: string
  /** What stands after FROM for the items of a list and their positions from 1, under those names. */
  items(list: string, item: string, at: string): string
  /** What stands after FROM for whole numbers, the last one included, under that name. */
  series(from: string, to: string, step: string, name: string): string
  /** The list of a value of each row of `from`, what stands after FROM. */
  collect(value: string, from: string, order: string, element: LogicalType | undefined): string
  /** A list of values. */
  list(values: readonly string[], element: LogicalType | undefined): string
  size(list: string): string
  /** The item at a position from 1. */
  at(list: string, position: string, element: LogicalType | undefined): string
  /** One total after the other, beginning with `initial`; `merge` says the next by the names of the last one and of the item. */
  fold(list: string, initial: string, merge: FoldStep, total: LogicalType | undefined): string
  /** An item as it is compared and sorted: text by its code points. */
  ordered(item: string, element: LogicalType | undefined): string
  /** The list of an aggregate's values that are not NULL, as floating point numbers. */
  gather(value: string): string
  readonly random: string
  /** What is no number, or what fails where there is no such value. */
  readonly nan: string
}

export interface FoldStep {
  readonly total: string
  readonly item: string
  readonly next: string
}

/** The type of a list's items, where it is known. */
export function elementOf(type: LogicalType | undefined): LogicalType | undefined {
  return type?.kind === 'list' || type?.kind === 'array' ? type.element : undefined
}

const isNested = (type: LogicalType | undefined): boolean =>
  type !== undefined && ['list', 'array', 'struct', 'map', 'json'].includes(type.kind)

/** `body` unless one of `values` is NULL. */
function ifPresent(values: readonly string[], body: string): string {
  return `CASE WHEN ${values.map((value) => `${value} IS NOT NULL`).join(' AND ')} THEN ${body} END`
}

/** Functions of lists, each as a sub-query over the items. */
export function listFunctions(words: ListWords): Readonly<Record<string, Spelling>> {
  const { collect, items, size } = words
  const all = (list: string): string => items(list, 'lf_v', 'lf_i')
  const others = (list: string): string => items(list, 'lf_w', 'lf_j')
  const kept = (list: string, type: LogicalType | undefined, where: string): string =>
    ifPresent([list], collect('lf_v', `${all(list)} WHERE ${where}`, 'lf_i', elementOf(type)))
  const distinct = (list: string, type: LogicalType | undefined, where = ''): string =>
    collect(
      'lf_v',
      `(SELECT lf_v, min(lf_i) AS lf_i FROM ${all(list)}${where} GROUP BY lf_v) AS lf_d`,
      'lf_i',
      elementOf(type),
    )
  const isIn = (value: string, list: string): string =>
    `EXISTS (SELECT 1 FROM ${others(list)} WHERE lf_w IS NOT DISTINCT FROM ${value})`
  const joined = (lists: readonly string[], element: LogicalType | undefined): string => {
    const parts = lists.map((list, at) => `SELECT lf_v, lf_i, ${at} AS lf_o FROM ${all(list)}`)
    return ifPresent(lists, collect('lf_v', `(${parts.join(' UNION ALL ')}) AS lf_u`, 'lf_o, lf_i', element))
  }
  const sorted = (order: string): Spelling =>
    spelled(([list], type) => {
      const element = elementOf(type(0))
      if (isNested(element)) throw unsupported(words.dialect, 'A sort of lists, structs or maps')
      return ifPresent([list], collect('lf_v', all(list), `${words.ordered('lf_v', element)} ${order}, lf_i`, element))
    })
  const extreme = (name: string): Spelling =>
    spelled(([list], type) => {
      const element = elementOf(type(0))
      if (element === undefined || isNested(element) || element.kind === 'boolean')
        throw unsupported(words.dialect, `The ${name} of such a list`)
      return `(SELECT ${name}(${words.ordered('lf_v', element)}) FROM ${all(list)})`
    })
  const each = (list: string, node: Expression | undefined, use: (names: Names) => string): string => {
    const [item = 'lf_v', at = 'lf_i'] = node?.kind === 'Lambda' ? node.parameters : []
    return use({ item, at, from: items(list, item, at) })
  }
  const shifted = (list: string, position: string): string =>
    `CASE WHEN ${position} < 0 THEN ${size(list)} + 1 + ${position} ELSE ${position} END`
  return {
    array: { call: (values, _, __, type) => words.list(values, type(0)) },
    arrayAppend: spelled(([list, value], type) =>
      ifPresent([list], joined([list, words.list([value], type(1))], elementOf(type(0)))),
    ),
    arrayPrepend: spelled(([list, value], type) =>
      ifPresent([list], joined([words.list([value], type(1)), list], elementOf(type(0)))),
    ),
    arrayCompact: spelled(([list], type) => kept(list, type(0), 'lf_v IS NOT NULL')),
    arrayContains: spelled(([list, value]) => ifPresent([list, value], `${value} IN (SELECT lf_v FROM ${all(list)})`)),
    arrayDistinct: spelled(([list], type) => ifPresent([list], distinct(list, type(0)))),
    arrayUnion: spelled(([a, b], type) => {
      const list = joined([a, b], elementOf(type(0)))
      return ifPresent([a, b], distinct(list, type(0)))
    }),
    arrayExcept: spelled(([a, b], type) => ifPresent([a, b], distinct(a, type(0), ` WHERE NOT ${isIn('lf_v', b)}`))),
    arrayIntersect: spelled(([a, b], type) => ifPresent([a, b], distinct(a, type(0), ` WHERE ${isIn('lf_v', b)}`))),
    arraysOverlap: spelled(([a, b]) => {
      const hasNull = (list: string): string => `EXISTS (SELECT 1 FROM ${all(list)} WHERE lf_v IS NULL)`
      const both = `EXISTS (SELECT 1 FROM ${all(a)} WHERE EXISTS (SELECT 1 FROM ${others(b)} WHERE lf_w = lf_v))`
      const unsure = `${size(a)} > 0 AND ${size(b)} > 0 AND (${hasNull(a)} OR ${hasNull(b)})`
      return ifPresent([a, b], `CASE WHEN ${both} THEN TRUE WHEN ${unsure} THEN NULL ELSE FALSE END`)
    }),
    arrayInsert: {
      call: ([list, , value], _, nodes, type) => {
        const position = nodes[1]?.kind === 'Literal' ? Number(nodes[1].value) : 0
        const element = elementOf(type(0))
        const added = words.list([value!], type(2))
        if (position === -1) return joined([list!, added], element)
        if (!(position > 0))
          throw unsupported(words.dialect, 'arrayInsert() at a position that is computed or before the last')
        const padding = words.series(`${size(list!)} + 1`, `${position - 1}`, '1', 'lf_i')
        const rows = [
          `SELECT lf_v, CASE WHEN lf_i < ${position} THEN lf_i ELSE lf_i + 1 END AS lf_i FROM ${all(list!)}`,
          `SELECT NULL, lf_i FROM ${padding}`,
          `SELECT lf_v, ${position} FROM ${all(added)}`,
        ]
        return ifPresent([list!], collect('lf_v', `(${rows.join(' UNION ALL ')}) AS lf_u`, 'lf_i', element))
      },
    },
    arrayMax: extreme('max'),
    arrayMin: extreme('min'),
    arrayPosition: spelled(([list, value]) =>
      ifPresent([list, value], `coalesce((SELECT min(lf_i) FROM ${all(list)} WHERE lf_v = ${value}), 0)`),
    ),
    arrayRemove: spelled(([list, value], type) =>
      ifPresent([value], kept(list, type(0), `lf_v IS DISTINCT FROM ${value}`)),
    ),
    arrayRepeat: spelled(([value, count], type) =>
      ifPresent([count], collect(value, words.series('1', count, '1', 'lf_i'), 'lf_i', type(0))),
    ),
    arraySize: spelled(([list]) => size(list)),
    elementAt: spelled(([list, position], type) => words.at(list, shifted(list, position), elementOf(type(0)))),
    get: spelled(
      ([list, position], type) =>
        `CASE WHEN ${position} >= 0 THEN ${words.at(list, `${position} + 1`, elementOf(type(0)))} END`,
    ),
    sequence: spelled(([from, to, step], type) => {
      const made = (by: string): string =>
        collect('lf_i', words.series(from, to, by, 'lf_i'), by.startsWith('-') ? 'lf_i DESC' : 'lf_i', type(0))
      if (step !== undefined) {
        const order = `CASE WHEN ${step} < 0 THEN -lf_i ELSE lf_i END`
        return ifPresent([from, to, step], collect('lf_i', words.series(from, to, step, 'lf_i'), order, type(0)))
      }
      return ifPresent([from, to], `CASE WHEN ${from} <= ${to} THEN ${made('1')} ELSE ${made('-1')} END`)
    }),
    range: spelled(([from, to], type) =>
      collect('lf_i', words.series(from, `${to} - 1`, '1', 'lf_i'), 'lf_i', type(0)),
    ),
    slice: spelled(([list, start, count], type) =>
      ifPresent(
        [list],
        collect(
          'lf_v',
          `${all(list)} WHERE lf_i >= ${shifted(list, start)} AND lf_i < ${shifted(list, start)} + ${count} AND ${shifted(list, start)} > 0`,
          'lf_i',
          elementOf(type(0)),
        ),
      ),
    ),
    shuffle: spelled(([list], type) => ifPresent([list], collect('lf_v', all(list), words.random, elementOf(type(0))))),
    transform: {
      call: ([list, body], _, nodes, type) =>
        each(list!, nodes[1], ({ at, from }) => ifPresent([list!], collect(body!, from, at, type(1)))),
    },
    filter: {
      call: ([list, test], _, nodes, type) =>
        each(list!, nodes[1], ({ item, at, from }) =>
          ifPresent([list!], collect(item, `${from} WHERE ${test}`, at, elementOf(type(0)))),
        ),
    },
    exists: {
      call: ([list, test], _, nodes) =>
        each(list!, nodes[1], ({ from }) => ifPresent([list!], `TRUE IN (SELECT ${test} FROM ${from})`)),
    },
    forall: {
      call: ([list, test], _, nodes) =>
        each(list!, nodes[1], ({ from }) => ifPresent([list!], `NOT (FALSE IN (SELECT ${test} FROM ${from}))`)),
    },
    aggregate: {
      call: ([list, initial, next], _, nodes, type) => {
        const [total = 'lf_x', item = 'lf_y'] = nodes[2]?.kind === 'Lambda' ? nodes[2].parameters : []
        return ifPresent([list!], words.fold(list!, initial!, { total, item, next: next! }, type(2)))
      },
    },
    zipPositions: spelled((lists) => {
      const longest = lists.reduce((a, b) => `CASE WHEN ${size(a)} > ${size(b)} THEN ${a} ELSE ${b} END`)
      return ifPresent(
        lists,
        collect('lf_i', words.series('0', `${size(longest)} - 1`, '1', 'lf_i'), 'lf_i', { kind: 'bigint' }),
      )
    }),
    arraySort: sorted('ASC NULLS LAST'),
    sortArray: sorted('ASC NULLS FIRST'),
    sortArrayDescending: sorted('DESC NULLS LAST'),
    ...aggregates(words),
  }
}

/** Aggregates of the values of all rows, gathered in a list. */
function aggregates(words: ListWords): Readonly<Record<string, Spelling>> {
  const moment = (result: string): Spelling => ({
    call: ([value], distinct) => {
      if (distinct) throw unsupported(words.dialect, 'Such an aggregate of distinct values')
      const deviations = `SELECT lf_v - avg(lf_v) OVER () AS lf_d FROM ${words.items(words.gather(value!), 'lf_v', 'lf_i')}`
      const powers = [2, 3, 4].map((power) => `avg(${Array(power).fill('lf_d').join(' * ')}) AS lf_m${power}`)
      return `(SELECT ${result} FROM (SELECT count(*) AS lf_n, ${powers.join(', ')} FROM (${deviations}) AS lf_a) AS lf_b)`
    },
    hasWindows: false,
  })
  return {
    product: {
      call: ([value]) => {
        const step = { total: 'lf_p', item: 'lf_v', next: 'lf_p * lf_v' }
        const list = words.gather(value!)
        return `CASE WHEN count(${value}) > 0 THEN ${words.fold(list, '1', step, { kind: 'double' })} END`
      },
      hasWindows: false,
    },
    skewness: moment(
      `CASE WHEN lf_n > 2 THEN CASE WHEN lf_m2 = 0 THEN ${words.nan} ELSE lf_m3 / (lf_m2 * sqrt(lf_m2)) END END`,
    ),
    kurtosis: moment('CASE WHEN lf_n > 1 AND lf_m2 > 0 THEN lf_m4 / (lf_m2 * lf_m2) - 3 END'),
  }
}

/** A spelling of operands that are all given. */
function spelled(write: (operands: readonly string[] & Given, type: TypeOfOperand) => string): Spelling {
  return { call: (operands, _, __, type) => write(operands as readonly string[] & Given, type) }
}

/** Operands of functions whose number was checked where they were made. */
type Given = readonly [string, string, string]

interface Names {
  readonly item: string
  readonly at: string
  readonly from: string
}
