import { listOf, nameOf, referenceOf, scanNames } from './plan-node.ts'
import type { PlanNode } from './plan-node.ts'

/** What an optimised plan says about one scan of ours. */
export interface ScanHint {
  /** The cardinality that was set when the scan was bound; the one thing in a plan that tells scans apart. */
  readonly cardinality: number
  /** The columns the plan needs, in the order they are read, by the names the statement gives them. */
  readonly columns: readonly string[]
  /** The predicate right above the scan as DuckDB prints it, if there is one; columns as `#0`, by their position in `columns`. */
  readonly filter?: string
  /** Only the number of rows matters: `count(*)` reads some column because it must read one. */
  readonly countsOnly: boolean
  /** Nothing above needs all rows, and a limit may end the scan early. */
  readonly stopsEarly: boolean
  /** How many rows that limit is likely to take. */
  readonly limit?: number
  /** The plan wants only the first rows in the order of one of `columns`, by its position; where nulls go in it is not told. */
  readonly top?: { readonly column: number; readonly direction: 'up' | 'down'; readonly rows: number }
}

/** Operators that hand rows on as they come. */
const streaming: ReadonlySet<string> = new Set([
  'LIMIT',
  'STREAMING_LIMIT',
  'PROJECTION',
  'FILTER',
  'QUERY',
  'RESULT_COLLECTOR',
])

/** A limit at the end of a statement; plans do not tell it. */
const lastLimit = /\blimit\s+(\d{1,9})(?:\s+offset\s+(\d{1,9}))?[\s;]*$/i

/** The scans of a plan printed by `EXPLAIN (FORMAT json)` for `sql`, in plan order. Empty when the text is not understood. */
export function scanHints(explained: string, sql: string): readonly ScanHint[] {
  const hints: ScanHint[] = []
  const visit = (node: PlanNode, above: readonly PlanNode[]): void => {
    if (scanNames.has(nameOf(node))) hints.push(hintOf(node, above, sql))
    else for (const child of node.children ?? []) visit(child, [node, ...above])
  }
  try {
    for (const node of JSON.parse(explained) as readonly PlanNode[]) visit(node, [])
  } catch {
    return []
  }
  return hints
}

/** `above` holds the nodes over the scan, nearest first. */
function hintOf(scan: PlanNode, above: readonly PlanNode[], sql: string): ScanHint {
  const [parent] = above
  const filter =
    parent !== undefined && nameOf(parent) === 'FILTER' ? listOf(parent.extra_info?.['Expression']).join('\n') : ''
  const aggregates =
    parent !== undefined && nameOf(parent) === 'UNGROUPED_AGGREGATE' ? listOf(parent.extra_info?.['Aggregates']) : []
  const columns = listOf(scan.extra_info?.['Projections'])
  const stopsEarly =
    above.some((node) => nameOf(node).endsWith('LIMIT')) && above.every((node) => streaming.has(nameOf(node)))
  const limit = stopsEarly && !above.some((node) => nameOf(node) === 'FILTER') ? lastLimit.exec(sql) : null
  const top = topOf(above, columns)
  return {
    cardinality: Number(scan.extra_info?.['Estimated Cardinality']),
    columns,
    ...(filter === '' ? {} : { filter }),
    countsOnly: aggregates.length > 0 && aggregates.every((aggregate) => aggregate === 'count_star()'),
    stopsEarly,
    ...(limit === null ? {} : { limit: Number(limit[1]) + Number(limit[2] ?? 0) }),
    ...(top === undefined ? {} : { top }),
  }
}

/** The first key of a `TOP_N` above the scan, with nothing but projections between. */
function topOf(above: readonly PlanNode[], columns: readonly string[]): ScanHint['top'] {
  const at = above.findIndex((node) => nameOf(node) !== 'PROJECTION')
  const node = above[at]
  if (node === undefined || nameOf(node) !== 'TOP_N') return undefined
  const { extra_info: info = {} } = node
  const match = /^(#\d+) (ASC|DESC)\b/.exec(listOf(info['Order By'])[0] ?? '')
  const rows = Number(info['Top']) + Number(info['Offset'] ?? 0)
  let key = match === null ? undefined : positionOf(match[1]!)
  for (const { extra_info } of above.slice(0, at).reverse())
    key = key === undefined ? undefined : positionOf(listOf(extra_info?.['Projections'])[key] ?? '')
  if (key === undefined || key >= columns.length || !Number.isSafeInteger(rows)) return undefined
  return { column: key, direction: match![2] === 'ASC' ? 'up' : 'down', rows }
}

function positionOf(text: string): number | undefined {
  const reference = referenceOf(text)
  return reference?.casts.length === 0 ? reference.position : undefined
}
