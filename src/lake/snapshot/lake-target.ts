import { LakefrontError, nearestName } from '../../errors.ts'
import type { CatalogReader, CatalogRow } from '../catalog/catalog.ts'
import type { LakeSortKey } from '../commit/change.ts'
import { currentColumnRows } from './current-column-rows.ts'
import { resolvePath } from './data-path.ts'
import { type LakeColumn, columnsFromRows } from './lake-columns.ts'
import type { CurrentLake } from './lake-structure.ts'

/** A table as a write finds it: all that has to be known to make files for it. */
export interface LakeTarget {
  readonly id: number
  readonly uuid: string
  readonly schema: string
  readonly name: string
  /** Where its files go, below the lake's data path; ends in `/`. */
  readonly folder: string
  readonly columns: readonly LakeColumn[]
  readonly partition: readonly { readonly column: LakeColumn; readonly transform: string }[]
  readonly sort: readonly LakeSortKey[]
  /** What is set for the lake and for the table, such as `parquet_compression`. */
  readonly options: Readonly<Record<string, string>>
}

/** What stays of it until somebody changes the table. */
export interface TargetTable extends Omit<LakeTarget, 'options'> {
  readonly schemaId: number
}

interface Named {
  readonly schema: string
  readonly table: string
}

/**
 * The table of that name in the newest snapshot of `reader`; what `current` has of that is not read again. Throws `TABLE_NOT_FOUND` with the nearest
 * name.
 */
export async function lakeTarget(reader: CatalogReader, named: Named, current?: CurrentLake): Promise<LakeTarget> {
  const targets = current?.structure.targets
  const key = JSON.stringify([named.schema, named.table])
  const finding = targets?.get(key) ?? targetTable(reader, named)
  targets?.set(key, finding)
  const found = await finding.catch((error: unknown) => {
    targets?.delete(key)
    throw error
  })
  return { ...found, options: optionsIn(current?.metadata ?? (await metadataOf(reader)), found) }
}

/** What is set for a lake, its schemas and its tables. */
export function metadataOf(reader: CatalogReader): Promise<readonly CatalogRow[]> {
  return reader.read('SELECT key, value, scope, scope_id FROM {M}.ducklake_metadata')
}

async function targetTable(reader: CatalogReader, { schema, table }: Named): Promise<TargetTable> {
  const [row] = await reader.read(
    `SELECT t.table_id, CAST(t.table_uuid AS VARCHAR) AS uuid, t.table_name, s.schema_id, s.schema_name, coalesce(t.path, '') AS path,
       coalesce(t.path_is_relative, true) AS relative, coalesce(s.path, '') AS schema_path, coalesce(s.path_is_relative, true) AS schema_relative
     FROM {M}.ducklake_table t JOIN {M}.ducklake_schema s USING (schema_id)
     WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL AND lower(t.table_name) = lower($2) AND lower(s.schema_name) = lower($1)`,
    [schema, table],
  )
  if (row === undefined) throw await noTable(reader, schema, table)
  const id = Number(row['table_id'])
  const isBelow = row['relative'] === true && row['schema_relative'] === true
  if (!isBelow) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `The files of "${table}" are in a place of its own, outside of the lake's data path, where nothing is written from here.`,
    )
  }
  const columns = columnsFromRows(await currentColumnRows(reader, id))
  return {
    id,
    uuid: String(row['uuid']),
    schemaId: Number(row['schema_id']),
    schema: String(row['schema_name']),
    name: String(row['table_name']),
    folder: resolvePath(String(row['schema_path']), String(row['path']), true),
    columns,
    partition: await partitionOf(reader, id, columns),
    sort: await sortOf(reader, id),
  }
}

async function partitionOf(
  reader: CatalogReader,
  table: number,
  columns: readonly LakeColumn[],
): Promise<LakeTarget['partition']> {
  const rows = await reader.read(
    `SELECT c.column_id, c.transform FROM {M}.ducklake_partition_info i JOIN {M}.ducklake_partition_column c USING (partition_id)
     WHERE i.table_id = $1 AND i.end_snapshot IS NULL ORDER BY c.partition_key_index`,
    [table],
  )
  return rows.map((row) => {
    const column = columns.find(({ id }) => id === Number(row['column_id']))
    if (column !== undefined) return { column, transform: String(row['transform']) }
    throw new LakefrontError(
      'UNSUPPORTED',
      'The table is partitioned by a field of a struct, or by a column that it has not, which is not written from here.',
    )
  })
}

/** The order that rows of a table are stored in: now, or in a snapshot. */
export async function sortOf(
  reader: Pick<CatalogReader, 'read'>,
  table: number,
  snapshot: number = Number.MAX_SAFE_INTEGER,
): Promise<readonly LakeSortKey[]> {
  const rows = await reader.read(
    `SELECT e.expression, e.sort_direction, e.null_order FROM {M}.ducklake_sort_info i JOIN {M}.ducklake_sort_expression e USING (sort_id)
     WHERE i.table_id = $1 AND i.begin_snapshot <= $2 AND (i.end_snapshot IS NULL OR i.end_snapshot > $2) ORDER BY e.sort_key_index`,
    [table, snapshot],
  )
  return rows.map((row) => ({
    expression: String(row['expression']),
    direction: /desc/i.test(String(row['sort_direction'])) ? 'DESC' : 'ASC',
    nulls: /first/i.test(String(row['null_order'])) ? 'NULLS_FIRST' : 'NULLS_LAST',
  }))
}

/** Those of the table come before those of its schema, and these before those of the lake. */
function optionsIn(metadata: readonly CatalogRow[], { id, schemaId }: TargetTable): LakeTarget['options'] {
  const of = (scope: string | null, own: number | null): [string, string][] =>
    metadata
      .filter((row) => row['scope'] === scope && (own === null || Number(row['scope_id']) === own))
      .map((row) => [String(row['key']), String(row['value'])])
  return Object.fromEntries([...of(null, null), ...of('schema', schemaId), ...of('table', id)])
}

async function noTable(reader: CatalogReader, schema: string, table: string): Promise<LakefrontError> {
  const rows = await reader.read(
    `SELECT s.schema_name AS schema, t.table_name AS name FROM {M}.ducklake_table t JOIN {M}.ducklake_schema s USING (schema_id)
     WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL ORDER BY 1, 2`,
  )
  const names = rows.map((row) => (row['schema'] === 'main' ? String(row['name']) : `${row['schema']}.${row['name']}`))
  const wanted = schema === 'main' ? table : `${schema}.${table}`
  const nearest = nearestName(wanted, names)
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  const list = names.length === 0 ? 'It has no tables yet.' : `Tables: ${names.slice(0, 30).join(', ')}.`
  return new LakefrontError('TABLE_NOT_FOUND', `The lake has no table "${wanted}". ${list}${hint}`, {
    details: { table: wanted, tables: names.slice(0, 100) },
  })
}
