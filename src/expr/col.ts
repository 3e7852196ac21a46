import { Column } from './column.ts'
import type { NamedNeeds, NamedType } from './column-types.ts'
import { columnReference } from './operand.ts'

/**
 * The column of that name: `col('delay')` makes `"delay"`.
 *
 * `alias.name` finds a column of a DataFrame that was given an alias, `struct.field` a field, `*` and `alias.*` all
 * columns; a column whose whole name has a dot in it comes first.
 */
export function col<Name extends string>(name: Name): Column<NamedType<Name>, NamedNeeds<Name>, Name> {
  return new Column(columnReference(name))
}
