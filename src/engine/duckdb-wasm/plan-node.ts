import { scanFunctions } from './scan-parameters.ts'

/** An operator of a plan printed by `EXPLAIN (FORMAT json)`. */
export interface PlanNode {
  readonly name: string
  readonly children?: readonly PlanNode[]
  readonly extra_info?: Readonly<Record<string, string | readonly string[]>>
}

/** What our table functions are called in plans. */
export const scanNames: ReadonlySet<string> = new Set(Object.keys(scanFunctions).map((name) => name.toUpperCase()))

export function nameOf(node: PlanNode): string {
  return node.name.trim()
}

/** Plans print one line as text and several as a list. */
export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined || value === '') return []
  return typeof value === 'string' ? [value] : value
}

/** A column of the operator below as `#2` or `CAST(#2 AS BIGINT)`; undefined for any other expression. */
export function referenceOf(
  text: string,
): { readonly position: number; readonly casts: readonly string[] } | undefined {
  const column = /^#(\d+)$/.exec(text)
  if (column !== null) return { position: Number(column[1]), casts: [] }
  const cast = /^CAST\((.+) AS ([A-Z_ ]+(?:\(\d+, ?\d+\))?)\)$/.exec(text)
  const inner = cast === null ? undefined : referenceOf(cast[1]!)
  return inner && { ...inner, casts: [...inner.casts, cast![2]!.replace(', ', ',')] }
}
