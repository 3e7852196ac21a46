import { LakefrontError } from '../../errors.ts'
import { quotedName, unquotedText } from '../catalog/quoted.ts'
import { sortKeyOf } from '../commit/sort-key.ts'
import { parseType } from '../../types/type-names.ts'
import type { LakeOperation, ObjectName } from '../write/write-request.ts'
import { type MergeStatement, mergeStatement } from './merge-statement.ts'
import { setList, target } from './statement-parts.ts'
import type { Assignment, LakeNames } from './statement-parts.ts'
import type { StatementCursor } from './statement-cursor.ts'

/** What an SQL statement wants of a lake. Texts are SQL as it stands there. */
export type ChangeStatement =
  | {
      readonly kind: 'insert'
      readonly table: ObjectName
      /** For columns in this order; for all of the table's without it; by their names. */
      readonly columns?: readonly string[] | 'byName'
      /** The query, or expressions by row; without them, one row of defaults. */
      readonly rows?: string | readonly (readonly string[])[]
    }
  | {
      readonly kind: 'update'
      readonly table: ObjectName
      readonly alias: string
      readonly set: readonly Assignment[]
      readonly from?: string
      readonly where?: string
    }
  | {
      readonly kind: 'delete'
      readonly table: ObjectName
      readonly alias: string
      readonly from?: string
      readonly where?: string
    }
  | MergeStatement
  | {
      readonly kind: 'createTable'
      readonly table: ObjectName
      readonly ifNotExists: boolean
      readonly replaces: boolean
      /** The columns, or the query that gives them with their rows. */
      readonly columns?: string
      readonly rows?: string
    }
  | {
      readonly kind: 'view'
      readonly view: ObjectName
      readonly sql: string
      readonly replaces: boolean
      readonly ifNotExists: boolean
    }
  | { readonly kind: 'ifThere'; readonly table: ObjectName; readonly change: Alteration }
  | Alteration

/** What needs no rows but, for some, a look at the table. */
export type Alteration =
  | {
      readonly kind: 'addColumn'
      readonly table: ObjectName
      readonly into: readonly string[]
      readonly name: string
      /** Its type, and what stands behind that. */
      readonly definition: string
      readonly ifNotExists: boolean
    }
  | {
      readonly kind: 'dropColumn'
      readonly table: ObjectName
      readonly column: readonly string[]
      readonly ifExists: boolean
    }
  | { readonly kind: 'setNotNull'; readonly table: ObjectName; readonly column: string }
  | { readonly kind: 'setDefault'; readonly table: ObjectName; readonly column: string; readonly value?: string }
  | { readonly kind: 'operation'; readonly operation: LakeOperation }

/** The statement a cursor is at the first word of. @throws LakefrontError `SYNTAX_ERROR`, `UNSUPPORTED` for what a lake cannot do. */
export function changeStatement(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  const change = read(cursor, inLake)
  if (cursor.sees('returning')) throw unsupported('RETURNING', 'Read the rows with a SELECT before or after it.')
  if (!cursor.isAtEnd) throw cursor.unexpected('the end')
  return change
}

function read(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  if (cursor.takes('insert')) return insert(cursor, inLake)
  if (cursor.takes('update')) return update(cursor, inLake)
  if (cursor.takes('delete')) return remove(cursor, inLake)
  if (cursor.takes('truncate')) {
    cursor.takes('table')
    return { kind: 'delete', table: inLake(cursor.path()), alias: 'truncated' }
  }
  if (cursor.takes('merge')) return mergeStatement(cursor, inLake)
  if (cursor.takes('create')) return create(cursor, inLake)
  if (cursor.takes('drop')) return drop(cursor, inLake)
  if (cursor.takes('alter')) return alter(cursor, inLake)
  if (cursor.takes('comment')) return comment(cursor, inLake)
  throw cursor.unexpected('INSERT, UPDATE, DELETE, MERGE, CREATE, DROP, ALTER or COMMENT')
}

