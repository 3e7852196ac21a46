import type { Expression, SortKey } from '../expr/expression.ts'
import { mapChildren } from '../expr/walk.ts'
import type { JoinKind, Query, SetOperation } from '../plan/nodes.ts'
import type { LogicalType } from '../types/logical-type.ts'

/**
 * One SELECT, with its columns in terms of its FROM clause. Steps of a plan are merged into one as long as that means the
 * same; see `rules/`.
 */
export interface Select {
  readonly columns: readonly SelectColumn[]
  readonly from: From
  /** All must hold. */
  readonly where: readonly Expression[]
  /** Absent when nothing is aggregated; empty for one row of all. */
  readonly groupBy?: readonly Expression[]
  /** Which of `groupBy` each of several groupings has. */
  readonly sets?: readonly (readonly number[])[]
  readonly having: readonly Expression[]
  /** The probability of each row; nothing else is done beside it. */
  readonly sample?: number
  readonly distinct: boolean
  readonly orderBy: readonly SortKey[]
  readonly limit?: number
  readonly offset: number
}

export interface SelectColumn {
  readonly name: string
  readonly expression: Expression
}

export type From =
  | { readonly kind: 'relation'; readonly relation: Relation }
  | {
      readonly kind: 'join'
      readonly how: JoinKind
      readonly left: From
      readonly right: From
      readonly condition?: Expression
    }

/** Something in a FROM clause that is not a join. Its columns have names that are unique whatever the case. */
export interface Relation {
  readonly id: number
  readonly columns: readonly string[]
  /** Of a leaf, where they are known. */
  readonly types?: readonly (LogicalType | undefined)[]
  readonly body: RelationBody
  /** Whether the names are ours and have to be given: `AS "t1"("a", "b")`. */
  readonly renamed: boolean
  /** The alias the user gave. */
  readonly alias?: string
}

export type RelationBody =
  | { readonly kind: 'scan'; readonly id: string }
  | { readonly kind: 'table'; readonly name: readonly string[] }
  | { readonly kind: 'query'; readonly query: Query; readonly inputs: readonly Select[] }
  | { readonly kind: 'select'; readonly select: Select }
  | {
      readonly kind: 'set'
      readonly operation: SetOperation['operation']
      readonly all: boolean
      readonly branches: readonly Select[]
    }

/** Names that are unique whatever the case and not empty: a repeated one gets a number. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set(names.map((name) => name.toLowerCase()))
  const seen = new Map<string, number>()
  return names.map((name) => {
    const key = name.toLowerCase()
    const before = seen.get(key)
    if (before === undefined && name !== '') {
      seen.set(key, 1)
      return name
    }
    const base = name === '' ? 'column' : name
    let number = before ?? 1
    while (taken.has(`${base}_${number}`.toLowerCase())) number++
    seen.set(key, number + 1)
    taken.add(`${base}_${number}`.toLowerCase())
    return `${base}_${number}`
  })
}

/** `SELECT * FROM relation` */
export function selectFrom(relation: Relation): Select {
  return {
    columns: relation.columns.map((name) => ({
      name,
      expression: Object.freeze({ kind: 'RelationColumn', relation: relation.id, name }),
    })),
    from: { kind: 'relation', relation },
    where: [],
    having: [],
    distinct: false,
    orderBy: [],
    offset: 0,
  }
}

/** `SELECT * FROM (select)`: what is done next sees the columns by name. */
export function nested(select: Select, nextId: () => number): Select {
  if (isBare(select)) return select
  const columns = uniqueNames(select.columns.map((column) => column.name))
  const alias =
    select.from.kind === 'relation' && select.from.relation.alias !== undefined
      ? { alias: select.from.relation.alias }
      : {}
  const renamed = { ...select, columns: select.columns.map((column, index) => ({ ...column, name: columns[index]! })) }
  const outer = selectFrom({
    id: nextId(),
    columns,
    body: { kind: 'select', select: renamed },
    renamed: false,
    ...alias,
  })
  return { ...outer, columns: outer.columns.map((column, index) => ({ ...column, name: select.columns[index]!.name })) }
}

/** `expression` over the input's columns, in terms of the FROM clause of `select`. */
export function inTermsOf(select: Select, expression: Expression): Expression {
  if (expression.kind === 'InputColumn') return select.columns[expression.index]!.expression
  return mapChildren(expression, (child) => inTermsOf(select, child))
}

/** Whether rows are only chosen and columns only passed on, so that the FROM clause can stand for the SELECT. */
export function isPlain(select: Select): boolean {
  return (
    select.groupBy === undefined &&
    select.sample === undefined &&
    !select.distinct &&
    select.limit === undefined &&
    select.offset === 0 &&
    select.columns.every((column) => column.expression.kind === 'RelationColumn')
  )
}

/** Whether `select` is all of a FROM clause of one relation, and nothing is done to it. */
export function isBare(select: Select): boolean {
  return (
    isPlain(select) && select.where.length === 0 && select.orderBy.length === 0 && wholeRelation(select) !== undefined
  )
}

/** The relation of which `select` shows all columns under their own names, if it is one. */
export function wholeRelation(select: Select): Relation | undefined {
  if (select.from.kind !== 'relation') return undefined
  const { relation } = select.from
  const whole =
    select.columns.length === relation.columns.length &&
    select.columns.every(
      ({ name, expression }, index) =>
        name === relation.columns[index] && expression.kind === 'RelationColumn' && expression.name === name,
    )
  return whole ? relation : undefined
}
