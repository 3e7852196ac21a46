import type { Storage } from '../storage/storage.ts'
import { assertWritable } from './assert-writable.ts'
import type { Catalog, CatalogReader } from './catalog.ts'
import { knownFilesSql } from './lake-files.ts'

/** What vacuum works on. */
export interface VacuumParts {
  readonly catalog: Catalog
  /** The lake's data path. */
  readonly data: Storage
}

export interface VacuumOptions {
  /** Only files that were given up, or begun and never committed, before this instant: text with a zone. Default: two days ago. */
  readonly olderThan?: string
  readonly dryRun?: boolean
  /** Only what was never committed. */
  readonly only?: 'orphans'
  readonly signal?: AbortSignal
}

/** Paths are below the lake's data path. */
export interface VacuumReport {
  readonly dryRun: boolean
  /** Files no snapshot needs since snapshots expired or files were merged. */
  readonly scheduled: readonly string[]
  /** Files that were never committed. */
  readonly orphans: readonly string[]
  /** Files nobody knows whose names do not say how old they are; they stay. */
  readonly unknown: readonly string[]
  /** Files outside of the data path that are in no snapshot any more; they stay, and are forgotten. */
  readonly outside: readonly string[]
  readonly bytes: number
}

const defaultAge = 2 * 24 * 3_600_000

/** Removals that are asked for at once. */
const removedAtOnce = 500

/** Names of DuckLake's files: the UUID begins with the milliseconds it was made in. */
const named =
  /^ducklake-([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(?:-delete)?\.(?:parquet|puffin)$/

/**
 * Removes files that no snapshot needs: those that expiry and compaction put on the list, and orphans, which a write left that failed. What the
 * catalog names is never touched, and nothing that is younger than `olderThan`: a write that is under way stores its files before the catalog
 * knows them. Twice, or broken off, is fine.
 */
export async function vacuum({ catalog, data }: VacuumParts, options: VacuumOptions = {}): Promise<VacuumReport> {
  const { dryRun = false, signal } = options
  const own = signal === undefined ? {} : { signal }
  const olderThan = options.olderThan ?? new Date(Date.now() - defaultAge).toISOString()
  const found = await listedFiles(data, own)
  // What was committed while files were listed is known now.
  await catalog.refresh(own)
  const { known, elsewhere, scheduled } = await catalog.reading((reader) => catalogFiles(reader, olderThan))
  const due =
    options.only === 'orphans' ? [] : scheduled.filter(({ path, isRelative }) => !isRelative || !known.has(path))
  const [inside, outside] = [due.filter(({ isRelative }) => isRelative), due.filter(({ isRelative }) => !isRelative)]
  const waiting = new Set(scheduled.map(({ path }) => path))
  const loose = [...found.keys()].filter(
    (path) => !known.has(path) && !waiting.has(path) && !elsewhere.has(nameOf(path)),
  )
  const orphans = loose.filter((path) => (madeAt(path) ?? Infinity) < Date.parse(olderThan))
  const report: VacuumReport = {
    dryRun,
    scheduled: inside.map(({ path }) => path),
    orphans,
    unknown: loose.filter((path) => madeAt(path) === undefined),
    outside: outside.map(({ path }) => path),
    bytes: [...inside.map(({ path }) => path), ...orphans].reduce((sum, path) => sum + (found.get(path) ?? 0), 0),
  }
  if (dryRun) return report
  await catalog.reading((reader) => assertWritable(reader, catalog.label))
  await removeAll(data, [...report.scheduled, ...orphans], own)
  if (due.length > 0) {
    const ids = due.map(({ id }) => id)
    await catalog.publish(
      (transaction) =>
        transaction.run(
          `DELETE FROM {M}.ducklake_files_scheduled_for_deletion WHERE data_file_id IN (${ids.join()}) AND schedule_start < CAST($1 AS TIMESTAMPTZ)`,
          [olderThan],
        ),
      own,
    )
  }
  return report
}

/** Data and delete files below the data path, and their bytes. */
async function listedFiles(
  data: Storage,
  own: { readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for await (const entry of data.list(own))
    if (entry.kind === 'object' && /\.(?:parquet|puffin)$/.test(entry.key)) found.set(entry.key, entry.size)
  return found
}

interface ScheduledFile {
  readonly id: number
  readonly path: string
  readonly isRelative: boolean
}

interface CatalogFiles {
  /** Paths below the data path, those to be removed later included. */
  readonly known: ReadonlySet<string>
  /** Names of files whose paths say by themselves where they are, which may be here all the same. */
  readonly elsewhere: ReadonlySet<string>
  /** Files whose time has come. */
  readonly scheduled: readonly ScheduledFile[]
}

async function catalogFiles(reader: CatalogReader, olderThan: string): Promise<CatalogFiles> {
  const files = await reader.read(`SELECT path, is_relative FROM (${knownFilesSql})`)
  const rows = await reader.read(
    `SELECT data_file_id AS id, path, coalesce(path_is_relative, true) AS is_relative, schedule_start < CAST($1 AS TIMESTAMPTZ) AS is_due
     FROM {M}.ducklake_files_scheduled_for_deletion ORDER BY data_file_id`,
    [olderThan],
  )
  const known = new Set<string>()
  const elsewhere = new Set<string>()
  for (const { path, is_relative: isRelative } of files)
    if (isRelative === true) known.add(String(path))
    else elsewhere.add(nameOf(String(path)))
  const scheduled: ScheduledFile[] = []
  for (const row of rows) {
    const file = { id: Number(row['id']), path: String(row['path']), isRelative: row['is_relative'] === true }
    if (row['is_due'] === true) scheduled.push(file)
    else if (file.isRelative) known.add(file.path)
  }
  return { known, elsewhere, scheduled }
}

/** When a file was begun, in milliseconds; undefined when its name does not tell. */
function madeAt(path: string): number | undefined {
  const match = named.exec(nameOf(path))
  return match === null ? undefined : Number.parseInt(match[1]! + match[2]!, 16)
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

async function removeAll(
  data: Storage,
  paths: readonly string[],
  own: { readonly signal?: AbortSignal },
): Promise<void> {
  for (let start = 0; start < paths.length; start += removedAtOnce)
    await data.remove(paths.slice(start, start + removedAtOnce), own)
}
