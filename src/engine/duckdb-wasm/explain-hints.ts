/** What an optimised plan says about one scan of ours. */
export interface ScanHint {
  /** Names of the columns the plan needs, in no particular order. */
  readonly columns: readonly string[]
  /** The predicate right above the scan as DuckDB prints it, if there is one. */
  readonly filter?: string
}

interface PlanNode {
  readonly name: string
  readonly children?: readonly PlanNode[]
  readonly extra_info?: Readonly<Record<string, string | readonly string[]>>
}

const scanNames: ReadonlySet<string> = new Set(['LF_SCAN', 'READ_PARQUET', 'PARQUET_SCAN'])

/** The scans of a plan printed by `EXPLAIN (FORMAT json)`, in plan order. Empty when the text is not understood. */
export function scanHints(explained: string): readonly ScanHint[] {
  const hints: ScanHint[] = []
  const visit = (node: PlanNode, filter: string | undefined): void => {
    if (scanNames.has(node.name.trim())) {
      hints.push({ columns: listOf(node.extra_info?.['Projections']), ...(filter === undefined ? {} : { filter }) })
      return
    }
    const own = node.name.trim() === 'FILTER' ? listOf(node.extra_info?.['Expression']).join(' AND ') : ''
    for (const child of node.children ?? []) visit(child, own === '' ? undefined : own)
  }
  try {
    for (const node of JSON.parse(explained) as readonly PlanNode[]) visit(node, undefined)
  } catch {
    return []
  }
  return hints
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined || value === '') return []
  return typeof value === 'string' ? [value] : value
}
