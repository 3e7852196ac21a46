import type { Plan } from './nodes.ts'

/** The plans directly below `plan`: the one table of where plans hold plans. */
export function inputsOf(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case 'Scan':
    case 'Table':
      return []
    case 'Query':
      return plan.slots.flatMap((slot) => ('plan' in slot ? [slot.plan] : []))
    case 'Join':
    case 'SetOperation':
      return [plan.left, plan.right]
    default:
      return [plan.input]
  }
}

/**
 * What `step` makes of `plan`, given what it made of the plans directly below, which come first. A plan that stands in several
 * places is visited in each. No recursion: a chain may have thousands of steps.
 */
export function foldPlan<T>(plan: Plan, step: (node: Plan, inputs: readonly T[]) => T): T {
  const waiting: { node: Plan; inputs: readonly Plan[]; results: T[] }[] = [
    { node: plan, inputs: inputsOf(plan), results: [] },
  ]
  for (;;) {
    const top = waiting.at(-1)!
    const next = top.inputs[top.results.length]
    if (next !== undefined) {
      waiting.push({ node: next, inputs: inputsOf(next), results: [] })
      continue
    }
    const result = step(top.node, top.results)
    waiting.pop()
    const above = waiting.at(-1)
    if (above === undefined) return result
    above.results.push(result)
  }
}

/** Every node of `plan` once, those below a node before it; `inputs` tells what is below. */
export function nodesOf(plan: Plan, inputs: (node: Plan) => readonly Plan[] = inputsOf): ReadonlySet<Plan> {
  const nodes = new Set<Plan>()
  const waiting: Plan[] = [plan]
  while (waiting.length > 0) {
    const node = waiting.at(-1)!
    const below = nodes.has(node) ? [] : inputs(node).filter((input) => !nodes.has(input))
    if (below.length === 0) {
      nodes.add(node)
      waiting.pop()
    } else waiting.push(...below.toReversed())
  }
  return nodes
}
