import { LakefrontError } from '../errors.ts'
import type { ColumnReference, Expression, InputColumn } from '../expr/expression.ts'
import { inputsOf } from './inputs.ts'
import { joinColumns } from './join-columns.ts'
import type { Plan } from './nodes.ts'
import { Scope, sameName } from './scope.ts'

/**
 * The column that `frame.col('name')` means in `inputs`, side by side: that of the frame's plan, followed through all steps
 * that pass it on. Throws `COLUMN_NOT_FOUND` when it was lost on the way, `COLUMN_AMBIGUOUS` when it arrived twice.
 */
export function columnOfPlan(reference: ColumnReference, inputs: readonly Plan[]): InputColumn {
  let offset = 0
  const found: number[] = []
  for (const input of inputs) {
    for (const index of positions(input, reference)) found.push(offset + index)
    offset += input.output!.length
  }
  const [index] = found
  if (index === undefined) {
    throw new LakefrontError(
      'COLUMN_NOT_FOUND',
      `The column "${reference.name}" is one of a DataFrame that is not an input here, or it was dropped or replaced since. Take it from the DataFrame that this is called on, or name it: col("${reference.name}").`,
      { details: { column: reference.name } },
    )
  }
  if (found.length > 1) {
    throw new LakefrontError(
      'COLUMN_AMBIGUOUS',
      `The column "${reference.name}" arrives here ${found.length} times, as in a join of a DataFrame with itself. Give each side an alias() and write col("alias.${reference.name}").`,
      { details: { column: reference.name } },
    )
  }
  return Object.freeze({ kind: 'InputColumn', index, name: inputs.flatMap(({ output }) => output!)[index]!.name })
}

/** Where the column of the plan with the reference's id is among the columns of `root`, each way down that leads to it. */
function positions(root: Plan, { name, plan: id }: ColumnReference): readonly number[] {
  const waiting: (readonly Step[])[] = [[{ node: root, side: 0 }]]
  const found: number[] = []
  while (waiting.length > 0) {
    const path = waiting.pop()!
    const { node } = path.at(-1)!
    if (node.id !== id) {
      inputsOf(node).forEach((input, side) => waiting.push([...below(path, side), { node: input, side: 0 }]))
      continue
    }
    let index: number | undefined = new Scope(node.output!).resolve(name).index
    for (let at = path.length - 2; at >= 0 && index !== undefined; at--) index = passedOn(path[at]!, index)
    if (index !== undefined) found.push(index)
  }
  return found
}

interface Step {
  readonly node: Plan
  /** By which of its inputs the path goes on. */
  readonly side: number
}

function below(path: readonly Step[], side: number): readonly Step[] {
  return side === 0 ? path : [...path.slice(0, -1), { node: path.at(-1)!.node, side }]
}

/** Where `node` gives the column that is at `index` in its input. */
function passedOn({ node, side }: Step, index: number): number | undefined {
  switch (node.kind) {
    case 'Project':
      return indexIn(node.columns, node.input, index)
    case 'Aggregate':
    case 'Pivot':
      return indexIn(node.keys, node.input, index)
    case 'WithColumns':
      return node.columns.some(({ name }) => sameName(node.input.output![index]!.name, name)) ? undefined : index
    case 'Drop':
    case 'Unpivot':
    case 'Explode':
    case 'Join':
    case 'SetOperation':
      return moved(node, side, index)
    case 'Scan':
    case 'Table':
    case 'Query':
    case 'Summary':
      return undefined
    default:
      return index
  }
}

function moved(
  node: Plan & { kind: 'Drop' | 'Unpivot' | 'Explode' | 'Join' | 'SetOperation' },
  side: number,
  index: number,
): number | undefined {
  if (node.kind === 'SetOperation') return side === 0 ? index : undefined
  if (node.kind === 'Join') {
    const at = joinColumns(node)!.findIndex((column) => (side === 0 ? column.left : column.right) === index)
    return at < 0 ? undefined : at
  }
  const at = node.output!.indexOf(node.input.output![index]!)
  return at < 0 ? undefined : at
}

function indexIn(columns: readonly Expression[], input: Plan, index: number): number | undefined {
  const scope = new Scope(input.output!)
  let at = 0
  for (const column of columns) {
    if (column.kind === 'Star') {
      const shown =
        column.qualifier === undefined ? scope.columns.map((_, each) => each) : scope.qualified(column.qualifier)
      const within = shown.indexOf(index)
      if (within >= 0) return at + within
      at += shown.length
      continue
    }
    if (column.kind === 'InputColumn' && column.index === index) return at
    if (column.kind === 'ColumnReference') {
      const resolved = scope.resolve(column.name)
      if (resolved.index === index && resolved.fields.length === 0) return at
    }
    at++
  }
  return undefined
}
