import { LakefrontError } from '../errors.ts'
import type { Schema } from '../types/logical-type.ts'
import { withSchema } from './leaf.ts'
import { inputsOf } from './inputs.ts'
import type { Leaf, Plan } from './nodes.ts'
import { withInputs } from './walk.ts'

/**
 * `plan` with the output of every node known: leaves get the columns that `schemaOf` tells, and everything above is made
 * again from there, so that a wrong name is found before any SQL is.
 *
 * Throws what the makers throw, above all `COLUMN_NOT_FOUND` and `COLUMN_AMBIGUOUS`.
 */
export function resolve(plan: Plan, schemaOf: (leaf: Leaf) => Schema | undefined): Plan {
  const done = new Map<Plan, Plan>()
  const visit = (node: Plan): Plan => {
    const before = done.get(node)
    if (before !== undefined) return before
    const inputs = inputsOf(node)
    const resolved = inputs.map(visit)
    const changed = resolved.some((input, index) => input !== inputs[index])
    const after = withOutput(changed || node.output === undefined ? withInputs(node, resolved) : node, node)
    done.set(node, after)
    return after
  }
  const withOutput = (node: Plan, original: Plan): Plan => {
    if (node.output !== undefined) return node
    if (node.kind !== 'Scan' && node.kind !== 'Table' && node.kind !== 'Query') {
      throw new LakefrontError('INTERNAL', `The columns of a ${node.kind} are not known after those of its input are.`)
    }
    const schema = schemaOf(original as Leaf)
    if (schema === undefined)
      throw new LakefrontError('INTERNAL', `The columns of a ${node.kind} were not read before compiling.`)
    return withSchema(node, schema)
  }
  return visit(plan)
}
