import { LakefrontError } from '../../errors.ts'
import type { ObjectName } from '../write/write-request.ts'
import type { StatementCursor } from './statement-cursor.ts'

/** Reads names of one lake, which they begin with. */
export type LakeNames = (path: readonly string[]) => ObjectName

/** A column, and what it becomes. */
export interface Assignment {
  readonly column: string
  readonly value: string
}

/** `a = 1, b = b + 1`, up to one of the words that may come next. */
export function setList(cursor: StatementCursor, ...next: readonly string[]): readonly Assignment[] {
  const set: Assignment[] = []
  do {
    const path = cursor.path()
    if (path.length > 1 || !cursor.sees('=')) {
      throw new LakefrontError(
        'UNSUPPORTED',
        `SET takes whole columns, one by one: SET "${path.at(-1)}" = …. A field of a struct is changed with struct_update().`,
      )
    }
    cursor.expect('=')
    set.push({ column: path[0]!, value: cursor.until(',', ...next) })
  } while (cursor.takes(','))
  return set
}

/** The table that rows are changed of, and what it is called meanwhile. */
export function target(
  cursor: StatementCursor,
  inLake: LakeNames,
  ...next: readonly string[]
): { readonly table: ObjectName; readonly alias: string } {
  const table = inLake(cursor.path())
  const isNamed = cursor.takes('as')
  const alias = isNamed ? cursor.name() : cursor.nameUnless(...next)
  return { table, alias: alias ?? table.name }
}
