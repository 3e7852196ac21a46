import { LakefrontError } from '../../errors.ts'
import type { MadeChange } from '../snapshot/changes-made.ts'
import type { Conflict } from './conflict.ts'

const words: Readonly<Partial<Record<MadeChange['kind'], string>>> = {
  inserted_into_table: 'inserted rows into it',
  inlined_insert: 'inserted rows into it',
  deleted_from_table: 'deleted rows of it',
  inlined_delete: 'deleted rows of it',
  altered_table: 'altered it',
  altered_view: 'altered it',
  dropped_table: 'dropped it',
  dropped_view: 'dropped it',
  dropped_schema: 'dropped the schema',
  merge_adjacent: 'compacted it',
  rewrite_delete: 'compacted it',
  compacted_table: 'compacted it',
  inline_flush: 'moved its rows into files',
  created_table: 'created a table of that name, or in that schema',
  created_view: 'created a view of that name, or in that schema',
  created_schema: 'created a schema of that name',
}

/** `COMMIT_CONFLICT`, saying which object both changed and who came first. */
export function commitConflict({ mine, theirs, commit }: Conflict, name: string): LakefrontError {
  const who = [
    `snapshot ${commit.snapshot}`,
    ...(commit.author === undefined ? [] : [`by ${commit.author}`]),
    ...(commit.message === undefined ? [] : [JSON.stringify(commit.message.slice(0, 100))]),
  ].join(', ')
  return new LakefrontError(
    'COMMIT_CONFLICT',
    `"${name}" was changed by another commit first (${who}): it ${words[theirs.kind] ?? theirs.kind}. Nothing was changed. Read again, and run it on what is there now.`,
    {
      details: {
        object: name,
        change: mine.kind,
        otherChange: theirs.kind,
        otherSnapshot: commit.snapshot,
        ...(commit.author === undefined ? {} : { author: commit.author }),
      },
    },
  )
}
