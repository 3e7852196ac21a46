import type { Engine, ResultStream } from '../../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../../errors.ts'
import type { FileField, LeafStatistics, ParquetEncoder } from '../../format/parquet/parquet-writer.ts'
import type { LakeSource } from '../../scan/source.ts'
import type { Storage } from '../../storage/storage.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import { writeDataFiles } from '../../write/data-files.ts'
import type { DataFile } from '../../write/data-files.ts'
import { ownColumns } from '../own-columns.ts'
import { compactionPlan, tableAt } from './compact-plan.ts'
import type { Pack } from './compact-plan.ts'
import { commitPacks } from './compact-commit.ts'
import type { WrittenPack } from './compact-commit.ts'
import { fileFields, leafColumns } from '../snapshot/lake-columns.ts'
import type { SnapshotRow } from '../snapshot/lake-snapshot.ts'
import { sortOf } from '../snapshot/lake-target.ts'
import type { OpenLake } from '../snapshot/open-lake.ts'
import { quotedName, quotedText } from '../catalog/quoted.ts'
import { sortKeySql } from '../commit/sort-key.ts'
import { fileColumnStatistics } from '../commit/statistics.ts'
import { waitingFiles } from '../commit/waiting-files.ts'

export interface CompactParts {
  readonly lake: OpenLake
  readonly engine: Pick<Engine, 'register' | 'unregister' | 'execute'>
  /** The lake's data path. */
  readonly data: Storage
  readonly encoder: ParquetEncoder
}

