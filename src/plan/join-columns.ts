import type { Join, OutputColumn } from './nodes.ts'
import { Scope, sameName } from './scope.ts'

/** One column that a join gives: positions in the left and in the right input; both for a key of `using`. */
export interface JoinColumn {
  readonly output: OutputColumn
  readonly left?: number
  readonly right?: number
}

/** The columns of a join in order, when those of its inputs are known. */
export function joinColumns(
  node: Pick<Join, 'left' | 'right' | 'how' | 'using' | 'nearest'>,
): readonly JoinColumn[] | undefined {
  const { output: left } = node.left
  const { output: right } = node.right
  if (left === undefined || right === undefined) return undefined
  const [leftScope, rightScope] = [new Scope(left), new Scope(right)]
  const keys = (node.using ?? []).map((name) => ({
    left: leftScope.resolve(name).index,
    right: rightScope.resolve(name).index,
  }))
  const { nearest } = node
  if (nearest !== undefined) leftScope.resolve(nearest.left)
  const compared = nearest === undefined ? undefined : rightScope.resolve(nearest.right).index
  const hidden = nearest !== undefined && sameName(nearest.left, nearest.right) ? compared : undefined
  const leftKeys = new Set(keys.map((key) => key.left))
  const rightKeys = new Set(keys.map((key) => key.right))
  return [
    ...keys.map((key) => ({
      ...key,
      output:
        node.how === 'full'
          ? withoutQualifier(left[key.left]!)
          : node.how === 'right'
            ? right[key.right]!
            : left[key.left]!,
    })),
    ...left.flatMap((output, index) => (leftKeys.has(index) ? [] : [{ output, left: index }])),
    ...(node.how === 'semi' || node.how === 'anti'
      ? []
      : right.flatMap((output, index) => (rightKeys.has(index) || index === hidden ? [] : [{ output, right: index }]))),
  ]
}

function withoutQualifier({ name, type }: OutputColumn): OutputColumn {
  return Object.freeze(type === undefined ? { name } : { name, type })
}
