import type { BinaryOperator, Expression, SortKey, Value } from '../../expr/expression.ts'
import type { JoinKind, SetOperation } from '../../plan/nodes.ts'
import type { LogicalType } from '../../types/logical-type.ts'

type OptionalJoin = 'semi' | 'anti' | 'asof' | 'asofLeft'

/** How one engine spells what plans mean. A table: no dialect has a compiler of its own. */
export interface Dialect {
  readonly name: string
  /** Who says what the columns of a result are: the engine alone, or where it does not know, the plan. */
  readonly types: 'of the engine' | 'of the plan'
  /** A quoted name. Throws `INVALID_ARGUMENT` for one that cannot be said. */
  identifier(name: string): string
  /** A value as text that is one token or in brackets. */
  literal(value: Value): string
  /** Whether a value is better bound as a parameter than written. */
  binds(value: Value): boolean
  /** Where the value of a parameter, counted from 1, stands. */
  placeholder(position: number): string
  /** Where a value stands by its name, in a script; absent where values have no names. */
  namedPlaceholder?(name: string): string
  /** The clause after FROM that lets each row through with that probability; else rows are tested. */
  sample?(fraction: number): string
  /** A semi or anti join that has no keyword becomes `[NOT] EXISTS`; an asof join one with all rows that match, of which the nearest are kept. */
  readonly joins: Readonly<Record<Exclude<JoinKind, OptionalJoin>, string>> &
    Readonly<Partial<Record<OptionalJoin, string>>>
  /** Joins whose condition needs an equality of both sides. */
  readonly equalityJoins?: readonly JoinKind[]
  /** Whether there are ROLLUP, CUBE and GROUPING SETS; else there is one aggregation for each set. */
  readonly hasGroupingSets: boolean
  /** Spelled between brackets or operators of lower precedence. */
  readonly operators: Readonly<
    Record<
      Exclude<BinaryOperator, 'and' | 'or'>,
      (left: string, right: string, node: Expression, type: TypeOfOperand) => string
    >
  >
  readonly functions: Readonly<Record<string, Spelling>>
  /** What is compared or sorted where the engine's own order of that type is not ours: text goes by code points. */
  ordered?(operand: string, type: LogicalType): string
  /** The key of a window whose frame counts in its values, where the engine cannot count in those of that type. */
  rangeKey?(key: SortKey, type: LogicalType | undefined): SortKey
  cast(operand: string, type: string, safe: boolean, from: () => LogicalType | undefined): string
  /** The field of a struct, or of each struct in a list. */
  field(operand: string, name: string, from: () => LogicalType | undefined): string
  item(operand: string, key: number | string): string
  /** A function as an argument, `lambda x: x + 1`; absent where there are none. */
  lambda?(parameters: readonly string[], body: string): string
  /** Whether a list may be made of the values of columns, so that unpivot() reads its input once. */
  readonly hasLists: boolean
  /** How the items of a list become rows in the FROM clause, where no function in SELECT does that. */
  readonly generator?: ListRows
  /** What is read in the FROM clause for a source with that id. */
  readonly scan: (id: string) => string
  /** Spelled between two SELECTs. */
  setOperator(operation: SetOperation['operation'], all: boolean): string | undefined
  /** Whether a branch of a set operation may stand in brackets; else it becomes a sub-query. */
  readonly bracketsBranches: boolean
  /** Whether `AS "t"("a", "b")` gives names to columns. */
  readonly namesColumns: boolean
  /** Whether a column has to be written with its relation, as names of the result would hide it. */
  readonly qualifiesColumns?: boolean
  /** One row of all where nothing aggregates. */
  readonly groupOfAll: string
  limit(count: number | undefined, offset: number): readonly string[]
}

/** The items of a list as rows of the FROM clause under an alias. */
export interface ListRows {
  rows(list: string, alias: string): string
  value(alias: string): string
  /** From 0. */
  position(alias: string): string
}

/** The names of types of whole numbers. */
export const wholeType: RegExp = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/

/** The type of an operand by its position, where it is known; of a function as an operand, the type of what it gives. */
export type TypeOfOperand = (index: number) => LogicalType | undefined

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
      readonly call: (
        operands: readonly string[],
        distinct: boolean,
        nodes: readonly Expression[],
        type: TypeOfOperand,
        over: string,
      ) => string
      /** False where the function cannot look through a window; `within` where `call` puts it where it goes. */
      readonly hasWindows?: false | 'within'
      /** What is put around the call, outside of OVER. */
      readonly then?: (call: string) => string
    }
