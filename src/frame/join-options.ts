import { LakefrontError } from '../errors.ts'
import type { AnyColumn } from '../expr/column-types.ts'
import type { Expression } from '../expr/expression.ts'
import { bareNode, columnNode, isColumn } from '../expr/operand.ts'
import { join } from '../plan/join.ts'
import type { Plan } from '../plan/nodes.ts'

export interface AsofOptions<On, By, How> {
  /** The column to compare, or one of each side: `['at', 'quoted_at']`. When it has one name, it comes out once. */
  readonly on: On
  /** Columns that are equal on both sides. */
  readonly by?: By | readonly By[]
  /** `left` (default) keeps rows for which there is none. */
  readonly how?: How
  /** `backward` (default) takes the last row that is not after, `forward` the first that is not before. */
  readonly direction?: 'backward' | 'forward'
  /** Whether an equal one counts; default true. */
  readonly allowExactMatches?: boolean
}

/** What join() was given, as `plan/join` takes it: names, or conditions of which all must hold. */
export function joinCondition(on: string | AnyColumn | readonly (string | AnyColumn)[]): {
  using?: readonly string[]
  condition?: Expression
} {
  const list: readonly (string | AnyColumn)[] = isColumn(on) || !Array.isArray(on) ? [on as string | AnyColumn] : on
  if (!list.some((each) => isColumn(each))) {
    const other = list.find((each) => typeof each !== 'string')
    if (other !== undefined) columnNode(other, 'join()')
    return { using: list as readonly string[] }
  }
  const conditions = list.map((each) => {
    if (isColumn(each)) return bareNode(each.node)
    throw new LakefrontError('INVALID_ARGUMENT', `join() takes names or conditions, not both: "${each}" is a name.`)
  })
  return {
    condition: conditions.reduce((left, right) => Object.freeze({ kind: 'Binary', operator: 'and', left, right })),
  }
}

/** Each row of the left with the nearest of the right. */
export function asofJoin(
  left: Plan,
  right: Plan,
  options: AsofOptions<string | readonly [string, string], string, 'left' | 'inner'>,
): Plan {
  const { on, by = [], how = 'left', direction = 'backward', allowExactMatches = true } = options
  const [ours, theirs] = typeof on === 'string' ? [on, on] : on
  const operators = { backward: ['gt', 'ge'], forward: ['lt', 'le'] } as const
  if (!Object.hasOwn(operators, direction) || !['left', 'inner'].includes(how)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'asofJoin() takes the directions backward and forward, and joins left or inner.',
    )
  }
  return join(left, right, how === 'left' ? 'asofLeft' : 'asof', {
    using: typeof by === 'string' ? [by] : by,
    nearest: { left: ours, operator: operators[direction][allowExactMatches ? 1 : 0], right: theirs },
  })
}
