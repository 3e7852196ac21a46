import type { DeletedRows, DeleteFile, ListedFiles } from '../../scan/listed-files.ts'
import type { LakeSource } from '../../scan/source.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import { CatalogColumns } from '../catalog/catalog-columns.ts'
import { columnsOf } from '../catalog/catalog-format.ts'
import type { InlinedChoice } from './inlined-rows.ts'
import type { LakeTableEntry } from './lake-snapshot.ts'
import { emptyListing, namingsOf, pathReader, refuseEncrypted } from './table-listing.ts'
import type { ListingParts } from './table-listing.ts'

/** Which changes are asked for. */
export type ChangeRange = NonNullable<LakeSource['changes']>

/** Rows of the catalog itself that came or went in some snapshots, where `$1` is the last of them. */
export function changedInlined({ from, rows }: ChangeRange): InlinedChoice {
  return rows === 'inserted'
    ? { where: (begin) => `${begin} BETWEEN ${from} AND $1`, snapshot: 'begin' }
    : { where: (_, end) => `${end} BETWEEN ${from} AND $1`, snapshot: 'end' }
}

/**
 * The files with the rows that came, or went, in some snapshots. Rewriting a file without its deleted rows is no change of rows, nor is a row
 * that came and went in one snapshot.
 */
export function changeListing(
  reader: CatalogReader,
  { table, range }: { readonly table: LakeTableEntry; readonly range: ChangeRange },
  parts: ListingParts,
): Promise<ListedFiles> {
  return range.rows === 'inserted'
    ? insertions(reader, table, { range, parts })
    : deletions(reader, table, { range, parts })
}

interface Asked {
  readonly range: ChangeRange
  readonly parts: ListingParts
}

/** Snapshots in which a table's files were rewritten only. */
const rewrites = String.raw`(SELECT snapshot_id FROM {M}.ducklake_snapshot_changes WHERE regexp_matches(changes_made, '(^|,)rewrite_delete:' || $1::VARCHAR || '(,|$)'))`

async function insertions(reader: CatalogReader, table: LakeTableEntry, { range, parts }: Asked): Promise<ListedFiles> {
  const { from, to } = range
  const values = [BigInt(table.id), BigInt(from), BigInt(to)]
  const columns = await dataFiles(reader, table, {
    parts,
    values,
    where: `d.begin_snapshot <= $3 AND (d.begin_snapshot >= $2 OR d.last_snapshot >= $2) AND (d.last_snapshot IS NOT NULL OR d.begin_snapshot NOT IN ${rewrites})
      AND coalesce(d.end_snapshot > d.begin_snapshot, true)`,
  })
  if (columns.length === 0) return emptyListing(table)
  const files = await listing(reader, table, { columns, parts })
  const rewritten = await reader.read(`SELECT * FROM ${rewrites} WHERE snapshot_id BETWEEN $2 AND $3`, values)
  const ids = columns.numbers('id')
  const gone = await deleteFiles(reader, table, { parts, values })
  const atOnce = (at: number): readonly DeleteFile[] => {
    const born = bornAt(files, at)
    const own = gone.get(ids[at]!) ?? []
    return born === undefined
      ? []
      : own.filter(({ snapshot }) => snapshot === born).map((file) => ({ ...file, only: { to: born } }))
  }
  return {
    ...files,
    only: { from, to, except: rewritten.map(({ snapshot_id }) => Number(snapshot_id)) },
    deleted: Float64Array.from(ids, (_, at) => (atOnce(at).length === 0 ? 0 : Number.NaN)),
    deletes: (at) => ({ files: atOnce(at) }),
  }
}

/** The snapshot all rows of a file came with; undefined where it holds those of several. */
function bornAt({ snapshots, lastSnapshots }: ListedFiles, at: number): number | undefined {
  return Number.isNaN(lastSnapshots![at]) ? snapshots![at] : undefined
}

async function deletions(reader: CatalogReader, table: LakeTableEntry, { range, parts }: Asked): Promise<ListedFiles> {
  const { from, to } = range
  const values = [BigInt(table.id), BigInt(from), BigInt(to)]
  const inlined = await inlinedDeletes(reader, table, to)
  const columns = await dataFiles(reader, table, {
    parts,
    values,
    where: `(d.end_snapshot BETWEEN $2 AND $3 AND d.end_snapshot > d.begin_snapshot AND d.end_snapshot NOT IN ${rewrites}
      OR d.data_file_id IN (SELECT data_file_id FROM {M}.ducklake_delete_file WHERE table_id = $1 AND begin_snapshot <= $3)
      ${inlined.size === 0 ? '' : `OR d.data_file_id IN (SELECT file_id FROM {M}.ducklake_inlined_delete_${table.id} WHERE begin_snapshot BETWEEN $2 AND $3)`})
      AND d.begin_snapshot <= $3`,
  })
  if (columns.length === 0) return emptyListing(table)
  const ids = columns.numbers('id')
  const ends = columns.numbers('ended')
  const listed = await listing(reader, table, { columns, parts })
  const files = await deleteFiles(reader, table, { parts, values })
  const deletes = (at: number): DeletedRows => {
    const own = files.get(ids[at]!) ?? []
    const { positions = [], snapshots = [] } = inlined.get(ids[at]!) ?? {}
    const chosen = [...positions.keys()].filter((index) => snapshots[index]! >= from)
    const before = [...positions.keys()].filter((index) => snapshots[index]! < from)
    const isEnded = ends[at]! >= from && ends[at]! <= to
    const uncounted = Math.max(from - 1, bornAt(listed, at) ?? 0)
    return {
      files: own.map((file) => ({ ...file, only: { from, to } })),
      positions: chosen.map((index) => positions[index]!),
      positionSnapshots: chosen.map((index) => snapshots[index]!),
      ...(isEnded ? { all: ends[at]! } : {}),
      except: {
        files: own.map((file) => ({ ...file, only: { to: uncounted } })),
        positions: before.map((index) => positions[index]!),
        positionSnapshots: before.map((index) => snapshots[index]!),
      },
    }
  }
  return {
    ...listed,
    shows: 'deleted',
    deleted: new Float64Array(columns.length).fill(Number.NaN),
    deletes,
  }
}

