import { LakefrontError } from '../errors.ts'
import type { Schema } from '../types/logical-type.ts'
import { withSchema } from './leaf.ts'
import { inputsOf, nodesOf } from './inputs.ts'
import type { Leaf, Plan } from './nodes.ts'
import { isLeaf, withInputs } from './walk.ts'

/**
 * `plan` with the output of every node known: leaves get the columns that `schemaOf` tells, and everything above is made
 * again from there, so that a wrong name is found before any SQL is.
 *
 * Throws what the makers throw, above all `COLUMN_NOT_FOUND` and `COLUMN_AMBIGUOUS`.
 */
export function resolve(plan: Plan, schemaOf: (leaf: Leaf) => Schema | undefined): Plan {
  const done = new Map<Plan, Plan>()
  for (const node of nodesOf(plan)) {
    const inputs = inputsOf(node)
    const resolved = inputs.map((input) => done.get(input)!)
    const changed = resolved.some((input, index) => input !== inputs[index])
    const made = changed || node.output === undefined ? withInputs(node, resolved) : node
    done.set(node, made.output === undefined ? withOutput(made, schemaOf(node as Leaf)) : made)
  }
  return done.get(plan)!
}

function withOutput(node: Plan, schema: Schema | undefined): Plan {
  if (!isLeaf(node)) {
    throw new LakefrontError('INTERNAL', `The columns of a ${node.kind} are not known after those of its input are.`)
  }
  if (schema === undefined)
    throw new LakefrontError('INTERNAL', `The columns of a ${node.kind} were not read before compiling.`)
  return withSchema(node, schema)
}
