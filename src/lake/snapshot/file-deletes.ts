import type { DeletedRows, DeleteFile, ListedFiles } from '../../scan/listed-files.ts'
import type { ByteSource } from '../../storage/storage.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import { CatalogColumns } from '../catalog/catalog-columns.ts'
import { columnsOf } from '../catalog/catalog-format.ts'
import { visible } from './lake-snapshot.ts'

/** Of which files. */
export interface WithDeletes {
  readonly table: number
  readonly snapshot: number
  /** Whether the catalog has no later snapshot. */
  readonly isNewest: boolean
  /** Of the data files, ascending. */
  readonly ids: Float64Array
  readonly openFile: (path: string, isRelative: boolean) => ByteSource
}

/** Which rows of files are deleted in a snapshot; nothing when none is. */
export async function deletesOf(
  reader: CatalogReader,
  files: WithDeletes,
): Promise<Pick<ListedFiles, 'deleted' | 'deletes'>> {
  const { table, snapshot, isNewest, ids } = files
  const inlined = await inlinedDeletes(reader, table, snapshot)
  const columns = new CatalogColumns(
    await reader.readColumns(
      `SELECT data_file_id AS file, path, coalesce(path_is_relative, true) AS relative, delete_count, file_size_bytes AS size, footer_size AS footer, format
       FROM {M}.ducklake_delete_file x WHERE table_id = $2 AND ${visible('x')} ORDER BY data_file_id, delete_file_id`,
      [BigInt(snapshot), BigInt(table)],
    ),
  )
  if (columns.length === 0 && inlined.size === 0) return {}
  const rows = rowsByFile(columns, ids)
  const counts = columns.numbers('delete_count')
  // A flush of inlined rows leaves files that hold deletes of later snapshots and do not say so in the catalog.
  const deleted = ids.map((id, file) => {
    const own = inlined.get(id)
    const [first, ...others] = rows(file)
    if (first === undefined) return own?.length ?? 0
    return own === undefined && others.length === 0 && isNewest ? counts[first]! : Number.NaN
  })
  if (deleted.every((count) => count === 0)) return {}
  const fileOf = deleteFiles(columns, files)
  const deletes = (file: number): DeletedRows => {
    const positions = inlined.get(ids[file]!)
    const own = rows(file)
    return {
      ...(own.length === 0 ? {} : { files: own.map(fileOf) }),
      ...(positions === undefined ? {} : { positions }),
    }
  }
  return { deleted, deletes }
}

/** Finds the rows of a data file among those of delete files, which are in the order of the data files' ids. */
function rowsByFile(columns: CatalogColumns, ids: Float64Array): (file: number) => readonly number[] {
  const of = columns.numbers('file')
  const first = new Int32Array(ids.length).fill(-1)
  for (let file = 0, row = 0; file < ids.length && row < of.length; file++) {
    while (of[row]! < ids[file]!) row++
    if (of[row] === ids[file]) first[file] = row
  }
  return (file) => {
    const rows: number[] = []
    for (let row = first[file]!; row >= 0 && of[row] === ids[file]; row++) rows.push(row)
    return rows
  }
}

/** Opens the delete file of a row. */
function deleteFiles(
  columns: CatalogColumns,
  { snapshot, isNewest, openFile }: WithDeletes,
): (row: number) => DeleteFile {
  const [path, relative, format] = [columns.reader('path'), columns.reader('relative'), columns.reader('format')]
  const [sizes, footers] = [columns.numbers('size'), columns.numbers('footer')]
  return (row) => {
    const isPuffin = format(row) === 'puffin'
    return {
      source: openFile(String(path(row)), relative(row) === true),
      format: isPuffin ? 'puffin' : 'parquet',
      size: sizes[row]!,
      ...(isPuffin || !(footers[row]! > 0) ? {} : { footerSize: footers[row]! }),
      ...(isNewest ? {} : { only: { to: snapshot } }),
    }
  }
}

/** Positions that were deleted without a file, by the id of the data file. */
async function inlinedDeletes(
  reader: CatalogReader,
  table: number,
  snapshot: number,
): Promise<ReadonlyMap<number, Float64Array>> {
  const name = `ducklake_inlined_delete_${table}`
  if ((await columnsOf(reader, name)).length === 0) return new Map()
  const columns = new CatalogColumns(
    await reader.readColumns(
      `SELECT DISTINCT file_id, row_id FROM {M}.${name} WHERE begin_snapshot <= $1 ORDER BY file_id, row_id`,
      [BigInt(snapshot)],
    ),
  )
  if (columns.length === 0) return new Map()
  const [files, positions] = [columns.numbers('file_id'), columns.numbers('row_id')]
  const byFile = new Map<number, Float64Array>()
  for (let start = 0, end = 0; start < files.length; start = end) {
    while (end < files.length && files[end] === files[start]) end++
    byFile.set(files[start]!, positions.subarray(start, end))
  }
  return byFile
}
