import type { Parameter } from '../engine/engine.ts'
import type { Expression, SortKey } from '../expr/expression.ts'
import type { Source } from '../scan/source.ts'
import type { LogicalType } from '../types/logical-type.ts'

/** What a user asks for, as a tree of frozen plain nodes that survives `structuredClone`. */
export type Plan =
  | Scan
  | Table
  | Query
  | Project
  | WithColumns
  | Rename
  | Drop
  | Filter
  | Aggregate
  | Join
  | Sort
  | Limit
  | Distinct
  | SetOperation
  | Alias

/** Where rows come from. */
export type Leaf = Scan | Table | Query

/** A column that a node gives to the one above. */
export interface OutputColumn {
  readonly name: string
  /** The alias of the relation it came through, for `alias.name`. */
  readonly qualifier?: string
  /** Known of the columns of leaves, and of those that are only passed on. */
  readonly type?: LogicalType
}

interface Node {
  /** Absent as long as it depends on the columns of a leaf that nobody has read yet; see `resolve`. */
  readonly output?: readonly OutputColumn[]
}

/** Files, or rows already in memory: `lf_scan('<id>')`. */
export interface Scan extends Node {
  readonly kind: 'Scan'
  readonly source: Source
}

/** A table or view by name, of up to three parts: `"catalog"."schema"."name"`. */
export interface Table extends Node {
  readonly kind: 'Table'
  readonly name: readonly string[]
}

/** SQL text; `parts` has one entry more than `slots`, which stand between them. */
export interface Query extends Node {
  readonly kind: 'Query'
  readonly parts: readonly string[]
  readonly slots: readonly QuerySlot[]
}

/** A DataFrame, to be put in as a sub-query, or a value, to be bound. */
export type QuerySlot = { readonly plan: Plan } | { readonly value: Parameter }

export interface Project extends Node {
  readonly kind: 'Project'
  readonly input: Plan
  readonly columns: readonly Expression[]
}

/** Adds columns, or replaces those of the same name where they stand. All are computed from the input. */
export interface WithColumns extends Node {
  readonly kind: 'WithColumns'
  readonly input: Plan
  readonly columns: readonly NamedExpression[]
}

export interface NamedExpression {
  readonly name: string
  readonly expression: Expression
}

export interface Rename extends Node {
  readonly kind: 'Rename'
  readonly input: Plan
  readonly names: readonly { readonly from: string; readonly to: string }[]
}

export interface Drop extends Node {
  readonly kind: 'Drop'
  readonly input: Plan
  readonly names: readonly string[]
}

export interface Filter extends Node {
  readonly kind: 'Filter'
  readonly input: Plan
  readonly predicate: Expression
}

/** One row per distinct combination of `keys`; one row in all when there are none. */
export interface Aggregate extends Node {
  readonly kind: 'Aggregate'
  readonly input: Plan
  readonly keys: readonly Expression[]
  readonly measures: readonly Expression[]
}

export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'cross'

export interface Join extends Node {
  readonly kind: 'Join'
  readonly left: Plan
  readonly right: Plan
  readonly how: JoinKind
  /** Names both sides have, which come out once and first. */
  readonly using?: readonly string[]
  readonly condition?: Expression
}

export interface Sort extends Node {
  readonly kind: 'Sort'
  readonly input: Plan
  readonly keys: readonly SortKey[]
}

/** Rows from `offset` on, at most `count`. */
export interface Limit extends Node {
  readonly kind: 'Limit'
  readonly input: Plan
  readonly count?: number
  readonly offset: number
}

/** Distinct rows; with `on`, one row, whichever, per combination of those columns. */
export interface Distinct extends Node {
  readonly kind: 'Distinct'
  readonly input: Plan
  readonly on?: readonly string[]
}

/** Columns are matched by position, or by name; names are those of the left. */
export interface SetOperation extends Node {
  readonly kind: 'SetOperation'
  readonly operation: 'union' | 'intersect' | 'except'
  readonly all: boolean
  readonly left: Plan
  readonly right: Plan
  /** `missing`: a column that one side lacks is NULL there. */
  readonly byName?: 'strict' | 'missing'
}

/** Gives the columns of `input` a qualifier: `alias.name`. */
export interface Alias extends Node {
  readonly kind: 'Alias'
  readonly input: Plan
  readonly name: string
}
