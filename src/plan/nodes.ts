import type { Parameter } from '../engine/engine.ts'
import type { Expression, SortKey, Value } from '../expr/expression.ts'
import type { ValueType } from '../expr/value-type.ts'
import type { Source } from '../scan/source.ts'

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
  | Pivot
  | Unpivot
  | Explode
  | Join
  | Sort
  | Limit
  | Sample
  | Distinct
  | SetOperation
  | FillNulls
  | DropNulls
  | Replace
  | Summary
  | Alias
  | Cache

/** Where rows come from. */
export type Leaf = Scan | Table | Query

/** A column that a node gives to the one above. */
export interface OutputColumn {
  readonly name: string
  /** The alias of the relation it came through, for `alias.name`. */
  readonly qualifier?: string
  /** As far as it is known; absent where only the engine can tell. */
  readonly type?: ValueType
}

interface Node {
  /** By which `frame.col('name')` finds the node again, below later ones. */
  readonly id?: number
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
  readonly columns: readonly Expression[]
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
  /** Several groupings at once: the positions of the keys of each; a key that a grouping lacks is NULL there. */
  readonly sets?: readonly (readonly number[])[]
}

/** As {@link Aggregate}, with columns of its own for each of `values` that `column` may have: `2024`, or `2024_n` of several measures. */
export interface Pivot extends Node {
  readonly kind: 'Pivot'
  readonly input: Plan
  readonly keys: readonly Expression[]
  readonly column: Expression
  /** Absent as long as nobody has looked which there are. */
  readonly values?: readonly Value[]
  readonly measures: readonly Expression[]
}

/** One row per row and column of `values`: its name, and its value. */
export interface Unpivot extends Node {
  readonly kind: 'Unpivot'
  readonly input: Plan
  /** Columns that are repeated. */
  readonly ids: readonly string[]
  /** Absent: all others. */
  readonly values?: readonly string[]
  readonly variable: string
  readonly value: string
}

/** One row per element of a list or map; the fields of a struct as columns. They take the place of `column`. */
export interface Explode extends Node {
  readonly kind: 'Explode'
  readonly input: Plan
  readonly column: string
  /** Whether a row without elements stays, with NULL. */
  readonly outer: boolean
  /** The name of a column for the position of the element, from 0. */
  readonly position?: string
  /** Names of the columns that are made: of a map two. */
  readonly names?: readonly string[]
}

/** `asof` and `asofLeft`: of the right rows that match, the nearest one. */
export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'cross' | 'asof' | 'asofLeft'

export interface Join extends Node {
  readonly kind: 'Join'
  readonly left: Plan
  readonly right: Plan
  readonly how: JoinKind
  /** Names both sides have, which come out once and first. */
  readonly using?: readonly string[]
  readonly condition?: Expression
  readonly nearest?: Nearest
}

/** The columns an asof join compares: `left operator right`, and of the rows for which it holds, the nearest. */
export interface Nearest {
  readonly left: string
  readonly operator: 'ge' | 'gt' | 'le' | 'lt'
  /** When it has the name of the left one, it does not come out. */
  readonly right: string
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

/** Each row by chance: with the probability `fraction`, or that often on average when a row may come again. */
export interface Sample extends Node {
  readonly kind: 'Sample'
  readonly input: Plan
  readonly fraction: number
  readonly seed?: number
  readonly withReplacement: boolean
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

/** NULL and NaN replaced in columns whose type goes with the value. */
export interface FillNulls extends Node {
  readonly kind: 'FillNulls'
  readonly input: Plan
  /** For one column, or for all of a type that goes with the value; `ifFits`: that one only if it is of such a type. */
  readonly fills: readonly { readonly name?: string; readonly value: Value; readonly ifFits?: boolean }[]
}

/** Rows with at least `atLeast` values that are neither NULL nor NaN. */
export interface DropNulls extends Node {
  readonly kind: 'DropNulls'
  readonly input: Plan
  /** Absent: all columns. */
  readonly names?: readonly string[]
  readonly atLeast: number | 'all'
}

/** Values replaced in columns of a type that goes with them. */
export interface Replace extends Node {
  readonly kind: 'Replace'
  readonly input: Plan
  readonly pairs: readonly { readonly from: Value; readonly to: Value }[]
  readonly names?: readonly string[]
}

/** One row per statistic, as text: `count`, `mean`, `stddev`, `min`, `max`, or a percentile such as `25%`. */
export interface Summary extends Node {
  readonly kind: 'Summary'
  readonly input: Plan
  readonly statistics: readonly string[]
  /** Absent: all columns of numbers and text. */
  readonly names?: readonly string[]
}

/** What `input` gives, computed once and kept; who runs the plan knows the rows by this node itself. */
export interface Cache extends Node {
  readonly kind: 'Cache'
  readonly input: Plan
}

/** Gives the columns of `input` a qualifier: `alias.name`. */
export interface Alias extends Node {
  readonly kind: 'Alias'
  readonly input: Plan
  readonly name: string
}
