import type { Change, FileName, NamedColumn, NewDataFile, RowChange } from './change.ts'
import type { CatalogValue } from '../catalog/catalog.ts'
import { columnsOf } from '../catalog/catalog-format.ts'
import { LakefrontError } from '../../errors.ts'
import { type LakeColumn, leafColumns } from '../snapshot/lake-columns.ts'
import type { DraftTable, SnapshotDraft } from './snapshot-draft.ts'
import { type FileColumnStatistics, type TableColumnStatistics, mergedColumnStatistics } from './statistics.ts'

/** A file of deleted positions that is to be in the next snapshot. */
export interface DeletesRequest {
  readonly table: DraftTable
  readonly dataFile: { readonly path: string; readonly isRelative: boolean }
  /** The snapshot that deletes them. */
  readonly snapshot: number
  readonly positions: ArrayLike<number>
  /** The file of positions that were deleted before, which the new one takes the place of. */
  readonly before?: DeletesBefore
}

export interface DeletesBefore {
  readonly path: string
  readonly isRelative: boolean
  readonly format: string
  readonly bytes: number
  readonly footerBytes: number
  /** The snapshot of positions of which the file does not say it. */
  readonly snapshot: number
}

/** Positions in a stored file. */
export interface WrittenDeletes {
  readonly path: string
  readonly isRelative: boolean
  readonly bytes: number
  readonly footerBytes: number
  /** Positions in it, those from before among them. */
  readonly count: number
  /** The snapshots they were deleted in, first and last. */
  readonly first: number
  readonly last: number
}

/**
 * Stores a file of deleted positions, or answers the one it stored for the same request. The snapshot of each position is in the file where there are
 * several of them, so another snapshot needs another file then.
 */
export type WriteDeletes = (request: DeletesRequest) => Promise<WrittenDeletes>

export async function applyRowChange(
  draft: SnapshotDraft,
  change: RowChange,
  writeDeletes: WriteDeletes,
): Promise<void> {
  if (isNothing(change)) return
  const table = await draft.table(change.table)
  draft.touchData()
  switch (change.kind) {
    case 'appendFiles':
      draft.tell({ kind: 'inserted_into_table', id: table.id })
      return appendFiles(draft, table, change.files)
    case 'deletePositions':
      draft.tell({ kind: 'deleted_from_table', id: table.id })
      return deletePositions(draft, { table, change, writeDeletes })
    case 'endFiles': {
      draft.tell({ kind: 'deleted_from_table', id: table.id })
      const ids: number[] = []
      for (const file of change.files) ids.push((await dataFile(draft, table, file)).id)
      for (const id of ids) draft.deletesFrom(id)
      await draft.checkConflicts()
      return draft.end('ducklake_data_file', `data_file_id IN (${ids.join(', ')})`, [])
    }
    case 'deleteInlined':
      draft.tell({ kind: 'inlined_delete', id: table.id })
      await draft.checkConflicts()
      return deleteInlined(draft, table, change.rows)
    default:
      return change satisfies never
  }
}

/** Whether a change is of no row at all, and so none that a snapshot would be of. */
export function isNothing(change: Change): boolean {
  switch (change.kind) {
    case 'appendFiles':
    case 'endFiles':
      return change.files.length === 0
    case 'deletePositions':
      return change.positions.length === 0
    case 'deleteInlined':
      return change.rows.length === 0
    default:
      return false
  }
}

async function appendFiles(draft: SnapshotDraft, table: DraftTable, files: readonly NewDataFile[]): Promise<void> {
  const columns = leafColumns(await draft.columns(table.id))
  const firstRowId = await addRows(draft, table, files)
  const partition = await draft.fact(`partition ${table.id}`, () => partitionId(draft, table))
  const mappings = new Map<string, number>()
  let rowId = firstRowId ?? 0
  const data: CatalogValue[][] = []
  const statistics: CatalogValue[][] = []
  const values: CatalogValue[][] = []
  for (const file of files) {
    const mapping = file.names === undefined ? null : await mappingId(draft, { table, names: file.names, mappings })
    if ((file.partition === undefined) !== (partition === null)) throw wrongPartition(table)
    const id = draft.fileId()
    data.push([
      id,
      table.id,
      draft.snapshot,
      null,
      null,
      file.path,
      file.isRelative,
      'parquet',
      file.rows,
      file.bytes,
      file.footerBytes ?? null,
      // DuckDB, which merges files whose ids follow each other, would take these for the ids of the rows.
      file.hasRowIds === true ? null : rowId,
      partition,
      null,
      mapping,
      null,
    ])
    rowId += file.rows
    for (const column of file.statistics) {
      const { min, max, containsNan } = column
      const counts = [column.bytes, column.valueCount, column.nullCount]
      statistics.push([id, table.id, column.column, ...counts, min, max, containsNan, null])
    }
    file.partition?.forEach((value, index) => values.push([id, table.id, index, value]))
  }
  await draft.insert('ducklake_data_file', data)
  await draft.insert('ducklake_file_column_stats', statistics)
  await draft.insert('ducklake_file_partition_value', values)
  await addBounds(draft, { table, files, columns, isFirst: firstRowId === undefined })
}

