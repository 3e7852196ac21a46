import { aggregate } from './aggregate.ts'
import { alias, drop, project, rename, withColumns } from './columns.ts'
import { explode, unpivot } from './explode.ts'
import { inputsOf, nodesOf } from './inputs.ts'
import { join } from './join.ts'
import type { Leaf, Plan, QuerySlot } from './nodes.ts'
import { dropNulls, fillNulls, replace } from './nulls.ts'
import { pivot } from './pivot.ts'
import { cache, distinct, filter, limit, sample, sort } from './rows.ts'
import { setOperation } from './set-operation.ts'
import { summary } from './summary.ts'

/** `plan` over other inputs, checked again and with its output worked out again. */
export function withInputs(plan: Plan, inputs: readonly Plan[]): Plan {
  const made = remade(plan, inputs)
  return plan.id === undefined || made === plan ? made : Object.freeze({ ...made, id: plan.id })
}

function remade(plan: Plan, inputs: readonly Plan[]): Plan {
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
      return drop(first, plan.columns)
    case 'Filter':
      return filter(first, plan.predicate)
    case 'Aggregate':
      return aggregate(first, plan.keys, plan.measures, plan.sets)
    case 'Pivot':
      return pivot(first, plan)
    case 'Unpivot':
      return unpivot(first, plan)
    case 'Explode':
      return explode(first, plan.column, plan)
    case 'Join':
      return join(first, second, plan.how, plan)
    case 'Sort':
      return sort(first, plan.keys)
    case 'Limit':
      return limit(first, plan.count, plan.offset)
    case 'Sample':
      return sample(first, plan)
    case 'Distinct':
      return distinct(first, plan.on)
    case 'SetOperation':
      return setOperation(first, second, plan)
    case 'FillNulls':
      return fillNulls(first, plan.fills)
    case 'DropNulls':
      return dropNulls(first, plan.atLeast, plan.names)
    case 'Replace':
      return replace(first, plan.pairs, plan.names)
    case 'Summary':
      return summary(first, plan.statistics, plan.names)
    case 'Cache':
      return cache(first)
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
 * `plan` with `change` applied to every node, inputs first. What a change makes has the output of its node, types and all. Nodes
 * above nothing that changed stay the same objects.
 */
export function rewrite(plan: Plan, change: (node: Plan) => Plan): Plan {
  const done = new Map<Plan, Plan>()
  for (const node of nodesOf(plan)) {
    const inputs = inputsOf(node)
    const changed = inputs.map((input) => done.get(input)!)
    const before = changed.some((input, index) => input !== inputs[index]) ? replaceInputs(node, changed) : node
    const after = change(before)
    done.set(node, after.output === node.output ? after : Object.freeze({ ...after, output: node.output! }))
  }
  return done.get(plan)!
}

/** Every leaf of `plan` once, those inside SQL text before the text itself. */
export function leavesOf(plan: Plan): ReadonlySet<Leaf> {
  return new Set([...nodesOf(plan)].filter((node) => isLeaf(node)))
}

/** Whether rows come from `node` and not from a plan below. */
export function isLeaf(node: Plan): node is Leaf {
  return node.kind === 'Scan' || node.kind === 'Table' || node.kind === 'Query'
}
