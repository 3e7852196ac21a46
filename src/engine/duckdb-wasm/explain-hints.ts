/** What an optimised plan says about one scan of ours. */
export interface ScanHint {
  /** The cardinality that was set when the scan was bound; the one thing in a plan that tells scans apart. */
  readonly cardinality: number
  /** The columns the plan needs, in the order they are read, by the names the statement gives them. */
  readonly columns: readonly string[]
  /** The predicate right above the scan as DuckDB prints it, if there is one. */
  readonly filter?: string
  /** Only the number of rows matters: `count(*)` reads some column because it must read one. */
  readonly countsOnly: boolean
  /** Nothing above needs all rows, and a limit may end the scan early. */
  readonly stopsEarly: boolean
}

interface PlanNode {
  readonly name: string
  readonly children?: readonly PlanNode[]
  readonly extra_info?: Readonly<Record<string, string | readonly string[]>>
}

const scanNames: ReadonlySet<string> = new Set(['LF_SCAN', 'READ_PARQUET', 'PARQUET_SCAN'])

/** Operators that hand rows on as they come. */
const streaming: ReadonlySet<string> = new Set([
  'LIMIT',
  'STREAMING_LIMIT',
  'PROJECTION',
  'FILTER',
  'QUERY',
  'RESULT_COLLECTOR',
])

/** The scans of a plan printed by `EXPLAIN (FORMAT json)`, in plan order. Empty when the text is not understood. */
export function scanHints(explained: string): readonly ScanHint[] {
  const hints: ScanHint[] = []
  const visit = (node: PlanNode, above: readonly PlanNode[]): void => {
    if (scanNames.has(nameOf(node))) hints.push(hintOf(node, above))
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
function hintOf(scan: PlanNode, above: readonly PlanNode[]): ScanHint {
  const [parent] = above
  const filter =
    parent !== undefined && nameOf(parent) === 'FILTER' ? listOf(parent.extra_info?.['Expression']).join('\n') : ''
  const aggregates =
    parent !== undefined && nameOf(parent) === 'UNGROUPED_AGGREGATE' ? listOf(parent.extra_info?.['Aggregates']) : []
  return {
    cardinality: Number(scan.extra_info?.['Estimated Cardinality']),
    columns: listOf(scan.extra_info?.['Projections']),
    ...(filter === '' ? {} : { filter }),
    countsOnly: aggregates.length > 0 && aggregates.every((aggregate) => aggregate === 'count_star()'),
    stopsEarly:
      above.some((node) => nameOf(node).endsWith('LIMIT')) && above.every((node) => streaming.has(nameOf(node))),
  }
}

function nameOf(node: PlanNode): string {
  return node.name.trim()
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined || value === '') return []
  return typeof value === 'string' ? [value] : value
}