/** Adds the files to what is known of the table's size; answers the id of their first row, or none where nothing was known of the table. */
async function addRows(
  draft: SnapshotDraft,
  table: DraftTable,
  files: readonly NewDataFile[],
): Promise<number | undefined> {
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const [stats] = await draft.transaction.read(
    `UPDATE {M}.ducklake_table_stats SET record_count = record_count + ${rows}, next_row_id = next_row_id + ${rows},
       file_size_bytes = file_size_bytes + ${bytes} WHERE table_id = ${table.id} RETURNING next_row_id`,
  )
  if (stats !== undefined) return Number(stats['next_row_id']) - rows
  await draft.insert('ducklake_table_stats', [[table.id, rows, rows, bytes]])
  return undefined
}

/** Adds the files to each column's bounds in the table. */
async function addBounds(
  draft: SnapshotDraft,
  {
    table,
    files,
    columns,
    isFirst,
  }: {
    readonly table: DraftTable
    readonly files: readonly NewDataFile[]
    readonly columns: readonly LakeColumn[]
    readonly isFirst: boolean
  },
): Promise<void> {
  const kept = isFirst ? new Map<number, TableColumnStatistics>() : await takenBounds(draft, table, columns)
  const merged = columns.flatMap((column) => {
    const before = kept.get(column.id)
    if (before === undefined && !isFirst) return []
    const after = mergedColumnStatistics(
      before,
      files.map((file) => statisticsIn(file, column)),
      column.type,
    )
    return after === undefined ? [] : [after]
  })
  await draft.insert(
    'ducklake_table_column_stats',
    merged.map(({ column, containsNull, containsNan, min, max }) => [
      table.id,
      column,
      containsNull,
      containsNan,
      min,
      max,
      null,
    ]),
  )
}

/** What a file adds to a column; where the file has not the column, its rows have the column's initial default. */
function statisticsIn(file: NewDataFile, column: LakeColumn): FileColumnStatistics {
  const own = file.statistics.find((statistics) => statistics.column === column.id)
  if (own !== undefined) return own
  const isThere = file.names === undefined || hasColumn(file.names, column.id)
  const unknown = { column: column.id, bytes: 0, min: null, max: null, containsNan: null }
  if (isThere) return { ...unknown, valueCount: file.rows, nullCount: file.rows }
  const value = column.initialDefault
  if (value === null) return { ...unknown, valueCount: 0, nullCount: file.rows }
  return { ...unknown, valueCount: file.rows, nullCount: 0, min: value, max: value }
}

function hasColumn(names: readonly NamedColumn[], id: number): boolean {
  return names.some((name) => name.column === id || hasColumn(name.fields ?? [], id))
}

/** Takes the bounds of columns out of what is known of the table. */
async function takenBounds(
  draft: SnapshotDraft,
  table: DraftTable,
  columns: readonly LakeColumn[],
): Promise<ReadonlyMap<number, TableColumnStatistics>> {
  const rows = await draft.transaction.read(
    `DELETE FROM {M}.ducklake_table_column_stats WHERE table_id = ${table.id} AND column_id IN (${columns.map(({ id }) => id).join(', ')})
     RETURNING column_id, contains_null, contains_nan, min_value, max_value`,
  )
  return new Map(
    rows.map((row) => {
      const column = Number(row['column_id'])
      return [
        column,
        {
          column,
          containsNull: row['contains_null'] !== false,
          containsNan: row['contains_nan'] as boolean | null,
          min: row['min_value'] as string | null,
          max: row['max_value'] as string | null,
        },
      ]
    }),
  )
}

/** The partitions of the table as they are now; null when it has none. */
async function partitionId(draft: SnapshotDraft, table: DraftTable): Promise<number | null> {
  const [row] = await draft.transaction.read(
    `SELECT partition_id FROM {M}.ducklake_partition_info WHERE table_id = ${table.id} AND end_snapshot IS NULL`,
  )
  if (row === undefined) return null
  const id = Number(row['partition_id'])
  const keys = await draft.transaction.read(
    `SELECT partition_id FROM {M}.ducklake_partition_column WHERE partition_id = ${id} LIMIT 1`,
  )
  return keys.length === 0 ? null : id
}

async function mappingId(
  draft: SnapshotDraft,
  {
    table,
    names,
    mappings,
  }: {
    readonly table: DraftTable
    readonly names: readonly NamedColumn[]
    readonly mappings: Map<string, number>
  },
): Promise<number> {
  const key = JSON.stringify(names)
  const known = mappings.get(key)
  if (known !== undefined) return known
  const id = draft.fileId()
  mappings.set(key, id)
  const rows: CatalogValue[][] = []
  const add = (name: NamedColumn, parent: number | null): void => {
    const own = rows.length
    rows.push([id, own, name.name, name.column, parent, name.isPartition ?? false])
    for (const field of name.fields ?? []) add(field, own)
  }
  for (const name of names) add(name, null)
  await draft.insert('ducklake_column_mapping', [[id, table.id, 'map_by_name']])
  await draft.insert('ducklake_name_mapping', rows)
  return id
}

