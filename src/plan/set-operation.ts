import { LakefrontError } from '../errors.ts'
import { typeText } from '../expr/value-type.ts'
import type { OutputColumn, Plan, SetOperation } from './nodes.ts'
import { column } from './output.ts'
import { Scope } from './scope.ts'

/** `left UNION ALL right` and its kin. By position both sides need the same number of columns. */
export function setOperation(
  left: Plan,
  right: Plan,
  options: { operation: SetOperation['operation']; all: boolean; byName?: 'strict' | 'missing' },
): SetOperation {
  const { operation, all, byName } = options
  const node = {
    kind: 'SetOperation',
    operation,
    all,
    left,
    right,
    ...(byName === undefined ? {} : { byName }),
  } as const
  if (left.output === undefined || right.output === undefined) return Object.freeze(node)
  const aligned =
    byName === undefined
      ? left.output.map(({ name }, index) => ({ name, left: index, right: index }))
      : alignment(left.output, right.output, byName)
  if (byName === undefined && left.output.length !== right.output.length) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${operation}() matches columns by position, but the left has ${left.output.length} (${names(left.output)}) and the right ${right.output.length} (${names(right.output)}). ` +
        'Select the same number on both sides, or use unionByName().',
    )
  }
  const output = aligned.map((each: { name: string; left?: number; right?: number }) => {
    const types = [left.output![each.left ?? -1], right.output![each.right ?? -1]].map((column) => column?.type)
    const [first, second] = types
    const sure = first !== undefined && second !== undefined && typeText(first) === typeText(second)
    return column(each.name, sure ? first : undefined)
  })
  return Object.freeze({ ...node, output: Object.freeze(output) })
}

/** Where each column of a set operation by name is on both sides; undefined where it is NULL. */
export function alignment(
  left: readonly OutputColumn[],
  right: readonly OutputColumn[],
  byName: 'strict' | 'missing',
): readonly { name: string; left?: number; right?: number }[] {
  const [leftScope, rightScope] = [new Scope(left), new Scope(right)]
  const indexIn = (scope: Scope, name: string): { index?: number } => {
    const missing =
      byName === 'missing' && !scope.columns.some((column) => column.name.toLowerCase() === name.toLowerCase())
    return missing ? {} : { index: scope.resolve(name).index }
  }
  const aligned = left.map(({ name }, index) => {
    const found = indexIn(rightScope, name)
    return { name, left: index, ...(found.index === undefined ? {} : { right: found.index }) }
  })
  const extra = right.flatMap(({ name }, index) =>
    indexIn(leftScope, name).index === undefined ? [{ name, right: index }] : [],
  )
  return [...aligned, ...extra]
}

function names(columns: readonly OutputColumn[]): string {
  return columns.map((column) => column.name).join(', ')
}
