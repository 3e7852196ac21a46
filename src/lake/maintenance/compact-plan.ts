import type { CatalogReader } from '../catalog/catalog.ts'
import { columnsOf } from '../catalog/catalog-format.ts'
import { foldersSql, isRelativeSql, pathSql } from '../snapshot/lake-files.ts'
import { columnsFromRows } from '../snapshot/lake-columns.ts'
import type { LakeColumn } from '../snapshot/lake-columns.ts'

/** A data file that is to be read for another one. */
export interface OldFile {
  readonly id: number
  /** Below the data path. */
  readonly path: string
  readonly rows: number
  readonly deleted: number
  readonly bytes: number
  readonly begin: number
  /** The last snapshot rows of it came with. */
  readonly last: number
  readonly partition: number | null
  readonly values: readonly (string | null)[]
}

/** Files that become one. */
export interface Pack {
  /** Small files side by side, whose history stays; or files of which many rows are deleted. */
  readonly kind: 'merge' | 'rewrite'
  readonly files: readonly OldFile[]
  /** The snapshot to read them in. */
  readonly snapshot: number
}

export interface PlanOptions {
  /** Files smaller than this are merged, until they have this size. */
  readonly targetBytes: number
  /** The share of deleted rows from which on a file is written anew. */
  readonly deletedShare: number
}

/** Files of one pack, at most. */
const mostFiles = 1000

/** What files of a table are worth to be written anew. */
export async function compactionPlan(
  reader: CatalogReader,
  table: number,
  { targetBytes, deletedShare }: PlanOptions,
): Promise<readonly Pack[]> {
  const [head] = await reader.read('SELECT max(snapshot_id) AS id FROM {M}.ducklake_snapshot')
  const newest = Number(head!['id'])
  const files = await currentFiles(reader, table)
  const many = files.filter(({ rows, deleted }) => deleted > 0 && deleted / rows >= deletedShare)
  const small = files.filter((file) => file.deleted === 0 && !file.hasDeletes && file.bytes < targetBytes)
  const groups = grouped(small, ({ partition, values, schemaVersion, isRewritten }) =>
    JSON.stringify([schemaVersion, partition, values, isRewritten]),
  )
  const packs: Pack[] = []
  for (const group of groups) {
    for (const pack of packed(group, targetBytes)) {
      if (pack.length < 2) continue
      const last = Math.max(...pack.map((file) => file.last))
      packs.push({
        kind: 'merge',
        files: pack,
        snapshot: await snapshotOf(reader, { table, last, newest, version: pack[0]!.schemaVersion }),
      })
    }
  }
  for (const group of grouped(many, ({ partition, values }) => JSON.stringify([partition, values])))
    for (const pack of packed(group, targetBytes)) packs.push({ kind: 'rewrite', files: pack, snapshot: newest })
  return packs
}

interface CurrentFile extends OldFile {
  /** Whether there are deletes of it, of any snapshot. */
  readonly hasDeletes: boolean
  readonly schemaVersion: number
  /** Whether it came by a compaction: its rows are no change of that snapshot, and stay apart from rows that are one of theirs. */
  readonly isRewritten: boolean
}

/** The files of a table in the newest snapshot, in the order in which they came. */
async function currentFiles(reader: CatalogReader, table: number): Promise<readonly CurrentFile[]> {
  const name = `ducklake_inlined_delete_${table}`
  const inlined =
    (await columnsOf(reader, name)).length === 0
      ? '0'
      : `(SELECT count(DISTINCT row_id) FROM {M}.${name} i WHERE i.file_id = f.data_file_id)`
  const rows = await reader.read(
    `SELECT f.data_file_id AS id, ${pathSql} AS path, f.record_count AS rows, f.file_size_bytes AS bytes, f.begin_snapshot AS begin,
       coalesce(f.partial_max, f.begin_snapshot) AS last, f.partition_id AS partition,
       (SELECT to_json(list(v.partition_value ORDER BY v.partition_key_index)) FROM {M}.ducklake_file_partition_value v WHERE v.data_file_id = f.data_file_id) AS values,
       (SELECT max(v.schema_version) FROM {M}.ducklake_schema_versions v WHERE v.table_id = f.table_id AND v.begin_snapshot <= f.begin_snapshot) AS version,
       coalesce((SELECT sum(x.delete_count) FROM {M}.ducklake_delete_file x WHERE x.data_file_id = f.data_file_id AND x.end_snapshot IS NULL), 0) AS deleted,
       ${inlined} AS inlined, EXISTS (SELECT 1 FROM {M}.ducklake_delete_file x WHERE x.data_file_id = f.data_file_id) AS has_deletes,
       f.begin_snapshot IN (SELECT snapshot_id FROM {M}.ducklake_snapshot_changes WHERE contains(changes_made, 'rewrite_delete:')) AS rewritten
     FROM {M}.ducklake_data_file f LEFT JOIN (${foldersSql}) d USING (table_id)
     WHERE f.table_id = $1 AND f.end_snapshot IS NULL AND f.encryption_key IS NULL AND ${isRelativeSql} AND f.record_count > 0
     ORDER BY f.begin_snapshot, f.row_id_start, f.data_file_id`,
    [table],
  )
  return rows.map((row) => ({
    id: Number(row['id']),
    path: String(row['path']),
    rows: Number(row['rows']),
    deleted: Number(row['deleted']) + Number(row['inlined']),
    bytes: Number(row['bytes']),
    begin: Number(row['begin']),
    last: Number(row['last']),
    partition: row['partition'] === null ? null : Number(row['partition']),
    values: row['values'] === null ? [] : (JSON.parse(String(row['values'])) as (string | null)[]),
    hasDeletes: row['has_deletes'] === true || Number(row['inlined']) > 0,
    schemaVersion: Number(row['version'] ?? -1),
    isRewritten: row['rewritten'] === true,
  }))
}

