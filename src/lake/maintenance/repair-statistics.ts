import type { CatalogRow, CatalogTransaction, CatalogValue } from '../catalog/catalog.ts'
import { type CheckValuesParts, type ColumnValues, isNarrow, toldOf, valuesOf } from './check-values.ts'
import { currentColumnRows } from '../snapshot/current-column-rows.ts'
import { type LakeColumn, columnsFromRows, leafColumns } from '../snapshot/lake-columns.ts'
import { columnsOfTable } from '../snapshot/lake-snapshot.ts'
import type { LakeTableEntry } from '../snapshot/lake-snapshot.ts'
import { type FileColumnStatistics, type TableColumnStatistics, mergedColumnStatistics } from '../commit/statistics.ts'

/** A column of a file that holds what the catalog does not know of. */
export interface NarrowColumn {
  readonly file: number
  readonly column: LakeColumn
  readonly values: ColumnValues
  readonly rows: number
}

export interface TableValues {
  readonly table: LakeTableEntry
  readonly narrow: readonly NarrowColumn[]
}

/** Reads the tables of the newest snapshot for values that are outside of what the catalog says of their files. */
export async function readValues(
  { lake, engine }: CheckValuesParts,
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly TableValues[]> {
  const moment = await lake.moment()
  const { tables } = await lake.snapshot(moment)
  const found: TableValues[] = []
  for (const table of tables) {
    const columns = columnsOfTable(table).filter(({ children }) => children.length === 0)
    const told = await toldOf(lake, table)
    const files = await valuesOf(engine, { lake: lake.name, table, version: moment.id, columns }, options)
    const narrow = [...files].flatMap(([place, { rows, columns: values }]) =>
      columns.flatMap((column): NarrowColumn[] => {
        const file = told.files[place]?.id
        const [own, row] = [values.get(column.id), told.statistics.get(`${String(file)} ${column.id}`)]
        if (file === undefined || own === undefined || row === undefined) return []
        return isNarrow(own, { row, type: column.type, rows }) ? [{ file, column, values: own, rows }] : []
      }),
    )
    found.push({ table, narrow })
  }
  return found
}

/**
 * Makes statistics of files that are narrower than what is in them right, and those of tables what their files say; answers the tables that were repaired. Bounds of a
 * table cover all files that a snapshot has. Where a file says nothing of a column, nothing is kept of it for the table: other clients look for themselves then.
 */
export async function repairStatistics(
  transaction: CatalogTransaction,
  found: readonly TableValues[],
): Promise<readonly string[]> {
  const repaired: string[] = []
  for (const { table, narrow } of found) {
    for (const column of narrow) await tellAnew(transaction, column)
    const hasForgotten = await forgetMiscounted(transaction, table)
    const hasChanged = await mergeFiles(transaction, table)
    const hasCounted = await countRows(transaction, table)
    if (narrow.length > 0 || hasForgotten || hasChanged || hasCounted)
      repaired.push(`statistics of "${table.schema}.${table.name}"`)
  }
  // Other clients keep statistics under this number.
  if (repaired.length > 0)
    await transaction.run(
      'UPDATE {M}.ducklake_snapshot SET next_file_id = next_file_id + 1 WHERE snapshot_id = (SELECT max(snapshot_id) FROM {M}.ducklake_snapshot)',
    )
  return repaired
}

/** What a file holds is known where all its rows are there; of one with deleted rows, nothing is. */
async function tellAnew(transaction: CatalogTransaction, { file, column, values, rows }: NarrowColumn): Promise<void> {
  const ofColumn = [file, column.id]
  const [whole] = await transaction.read(
    'SELECT 1 FROM {M}.ducklake_data_file WHERE data_file_id = $1 AND record_count = $2',
    [file, rows],
  )
  if (whole === undefined) {
    await transaction.run(
      'DELETE FROM {M}.ducklake_file_column_stats WHERE data_file_id = $1 AND column_id = $2',
      ofColumn,
    )
    return
  }
  const isFloat = column.type.kind === 'float' || column.type.kind === 'double'
  await transaction.run(
    `UPDATE {M}.ducklake_file_column_stats SET min_value = $3, max_value = $4, null_count = $5, value_count = $6, contains_nan = $7
     WHERE data_file_id = $1 AND column_id = $2`,
    [...ofColumn, values.min, values.max, values.nulls, rows - values.nulls, isFloat ? values.nans > 0 : null],
  )
}

/** Of columns whose values and nulls are not as many as the file has rows, nothing is known. */
async function forgetMiscounted(transaction: CatalogTransaction, { id: table }: LakeTableEntry): Promise<boolean> {
  const miscounted = `table_id = $1 AND EXISTS (SELECT 1 FROM {M}.ducklake_data_file f WHERE f.data_file_id = s.data_file_id AND s.value_count + s.null_count <> f.record_count)
    AND EXISTS (SELECT 1 FROM {M}.ducklake_column c WHERE c.table_id = $1 AND c.column_id = s.column_id AND c.end_snapshot IS NULL AND c.parent_column IS NULL)`
  const found = await transaction.read(`SELECT 1 FROM {M}.ducklake_file_column_stats s WHERE ${miscounted} LIMIT 1`, [
    table,
  ])
  if (found.length > 0)
    await transaction.run(`DELETE FROM {M}.ducklake_file_column_stats AS s WHERE ${miscounted}`, [table])
  return found.length > 0
}

function knownOf(row: CatalogRow): TableColumnStatistics {
  return {
    column: Number(row['column_id']),
    containsNull: row['contains_null'] !== false,
    containsNan: row['contains_nan'] as boolean | null,
    min: row['min_value'] as string | null,
    max: row['max_value'] as string | null,
  }
}

/** Whether anything of the table's statistics had to be changed. */
async function mergeFiles(transaction: CatalogTransaction, { id: table }: LakeTableEntry): Promise<boolean> {
  const files = await transaction.read('SELECT data_file_id AS id FROM {M}.ducklake_data_file WHERE table_id = $1', [
    table,
  ])
  const ofFiles = await transaction.read('SELECT * FROM {M}.ducklake_file_column_stats WHERE table_id = $1', [table])
  const kept = await transaction.read('SELECT * FROM {M}.ducklake_table_column_stats WHERE table_id = $1', [table])
  const inlined = await transaction.read('SELECT 1 FROM {M}.ducklake_inlined_data_tables WHERE table_id = $1', [table])
  const before = new Map(kept.map((row) => [Number(row['column_id']), knownOf(row)]))
  let hasChanged = false
  for (const column of leafColumns(columnsFromRows(await currentColumnRows(transaction, table)))) {
    const own = before.get(column.id)
    // Of rows that the catalog keeps itself, only the table's statistics tell.
    if (own === undefined) continue
    const rows = ofFiles.filter((row) => Number(row['column_id']) === column.id).map(fileStatisticsOf)
    const start = inlined.length > 0 ? own : undefined
    const merged = rows.length < files.length ? undefined : mergedColumnStatistics(start, rows, column.type)
    if (merged !== undefined && isSame(merged, own)) continue
    hasChanged = true
    await transaction.run('DELETE FROM {M}.ducklake_table_column_stats WHERE table_id = $1 AND column_id = $2', [
      table,
      column.id,
    ])
    if (merged === undefined) continue
    const { containsNull, containsNan, min, max } = merged
    const values: CatalogValue[] = [table, column.id, containsNull, containsNan, min, max]
    await transaction.run('INSERT INTO {M}.ducklake_table_column_stats VALUES ($1, $2, $3, $4, $5, $6, NULL)', values)
  }
  return hasChanged
}

function fileStatisticsOf(row: CatalogRow): FileColumnStatistics {
  return {
    column: Number(row['column_id']),
    bytes: 0,
    valueCount: Number(row['value_count']),
    nullCount: Number(row['null_count']),
    min: row['min_value'] as string | null,
    max: row['max_value'] as string | null,
    containsNan: row['contains_nan'] as boolean | null,
  }
}

function isSame(a: TableColumnStatistics, b: TableColumnStatistics): boolean {
  return (
    a.containsNull === b.containsNull &&
    (a.containsNan ?? false) === (b.containsNan ?? false) &&
    a.min === b.min &&
    a.max === b.max
  )
}

/**
 * Rows that were ever added are no fewer than those of the files; and more than those that are there where some are deleted, as bounds are taken
 * for exact otherwise.
 */
async function countRows(transaction: CatalogTransaction, { id: table }: LakeTableEntry): Promise<boolean> {
  const [row] = await transaction.read(
    `SELECT t.record_count AS added, coalesce((SELECT sum(record_count) FROM {M}.ducklake_data_file f WHERE f.table_id = $1 AND f.end_snapshot IS NULL), 0)::BIGINT AS rows,
       coalesce((SELECT sum(delete_count) FROM {M}.ducklake_delete_file d JOIN {M}.ducklake_data_file f USING (data_file_id) WHERE f.table_id = $1 AND f.end_snapshot IS NULL AND d.end_snapshot IS NULL), 0)::BIGINT AS deleted,
       EXISTS (SELECT 1 FROM {M}.ducklake_data_file f WHERE f.table_id = $1 AND f.end_snapshot IS NOT NULL) AS has_ended
     FROM {M}.ducklake_table_stats t WHERE t.table_id = $1`,
    [table],
  )
  if (row === undefined) return false
  const [added, rows, deleted] = [Number(row['added']), Number(row['rows']), Number(row['deleted'])]
  const isTakenForExact = added === rows - deleted && row['has_ended'] === true
  const least = isTakenForExact ? rows + 1 : rows
  if (added >= least) return false
  await transaction.run('UPDATE {M}.ducklake_table_stats SET record_count = $2 WHERE table_id = $1', [table, least])
  return true
}
