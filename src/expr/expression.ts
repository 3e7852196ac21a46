/** What a row's values are computed from. Frozen plain data that survives `structuredClone`. */
export type Expression =
  | ColumnReference
  | InputColumn
  | RelationColumn
  | Star
  | Literal
  | RawSql
  | Unary
  | Binary
  | Between
  | InList
  | Cast
  | Case
  | Call
  | Over
  | GetField
  | GetItem
  | Lambda
  | LambdaVariable
  | Alias
  | SortKey

/**
 * A column by the name a user wrote: `delay`, or `f.delay` for a relation with the alias `f`, or `place.city` for a field
 * of a struct. The name as a whole is tried first.
 */
export interface ColumnReference {
  readonly kind: 'ColumnReference'
  readonly name: string
  /** The `id` of the plan whose column is meant, of `frame.col('name')`. */
  readonly plan?: number
}

/** A reference that was found: the column at a position of the input's output. Made by binding, never by users. */
export interface InputColumn {
  readonly kind: 'InputColumn'
  readonly index: number
  readonly name: string
}

/** A column of one relation of a FROM clause. Made while compiling, never by users. */
export interface RelationColumn {
  readonly kind: 'RelationColumn'
  readonly relation: number
  readonly name: string
}

/** Every column of the input, or of the relation with an alias. */
export interface Star {
  readonly kind: 'Star'
  readonly qualifier?: string
}

/** JavaScript values that stand for a SQL value by themselves. A `Date` is a TIMESTAMP in UTC, a `Uint8Array` a BLOB. */
export type Value = null | boolean | number | bigint | string | Date | Uint8Array

export interface Literal {
  readonly kind: 'Literal'
  readonly value: Value
}

/** SQL text written by the user; `parts` has one entry more than `operands`, which stand between them. */
export interface RawSql {
  readonly kind: 'RawSql'
  readonly parts: readonly string[]
  readonly operands: readonly Expression[]
}

export type UnaryOperator = 'neg' | 'not' | 'isNull' | 'isNotNull'

export interface Unary {
  readonly kind: 'Unary'
  readonly operator: UnaryOperator
  readonly operand: Expression
}

export type BinaryOperator =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'eq'
  | 'ne'
  | 'gt'
  | 'ge'
  | 'lt'
  | 'le'
  | 'eqNullSafe'
  | 'and'
  | 'or'
  | 'like'
  | 'ilike'

export interface Binary {
  readonly kind: 'Binary'
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
}

export interface Between {
  readonly kind: 'Between'
  readonly operand: Expression
  readonly low: Expression
  readonly high: Expression
}

export interface InList {
  readonly kind: 'InList'
  readonly operand: Expression
  readonly options: readonly Expression[]
}

export interface Cast {
  readonly kind: 'Cast'
  readonly operand: Expression
  /** As `typeName` spells it. */
  readonly type: string
  /** Whether a value that cannot be converted becomes NULL. */
  readonly safe: boolean
}

export interface Case {
  readonly kind: 'Case'
  readonly branches: readonly CaseBranch[]
  readonly otherwise?: Expression
}

export interface CaseBranch {
  readonly when: Expression
  readonly result: Expression
}

/** A generator makes rows: `explode`. */
export type CallRole = 'scalar' | 'aggregate' | 'window' | 'generator'

/** A function by Lakefront's name; dialects say how it is spelled. */
export interface Call {
  readonly kind: 'Call'
  readonly name: string
  readonly role: CallRole
  readonly operands: readonly Expression[]
  readonly distinct?: boolean
  /** The types it takes and gives, as `signature.ts` reads them; without one, any and unknown. */
  readonly signature?: string
}

export interface Over {
  readonly kind: 'Over'
  readonly call: Expression
  readonly window: WindowFrame
}

/** Partition, order and frame of a window function. */
export interface WindowFrame {
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly SortKey[]
  readonly frame?: {
    readonly unit: 'rows' | 'range'
    /** `-Infinity` is unbounded preceding, 0 the current row, `Infinity` unbounded following. */
    readonly start: number
    readonly end: number
  }
}

export interface GetField {
  readonly kind: 'GetField'
  readonly operand: Expression
  readonly name: string
}

export interface GetItem {
  readonly kind: 'GetItem'
  readonly operand: Expression
  /** A position counted from 0 in a list, or the key of a map or struct. */
  readonly key: number | string | Expression
}

/** A function of its own, as an operand of a higher-order function: `lambda x: x + 1`. */
export interface Lambda {
  readonly kind: 'Lambda'
  readonly parameters: readonly string[]
  readonly body: Expression
}

/** A parameter of the {@link Lambda} around it. */
export interface LambdaVariable {
  readonly kind: 'LambdaVariable'
  readonly name: string
}

export interface Alias {
  readonly kind: 'Alias'
  readonly operand: Expression
  readonly name: string
  /** The names of all columns that a generator makes, when they are several. */
  readonly names?: readonly string[]
}

export interface SortKey {
  readonly kind: 'SortKey'
  readonly operand: Expression
  readonly descending: boolean
  readonly nulls: 'first' | 'last'
}
