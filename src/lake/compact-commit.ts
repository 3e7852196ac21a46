import { LakefrontError } from '../errors.ts'
import type { DataFile } from '../write/data-files.ts'
import type { CatalogTransaction } from './catalog.ts'
import type { Pack } from './compact-plan.ts'
import { schedule } from './expire.ts'
import { SnapshotDraft } from './snapshot-draft.ts'
import type { FileColumnStatistics } from './statistics.ts'

export interface PackCommit {
  /** The UUID of the table. */
  readonly table: string
  /** Of the table, below the data path. */
  readonly folder: string
  /** The newest snapshot when the files were chosen. */
  readonly base: number
  readonly pack: Pack
  /** What takes their place; none where no row is left. */
  readonly file?: DataFile & { readonly statistics: readonly FileColumnStatistics[] }
}

/**
 * Puts one file in the place of others, as the next snapshot. Merged files leave the catalog, since the new file is there in all snapshots in which
 * they were; files that are written anew without their deleted rows are there until this snapshot.
 *
 * @throws LakefrontError `COMMIT_CONFLICT` when others changed the files.
 */
export async function commitPack(transaction: CatalogTransaction, commit: PackCommit): Promise<number | undefined> {
  const { base, pack, folder, file } = commit
  const draft = await SnapshotDraft.begin(transaction, base)
  const table = await draft.table(commit.table)
  const isMerge = pack.kind === 'merge'
  draft.tell({ kind: isMerge ? 'merge_adjacent' : 'rewrite_delete', id: table.id })
  await draft.checkConflicts()
  await assertUnchanged(transaction, table.id, pack)
  draft.touchData()
  const ids = pack.files.map(({ id }) => id)
  const ofFiles = `data_file_id IN (${ids.join()})`
  if (isMerge) {
    await schedule(transaction, { from: 'ducklake_data_file', key: 'data_file_id', ids })
    for (const name of ['file_column_stats', 'file_variant_stats', 'file_partition_value'])
      await transaction.run(`DELETE FROM {M}.ducklake_${name} WHERE ${ofFiles}`)
  } else {
    await draft.end('ducklake_data_file', ofFiles, [])
    await draft.end('ducklake_delete_file', ofFiles, [])
  }
  if (file !== undefined) {
    const first = pack.files[0]!
    const id = draft.fileId()
    const begin = isMerge ? Math.min(...pack.files.map((old) => old.begin)) : draft.snapshot
    const last = isMerge ? Math.max(...pack.files.map((old) => old.last)) : null
    const path = file.key.slice(folder.length)
    await draft.insert('ducklake_data_file', [
      [
        id,
        table.id,
        begin,
        null,
        null,
        path,
        true,
        'parquet',
        file.rows,
        file.bytes,
        file.footerBytes,
        null,
        first.partition,
        null,
        null,
        last,
      ],
    ])
    await draft.insert(
      'ducklake_file_column_stats',
      file.statistics.map(({ column, bytes, valueCount, nullCount, min, max, containsNan }) => [
        id,
        table.id,
        column,
        bytes,
        valueCount,
        nullCount,
        min,
        max,
        containsNan,
        null,
      ]),
    )
    await draft.insert(
      'ducklake_file_partition_value',
      first.values.map((value, key) => [id, table.id, key, value]),
    )
  }
  const bytes = (file?.bytes ?? 0) - pack.files.reduce((sum, old) => sum + old.bytes, 0)
  await transaction.run(
    'UPDATE {M}.ducklake_table_stats SET file_size_bytes = greatest(0, file_size_bytes + $2) WHERE table_id = $1',
    [table.id, bytes],
  )
  return draft.finish({})
}

/** The files have to be what they were when they were read. */
async function assertUnchanged(transaction: CatalogTransaction, table: number, pack: Pack): Promise<void> {
  const rows = await transaction.read(
    `SELECT f.data_file_id AS id, coalesce((SELECT sum(x.delete_count) FROM {M}.ducklake_delete_file x WHERE x.data_file_id = f.data_file_id AND x.end_snapshot IS NULL), 0) AS deleted
     FROM {M}.ducklake_data_file f WHERE f.table_id = $1 AND f.end_snapshot IS NULL AND f.data_file_id IN (${pack.files.map(({ id }) => id).join()})`,
    [table],
  )
  const deleted = new Map(rows.map((row) => [Number(row['id']), Number(row['deleted'])]))
  const changed = pack.files.find((file) => (deleted.get(file.id) ?? Infinity) > file.deleted)
  if (changed === undefined) return
  throw new LakefrontError(
    'COMMIT_CONFLICT',
    `The data file "${changed.path}" was changed by another commit while it was compacted. Nothing was changed. Compact again.`,
    { details: { file: changed.path } },
  )
}
