import { LakefrontError } from '../../errors.ts'
import { Column } from '../column.ts'
import type { AnyColumn, Argument, ArgumentNeeds, ArgumentType } from '../column-types.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `typeof(value)`: DuckDB's name of the type (PySpark: Spark's). */
export function typeOf<A extends Argument>(value: A): Column<string, ArgumentNeeds<A>, string> {
  return callOf('typeOf(any) varchar', 'scalar', [argumentNode(value)])
}

/** `version()`: of the engine. */
export function version(): Column<string, never, string> {
  return callOf('version() varchar', 'scalar', [])
}

/** `current_schema()`: the schema that tables are looked up in. */
export function currentDatabase(): Column<string, never, string> {
  return callOf('currentDatabase() varchar', 'scalar', [])
}

/** `current_database()`: the database that tables are looked up in. */
export function currentCatalog(): Column<string, never, string> {
  return callOf('currentCatalog() varchar', 'scalar', [])
}

/** `name(a, b, …)`: a function of the engine by its own name, for what has no method. */
export function callFunction<A extends readonly Argument[]>(
  name: string,
  ...values: A
): Column<unknown, ArgumentNeeds<A[number]>, string> {
  if (!/^[a-z_][a-z0-9_]*$/i.test(name)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `callFunction(): ${JSON.stringify(name)} is not the name of a function.`,
    )
  }
  const separators = values.slice(1).map(() => ', ')
  const parts = values.length === 0 ? [`${name}()`] : [`${name}(`, ...separators, ')']
  return new Column(
    Object.freeze({
      kind: 'RawSql',
      parts: Object.freeze(parts),
      operands: Object.freeze(values.map((value) => argumentNode(value))),
    }),
  )
}

type Key<A> = Column<ArgumentType<A>, ArgumentNeeds<A>, string>

/** `x ASC NULLS FIRST`, a key for orderBy(). */
export function asc<A extends AnyColumn | string>(value: A): Key<A> {
  return keyOf(value).asc() as Column<never, never, never>
}

/** `x ASC NULLS FIRST` */
export function ascNullsFirst<A extends AnyColumn | string>(value: A): Key<A> {
  return keyOf(value).ascNullsFirst() as Column<never, never, never>
}

/** `x ASC NULLS LAST` */
export function ascNullsLast<A extends AnyColumn | string>(value: A): Key<A> {
  return keyOf(value).ascNullsLast() as Column<never, never, never>
}

/** `x DESC NULLS LAST`, a key for orderBy(). */
export function desc<A extends AnyColumn | string>(value: A): Key<A> {
  return keyOf(value).desc() as Column<never, never, never>
}

/** `x DESC NULLS FIRST` */
export function descNullsFirst<A extends AnyColumn | string>(value: A): Key<A> {
  return keyOf(value).descNullsFirst() as Column<never, never, never>
}

/** `x DESC NULLS LAST` */
export function descNullsLast<A extends AnyColumn | string>(value: A): Key<A> {
  return keyOf(value).descNullsLast() as Column<never, never, never>
}

function keyOf(value: AnyColumn | string): AnyColumn {
  return new Column(argumentNode(value))
}
