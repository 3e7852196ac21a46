import { listOf, nameOf, referenceOf, scanNames } from './plan-node.ts'
import type { PlanNode } from './plan-node.ts'

/** A column of a scan as a plan names it, and the types it is cast to, innermost first. */
export interface PlanColumn {
  /** The cardinality of the scan, see {@link ScanHint}. */
  readonly cardinality: number
  /** The columns of the scan in the order they are read, by the names the statement gives them. */
  readonly columns: readonly string[]
  /** The position of this one among them. */
  readonly column: number
  readonly casts: readonly string[]
}

/** Rows of a scan do not matter whose `column` equals none of those of `keys`. */
export interface JoinHint {
  readonly column: PlanColumn
  readonly keys: PlanColumn
}

/** Where the columns an operator hands on come from; undefined where that cannot be told. */
type Outputs = readonly (PlanColumn | undefined)[] | undefined

/** Which sides of a join lose only rows that do not matter when those are left out that match nothing. */
const restricted: Readonly<Record<string, readonly ('left' | 'right')[]>> = {
  INNER: ['left', 'right'],
  SEMI: ['left', 'right'],
  RIGHT_SEMI: ['left', 'right'],
  LEFT: ['right'],
  ANTI: ['right'],
  RIGHT: ['left'],
  RIGHT_ANTI: ['left'],
}

/**
 * What the joins of a plan say about its scans. The plan has to name columns by position, and must have been made without
 * `column_lifetime`, so that a join hands on all columns of its sides.
 */
export function joinHints(explained: string): readonly JoinHint[] {
  const hints: JoinHint[] = []
  const seen = new Map<number, number>()
  const visit = (node: PlanNode): Outputs => {
    const below = (node.children ?? []).map(visit)
    const name = nameOf(node)
    if (scanNames.has(name)) return scanOutputs(node, seen)
    if (name === 'FILTER') return below[0]
    if (name === 'PROJECTION') return listOf(node.extra_info?.['Projections']).map((text) => through(below[0], text))
    if (name !== 'HASH_JOIN' || below.length !== 2) return undefined
    const type = String(node.extra_info?.['Join Type'])
    const [left, right] = below
    for (const condition of listOf(node.extra_info?.['Conditions'])) {
      const sides = condition.split(' = ')
      const [a, b] = [through(left, sides[0]!), through(right, sides[1] ?? '')]
      if (sides.length !== 2 || a === undefined || b === undefined) continue
      for (const side of restricted[type] ?? [])
        hints.push(side === 'left' ? { column: a, keys: b } : { column: b, keys: a })
    }
    return joinOutputs(type, left, right)
  }
  try {
    for (const node of JSON.parse(explained) as readonly PlanNode[]) visit(node)
  } catch {
    return []
  }
  return hints.filter(({ column, keys }) => [column, keys].every(({ cardinality }) => seen.get(cardinality) === 1))
}

function scanOutputs(node: PlanNode, seen: Map<number, number>): Outputs {
  const cardinality = Number(node.extra_info?.['Estimated Cardinality'])
  seen.set(cardinality, (seen.get(cardinality) ?? 0) + 1)
  const columns = listOf(node.extra_info?.['Projections'])
  return columns.map((_, column) => ({ cardinality, columns, column, casts: [] }))
}

function joinOutputs(type: string, left: Outputs, right: Outputs): Outputs {
  switch (type) {
    case 'INNER':
    case 'LEFT':
    case 'RIGHT':
    case 'OUTER':
      return left && right && [...left, ...right]
    case 'SEMI':
    case 'ANTI':
      return left
    case 'RIGHT_SEMI':
    case 'RIGHT_ANTI':
      return right
    default:
      return undefined
  }
}

function through(outputs: Outputs, text: string): PlanColumn | undefined {
  const reference = referenceOf(text)
  const origin = reference && outputs?.[reference.position]
  return origin && { ...origin, casts: [...origin.casts, ...reference.casts] }
}
