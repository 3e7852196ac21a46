import type { Expression, SortKey, WindowFrame } from './expression.ts'

/**
 * The one table of where expressions hold expressions: calls `visit` on each child and returns the node with the
 * results in place, the same node when nothing changed.
 */
export function mapChildren(node: Expression, visit: (child: Expression) => Expression): Expression {
  switch (node.kind) {
    case 'ColumnReference':
    case 'InputColumn':
    case 'RelationColumn':
    case 'Star':
    case 'Literal':
    case 'LambdaVariable':
      return node
    case 'Lambda':
      return replace(node, { body: visit(node.body) })
    case 'GetItem':
      return replace(node, {
        operand: visit(node.operand),
        key: typeof node.key === 'object' ? visit(node.key) : node.key,
      })
    case 'RawSql':
    case 'Call':
      return replace(node, { operands: mapList(node.operands, visit) })
    case 'Unary':
    case 'Cast':
    case 'GetField':
    case 'Alias':
    case 'SortKey':
      return replace(node, { operand: visit(node.operand) })
    case 'Binary':
      return replace(node, { left: visit(node.left), right: visit(node.right) })
    case 'Between':
      return replace(node, { operand: visit(node.operand), low: visit(node.low), high: visit(node.high) })
    case 'InList':
      return replace(node, { operand: visit(node.operand), options: mapList(node.options, visit) })
    case 'Case': {
      const branches = mapList(node.branches, (branch) =>
        replace(branch, { when: visit(branch.when), result: visit(branch.result) }),
      )
      return replace(node, node.otherwise === undefined ? { branches } : { branches, otherwise: visit(node.otherwise) })
    }
    case 'Over':
      return replace(node, { call: visit(node.call), window: mapWindow(node.window, visit) })
    default:
      return node satisfies never
  }
}

function mapWindow(window: WindowFrame, visit: (child: Expression) => Expression): WindowFrame {
  return replace(window, {
    partitionBy: mapList(window.partitionBy, visit),
    orderBy: mapList(window.orderBy, (key) => visit(key) as SortKey),
  })
}

/** Whether `test` holds for `node` or anything below it; `descend` says where not to look. */
export function someExpression(
  node: Expression,
  test: (node: Expression) => boolean,
  descend: (node: Expression) => boolean = () => true,
): boolean {
  if (test(node)) return true
  if (!descend(node)) return false
  let found = false
  mapChildren(node, (child) => {
    found ||= someExpression(child, test, descend)
    return child
  })
  return found
}

/** Whether `node` aggregates rows: an aggregate function that is not a window function. */
export function isAggregate(node: Expression): boolean {
  return someExpression(
    node,
    (each) => each.kind === 'Call' && each.role === 'aggregate',
    (each) => each.kind !== 'Over',
  )
}

/** Whether `node` looks at other rows through a window. */
export function hasWindow(node: Expression): boolean {
  return someExpression(node, (each) => each.kind === 'Over')
}

/** Whether `node` makes rows. */
export function hasGenerator(node: Expression): boolean {
  return someExpression(node, (each) => each.kind === 'Call' && each.role === 'generator')
}

const volatile: ReadonlySet<string> = new Set(['rand', 'randn', 'uuid', 'shuffle'])

/** Whether `node` has another value each time it is computed, so that it must be written once. */
export function isVolatile(node: Expression): boolean {
  return someExpression(node, (each) => each.kind === 'Call' && volatile.has(each.name))
}

/** Whether `node` holds SQL text of the user's, of which nothing is known. */
export function hasRawSql(node: Expression): boolean {
  return someExpression(node, (each) => each.kind === 'RawSql')
}

function mapList<T>(list: readonly T[], visit: (item: T) => T): readonly T[] {
  let copy: T[] | undefined
  list.forEach((item, index) => {
    const mapped = visit(item)
    if (mapped !== item) (copy ??= [...list])[index] = mapped
  })
  return copy === undefined ? list : Object.freeze(copy)
}

function replace<T extends object>(node: T, slots: Partial<T>): T {
  for (const slot in slots) {
    if (slots[slot] !== node[slot]) return Object.freeze({ ...node, ...slots })
  }
  return node
}