function insert(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  if (cursor.takes('or'))
    throw unsupported(
      'INSERT OR …',
      'There are no keys in the format. Say which rows are the same: MERGE INTO … USING … ON ….',
    )
  cursor.expect('into')
  const table = inLake(cursor.path())
  const names = cursor.names()
  const isByName = names === undefined && cursor.takes('by', 'name')
  if (!isByName) cursor.takes('by', 'position')
  const columns = isByName ? ('byName' as const) : names
  const own = { kind: 'insert', table, ...(columns === undefined ? {} : { columns }) } as const
  if (cursor.takes('default', 'values')) return own
  const rows =
    (isByName ? undefined : cursor.ahead(() => valueRows(cursor))) ?? cursor.until('returning', 'on conflict')
  if (cursor.sees('on'))
    throw unsupported(
      'ON CONFLICT',
      'There are no keys in the format. Say which rows are the same: MERGE INTO … USING … ON ….',
    )
  return { ...own, rows }
}

/** What stands in the brackets behind VALUES; undefined where that is a part of a query. */
function valueRows(cursor: StatementCursor): readonly (readonly string[])[] | undefined {
  if (!cursor.takes('values')) return undefined
  const rows: (readonly string[])[] = []
  do rows.push(cursor.expressions())
  while (cursor.takes(','))
  return cursor.isAtEnd || cursor.sees('returning') || cursor.sees('on', 'conflict') ? rows : undefined
}

function update(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  const { table, alias } = target(cursor, inLake, 'set')
  cursor.expect('set')
  const set = setList(cursor, 'from', 'where', 'returning')
  return { kind: 'update', table, alias, set, ...conditions(cursor, 'from') }
}

function remove(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  cursor.expect('from')
  return { kind: 'delete', ...target(cursor, inLake, 'using', 'where', 'returning'), ...conditions(cursor, 'using') }
}

function conditions(
  cursor: StatementCursor,
  others: 'from' | 'using',
): { readonly from?: string; readonly where?: string } {
  const from = cursor.takes(others) ? cursor.until('where', 'returning') : undefined
  const where = cursor.takes('where') ? cursor.until('returning') : undefined
  return { ...(from === undefined ? {} : { from }), ...(where === undefined ? {} : { where }) }
}

function create(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  const replaces = cursor.takes('or', 'replace')
  if (cursor.takes('schema')) {
    const ifNotExists = cursor.takes('if', 'not', 'exists')
    return { kind: 'operation', operation: { kind: 'createSchema', name: inLake(cursor.path()).name, ifNotExists } }
  }
  if (cursor.takes('view')) {
    const ifNotExists = cursor.takes('if', 'not', 'exists')
    return { kind: 'view', view: inLake(cursor.path()), replaces, ifNotExists, sql: query(cursor, cursor.names()) }
  }
  if (!cursor.takes('table')) throw unsupported('This', 'Tables, views and schemas can be made in a lake.')
  const ifNotExists = cursor.takes('if', 'not', 'exists')
  const own = { kind: 'createTable', table: inLake(cursor.path()), ifNotExists, replaces } as const
  const names = cursor.names()
  if (names !== undefined || cursor.sees('as')) return { ...own, rows: query(cursor, names) }
  return { ...own, columns: cursor.inBrackets() }
}

/** The query behind AS, its columns called by `names` where there are some. */
function query(cursor: StatementCursor, names: readonly string[] | undefined): string {
  cursor.expect('as')
  const sql = cursor.rest()
  return names === undefined ? sql : `SELECT * FROM (${sql}\n) AS own(${names.map(quotedName).join(', ')})`
}

function drop(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  const kind = (['table', 'view', 'schema'] as const).find((word) => cursor.takes(word))
  if (kind === undefined) throw unsupported('This', 'Tables, views and schemas can be dropped from a lake.')
  const ifExists = cursor.takes('if', 'exists')
  const object = inLake(cursor.path())
  const cascade = cursor.takes('cascade')
  if (!cascade) cursor.takes('restrict')
  switch (kind) {
    case 'schema':
      return { kind: 'operation', operation: { kind: 'dropSchema', name: object.name, ifExists, cascade } }
    case 'table':
      return { kind: 'operation', operation: { kind: 'dropTable', table: object, ifExists } }
    case 'view':
      return { kind: 'operation', operation: { kind: 'dropView', view: object, ifExists } }
  }
}

