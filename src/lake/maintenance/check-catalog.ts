import type { CatalogReader } from '../catalog/catalog.ts'
import { foldersSql, pathSql } from '../snapshot/lake-files.ts'

/** Something that is not as it should be. */
export interface Finding {
  /** What is wrong, as one word for programs. */
  readonly kind: FindingKind
  /** A warning leaves all answers right. */
  readonly severity: 'error' | 'warning'
  /** The table it is about, with its schema, where it is about one. */
  readonly table?: string
  /** The file, as the catalog has it. */
  readonly file?: string
  /** A sentence that quotes what was found, and what should be. */
  readonly message: string
}

export type FindingKind =
  | 'snapshot'
  | 'id'
  | 'interval'
  | 'reference'
  | 'missing-file'
  | 'size'
  | 'footer'
  | 'row-count'
  | 'deleted-rows'
  | 'row-ids'
  | 'statistics'
  | 'path'

interface Rule {
  readonly kind: FindingKind
  readonly severity?: 'warning'
  /** Answers `message`, and `table_id` and `path` where it is about them. */
  readonly sql: string
}

/** Tables of the catalog whose rows are there from one snapshot to another, and what to call a row. */
const versioned: Readonly<Record<string, string>> = {
  schema: "'schema ' || schema_name",
  table: "'table ' || table_name",
  view: "'view ' || view_name",
  column: "'column ' || column_name || ' of table ' || table_id",
  data_file: "'data file ' || path",
  delete_file: "'delete file ' || path",
  partition_info: "'partitioning ' || partition_id",
  sort_info: "'sort order ' || sort_id",
}

const newest = '(SELECT max(snapshot_id) FROM {M}.ducklake_snapshot)'
const head = (column: string): string =>
  `(SELECT ${column} FROM {M}.ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1)`

