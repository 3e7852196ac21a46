import { LakefrontError } from '../../errors.ts'
import type { DataFile } from '../../write/data-files.ts'
import type { CatalogTransaction } from '../catalog/catalog.ts'
import type { OldFile, Pack } from './compact-plan.ts'
import { schedule } from './expire.ts'
import type { SnapshotRow } from '../snapshot/lake-snapshot.ts'
import { SnapshotDraft } from '../commit/snapshot-draft.ts'
import type { DraftTable } from '../commit/snapshot-draft.ts'
import type { FileColumnStatistics } from '../commit/statistics.ts'

/** A pack and what takes its place: none where no row is left. */
export interface WrittenPack {
  readonly pack: Pack
  readonly file?: DataFile & { readonly statistics: readonly FileColumnStatistics[] }
}

export interface PacksCommit {
  /** The UUID of the table. */
  readonly table: string
  /** The newest snapshot when the files were chosen, or one of this compaction. */
  readonly base: number
  /** The newest snapshot when the files were chosen. */
  readonly newest: SnapshotRow
  readonly kind: Pack['kind']
  readonly packs: readonly WrittenPack[]
}

/**
 * Puts files in the place of others, as the next snapshot. Merged files leave the catalog, since the new one is there in all snapshots in which
 * they were; files that are written anew without their deleted rows are there until this snapshot.
 *
 * @throws LakefrontError `COMMIT_CONFLICT` when others changed the files.
 */
export async function commitPacks(transaction: CatalogTransaction, commit: PacksCommit): Promise<number> {
  const { base, newest, kind, packs } = commit
  const draft = await SnapshotDraft.begin(transaction, base, { newest })
  const table = await draft.table(commit.table)
  draft.tell({ kind: kind === 'merge' ? 'merge_adjacent' : 'rewrite_delete', id: table.id })
  await draft.checkConflicts()
  const files = packs.flatMap(({ pack }) => pack.files)
  await assertUnchanged(transaction, table.id, files)
  draft.touchData()
  const ids = files.map(({ id }) => id)
  const ofFiles = `data_file_id IN (${ids.join()})`
  if (kind === 'merge') {
    await schedule(transaction, { from: 'ducklake_data_file', key: 'data_file_id', ids })
    for (const name of ['file_column_stats', 'file_variant_stats', 'file_partition_value'])
      await transaction.run(`DELETE FROM {M}.ducklake_${name} WHERE ${ofFiles}`)
  } else {
    await draft.end('ducklake_data_file', ofFiles, [])
    await draft.end('ducklake_delete_file', ofFiles, [])
  }
  for (const written of packs) await insertFile(draft, table, written)
  const bytes =
    packs.reduce((sum, { file }) => sum + (file?.bytes ?? 0), 0) - files.reduce((sum, old) => sum + old.bytes, 0)
  await transaction.run(
    'UPDATE {M}.ducklake_table_stats SET file_size_bytes = greatest(0, file_size_bytes + $2) WHERE table_id = $1',
    [table.id, bytes],
  )
  return (await draft.finish({}))!
}

async function insertFile(draft: SnapshotDraft, table: DraftTable, { pack, file }: WrittenPack): Promise<void> {
  if (file === undefined) return
  const { partition, values } = pack.files[0]!
  const isMerge = pack.kind === 'merge'
  const id = draft.fileId()
  const begin = isMerge ? Math.min(...pack.files.map((old) => old.begin)) : draft.snapshot
  const last = isMerge ? Math.max(...pack.files.map((old) => old.last)) : null
  const path = file.key.slice(table.folder.length)
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
      partition,
      null,
      null,
      last,
    ],
  ])
  await draft.insert(
    'ducklake_file_column_stats',
    file.statistics.map((own) => [
      id,
      table.id,
      own.column,
      own.bytes,
      own.valueCount,
      own.nullCount,
      own.min,
      own.max,
      own.containsNan,
      null,
    ]),
  )
  await draft.insert(
    'ducklake_file_partition_value',
    values.map((value, key) => [id, table.id, key, value]),
  )
}

/** The files have to be what they were when they were read. */
async function assertUnchanged(
  transaction: CatalogTransaction,
  table: number,
  files: readonly OldFile[],
): Promise<void> {
  const rows = await transaction.read(
    `SELECT f.data_file_id AS id, coalesce((SELECT sum(x.delete_count) FROM {M}.ducklake_delete_file x WHERE x.data_file_id = f.data_file_id AND x.end_snapshot IS NULL), 0) AS deleted
     FROM {M}.ducklake_data_file f WHERE f.table_id = $1 AND f.end_snapshot IS NULL AND f.data_file_id IN (${files.map(({ id }) => id).join()})`,
    [table],
  )
  const deleted = new Map(rows.map((row) => [Number(row['id']), Number(row['deleted'])]))
  const changed = files.find((file) => (deleted.get(file.id) ?? Infinity) > file.deleted)
  if (changed === undefined) return
  throw new LakefrontError(
    'COMMIT_CONFLICT',
    `The data file "${changed.path}" was changed by another commit while it was compacted. Nothing was changed. Compact again.`,
    { details: { file: changed.path } },
  )
}
