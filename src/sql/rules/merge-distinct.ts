import { type Select, nested } from '../select.ts'

/** DISTINCT forgets an order, which it would not keep; above a limit it needs a sub-query. */
export function mergeDistinct(input: Select, nextId: () => number): Select {
  const select = input.limit !== undefined || input.offset > 0 ? nested(input, nextId) : input
  return { ...select, distinct: true, orderBy: [] }
}
