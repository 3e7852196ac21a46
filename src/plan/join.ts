import { LakefrontError, nearestName } from '../errors.ts'
import type { Expression } from '../expr/expression.ts'
import { checkNames, checkRowwise, located, scopeOf } from './check.ts'
import type { Join, JoinKind, Nearest, OutputColumn, Plan } from './nodes.ts'
import { Scope, sameName } from './scope.ts'

const spellings: Readonly<Record<string, JoinKind>> = {
  inner: 'inner',
  left: 'left',
  leftouter: 'left',
  right: 'right',
  rightouter: 'right',
  full: 'full',
  outer: 'full',
  fullouter: 'full',
  semi: 'semi',
  leftsemi: 'semi',
  anti: 'anti',
  leftanti: 'anti',
  cross: 'cross',
}

/** The join kind that `how` spells; PySpark's spellings (`left_outer`, `leftsemi`, …) are known. */
export function joinKind(how: string): JoinKind {
  const key = how.toLowerCase().replaceAll('_', '')
  if (Object.hasOwn(spellings, key)) return spellings[key]!
  const kinds = [...new Set(Object.values(spellings))]
  const nearest = nearestName(how, kinds)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `"${how}" is not a way to join. Ways: ${kinds.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
  )
}

/**
 * `left JOIN right ON condition`, or by names both have (`using`): those come out once and first, from the side that has
 * all rows. Without either the join is a cross join.
 */
export function join(
  left: Plan,
  right: Plan,
  how: JoinKind,
  on: { using?: readonly string[]; condition?: Expression; nearest?: Nearest } = {},
): Join {
  const { using, nearest } = on
  if ((using ?? on.condition ?? nearest) === undefined !== (how === 'cross')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      how === 'cross'
        ? 'A cross join takes no condition. Call crossJoin(), or join() with "inner".'
        : `A join of kind "${how}" needs the columns to join on, or a condition.`,
    )
  }
  if (using?.length === 0 && nearest === undefined) throw new LakefrontError('INVALID_ARGUMENT', 'join() was given an empty list of columns.')
  const condition = on.condition === undefined ? undefined : located(on.condition, left, right)
  if (condition !== undefined) {
    checkRowwise(condition, 'join()', { windows: false })
    checkNames([condition], scopeOf(left, right))
  }
  const node = {
    kind: 'Join',
    left,
    right,
    how,
    ...(using === undefined ? {} : { using: Object.freeze([...using]) }),
    ...(condition === undefined ? {} : { condition }),
    ...(nearest === undefined ? {} : { nearest: Object.freeze({ ...nearest }) }),
  } as const
  const columns = joinColumns(node)
  if (columns === undefined) return Object.freeze(node)
  return Object.freeze({ ...node, output: Object.freeze(columns.map(({ output }) => output)) })
}

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