function grouped<T>(items: readonly T[], key: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return [...groups.values()]
}

/** Files one after the other, as many together as make a file of `targetBytes`. */
function packed<T extends OldFile>(files: readonly T[], targetBytes: number): readonly (readonly T[])[] {
  const packs: T[][] = []
  let bytes = Infinity
  for (const file of files) {
    if (bytes + file.bytes > targetBytes || packs.at(-1)!.length === mostFiles) {
      packs.push([])
      bytes = 0
    }
    packs.at(-1)!.push(file)
    bytes += file.bytes
  }
  return packs
}

/**
 * The snapshot to read files in that are of one version of the table: one that has that version, so that older snapshots find all their columns
 * in the new file too. When none is left that has it, the newest.
 */
async function snapshotOf(
  reader: CatalogReader,
  {
    table,
    last,
    newest,
    version,
  }: { readonly table: number; readonly last: number; readonly newest: number; readonly version: number },
): Promise<number> {
  const [row] = await reader.read(
    `SELECT max(snapshot_id) AS id FROM {M}.ducklake_snapshot WHERE snapshot_id >= $2
       AND snapshot_id < coalesce((SELECT min(begin_snapshot) FROM {M}.ducklake_schema_versions WHERE table_id = $1 AND schema_version > $3), $4 + 1)`,
    [table, last, version, newest],
  )
  return row?.['id'] === null || row === undefined ? newest : Number(row['id'])
}

/** A table as it is called in a snapshot, and its columns there. */
export async function tableAt(
  reader: CatalogReader,
  table: number,
  snapshot: number,
): Promise<{
  readonly schema: string
  readonly name: string
  readonly folder: string
  readonly columns: readonly LakeColumn[]
}> {
  const visible = (alias: string): string =>
    `${alias}.begin_snapshot <= $2 AND (${alias}.end_snapshot IS NULL OR ${alias}.end_snapshot > $2)`
  const [row] = await reader.read(
    `SELECT s.schema_name, t.table_name, d.folder FROM {M}.ducklake_table t JOIN {M}.ducklake_schema s USING (schema_id) JOIN (${foldersSql}) d ON d.table_id = t.table_id
      WHERE t.table_id = $1 AND ${visible('t')}`,
    [table, snapshot],
  )
  const rows = await reader.read(
    `SELECT column_id, parent_column, column_order, column_name, column_type, initial_default, default_value, default_value_type, nulls_allowed
     FROM {M}.ducklake_column c WHERE table_id = $1 AND ${visible('c')} ORDER BY column_order`,
    [table, snapshot],
  )
  return {
    schema: String(row!['schema_name']),
    name: String(row!['table_name']),
    folder: String(row!['folder']),
    columns: columnsFromRows(
      rows.map((column) => ({
        id: Number(column['column_id']),
        parent: column['parent_column'] === null ? null : Number(column['parent_column']),
        order: Number(column['column_order']),
        name: String(column['column_name']),
        type: String(column['column_type']),
        initialDefault: column['initial_default'] as string | null,
        defaultValue: column['default_value'] as string | null,
        defaultType: column['default_value_type'] as string | null,
        nullable: column['nulls_allowed'] !== false,
      })),
    ),
  }
}
