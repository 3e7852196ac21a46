import { LakefrontError } from '../errors.ts'
import type { Value } from '../expr/expression.ts'
import { inputsOf, nodesOf } from '../plan/inputs.ts'
import { withSchema } from '../plan/leaf.ts'
import type { Cache, Leaf, Pivot, Plan } from '../plan/nodes.ts'
import { generatorOf, wholeType } from '../plan/output.ts'
import { pivot } from '../plan/pivot.ts'
import { isLeaf, withInputs } from '../plan/walk.ts'
import type { Schema } from '../types/logical-type.ts'

/** Whom {@link settle} asks for what a plan does not say by itself. `original` is the node as the user's plan has it, to remember by. */
export interface Known {
  /** The columns of `plan`, which is settled. */
  schema(plan: Plan, original: Plan): Promise<Schema>
  /** `leaf`, which is settled, with its columns. */
  leaf(leaf: Leaf, original: Plan): Promise<Leaf>
  /** The values of the column of a pivot, whose input is settled. */
  values(plan: Pivot): Promise<readonly Value[]>
  /** The rows that were kept, as a source. */
  rows(node: Cache): Promise<Leaf>
}

/**
 * `plan` with all that has to be looked up before it can be compiled: columns of files and tables, types where a step depends on
 * them, values of a pivot, rows that are kept. Throws what is wrong with the names in it.
 */
export async function settle(plan: Plan, known: Known): Promise<Plan> {
  const done = new Map<Plan, Plan>()
  const below = (node: Plan): readonly Plan[] => (node.kind === 'Cache' ? [] : inputsOf(node))
  for (const node of nodesOf(plan, below)) {
    if (node.kind === 'Cache') {
      done.set(node, withId(await known.rows(node), node))
      continue
    }
    const inputs = below(node)
    let settled = inputs.map((input) => done.get(input)!)
    if (needsTypes(node) && lacksTypes(settled[0]!)) {
      const schema = await known.schema(settled[0]!, inputs[0]!)
      settled = [withTypes(settled[0]!, schema)]
    }
    const isChanged = settled.some((input, index) => input !== inputs[index])
    let made = isChanged || (node.output === undefined && inputs.length > 0) ? withInputs(node, settled) : node
    if (made.kind === 'Pivot' && made.values === undefined) {
      const { input, keys, column, measures } = made
      made = withId(pivot(input, { keys, column, measures, values: await known.values(made) }), node)
    }
    if (made.output === undefined && isLeaf(made) && node !== plan) {
      made = await known.leaf(made, node)
    }
    done.set(node, made)
  }
  return done.get(plan)!
}

function needsTypes(node: Plan): boolean {
  switch (node.kind) {
    case 'Explode':
    case 'FillNulls':
    case 'DropNulls':
    case 'Replace':
    case 'Summary':
      return true
    case 'Project':
      return node.columns.some((column) => generatorOf(column) !== undefined)
    case 'WithColumns':
      return node.columns.some(({ expression }) => generatorOf(expression) !== undefined)
    case 'Aggregate':
    case 'Pivot':
      return node.keys.some((key) => generatorOf(key) !== undefined)
    default:
      return false
  }
}

function lacksTypes(input: Plan): boolean {
  return input.output === undefined || input.output.some(({ type }) => wholeType(type) === undefined)
}

function withTypes(plan: Plan, { fields }: Schema): Plan {
  const { output } = plan
  if (output === undefined) return isLeaf(plan) ? withSchema(plan, { fields }) : plan
  if (output.length !== fields.length)
    throw new LakefrontError('INTERNAL', 'The engine gives another number of columns than the plan says.')
  const typed = output.map((column, index) => Object.freeze({ ...column, type: fields[index]!.type }))
  return Object.freeze({ ...plan, output: Object.freeze(typed) })
}

function withId(plan: Plan, { id }: Plan): Plan {
  return id === undefined ? plan : Object.freeze({ ...plan, id })
}
