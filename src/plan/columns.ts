import { LakefrontError } from '../errors.ts'
import { describeExpression } from '../expr/describe.ts'
import type { Expression } from '../expr/expression.ts'
import { columnReference } from '../expr/operand.ts'
import { typeText } from '../expr/value-type.ts'
import { isAggregate } from '../expr/walk.ts'
import { aggregate } from './aggregate.ts'
import { bind } from './bind.ts'
import { checkGenerators, checkNames, located, scopeOf } from './check.ts'
import type { Alias, Drop, NamedExpression, OutputColumn, Plan, Project, Rename, WithColumns } from './nodes.ts'
import { outputsOf, typeIn } from './output.ts'
import type { Scope } from './scope.ts'

/** `SELECT columns FROM input`. Aggregates among the columns make one row of all, as in PySpark. */
export function select(input: Plan, columns: readonly Expression[]): Plan {
  return columns.some(isAggregate) ? aggregate(input, [], columns) : project(input, columns)
}

/** As {@link select}, of columns that do not aggregate. */
export function project(input: Plan, columns: readonly Expression[]): Project {
  if (columns.length === 0) {
    throw new LakefrontError('INVALID_ARGUMENT', 'select() needs at least one column. To keep all, write select("*").')
  }
  checkGenerators(columns, 'select()', { windows: true })
  const scope = scopeOf(input)
  const found = columns.flatMap((column) => fieldsOfStar(column, scope)).map((column) => located(column, input))
  checkNames(
    found.filter((column) => column.kind !== 'Star'),
    scope,
  )
  const node = { kind: 'Project', input, columns: Object.freeze(found) } as const
  return Object.freeze({ ...node, ...outputsOf(found, input, scope) })
}

/** `s.*` of a struct is its fields; of an alias it stays. */
function fieldsOfStar(column: Expression, scope: Scope | undefined): readonly Expression[] {
  if (column.kind !== 'Star' || column.qualifier === undefined || scope === undefined) return [column]
  const { qualifier } = column
  if (scope.isQualifier(qualifier) || !scope.has(qualifier.split('.')[0]!)) return [column]
  const operand = columnReference(qualifier)
  const type = typeIn(operand, scope)
  if (type?.kind !== 'struct')
    throw new LakefrontError(
      'TYPE_MISMATCH',
      `select("${qualifier}.*"): ${qualifier} is ${type === undefined ? 'of unknown type' : typeText(type)}, and only a struct has fields.`,
    )
  return type.fields.map(({ name }) => Object.freeze({ kind: 'GetField', operand, name }))
}

/** `SELECT *, expression AS name FROM input` */
export function withColumns(input: Plan, columns: readonly NamedExpression[]): WithColumns {
  for (const { name } of columns) checkName(name, 'withColumn()')
  checkGenerators(
    columns.map(({ expression }) => expression),
    `withColumn("${columns[0]?.name}")`,
    { windows: true },
  )
  const scope = scopeOf(input)
  const found = columns.map(({ name, expression }) => Object.freeze({ name, expression: located(expression, input) }))
  checkNames(
    found.map(({ expression }) => expression),
    scope,
  )
  const node = { kind: 'WithColumns', input, columns: Object.freeze(found) } as const
  if (scope === undefined) return Object.freeze(node)
  const made = ({ name, expression }: NamedExpression): OutputColumn => {
    const type = typeIn(expression, scope)
    return Object.freeze(type === undefined ? { name } : { name, type })
  }
  const replacements = new Map(found.map((column) => [column.name.toLowerCase(), column]))
  const kept = scope.columns.map((column) => {
    const replacement = replacements.get(column.name.toLowerCase())
    return replacement === undefined ? column : made(replacement)
  })
  return Object.freeze({ ...node, output: Object.freeze([...kept, ...addedColumns(found, scope).map(made)]) })
}

/** Those of `columns` that replace none of the input's; the last of equal names counts. */
export function addedColumns(columns: readonly NamedExpression[], scope: Scope): readonly NamedExpression[] {
  const last = new Map(columns.map((column) => [column.name.toLowerCase(), column]))
  return columns.filter((column) => !scope.has(column.name) && last.get(column.name.toLowerCase()) === column)
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
export function drop(input: Plan, columns: readonly (string | Expression)[]): Drop {
  const scope = scopeOf(input)
  const found = columns.map((column) =>
    located(typeof column === 'object' && 'kind' in column ? column : columnReference(column as string), input),
  )
  for (const column of found) {
    if (column.kind !== 'ColumnReference' && column.kind !== 'InputColumn')
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `drop() takes names, and columns as they are: ${describeExpression(column)} is computed.`,
      )
  }
  const node = { kind: 'Drop', input, columns: Object.freeze(found) } as const
  if (scope === undefined) return Object.freeze(node)
  const dropped = droppedPositions(node, scope)
  if (dropped.size === scope.columns.length) {
    throw new LakefrontError('INVALID_ARGUMENT', 'drop() would leave no columns.')
  }
  return Object.freeze({ ...node, output: Object.freeze(scope.columns.filter((_, index) => !dropped.has(index))) })
}

/** Where the columns that `node` drops are in its input. */
export function droppedPositions({ columns }: Pick<Drop, 'columns'>, scope: Scope): ReadonlySet<number> {
  return new Set(
    columns.flatMap((column) => {
      // A name means all columns of that name, as after a join.
      const alike = column.kind === 'ColumnReference' && column.plan === undefined ? scope.positions(column.name) : []
      if (alike.length > 1) return alike
      const bound = bind(column, scope)
      if (bound.kind === 'InputColumn') return [bound.index]
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `drop() takes columns, and ${describeExpression(column)} is a field of one.`,
      )
    }),
  )
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
