import type { LogicalType } from '../../../types/logical-type.ts'
import type { Spelling } from '../dialect.ts'
import { type ListWords, elementOf, listFunctions } from '../lists.ts'
import { unsupported } from '../unsupported.ts'
import { asText, failure, isNested } from './values.ts'
import { ofText, storable } from './words.ts'

/** What is put into JSON: text of JSON as what it means. */
const put = (value: string, type: LogicalType | undefined): string => {
  storable('A list', type)
  return isNested(type) ? `json(${value})` : value
}

/** Lists are text of JSON, whose numbers SQLite reads and prints without loss. */
const words: ListWords = {
  dialect: 'sqlite',
  items: (list, item, at) =>
    `(SELECT value AS ${item}, key + 1 AS ${at} FROM (SELECT ${list} AS lf_l), json_each(lf_l))`,
  series: (from, to, step, name) =>
    `(WITH RECURSIVE lf_s(${name}) AS (SELECT ${from} WHERE CASE WHEN ${step} > 0 THEN ${from} <= ${to} ELSE ${from} >= ${to} END UNION ALL SELECT ${name} + ${step} FROM lf_s WHERE CASE WHEN ${step} > 0 THEN ${name} + ${step} <= ${to} ELSE ${name} + ${step} >= ${to} END) SELECT ${name} FROM lf_s)`,
  collect: (value, from, order, element) =>
    `(SELECT json_group_array(${put(value, element)} ORDER BY ${order}) FROM ${from})`,
  list: (values, element) => {
    if (values.length === 0) throw unsupported('sqlite', 'A list without items', 'Its type is not known.')
    return `json_array(${values.map((value) => put(value, element)).join(', ')})`
  },
  size: (list) => `json_array_length(${list})`,
  at: (list, position) => `(${list} ->> (${position} - 1))`,
  fold: (list, initial, { total, item, next }) => {
    // The name of a recursive query can only stand in its own FROM clause, so the item comes with the total.
    const step = `SELECT lf_n + 1, ${next}, lf_a ->> (lf_n + 1) FROM lf_r, lf_l WHERE lf_n < json_array_length(lf_a)`
    return `(WITH RECURSIVE lf_l(lf_a) AS (SELECT ${list}), lf_r(lf_n, ${total}, ${item}) AS (SELECT 0, ${initial}, lf_a ->> 0 FROM lf_l UNION ALL ${step}) SELECT ${total} FROM lf_r ORDER BY lf_n DESC LIMIT 1)`
  },
  ordered: (item) => item,
  gather: (value) => `json_group_array(CAST(${value} AS REAL)) FILTER (WHERE ${value} IS NOT NULL)`,
  random: 'random()',
  nan: failure,
}

const listed = (name: string, type: LogicalType | undefined): void => {
  if (elementOf(type) === undefined) throw unsupported('sqlite', `${name}() of what is not known to be a list`)
}
/** A number of two lists of numbers, item by item; it fails where they are not of one size. */
const ofVectors = (result: string): string =>
  `CASE json_array_length({1}) = json_array_length({2}) WHEN FALSE THEN ${failure} WHEN TRUE THEN (SELECT ${result} FROM (SELECT a.value * 1.0 AS lf_v, b.value * 1.0 AS lf_w FROM (SELECT {1} AS lf_l, {2} AS lf_m), json_each(lf_l) AS a, json_each(lf_m) AS b WHERE a.key = b.key)) END`

/** Functions of lists. */
export const collection: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  ...listFunctions(words),
  arrayJoin: {
    call: ([list, separator, missing], _, __, type) => {
      ofText('arrayJoin', elementOf(type(0)))
      const item = missing === undefined ? 'lf_v' : `coalesce(lf_v, ${missing})`
      return `CASE WHEN ${list} IS NOT NULL THEN coalesce((SELECT group_concat(${item}, ${separator} ORDER BY lf_i) FROM ${words.items(list!, 'lf_v', 'lf_i')}), '') END`
    },
  },
  concat: {
    call: (operands, _, __, type) => {
      const element = elementOf(type(0))
      if (element === undefined) return `(${operands.map((operand, at) => asText(operand, type(at))).join(' || ')})`
      const parts = operands.map(
        (list, at) => `SELECT lf_v, lf_i, ${at} AS lf_o FROM ${words.items(list, 'lf_v', 'lf_i')}`,
      )
      const there = operands.map((list) => `${list} IS NOT NULL`).join(' AND ')
      return `CASE WHEN ${there} THEN ${words.collect('lf_v', `(${parts.join(' UNION ALL ')})`, 'lf_o, lf_i', element)} END`
    },
  },
  flatten: {
    call: ([list], _, __, type) => {
      const inner = elementOf(elementOf(type(0)))
      const rows = `(SELECT b.value AS lf_v, a.key AS lf_o, b.key AS lf_i FROM (SELECT ${list} AS lf_l), json_each(lf_l) AS a, json_each(a.value) AS b)`
      const hasNull = `EXISTS (SELECT 1 FROM ${words.items(list!, 'lf_v', 'lf_i')} WHERE lf_v IS NULL)`
      return `CASE WHEN ${list} IS NOT NULL AND NOT ${hasNull} THEN ${words.collect('lf_v', rows, 'lf_o, lf_i', inner)} END`
    },
  },
  itemAt: {
    call: ([list, position], _, __, type) => {
      listed('getItem', type(0))
      return `CASE WHEN ${position} >= 0 THEN (${list} ->> ${position}) END`
    },
  },
  size: {
    call: ([list], _, __, type) => {
      listed('size', type(0))
      return `json_array_length(${list})`
    },
  },
  vectorInnerProduct: ofVectors('sum(lf_v * lf_w)'),
  vectorL2Distance: ofVectors('sqrt(sum((lf_v - lf_w) * (lf_v - lf_w)))'),
  vectorCosineSimilarity: ofVectors('sum(lf_v * lf_w) / (sqrt(sum(lf_v * lf_v)) * sqrt(sum(lf_w * lf_w)))'),
})
