import type { CatalogReader } from '../catalog/catalog.ts'
import type { FileName } from './change.ts'

/** Which files of a table. */
export interface FileChoice {
  readonly table: number
  /** Default: the newest. */
  readonly snapshot?: number
  /** A snapshot that is not published yet. */
  readonly own?: number | undefined
}

/**
 * The data files of a table, in the order in which scans number them: by their ids, and those of a snapshot that is not published by their
 * paths, as their ids may become others.
 */
export async function currentFiles(
  reader: CatalogReader,
  { table, snapshot, own }: FileChoice,
): Promise<readonly FileName[]> {
  const visible =
    snapshot === undefined
      ? 'end_snapshot IS NULL'
      : 'begin_snapshot <= $2 AND (end_snapshot IS NULL OR end_snapshot > $2)'
  const rows = await reader.read(
    `SELECT data_file_id, path, begin_snapshot FROM {M}.ducklake_data_file WHERE table_id = $1 AND ${visible} ORDER BY data_file_id`,
    snapshot === undefined ? [table] : [table, snapshot],
  )
  return rows.map((row) =>
    own !== undefined && Number(row['begin_snapshot']) === own ? String(row['path']) : Number(row['data_file_id']),
  )
}
