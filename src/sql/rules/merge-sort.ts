import type { SortKey } from '../../expr/expression.ts'
import { canInline, isOpaque, isWindowed } from '../inline.ts'
import { type Select, inTermsOf, nested } from '../select.ts'
import { exposeNames } from './expose-names.ts'

/** A sort replaces the ORDER BY of the same SELECT; above a limit it needs a sub-query, as does computing from what DISTINCT left. */
export function mergeSort(input: Select, keys: readonly SortKey[], nextId: () => number): Select {
  let select = exposeNames(input, keys, nextId)
  const computed = keys.filter((key) => key.operand.kind !== 'InputColumn')
  if (
    select.limit !== undefined ||
    select.offset > 0 ||
    (computed.length > 0 &&
      (select.distinct || isOpaque(select) || isWindowed(select) || !canInline(select, computed, true)))
  ) {
    select = nested(select, nextId)
  }
  return { ...select, orderBy: keys.map((key) => inTermsOf(select, key) as SortKey) }
}
