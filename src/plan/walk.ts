import { aggregate } from './aggregate.ts'
import { alias, drop, project, rename, withColumns } from './columns.ts'
import { inputsOf } from './inputs.ts'
import { join } from './join.ts'
import type { Leaf, Plan, QuerySlot } from './nodes.ts'
import { distinct, filter, limit, sort } from './rows.ts'
import { setOperation } from './set-operation.ts'

/** `plan` over other inputs, checked again and with its output worked out again. */
export function withInputs(plan: Plan, inputs: readonly Plan[]): Plan {
  const [first, second] = inputs as readonly [Plan, Plan]
  switch (plan.kind) {
    case 'Scan':
    case 'Table':
      return plan
    case 'Query':
      return replaceInputs(plan, inputs)
    case 'Project':
      return project(first, plan.columns)
    case 'WithColumns':
      return withColumns(first, plan.columns)
    case 'Rename':
      return rename(first, plan.names)
    case 'Drop':
      return drop(first, plan.names)
    case 'Filter':
      return filter(first, plan.predicate)
    case 'Aggregate':
      return aggregate(first, plan.keys, plan.measures)
    case 'Join':
      return join(first, second, plan.how, plan)
    case 'Sort':
      return sort(first, plan.keys)
    case 'Limit':
      return limit(first, plan.count, plan.offset)
    case 'Distinct':
      return distinct(first, plan.on)
    case 'SetOperation':
      return setOperation(first, second, plan)
    case 'Alias':
      return alias(first, plan.name)
    default:
      return plan satisfies never
  }
}

/** `plan` over other inputs that have the same outputs as before: nothing is checked or worked out again. */
function replaceInputs(plan: Plan, inputs: readonly Plan[]): Plan {
  const [first, second] = inputs as readonly [Plan, Plan]
  switch (plan.kind) {
    case 'Scan':
    case 'Table':
      return plan
    case 'Query': {
      let next = 0
      const slots = plan.slots.map((slot): QuerySlot =>
        'plan' in slot ? Object.freeze({ plan: inputs[next++]! }) : slot,
      )
      return Object.freeze({ ...plan, slots: Object.freeze(slots) })
    }
    case 'Join':
    case 'SetOperation':
      return Object.freeze({ ...plan, left: first, right: second })
    default:
      return Object.freeze({ ...plan, input: first })
  }
}

/**
 * `plan` with `change` applied to every node, inputs first; a change keeps the output of its node. Nodes above nothing that
 * changed stay the same objects.
 */
export function rewrite(plan: Plan, change: (node: Plan) => Plan): Plan {
  const inputs = inputsOf(plan)
  if (inputs.length === 0) return change(plan)
  const changed = inputs.map((input) => rewrite(input, change))
  return change(changed.some((input, index) => input !== inputs[index]) ? replaceInputs(plan, changed) : plan)
}

/** Every leaf of `plan` once, those inside SQL text before the text itself. */
export function leavesOf(plan: Plan): ReadonlySet<Leaf> {
  const leaves = new Set<Leaf>()
  const visit = (node: Plan): void => {
    for (const input of inputsOf(node)) visit(input)
    if (node.kind === 'Scan' || node.kind === 'Table' || node.kind === 'Query') leaves.add(node)
  }
  visit(plan)
  return leaves
}