export interface CompactOptions {
  /** Default: all tables. */
  readonly table?: { readonly schema: string; readonly table: string }
  /** Files smaller than this are merged, until they have this size. Default: what is set for the lake, else 512 MB. */
  readonly targetBytes?: number
  /** The share of deleted rows from which on a file is written anew. Default 0.25. */
  readonly deletedShare?: number
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

/** What became of a table. */
export interface TableCompaction {
  readonly schema: string
  readonly table: string
  /** Files that are no part of the table any more, and those that took their place. */
  readonly filesBefore: number
  readonly filesAfter: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** Deleted rows that are in no file any more. */
  readonly rowsDropped: number
  /** Packs of files that others changed meanwhile, and that stayed as they are. */
  readonly conflicts: number
}

export interface CompactReport {
  readonly dryRun: boolean
  /** Tables of which something was, or would be, written anew. */
  readonly tables: readonly TableCompaction[]
}

const identity = [
  { name: ownColumns.file, virtual: 'fileIndex' },
  { name: ownColumns.name, virtual: 'fileName' },
  { name: ownColumns.rowId, virtual: 'rowId' },
  { name: ownColumns.snapshot, virtual: 'snapshot' },
] as const

const rowIdField: FileField = { name: '_ducklake_internal_row_id', id: 2_147_483_540, type: { kind: 'bigint' } }
const snapshotField: FileField = { name: '_ducklake_internal_snapshot_id', id: 2_147_483_539, type: { kind: 'bigint' } }

/**
 * Writes small files that lie side by side as one, which keeps of each row which snapshot it came with, so that all snapshots stay; and files of
 * which many rows are deleted without these rows. It goes with appends of others; where others deleted rows of the table meanwhile, it stays as it
 * is, to be compacted another time. The old files are on vacuum's list afterwards.
 */
export async function compact(parts: CompactParts, options: CompactOptions = {}): Promise<CompactReport> {
  const { lake } = parts
  const { dryRun = false, signal } = options
  await lake.catalog.refresh(signal === undefined ? {} : { signal })
  const found = await tablesToCompact(lake, options)
  const tables: TableCompaction[] = []
  for (const table of found) {
    const report = await compactTable(parts, table, options)
    if (report.filesBefore > 0 || report.conflicts > 0) tables.push(report)
  }
  return { dryRun, tables }
}

interface NamedTable {
  readonly id: number
  readonly uuid: string
  readonly schema: string
  readonly table: string
  readonly targetBytes: number
}

async function tablesToCompact(lake: OpenLake, { table, targetBytes }: CompactOptions): Promise<readonly NamedTable[]> {
  if (table !== undefined) await lake.table(await lake.moment(), table.schema, table.table)
  return lake.catalog.reading(async (reader) => {
    const rows = await reader.read(
      `SELECT t.table_id, CAST(t.table_uuid AS VARCHAR) AS uuid, s.schema_name, t.table_name,
         (SELECT value FROM {M}.ducklake_metadata WHERE key = 'target_file_size' AND (scope IS NULL OR (scope = 'table' AND scope_id = t.table_id)) ORDER BY scope NULLS LAST LIMIT 1) AS target
       FROM {M}.ducklake_table t JOIN {M}.ducklake_schema s USING (schema_id) WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL ORDER BY 1`,
    )
    const same = (a: unknown, b: string): boolean => String(a).toLowerCase() === b.toLowerCase()
    return rows
      .filter(
        (row) =>
          table === undefined || (same(row['table_name'], table.table) && same(row['schema_name'], table.schema)),
      )
      .map((row) => ({
        id: Number(row['table_id']),
        uuid: String(row['uuid']),
        schema: String(row['schema_name']),
        table: String(row['table_name']),
        targetBytes: targetBytes ?? Number(row['target'] ?? 512_000_000),
      }))
  })
}

/** Packs that are committed together. */
const packsTogether = 64

async function compactTable(
  parts: CompactParts,
  { id, uuid, schema, table, targetBytes }: NamedTable,
  { deletedShare = 0.25, dryRun = false, signal }: CompactOptions,
): Promise<TableCompaction> {
  const { lake } = parts
  const moment = await lake.moment()
  const packs = await lake.catalog.reading((reader) => compactionPlan(reader, id, { targetBytes, deletedShare }))
  const sum = { filesBefore: 0, filesAfter: 0, bytesBefore: 0, bytesAfter: 0, rowsDropped: 0, conflicts: 0 }
  let base = moment.id
  for (const some of together(packs)) {
    const written = dryRun
      ? undefined
      : await writePacks(parts, { id, uuid, base, newest: moment, packs: some, signal })
    if (written === 'conflict') {
      sum.conflicts += some.length
      continue
    }
    // What others did before it goes with the next of the same table too, as it went with this.
    base = written?.snapshot ?? base
    some.forEach(({ kind, files }, at) => {
      const [bytes, rows, deleted] = (['bytes', 'rows', 'deleted'] as const).map((key) =>
        files.reduce((all, file) => all + file[key], 0),
      ) as [number, number, number]
      sum.filesBefore += files.length
      sum.bytesBefore += bytes
      sum.rowsDropped += kind === 'rewrite' ? deleted : 0
      sum.filesAfter += rows === deleted ? 0 : 1
      sum.bytesAfter += written?.bytes[at] ?? Math.round((bytes * (rows - deleted)) / rows)
    })
  }
  return { schema, table, ...sum }
}

/** Packs of one kind that are committed together. */
function together(packs: readonly Pack[]): readonly (readonly Pack[])[] {
  return (['merge', 'rewrite'] as const).flatMap((kind) => {
    const own = packs.filter((pack) => pack.kind === kind)
    return Array.from({ length: Math.ceil(own.length / packsTogether) }, (_, at) =>
      own.slice(at * packsTogether, (at + 1) * packsTogether),
    )
  })
}

interface PacksTask {
  readonly id: number
  readonly uuid: string
  readonly base: number
  readonly newest: SnapshotRow
  readonly packs: readonly Pack[]
  readonly signal: AbortSignal | undefined
}

/** Writes each pack as one file and puts these in their place; answers `'conflict'` when others changed the files first, and nothing happened. */
async function writePacks(
  parts: CompactParts,
  { id, uuid, base, newest, packs, signal }: PacksTask,
): Promise<{ readonly snapshot: number; readonly bytes: readonly number[] } | 'conflict'> {
  const { lake, data } = parts
  const written: WrittenPack[] = []
  const assertStored = waitingFiles(data)
  try {
    for (const pack of packs) written.push(await writePack(parts, { id, pack, signal }))
    await assertStored(written.flatMap(({ file }) => file?.key ?? []))
    const { value } = await lake.catalog.publish(
      (transaction) => commitPacks(transaction, { table: uuid, base, newest, kind: packs[0]!.kind, packs: written }),
      signal === undefined ? {} : { signal },
    )
    return { snapshot: value, bytes: written.map(({ file }) => file?.bytes ?? 0) }
  } catch (error) {
    if (isLakefrontError(error, 'COMMIT_STATE_UNKNOWN')) throw error
    // What cannot be removed now is found by vacuum later.
    await data.remove(written.flatMap(({ file }) => file?.key ?? [])).catch(() => undefined)
    if (isLakefrontError(error, 'COMMIT_CONFLICT') || isLakefrontError(error, 'TABLE_NOT_FOUND')) return 'conflict'
    throw error
  }
}

async function writePack(
  parts: CompactParts,
  { id, pack, signal }: { readonly id: number; readonly pack: Pack; readonly signal: AbortSignal | undefined },
): Promise<WrittenPack> {
  const target = await parts.lake.catalog.reading((reader) => tableAt(reader, id, pack.snapshot))
  const file = await rowsToFile(parts, { table: id, target, pack, signal })
  const expected = pack.files.reduce((rows, { rows: all, deleted }) => rows + all - deleted, 0)
  if ((file?.rows ?? 0) !== expected) {
    if (file !== undefined) await parts.data.remove(file.key).catch(() => undefined)
    throw othersCame()
  }
  if (file === undefined) return { pack }
  const leaves = new Set(leafColumns(target.columns).map((column) => column.id))
  const statistics = file.leaves
    .filter((leaf): leaf is LeafStatistics & { readonly id: number } => leaf.id !== undefined && leaves.has(leaf.id))
    .map((leaf) => fileColumnStatistics(leaf, leaf.id))
  return { pack, file: { ...file, statistics } }
}

async function rowsToFile(
  { lake, engine, data, encoder }: CompactParts,
  {
    table,
    target,
    pack,
    signal,
  }: {
    readonly table: number
    readonly target: Awaited<ReturnType<typeof tableAt>>
    readonly pack: Pack
    readonly signal: AbortSignal | undefined
  },
): Promise<DataFile | undefined> {
  const own = signal === undefined ? {} : { signal }
  const { id, places, order } = await lake.catalog.reading(async (reader) => {
    const files = await reader.read(
      `SELECT data_file_id AS id FROM {M}.ducklake_data_file WHERE table_id = $1
         AND begin_snapshot <= $2 AND (end_snapshot IS NULL OR end_snapshot > $2) ORDER BY data_file_id`,
      [table, pack.snapshot],
    )
    const wanted = new Set(pack.files.map((file) => file.id))
    return {
      id: `compact ${uuidV7()}`,
      places: files.flatMap((row, place) => (wanted.has(Number(row['id'])) ? [place] : [])),
      // Columns have the names of that snapshot, and so has the order.
      order: (await sortOf(reader, table, pack.snapshot)).map(sortKeySql).join(', '),
    }
  })
  const source: LakeSource = {
    id,
    format: 'lake',
    lake: lake.name,
    schema: target.schema,
    table: target.name,
    version: pack.snapshot,
    virtual: identity,
  }
  // Names say for certain which files these are; places spare opening others.
  const names = pack.files.map(({ path }) => quotedText(path.slice(path.lastIndexOf('/') + 1)))
  const columns = target.columns.map(({ name }) => quotedName(name))
  const extra = pack.kind === 'merge' ? [ownColumns.rowId, ownColumns.snapshot] : [ownColumns.rowId]
  await engine.register(source)
  try {
    const stream = await engine.execute(
      {
        sql: `SELECT ${[...columns, ...extra].join(', ')} FROM lf_scan(${quotedText(id)})
          WHERE ${ownColumns.file} IN (${places.join(', ')}) AND regexp_extract(${ownColumns.name}, '[^/\\\\]*$') IN (${names.join(', ')})${order === '' ? '' : ` ORDER BY ${order}`}`,
        sources: [id],
      },
      own,
    )
    try {
      const folder = pack.files[0]!.path.slice(0, pack.files[0]!.path.lastIndexOf('/') + 1)
      const [file] = await writeDataFiles(batchesOf(stream), {
        storage: data,
        encoder,
        fields: [...fileFields(target.columns), rowIdField, ...(pack.kind === 'merge' ? [snapshotField] : [])],
        name: () => `${folder}ducklake-${uuidV7()}.parquet`,
        targetBytes: Number.MAX_SAFE_INTEGER,
        ...own,
      })
      return file
    } finally {
      await stream.close()
    }
  } finally {
    await engine.unregister(id)
  }
}

async function* batchesOf(stream: ResultStream): AsyncGenerator<ColumnBatch> {
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) yield batch
}

function othersCame(): LakefrontError {
  return new LakefrontError('COMMIT_CONFLICT', 'Files of the table were changed while they were compacted.')
}
