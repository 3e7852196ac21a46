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
