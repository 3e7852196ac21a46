import { LakefrontError } from '../errors.ts'
import type { Expression } from '../expr/expression.ts'
import { isAggregate } from '../expr/walk.ts'
import { aggregate } from './aggregate.ts'
import { checkNames, checkRowwise, scopeOf } from './check.ts'
import type { Alias, Drop, NamedExpression, Plan, Project, Rename, WithColumns } from './nodes.ts'
import { outputsOf } from './output.ts'
import { type Scope, sameName } from './scope.ts'

/** `SELECT columns FROM input`. Aggregates among the columns make one row of all, as in PySpark. */
export function select(input: Plan, columns: readonly Expression[]): Plan {
  return columns.some(isAggregate) ? aggregate(input, [], columns) : project(input, columns)
}

/** As {@link select}, of columns that do not aggregate. */
export function project(input: Plan, columns: readonly Expression[]): Project {
  if (columns.length === 0) {
    throw new LakefrontError('INVALID_ARGUMENT', 'select() needs at least one column. To keep all, write select("*").')
  }
  for (const column of columns) checkRowwise(column, 'select()', { windows: true })
  const scope = scopeOf(input)
  checkNames(
    columns.filter((column) => column.kind !== 'Star'),
    scope,
  )
  const node = { kind: 'Project', input, columns: Object.freeze([...columns]) } as const
  return Object.freeze({ ...node, ...outputsOf(columns, input, scope) })
}

/** `SELECT *, expression AS name FROM input` */
export function withColumns(input: Plan, columns: readonly NamedExpression[]): WithColumns {
  for (const { name, expression } of columns) {
    checkName(name, 'withColumn()')
    checkRowwise(expression, `withColumn("${name}")`, { windows: true })
  }
  const scope = scopeOf(input)
  checkNames(
    columns.map(({ expression }) => expression),
    scope,
  )
  const node = {
    kind: 'WithColumns',
    input,
    columns: Object.freeze(columns.map((column) => Object.freeze({ ...column }))),
  } as const
  if (scope === undefined) return Object.freeze(node)
  const kept = scope.columns.map((column) => {
    const replacement = columns.findLast(({ name }) => sameName(column.name, name))
    return replacement === undefined ? column : Object.freeze({ name: replacement.name })
  })
  return Object.freeze({
    ...node,
    output: Object.freeze([...kept, ...addedColumns(columns, scope).map(({ name }) => Object.freeze({ name }))]),
  })
}

/** Those of `columns` that replace none of the input's; the last of equal names counts. */
export function addedColumns(columns: readonly NamedExpression[], scope: Scope): readonly NamedExpression[] {
  const taken = new Set(scope.columns.map((column) => column.name.toLowerCase()))
  return columns.filter(
    ({ name }, index) =>
      !taken.has(name.toLowerCase()) && !columns.slice(index + 1).some((later) => sameName(later.name, name)),
  )
}

/** `SELECT from AS to, …`. A name that is not there is `COLUMN_NOT_FOUND` (PySpark ignores it). */
export function rename(input: Plan, names: readonly { from: string; to: string }[]): Rename {
  for (const { to } of names) checkName(to, 'withColumnRenamed()')
  const scope = scopeOf(input)
  const node = { kind: 'Rename', input, names: Object.freeze(names.map((pair) => Object.freeze({ ...pair }))) } as const
  if (scope === undefined) return Object.freeze(node)
  const renamed = new Map(names.map(({ from, to }) => [scope.resolve(from).index, to]))
  const output = scope.columns.map((column, index) =>
    renamed.has(index) ? Object.freeze({ ...column, name: renamed.get(index)! }) : column,
  )
  return Object.freeze({ ...node, output: Object.freeze(output) })
}

/** All columns but those. A name that is not there is `COLUMN_NOT_FOUND` (PySpark ignores it). */
export function drop(input: Plan, names: readonly string[]): Drop {
  const scope = scopeOf(input)
  const node = { kind: 'Drop', input, names: Object.freeze([...names]) } as const
  if (scope === undefined) return Object.freeze(node)
  const dropped = new Set(names.map((name) => scope.resolve(name).index))
  if (dropped.size === scope.columns.length) {
    throw new LakefrontError('INVALID_ARGUMENT', 'drop() would leave no columns.')
  }
  return Object.freeze({ ...node, output: Object.freeze(scope.columns.filter((_, index) => !dropped.has(index))) })
}

/** Gives the columns a qualifier; makes no SQL of its own. */
export function alias(input: Plan, name: string): Alias {
  checkName(name, 'alias()')
  const node = { kind: 'Alias', input, name } as const
  if (input.output === undefined) return Object.freeze(node)
  return Object.freeze({
    ...node,
    output: Object.freeze(input.output.map((column) => Object.freeze({ ...column, qualifier: name }))),
  })
}

function checkName(name: string, where: string): void {
  if (typeof name !== 'string' || name === '')
    throw new LakefrontError('INVALID_ARGUMENT', `${where} needs a name that is not empty.`)
}
