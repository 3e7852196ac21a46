import { LakefrontError, nearestName } from '../errors.ts'
import type { Expression } from '../expr/expression.ts'
import { checkCondition, checkNames, checkRowwise, located, scopeOf } from './check.ts'
import { joinColumns } from './join-columns.ts'
import type { Join, JoinKind, Nearest, Plan } from './nodes.ts'

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
  if (((using ?? on.condition ?? nearest) === undefined) !== (how === 'cross')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      how === 'cross'
        ? 'A cross join takes no condition. Call crossJoin(), or join() with "inner".'
        : `A join of kind "${how}" needs the columns to join on, or a condition.`,
    )
  }
  if (using?.length === 0 && nearest === undefined)
    throw new LakefrontError('INVALID_ARGUMENT', 'join() was given an empty list of columns.')
  const condition = on.condition === undefined ? undefined : located(on.condition, left, right)
  if (condition !== undefined) {
    checkRowwise(condition, 'join()', { windows: false })
    const scope = scopeOf(left, right)
    checkNames([condition], scope)
    checkCondition(condition, scope, 'join()')
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