/** Files of a table whatever snapshots they are in, of which `where` is true. */
async function dataFiles(
  reader: CatalogReader,
  table: LakeTableEntry,
  {
    parts,
    values,
    where,
  }: { readonly parts: ListingParts; readonly values: readonly bigint[]; readonly where: string },
): Promise<CatalogColumns> {
  const columns = new CatalogColumns(
    await reader.readColumns(
      `SELECT d.data_file_id AS id, d.path, coalesce(d.path_is_relative, true) AS relative, d.record_count AS rows, d.file_size_bytes AS size,
         d.footer_size AS footer, d.row_id_start AS row_id, d.begin_snapshot AS snapshot, d.last_snapshot, d.mapping_id AS mapping,
         d.encryption_key IS NOT NULL AS encrypted, CASE WHEN d.end_snapshot NOT IN ${rewrites} THEN d.end_snapshot END AS ended
       FROM (SELECT *, ${parts.format.dataPartialMax} AS last_snapshot FROM {M}.ducklake_data_file) d
       WHERE d.table_id = $1 AND ${where} ORDER BY d.data_file_id`,
      values,
    ),
  )
  refuseEncrypted(table, columns)
  return columns
}

async function listing(
  reader: CatalogReader,
  table: LakeTableEntry,
  { columns, parts }: { readonly columns: CatalogColumns; readonly parts: ListingParts },
): Promise<ListedFiles> {
  return {
    label: `${table.schema}.${table.name}`,
    count: columns.length,
    open: pathReader(columns, table, parts)('path', 'relative'),
    rows: columns.numbers('rows'),
    sizes: columns.numbers('size'),
    footerSizes: columns.numbers('footer'),
    rowIds: columns.numbers('row_id'),
    snapshots: columns.numbers('snapshot'),
    lastSnapshots: columns.numbers('last_snapshot'),
    ...(await namingsOf(reader, table, columns.numbers('mapping'))),
  }
}

/** All files of deleted rows that a data file had up to a snapshot, by the id of the data file. */
async function deleteFiles(
  reader: CatalogReader,
  table: LakeTableEntry,
  { parts, values }: { readonly parts: ListingParts; readonly values: readonly bigint[] },
): Promise<ReadonlyMap<number, readonly DeleteFile[]>> {
  const columns = new CatalogColumns(
    await reader.readColumns(
      `SELECT data_file_id AS file, path, coalesce(path_is_relative, true) AS relative, format, file_size_bytes AS size, footer_size AS footer,
         begin_snapshot AS snapshot FROM {M}.ducklake_delete_file WHERE table_id = $1 AND begin_snapshot <= $2 ORDER BY begin_snapshot`,
      [values[0]!, values[2]!],
    ),
  )
  const files = new Map<number, DeleteFile[]>()
  if (columns.length === 0) return files
  const open = pathReader(columns, table, parts)('path', 'relative')
  const [of, sizes, footers, snapshots] = ['file', 'size', 'footer', 'snapshot'].map((name) => columns.numbers(name))
  const format = columns.reader('format')
  for (let row = 0; row < columns.length; row++) {
    const isPuffin = format(row) === 'puffin'
    const own = files.get(of![row]!) ?? []
    files.set(of![row]!, own)
    own.push({
      source: open(row),
      format: isPuffin ? 'puffin' : 'parquet',
      size: sizes![row]!,
      snapshot: snapshots![row]!,
      ...(isPuffin || !(footers![row]! > 0) ? {} : { footerSize: footers![row]! }),
    })
  }
  return files
}

/** Positions that were deleted without a file up to a snapshot, by the id of the data file. */
async function inlinedDeletes(
  reader: CatalogReader,
  table: LakeTableEntry,
  to: number,
): Promise<ReadonlyMap<number, { readonly positions: number[]; readonly snapshots: number[] }>> {
  const deleted = new Map<number, { readonly positions: number[]; readonly snapshots: number[] }>()
  const name = `ducklake_inlined_delete_${table.id}`
  if ((await columnsOf(reader, name)).length === 0) return deleted
  const rows = await reader.read(`SELECT file_id, row_id, begin_snapshot FROM {M}.${name} WHERE begin_snapshot <= $1`, [
    BigInt(to),
  ])
  for (const row of rows) {
    const file = Number(row['file_id'])
    const own = deleted.get(file) ?? { positions: [], snapshots: [] }
    deleted.set(file, own)
    own.positions.push(Number(row['row_id']))
    own.snapshots.push(Number(row['begin_snapshot']))
  }
  return deleted
}