async function dataFile(
  draft: SnapshotDraft,
  table: DraftTable,
  file: FileName,
): Promise<{ id: number; path: string; isRelative: boolean; rows: number }> {
  const [row] = await draft.transaction.read(
    `SELECT data_file_id, path, path_is_relative, record_count FROM {M}.ducklake_data_file
     WHERE table_id = $1 AND end_snapshot IS NULL AND ${typeof file === 'number' ? 'data_file_id' : 'path'} = $2`,
    [table.id, file],
  )
  if (row !== undefined) {
    return {
      id: Number(row['data_file_id']),
      path: String(row['path']),
      isRelative: row['path_is_relative'] !== false,
      rows: Number(row['record_count']),
    }
  }
  if (typeof file === 'number') draft.deletesFrom(file)
  await draft.checkConflicts()
  throw new LakefrontError(
    draft.isRebased ? 'COMMIT_CONFLICT' : 'INVALID_ARGUMENT',
    `A data file of "${table.name}" is not in the table any more. Nothing was changed. Read again, and run it on what is there now.`,
    { details: { table: table.name } },
  )
}

async function deletePositions(
  draft: SnapshotDraft,
  {
    table,
    change,
    writeDeletes,
  }: {
    readonly table: DraftTable
    readonly change: Extract<RowChange, { kind: 'deletePositions' }>
    readonly writeDeletes: WriteDeletes
  },
): Promise<void> {
  const file = await dataFile(draft, table, change.file)
  draft.deletesFrom(file.id)
  await draft.checkConflicts()
  const [old] = await draft.transaction.read(
    `SELECT delete_file_id, path, path_is_relative, format, file_size_bytes, footer_size, begin_snapshot, delete_count
     FROM {M}.ducklake_delete_file WHERE table_id = $1 AND data_file_id = $2 AND end_snapshot IS NULL`,
    [table.id, file.id],
  )
  const deleted = Number(old?.['delete_count'] ?? 0) + (await inlinedDeletes(draft, table, file.id))
  if (deleted + change.positions.length >= file.rows)
    return draft.end('ducklake_data_file', 'data_file_id = $1', [file.id])
  const written = await writeDeletes({
    table,
    dataFile: file,
    snapshot: draft.snapshot,
    positions: change.positions,
    ...(old === undefined
      ? {}
      : {
          before: {
            path: String(old['path']),
            isRelative: old['path_is_relative'] !== false,
            format: String(old['format']),
            bytes: Number(old['file_size_bytes']),
            footerBytes: Number(old['footer_size'] ?? 0),
            snapshot: Number(old['begin_snapshot']),
          },
        }),
  })
  if (old !== undefined) {
    const id = Number(old['delete_file_id'])
    const path = `${old['path_is_relative'] === false ? '' : table.folder}${String(old['path'])}`
    await draft.transaction.run('DELETE FROM {M}.ducklake_delete_file WHERE delete_file_id = $1', [id])
    await draft.insert('ducklake_files_scheduled_for_deletion', [
      [id, path, old['path_is_relative'] !== false && table.isRelative, draft.time],
    ])
  }
  await draft.insert('ducklake_delete_file', [
    [
      draft.fileId(),
      table.id,
      old === undefined ? draft.snapshot : written.first,
      null,
      file.id,
      written.path,
      written.isRelative,
      'parquet',
      written.count,
      written.bytes,
      written.footerBytes,
      null,
      old === undefined ? null : written.last,
    ],
  ])
}

/** Rows of a data file that another client deleted in the catalog itself. */
async function inlinedDeletes(draft: SnapshotDraft, table: DraftTable, file: number): Promise<number> {
  const name = `ducklake_inlined_delete_${table.id}`
  if ((await columnsOf(draft.transaction, name)).length === 0) return 0
  const [row] = await draft.transaction.read(`SELECT count(*) AS n FROM {M}.${name} WHERE file_id = $1`, [file])
  return Number(row!['n'])
}

async function deleteInlined(draft: SnapshotDraft, table: DraftTable, rows: readonly number[]): Promise<void> {
  const tables = await draft.transaction.read(
    'SELECT table_name FROM {M}.ducklake_inlined_data_tables WHERE table_id = $1',
    [table.id],
  )
  for (const { table_name: name } of tables) {
    await draft.transaction.run(
      `UPDATE {M}."${String(name).replaceAll('"', '""')}" SET end_snapshot = ${draft.snapshot}
       WHERE end_snapshot IS NULL AND begin_snapshot <> ${draft.snapshot} AND row_id IN (${rows.map(Number).join(', ')})`,
    )
  }
}

function wrongPartition(table: DraftTable): LakefrontError {
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `The files for "${table.name}" are not divided as the table is partitioned. Give each its partition's values.`,
    { details: { table: table.name } },
  )
}
