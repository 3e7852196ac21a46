import { LakefrontError } from '../errors.ts'
import type { Expression } from '../expr/expression.ts'
import { project } from './columns.ts'
import type { Plan, Table } from './nodes.ts'
import { filter } from './rows.ts'
import { Scope } from './scope.ts'

/** A change of a table's rows. */
export type Mutation =
  | {
      readonly kind: 'insert'
      readonly table: Table
      /** Its columns go, by name, to those of the table; what it lacks gets its default. */
      readonly rows: Plan
      /** Columns by which a row that is there already is replaced. */
      readonly key?: readonly string[]
    }
  | { readonly kind: 'update'; readonly table: Table; readonly columns: readonly string[]; readonly rows: Plan }
  | { readonly kind: 'delete'; readonly table: Table; readonly rows: Plan }

/** `INSERT INTO table (…) rows`; both have their columns known. Throws `COLUMN_NOT_FOUND` for a column that the table lacks. */
export function insert(table: Table, rows: Plan, key?: readonly string[]): Mutation {
  const scope = new Scope(table.output!)
  for (const { name } of rows.output!) scope.resolve(name)
  if (key !== undefined) {
    const given = new Scope(rows.output!)
    if (key.length === 0) throw new LakefrontError('INVALID_ARGUMENT', 'upsert() needs a key: { key: ["id"] }.')
    for (const name of key) given.resolve(name)
  }
  return Object.freeze({ kind: 'insert', table, rows, ...(key === undefined ? {} : { key: Object.freeze([...key]) }) })
}

/** `UPDATE table SET column = expression, … WHERE predicate`, of all rows without one. */
export function update(
  table: Table,
  set: Readonly<Record<string, Expression>>,
  predicate: Expression | undefined,
): Mutation {
  const scope = new Scope(table.output!)
  const columns = Object.keys(set).map((name) => scope.columns[scope.resolve(name).index]!.name)
  if (columns.length === 0)
    throw new LakefrontError('INVALID_ARGUMENT', 'update() needs at least one column to set: { set: { price: 1 } }.')
  const chosen = predicate === undefined ? table : filter(table, predicate)
  return Object.freeze({ kind: 'update', table, columns, rows: project(chosen, named(set)) })
}

/** `DELETE FROM table WHERE predicate` */
export function remove(table: Table, predicate: Expression): Mutation {
  return Object.freeze({ kind: 'delete', table, rows: filter(table, predicate) })
}

function named(set: Readonly<Record<string, Expression>>): readonly Expression[] {
  return Object.entries(set).map(([name, operand]) => Object.freeze({ kind: 'Alias', operand, name }))
}
