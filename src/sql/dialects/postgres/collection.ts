import type { LogicalType } from '../../../types/logical-type.ts'
import type { Spelling } from '../dialect.ts'
import { type ListWords, listFunctions } from '../lists.ts'
import { unsupported } from '../unsupported.ts'
import { asText, postgresType } from './types.ts'
import { collated, double, isList, known, noList, notANumber } from './words.ts'

const nameOf = (type: LogicalType | undefined, operation: string): string => {
  const name = postgresType(known(type, operation))
  if (name === undefined) throw unsupported('postgres', `${operation}() of such values`)
  return name
}
const checked = (element: LogicalType | undefined): void => noList('A list', element)

/** Lists are arrays of one dimension, counted from 1. */
const words: ListWords = {
  dialect: 'postgres',
  items: (list, item, at) => `unnest(${list}) WITH ORDINALITY AS lf_t(${item}, ${at})`,
  series: (from, to, step, name) => `generate_series(${from}, ${to}, ${step}) AS lf_s(${name})`,
  collect: (value, from, order, element) => {
    checked(element)
    return `ARRAY(SELECT ${value} FROM ${from} ORDER BY ${order})`
  },
  list: (values, element) => {
    checked(element)
    if (values.length === 0) return "CAST('{}' AS text[])"
    return `ARRAY[${values.join(', ')}]`
  },
  size: (list) => `cardinality(${list})`,
  at: (list, position) => `(${list})[${position}]`,
  fold: (list, initial, { total, item, next }, type) => {
    const name = nameOf(type, 'aggregate')
    const step = `SELECT lf_n, ${total}, (lf_l.lf_a)[lf_n + 1] AS ${item} FROM lf_r, lf_l WHERE lf_n < cardinality(lf_l.lf_a)`
    return `(WITH RECURSIVE lf_l(lf_a) AS (SELECT ${list}), lf_r(lf_n, ${total}) AS (SELECT 0, CAST(${initial} AS ${name}) UNION ALL SELECT lf_n + 1, CAST(${next} AS ${name}) FROM (${step}) AS lf_s) SELECT ${total} FROM lf_r ORDER BY lf_n DESC LIMIT 1)`
  },
  ordered: collated,
  gather: (value) => `(array_agg(${double(value)}) FILTER (WHERE ${value} IS NOT NULL))`,
  random: 'random()',
  nan: notANumber,
}

const textList = (type: LogicalType | undefined): void => {
  if (!isList(type) || (type as { element: LogicalType }).element.kind !== 'varchar')
    throw unsupported('postgres', 'arrayJoin() of what is not known to be a list of text')
}

/** A number of two lists of numbers, item by item; it fails where they are not of one size. */
const ofVectors = (result: string): string =>
  `CASE WHEN cardinality({1}) = cardinality({2}) THEN (SELECT ${result} FROM unnest({1}, {2}) AS lf_t(lf_v, lf_w)) ELSE 1 / (cardinality({1}) - cardinality({1})) END`

/** Functions of lists. */
export const collection: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  ...listFunctions(words),
  arrayJoin: {
    call: (operands, _, __, type) => {
      textList(type(0))
      return `array_to_string(${operands.join(', ')})`
    },
  },
  concat: {
    call: (operands, _, __, type) => {
      if (operands.every((_, at) => isList(type(at)))) return `(${operands.join(' || ')})`
      operands.forEach((_, at) => noList('concat', type(at)))
      return `(${operands.map((operand, at) => asText(operand, type(at))).join(' || ')})`
    },
  },
  itemAt: {
    call: ([list, position], _, __, type) => {
      if (!isList(type(0))) throw unsupported('postgres', 'An item of a map')
      return `(${list})[${position} + 1]`
    },
  },
  size: {
    call: ([list], _, __, type) => {
      if (!isList(type(0))) throw unsupported('postgres', 'size() of a map')
      return `cardinality(${list})`
    },
  },
  unnest: 'unnest({1})',
  unnestOuter: 'unnest(CASE WHEN cardinality({1}) > 0 THEN {1} ELSE array_append(({1})[1:0], NULL) END)',
  unnestPositions: 'generate_series(0, cardinality({1}) - 1)',
  unnestOuterPositions:
    'unnest(CASE WHEN cardinality({1}) > 0 THEN ARRAY(SELECT generate_series(0, cardinality({1}) - 1)) ELSE ARRAY[CAST(NULL AS integer)] END)',
  vectorInnerProduct: ofVectors(`sum(${double('lf_v')} * lf_w)`),
  vectorL2Distance: ofVectors(`sqrt(sum((${double('lf_v')} - lf_w) ^ 2))`),
  vectorCosineSimilarity: ofVectors(
    `sum(${double('lf_v')} * lf_w) / (sqrt(sum(${double('lf_v')} ^ 2)) * sqrt(sum(${double('lf_w')} ^ 2)))`,
  ),
})
