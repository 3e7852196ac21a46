import type { BinaryOperator, Expression, Value } from '../../expr/expression.ts'
import type { JoinKind } from '../../plan/nodes.ts'

/** How one engine spells what plans mean. A table: no dialect has a compiler of its own. */
export interface Dialect {
  readonly name: string
  /** A quoted name. Throws `INVALID_ARGUMENT` for one that cannot be said. */
  identifier(name: string): string
  /** A value as text that is one token or in brackets. */
  literal(value: Value): string
  /** Whether a value is better bound as a parameter than written. */
  binds(value: Value): boolean
  readonly joins: Readonly<Record<JoinKind, string>>
  /** Spelled between brackets or operators of lower precedence. */
  readonly operators: Readonly<
    Record<Exclude<BinaryOperator, 'and' | 'or'>, (left: string, right: string, node: Expression) => string>
  >
  readonly functions: Readonly<Record<string, Spelling>>
  cast(operand: string, type: string, safe: boolean): string
  field(operand: string, name: string): string
  item(operand: string, key: number | string): string
  /** A function as an argument, `lambda x: x + 1`; absent where there are none. */
  lambda?(parameters: readonly string[], body: string): string
  readonly scan: (id: string) => string
}

/**
 * A function: its name, or a template, or templates by the number of operands (the last for all others), or how to write it.
 *
 * In a template `{1}` is the first operand, `{*}` all of them with commas, `{distinct}` becomes `DISTINCT ` where that was
 * asked for, and `{over}` is where a window goes, when that is not the end: `CAST(rank(){over} AS INTEGER)`.
 */
export type Spelling =
  | string
  | readonly string[]
  | {
      /** The call, before FILTER, OVER and `then`. */
      readonly call: (operands: readonly string[], distinct: boolean, nodes: readonly Expression[]) => string
      /** What is put around the call, outside of OVER. */
      readonly then?: (call: string) => string
    }
