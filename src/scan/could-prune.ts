import type { Predicate } from './predicate.ts'

/** The parts of a {@link Predicate} that test a column. */
export type ColumnTest = Extract<Predicate, { operand: unknown }>

/** Whether `predicate` may turn out to be false because of what the tests that `helps` names turn out to be. */
export function couldPrune(predicate: Predicate, helps: (test: ColumnTest) => boolean): boolean {
  switch (predicate.kind) {
    case 'and':
      return predicate.parts.some((part) => couldPrune(part, helps))
    case 'or':
      return predicate.parts.every((part) => couldPrune(part, helps))
    case 'not':
      return couldPrune(predicate.part, helps)
    case 'unknown':
      return false
    default:
      return helps(predicate)
  }
}

/** Calls `visit` with every test of a column in `predicate`. */
export function visitTests(predicate: Predicate, visit: (test: ColumnTest) => void): void {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.parts.forEach((part) => visitTests(part, visit))
    case 'not':
      return visitTests(predicate.part, visit)
    case 'unknown':
      return
    default:
      return visit(predicate)
  }
}