function alter(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  if (!cursor.takes('table'))
    throw unsupported('This', 'Tables can be altered; a view is made anew with CREATE OR REPLACE VIEW.')
  const ifExists = cursor.takes('if', 'exists')
  const table = inLake(cursor.path())
  const change = alteration(cursor, table)
  return ifExists ? { kind: 'ifThere', table, change } : change
}

function alteration(cursor: StatementCursor, table: ObjectName): Alteration {
  const operation = (own: LakeOperation): Alteration => ({ kind: 'operation', operation: own })
  if (cursor.takes('add')) {
    if (/^(?:primary|foreign|unique|check|constraint)$/i.test(cursor.next))
      throw unsupported(
        'Adding a key or a constraint',
        'The format knows NOT NULL: ALTER TABLE … ALTER … SET NOT NULL.',
      )
    cursor.takes('column')
    const ifNotExists = cursor.takes('if', 'not', 'exists')
    const path = cursor.path()
    return {
      kind: 'addColumn',
      table,
      into: path.slice(0, -1),
      name: path.at(-1)!,
      definition: cursor.rest(),
      ifNotExists,
    }
  }
  if (cursor.takes('drop')) {
    cursor.takes('column')
    const ifExists = cursor.takes('if', 'exists')
    return { kind: 'dropColumn', table, column: cursor.path(), ifExists }
  }
  if (cursor.takes('rename', 'to')) return operation({ kind: 'renameTable', table, name: cursor.name() })
  if (cursor.takes('rename')) {
    cursor.takes('column')
    const column = cursor.path()
    cursor.expect('to')
    return operation({ kind: 'renameColumn', table, column, name: cursor.name() })
  }
  if (cursor.takes('set', 'partitioned', 'by'))
    return operation({ kind: 'setPartitioning', table, keys: cursor.expressions() })
  if (cursor.takes('reset', 'partitioned', 'by')) return operation({ kind: 'setPartitioning', table, keys: [] })
  if (cursor.takes('set', 'sorted', 'by'))
    return operation({ kind: 'setSorting', table, keys: cursor.expressions().map(sortKeyOf) })
  if (cursor.takes('reset', 'sorted', 'by')) return operation({ kind: 'setSorting', table, keys: [] })
  cursor.expect('alter')
  cursor.takes('column')
  const column = cursor.path()
  if (cursor.takes('set', 'not', 'null')) return { kind: 'setNotNull', table, column: column.join('.') }
  if (cursor.takes('drop', 'not', 'null')) return operation({ kind: 'setNullable', table, column, nullable: true })
  if (cursor.takes('set', 'default'))
    return { kind: 'setDefault', table, column: column.join('.'), value: cursor.rest() }
  if (cursor.takes('drop', 'default')) return { kind: 'setDefault', table, column: column.join('.') }
  cursor.takes('set', 'data')
  cursor.expect('type')
  return operation({ kind: 'alterType', table, column, type: parseType(cursor.until('using')) })
}

function comment(cursor: StatementCursor, inLake: LakeNames): ChangeStatement {
  cursor.expect('on')
  const kind = (['table', 'view', 'column'] as const).find((word) => cursor.takes(word))
  if (kind === undefined) throw unsupported('This', 'Tables, views and columns can have comments in a lake.')
  const path = cursor.path()
  cursor.expect('is')
  const given = cursor.rest()
  const text = unquotedText(given) ?? null
  if (text === null && given.toLowerCase() !== 'null')
    throw new LakefrontError('SYNTAX_ERROR', `A comment is a text, such as 'what it is', or NULL; not ${given}.`)
  const object = inLake(kind === 'column' ? path.slice(0, -1) : path)
  const on = kind === 'view' ? 'view' : 'table'
  const column = kind === 'column' ? { column: path.slice(-1) } : {}
  return { kind: 'operation', operation: { kind: 'comment', on, object, text, ...column } }
}

function unsupported(what: string, instead: string): LakefrontError {
  return new LakefrontError('UNSUPPORTED', `${what} cannot be done in a lake. ${instead}`)
}
