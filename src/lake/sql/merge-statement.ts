import { LakefrontError } from '../../errors.ts'
import { quotedName } from '../catalog/quoted.ts'
import type { ObjectName } from '../write/write-request.ts'
import { setList, target } from './statement-parts.ts'
import type { Assignment, LakeNames } from './statement-parts.ts'
import type { StatementCursor } from './statement-cursor.ts'

/** `MERGE INTO … USING … ON … WHEN …`. */
export interface MergeStatement {
  readonly kind: 'merge'
  readonly table: ObjectName
  readonly alias: string
  /** What stands behind USING, and what it is called. */
  readonly source: string
  readonly sourceAlias: string
  /** What its columns are called, where that is said: `AS n(a, b)`. */
  readonly sourceColumns?: readonly string[]
  /** A condition, or columns that both have. */
  readonly on: string | readonly string[]
  readonly clauses: readonly MergeClause[]
}

/** What happens to rows of one side, or of both; the first clause whose condition holds counts. */
export interface MergeClause {
  readonly rows: 'matched' | 'source' | 'target'
  readonly when?: string
  readonly action:
    | { readonly kind: 'update'; readonly set: readonly Assignment[] | 'byName' | 'byPosition' }
    | { readonly kind: 'delete' }
    | { readonly kind: 'nothing' }
    /** The statement fails; with a text, that says why. */
    | { readonly kind: 'error'; readonly message?: string }
    | {
        readonly kind: 'insert'
        readonly columns?: readonly string[]
        /** Expressions; those of the source by name, or by position, without them. */
        readonly values: readonly string[] | 'byName' | 'byPosition' | 'defaults'
      }
}

export function mergeStatement(cursor: StatementCursor, inLake: LakeNames): MergeStatement {
  cursor.expect('into')
  const changed = target(cursor, inLake, 'using')
  cursor.expect('using')
  const source = sourceOf(cursor)
  const names = cursor.takes('using') ? cursor.names() : undefined
  if (names === undefined) cursor.expect('on')
  const on = names ?? cursor.until('when')
  const clauses: MergeClause[] = []
  while (cursor.takes('when')) clauses.push(clause(cursor))
  if (clauses.length === 0) throw cursor.unexpected('WHEN MATCHED or WHEN NOT MATCHED')
  return { kind: 'merge', ...changed, ...source, on, clauses }
}

function sourceOf(cursor: StatementCursor): Pick<MergeStatement, 'source' | 'sourceAlias' | 'sourceColumns'> {
  const { text, path } = cursor.table()
  const before = moment(cursor)
  const alias = cursor.takes('as') ? cursor.name() : cursor.nameUnless('on', 'using', 'at')
  const columns = alias === undefined ? undefined : cursor.names()
  const own = columns === undefined ? {} : { sourceColumns: columns }
  return { source: text + before + moment(cursor), sourceAlias: alias ?? path?.at(-1) ?? 'source', ...own }
}

/** `AT (VERSION => 3)` of a table, which may stand before what it is called, or behind it. */
function moment(cursor: StatementCursor): string {
  return cursor.takes('at') ? ` AT (${cursor.inBrackets()})` : ''
}

/** The source of a MERGE as a table of a query, under its name. */
export function sourceTable({ source, sourceAlias, sourceColumns }: MergeStatement): string {
  const columns = sourceColumns === undefined ? '' : `(${sourceColumns.map(quotedName).join(', ')})`
  return `${source} AS ${quotedName(sourceAlias)}${columns}`
}

function clause(cursor: StatementCursor): MergeClause {
  const rows = sideOf(cursor)
  const when = cursor.takes('and') ? cursor.until('then') : undefined
  cursor.expect('then')
  return { rows, ...(when === undefined ? {} : { when }), action: actionFor(cursor, rows) }
}

function sideOf(cursor: StatementCursor): MergeClause['rows'] {
  if (cursor.takes('matched')) return 'matched'
  cursor.expect('not', 'matched')
  if (cursor.takes('by', 'source')) return 'target'
  cursor.takes('by', 'target')
  return 'source'
}

function actionFor(cursor: StatementCursor, rows: MergeClause['rows']): MergeClause['action'] {
  if (cursor.takes('do', 'nothing')) return { kind: 'nothing' }
  if (cursor.takes('error')) {
    const isAlone = cursor.isAtEnd || cursor.sees('when') || cursor.sees('returning')
    return { kind: 'error', ...(isAlone ? {} : { message: cursor.until('when', 'returning') }) }
  }
  if (rows === 'source') {
    cursor.expect('insert')
    return insertion(cursor)
  }
  if (cursor.takes('delete')) return { kind: 'delete' }
  cursor.expect('update')
  const isByName = cursor.takes('by', 'name')
  if (!isByName && cursor.takes('set') && !cursor.takes('*'))
    return { kind: 'update', set: setList(cursor, 'when', 'returning') }
  if (rows === 'matched') return { kind: 'update', set: isByName ? 'byName' : 'byPosition' }
  throw new LakefrontError(
    'SYNTAX_ERROR',
    'WHEN NOT MATCHED BY SOURCE has no row to take values from. Say which: UPDATE SET a = ….',
  )
}

function insertion(cursor: StatementCursor): MergeClause['action'] {
  if (cursor.takes('default', 'values')) return { kind: 'insert', values: 'defaults' }
  if (cursor.takes('by', 'name')) {
    cursor.takes('*')
    return { kind: 'insert', values: 'byName' }
  }
  cursor.takes('by', 'position')
  const columns = cursor.names()
  if (cursor.takes('*') || cursor.isAtEnd || cursor.sees('when') || cursor.sees('returning'))
    return { kind: 'insert', ...(columns === undefined ? {} : { columns }), values: 'byPosition' }
  cursor.expect('values')
  return { kind: 'insert', ...(columns === undefined ? {} : { columns }), values: cursor.expressions() }
}
