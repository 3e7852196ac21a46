import type { MadeChange } from '../snapshot/changes-made.ts'

/** A commit of somebody else. */
export interface OtherCommit {
  readonly snapshot: number
  readonly made: readonly MadeChange[]
  readonly author?: string
  readonly message?: string
}

/** Two changes of which only one can be. */
export interface Conflict {
  readonly mine: MadeChange
  readonly theirs: MadeChange
  readonly commit: OtherCommit
}

export interface ConflictContext {
  /** Names of schemas by their ids, those included that were dropped. */
  readonly schemas: ReadonlyMap<number, string>
  /** Data files of which others deleted rows, or which they ended, and in which snapshot that was. */
  readonly filesTouched: ReadonlyMap<number, number>
  /** Data files of which I delete rows. */
  readonly filesDeleted: readonly number[]
}

type Kind = MadeChange['kind']

/** What conflicts when both are about the same table, view, schema or macro, by what I did. */
const sameObject: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  dropped_schema: ['dropped_schema'],
  dropped_table: ['dropped_table'],
  dropped_view: ['dropped_view'],
  dropped_scalar_macro: ['dropped_scalar_macro'],
  dropped_table_macro: ['dropped_table_macro'],
  inserted_into_table: ['dropped_table', 'altered_table', 'deleted_from_table', 'inlined_delete'],
  inlined_insert: ['dropped_table', 'altered_table', 'deleted_from_table', 'inlined_delete'],
  deleted_from_table: [
    'dropped_table',
    'altered_table',
    'merge_adjacent',
    'rewrite_delete',
    'compacted_table',
    'inserted_into_table',
    'inlined_insert',
    'inlined_delete',
  ],
  inlined_delete: [
    'dropped_table',
    'altered_table',
    'inlined_delete',
    'inline_flush',
    'inserted_into_table',
    'inlined_insert',
  ],
  inline_flush: ['dropped_table', 'inlined_delete', 'inline_flush'],
  merge_adjacent: [
    'dropped_table',
    'deleted_from_table',
    'inlined_delete',
    'merge_adjacent',
    'rewrite_delete',
    'compacted_table',
  ],
  rewrite_delete: [
    'dropped_table',
    'deleted_from_table',
    'inlined_delete',
    'merge_adjacent',
    'rewrite_delete',
    'compacted_table',
  ],
  altered_table: ['dropped_table', 'altered_table'],
  altered_view: ['dropped_view', 'altered_view'],
}

const relations: readonly Kind[] = ['created_table', 'created_view']

/**
 * The first of my changes that cannot stand beside what others committed since I looked, by DuckLake's own rules: appends go with
 * appends and with compaction; deletes with deletes in other files; nothing of one table with what drops or alters it.
 */
export function conflictOf(
  mine: readonly MadeChange[],
  others: readonly OtherCommit[],
  context: ConflictContext,
): Conflict | undefined {
  for (const change of mine) {
    for (const commit of others) {
      const theirs = commit.made.find((made) => conflicts(change, made, { ...context, snapshot: commit.snapshot }))
      if (theirs !== undefined) return { mine: change, theirs, commit }
    }
  }
  return undefined
}

function conflicts(
  mine: MadeChange,
  theirs: MadeChange,
  context: ConflictContext & { readonly snapshot: number },
): boolean {
  if ('id' in mine && 'id' in theirs && mine.id === theirs.id) {
    if (sameObject[mine.kind]?.includes(theirs.kind) === true) return true
    const bothDelete = mine.kind === 'deleted_from_table' && theirs.kind === 'deleted_from_table'
    return bothDelete && context.filesDeleted.some((file) => context.filesTouched.get(file) === context.snapshot)
  }
  if (mine.kind === 'created_schema') return theirs.kind === 'created_schema' && isSame(mine.name, theirs.name)
  if (mine.kind === 'dropped_schema') return 'schema' in theirs && isSchema(mine.id, theirs.schema, context)
  if (!('schema' in mine)) return false
  if (theirs.kind === 'dropped_schema') return isSchema(theirs.id, mine.schema, context)
  if (!('schema' in theirs)) return false
  const sameSpace = mine.kind === theirs.kind || (relations.includes(mine.kind) && relations.includes(theirs.kind))
  return sameSpace && isSame(mine.schema, theirs.schema) && isSame(mine.name, theirs.name)
}

function isSchema(id: number, name: string, { schemas }: ConflictContext): boolean {
  const known = schemas.get(id)
  return known !== undefined && isSame(known, name)
}

/** As DuckDB compares names. */
function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
