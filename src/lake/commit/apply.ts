import type { CatalogTransaction } from '../catalog/catalog.ts'
import { applyColumnChange } from './apply-columns.ts'
import { applyObjectChange } from './apply-objects.ts'
import { type WriteDeletes, applyRowChange } from './apply-rows.ts'
import type { Change } from './change.ts'
import type { SeenLake } from '../snapshot/lake-structure.ts'
import { type CommitNote, SnapshotDraft } from './snapshot-draft.ts'

export interface ApplyOptions {
  /** The newest snapshot when the changes were made. */
  readonly base: number
  /** What was seen of the lake then. */
  readonly seen?: SeenLake
  readonly note?: CommitNote
  readonly writeDeletes: WriteDeletes
}

/**
 * Writes `changes` into the catalog as its next snapshot, whatever is newest in `transaction`; answers its id, or none when they make no
 * snapshot. The rows are those of DuckLake 1.0, in the order its reference implementation writes them.
 *
 * @throws LakefrontError `COMMIT_CONFLICT` when others changed since `base` what this changes, by DuckLake's rules.
 */
export async function applyChanges(
  transaction: CatalogTransaction,
  changes: readonly Change[],
  { base, seen, note = {}, writeDeletes }: ApplyOptions,
): Promise<number | undefined> {
  const draft = await SnapshotDraft.begin(transaction, base, seen)
  for (const change of changes) {
    switch (change.kind) {
      case 'createSchema':
      case 'dropSchema':
      case 'createTable':
      case 'dropTable':
      case 'renameTable':
      case 'createView':
      case 'dropView':
      case 'comment':
      case 'setOption':
        await applyObjectChange(draft, change)
        break
      case 'addColumn':
      case 'dropColumn':
      case 'renameColumn':
      case 'alterType':
      case 'setNullable':
      case 'setDefault':
      case 'setPartitioning':
      case 'setSorting':
        await applyColumnChange(draft, change)
        break
      case 'appendFiles':
      case 'deletePositions':
      case 'endFiles':
      case 'deleteInlined':
        await applyRowChange(draft, change, writeDeletes)
        break
      default:
        return change satisfies never
    }
  }
  return draft.finish(note)
}
