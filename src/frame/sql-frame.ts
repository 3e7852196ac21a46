import type { Parameter } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import type { Value } from '../expr/expression.ts'
import { isValue, literal } from '../expr/literal.ts'
import { query, queryFromText } from '../plan/leaf.ts'
import type { QuerySlot } from '../plan/nodes.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'

/** What can stand in a template of SQL: a DataFrame (a sub-query), a value (bound), an array of values (bound, in brackets). */
export type SqlSlot = AnyFrame | Value | readonly Value[]

/** A DataFrame whatever its rows are: no DataFrame type with all its methods takes every other. */
type AnyFrame = Pick<DataFrame<AnyRow>, 'plan' | 'planFor'>

/**
 * A DataFrame of SQL text. As text with `?`, `$1` or `$name` and the values for them, or as a tagged template:
 * ``sql`SELECT avg(delay) FROM ${flights} WHERE origin IN ${['SEA', 'JFK']}` ``.
 */
export function sqlFrame<Row extends object = AnyRow>(
  executor: Executor,
  text: string | TemplateStringsArray,
  ...values: readonly unknown[]
): DataFrame<Row> {
  if (typeof text === 'string') {
    const [parameters] = values as readonly [(readonly Parameter[] | Readonly<Record<string, Parameter>>)?]
    return new DataFrame(executor, queryFromText(text, checkedParameters(parameters)))
  }
  const parts: string[] = [text[0]!]
  const slots: QuerySlot[] = []
  const add = (slot: QuerySlot, after: string): void => {
    slots.push(slot)
    parts.push(after)
  }
  values.forEach((value, index) => {
    const after = text[index + 1]!
    if (Array.isArray(value)) {
      if (value.length === 0)
        throw new LakefrontError(
          'INVALID_ARGUMENT',
          `Slot ${index + 1} of the SQL template is an empty array; "IN ()" is not SQL.`,
        )
      parts[parts.length - 1] += '('
      value.forEach((item, at) => add(slotOf(item, executor, index), at === value.length - 1 ? `)${after}` : ', '))
    } else add(slotOf(value, executor, index), after)
  })
  return new DataFrame(executor, query(parts, slots))
}

function slotOf(value: unknown, executor: Executor, index: number): QuerySlot {
  if (value instanceof DataFrame) return { plan: value.planFor(executor) }
  if (isValue(value)) return { value: literal(value).value }
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `Slot ${index + 1} of the SQL template is ${value === undefined ? 'undefined' : `a value of type ${typeof value}`}. ` +
      'Put in a DataFrame, null, a boolean, number, bigint, string, Date, Uint8Array, or an array of values.',
  )
}

function checkedParameters(
  parameters: readonly Parameter[] | Readonly<Record<string, Parameter>> = [],
): readonly Parameter[] | Readonly<Record<string, Parameter>> {
  if (Array.isArray(parameters)) return parameters.map((value: Parameter) => literal(value).value)
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, literal(value as Parameter).value]),
  )
}