const rules: readonly Rule[] = [
  ...Object.entries(versioned).map(([table, name]): Rule => ({
    kind: 'interval',
    sql: `SELECT ${table.endsWith('file') || table === 'column' ? 'table_id' : 'NULL::BIGINT'} AS table_id,
      'The ' || ${name} || ' is there from snapshot ' || coalesce(begin_snapshot::VARCHAR, 'NULL') || ' to ' || coalesce(end_snapshot::VARCHAR, 'now') || ', and the newest is ' || ${newest} || '.' AS message
      FROM {M}.ducklake_${table} WHERE begin_snapshot IS NULL OR begin_snapshot > ${newest} OR end_snapshot ${table === 'column' ? '<' : '<='} begin_snapshot OR end_snapshot > ${newest}`,
  })),
  {
    kind: 'snapshot',
    sql: `SELECT 'Snapshot ' || snapshot_id || ' has the time ' || snapshot_time || ', before that of the snapshot before it.' AS message
      FROM (SELECT *, lag(snapshot_time) OVER (ORDER BY snapshot_id) AS before FROM {M}.ducklake_snapshot) WHERE snapshot_time < before`,
  },
  {
    kind: 'snapshot',
    sql: `SELECT 'Snapshot ' || snapshot_id || ' does not say what it changed: it has no row in ducklake_snapshot_changes.' AS message
      FROM {M}.ducklake_snapshot WHERE snapshot_id NOT IN (SELECT snapshot_id FROM {M}.ducklake_snapshot_changes)`,
  },
  {
    kind: 'id',
    sql: `SELECT 'The next file id is ' || ${head('next_file_id')} || ', and file ' || max(id) || ' is there already.' AS message
      FROM (SELECT data_file_id AS id FROM {M}.ducklake_data_file UNION ALL SELECT delete_file_id FROM {M}.ducklake_delete_file UNION ALL SELECT mapping_id FROM {M}.ducklake_column_mapping)
      HAVING max(id) >= ${head('next_file_id')}`,
  },
  {
    kind: 'id',
    sql: `SELECT 'The next catalog id is ' || ${head('next_catalog_id')} || ', and ' || max(id) || ' is given away already.' AS message
      FROM (SELECT schema_id AS id FROM {M}.ducklake_schema UNION ALL SELECT table_id FROM {M}.ducklake_table UNION ALL SELECT view_id FROM {M}.ducklake_view UNION ALL SELECT partition_id FROM {M}.ducklake_partition_info)
      HAVING max(id) >= ${head('next_catalog_id')}`,
  },
  {
    kind: 'id',
    sql: `SELECT table_id, count(*) || ' columns of one table have the id ' || column_id || ' in one snapshot.' AS message
      FROM {M}.ducklake_column WHERE end_snapshot IS NULL GROUP BY table_id, column_id HAVING count(*) > 1`,
  },
  {
    kind: 'reference',
    sql: `SELECT table_id, 'Table ' || table_name || ' is in schema ' || schema_id || ', which is not there.' AS message
      FROM {M}.ducklake_table WHERE end_snapshot IS NULL AND schema_id NOT IN (SELECT schema_id FROM {M}.ducklake_schema WHERE end_snapshot IS NULL)`,
  },
  {
    kind: 'reference',
    sql: `SELECT table_id, 'Table ' || table_name || ' has no column.' AS message
      FROM {M}.ducklake_table WHERE end_snapshot IS NULL AND table_id NOT IN (SELECT table_id FROM {M}.ducklake_column WHERE end_snapshot IS NULL AND parent_column IS NULL)`,
  },
  {
    kind: 'reference',
    sql: `SELECT c.table_id, 'Column ' || c.column_name || ' is a part of column ' || c.parent_column || ', which is not there.' AS message
      FROM {M}.ducklake_column c WHERE c.end_snapshot IS NULL AND c.parent_column IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM {M}.ducklake_column p WHERE p.table_id = c.table_id AND p.column_id = c.parent_column AND p.end_snapshot IS NULL)`,
  },
  {
    kind: 'reference',
    sql: `SELECT table_id, path, 'The data file is of table ' || table_id || ', which was never there.' AS message
      FROM {M}.ducklake_data_file WHERE table_id NOT IN (SELECT table_id FROM {M}.ducklake_table)`,
  },
  {
    kind: 'reference',
    sql: `SELECT table_id, path, 'It deletes rows of data file ' || data_file_id || ', which is not there.' AS message
      FROM {M}.ducklake_delete_file WHERE data_file_id NOT IN (SELECT data_file_id FROM {M}.ducklake_data_file)`,
  },
  {
    kind: 'reference',
    sql: `SELECT f.table_id, f.path, 'Data file ' || f.data_file_id || ' has ' || count(*) || ' delete files at once; one is right.' AS message
      FROM {M}.ducklake_data_file f JOIN {M}.ducklake_delete_file d USING (data_file_id) WHERE d.end_snapshot IS NULL AND f.end_snapshot IS NULL
      GROUP BY f.table_id, f.path, f.data_file_id HAVING count(*) > 1`,
  },
  {
    kind: 'reference',
    sql: `SELECT table_id, path, CASE WHEN partition_id IS NULL THEN 'It has values of a partition, and is of none.' ELSE 'It is of partitioning ' || partition_id || ', and has no values of one.' END AS message
      FROM {M}.ducklake_data_file f WHERE (partition_id IS NULL) = EXISTS (SELECT 1 FROM {M}.ducklake_file_partition_value v WHERE v.data_file_id = f.data_file_id)`,
  },
  {
    kind: 'reference',
    sql: `SELECT table_id, path, 'Its columns are named by mapping ' || mapping_id || ', which is not there.' AS message
      FROM {M}.ducklake_data_file WHERE mapping_id IS NOT NULL AND mapping_id NOT IN (SELECT mapping_id FROM {M}.ducklake_column_mapping)`,
  },
  {
    kind: 'reference',
    severity: 'warning',
    sql: `SELECT table_id, 'Table ' || table_name || ' has no row in ducklake_schema_versions, which other clients need to merge its files.' AS message
      FROM {M}.ducklake_table WHERE end_snapshot IS NULL AND table_id NOT IN (SELECT table_id FROM {M}.ducklake_schema_versions)`,
  },
  {
    kind: 'path',
    sql: `SELECT NULL::BIGINT AS table_id, 'The path of a schema or table is NULL: other clients take its files for orphans.' AS message
      FROM (SELECT path FROM {M}.ducklake_schema UNION ALL SELECT path FROM {M}.ducklake_table) WHERE path IS NULL`,
  },
  {
    kind: 'path',
    sql: `SELECT any_value(table_id) AS table_id, path, 'Two rows of the catalog name this file.' AS message
      FROM (SELECT f.table_id, ${pathSql} AS path FROM {M}.ducklake_data_file f LEFT JOIN (${foldersSql}) d USING (table_id)) GROUP BY path HAVING count(*) > 1`,
  },
  {
    kind: 'deleted-rows',
    sql: `SELECT f.table_id, d.path, 'It says it deletes ' || d.delete_count || ' rows of a file of ' || f.record_count || '.' AS message
      FROM {M}.ducklake_data_file f JOIN {M}.ducklake_delete_file d USING (data_file_id) WHERE d.delete_count > f.record_count OR d.delete_count < 0`,
  },
  {
    kind: 'row-count',
    sql: `SELECT t.table_id, 'The table is said to have had ' || t.record_count || ' rows in all, and its files have ' || sum(f.record_count) || '.' AS message
      FROM {M}.ducklake_table_stats t JOIN {M}.ducklake_data_file f USING (table_id) WHERE f.end_snapshot IS NULL GROUP BY t.table_id, t.record_count HAVING t.record_count < sum(f.record_count)`,
  },
  {
    kind: 'row-ids',
    sql: `SELECT t.table_id, 'The next row id is said to be ' || t.next_row_id || ', and a file has rows up to ' || max(f.row_id_start + f.record_count) || '.' AS message
      FROM {M}.ducklake_table_stats t JOIN {M}.ducklake_data_file f USING (table_id) GROUP BY t.table_id, t.next_row_id HAVING t.next_row_id < max(f.row_id_start + f.record_count)`,
  },
  {
    kind: 'statistics',
    sql: `SELECT f.table_id, f.path, 'Column ' || s.column_id || ' is said to have ' || s.value_count || ' values and ' || s.null_count || ' nulls, and the file has ' || f.record_count || ' rows.' AS message
      FROM {M}.ducklake_data_file f JOIN {M}.ducklake_file_column_stats s USING (data_file_id)
      JOIN {M}.ducklake_column c ON c.table_id = f.table_id AND c.column_id = s.column_id AND c.end_snapshot IS NULL AND c.parent_column IS NULL
      WHERE s.value_count + s.null_count <> f.record_count AND NOT (lower(c.column_type) IN ('interval', 'timetz') AND s.value_count + s.null_count = 0)`,
  },
]

/** What is wrong with the catalog by itself. */
export async function checkCatalog(reader: CatalogReader): Promise<readonly Finding[]> {
  const names = await tableNames(reader)
  const findings: Finding[] = []
  for (const { kind, severity = 'error', sql } of rules) {
    for (const row of await reader.read(sql)) {
      const table = names.get(Number(row['table_id'] ?? -1))
      const path = row['path']
      findings.push({
        kind,
        severity,
        ...(table === undefined ? {} : { table }),
        ...(typeof path === 'string' ? { file: path } : {}),
        message: String(row['message']),
      })
    }
  }
  return findings
}

/** Tables by their ids, with their schemas. */
export async function tableNames(reader: CatalogReader): Promise<ReadonlyMap<number, string>> {
  const rows = await reader.read(
    `SELECT t.table_id, arg_max(s.schema_name || '.' || t.table_name, t.begin_snapshot) AS name FROM {M}.ducklake_table t JOIN {M}.ducklake_schema s USING (schema_id) GROUP BY t.table_id`,
  )
  return new Map(rows.map((row) => [Number(row['table_id']), String(row['name'])]))
}
