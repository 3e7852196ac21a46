import { isLakefrontError } from '../../errors.ts'
import type { ListedObject, Storage } from '../../storage/storage.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import { assertWritable } from '../catalog/assert-writable.ts'
import type { Catalog, CatalogReader } from '../catalog/catalog.ts'
import { knownFilesSql } from '../snapshot/lake-files.ts'

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
 * knows them. How old a file is, its name and its store tell; the younger age counts, and the store's clock, where this one is ahead of it. Twice, or
 * broken off, is fine.
 */
export async function vacuum({ catalog, data }: VacuumParts, options: VacuumOptions = {}): Promise<VacuumReport> {
  const { dryRun = false, signal } = options
  const own = signal === undefined ? {} : { signal }
  const wanted = options.olderThan ?? new Date(Date.now() - defaultAge).toISOString()
  const found = await listedFiles(data, own)
  // What was committed while files were listed is known now.
  await catalog.refresh(own)
  const plan = (olderThan: string): Promise<Plan> => planOf(catalog, found, { ...options, olderThan })
  const first = await plan(wanted)
  if (dryRun) return first.report
  await catalog.reading((reader) => assertWritable(reader, catalog.label))
  const ahead = first.due.length > 0 || first.report.orphans.length > 0 ? await clockAhead(data, own) : 0
  const olderThan = ahead === 0 ? wanted : new Date(Date.parse(wanted) - ahead).toISOString()
  const { report, due } = ahead === 0 ? first : await plan(olderThan)
  await removeAll(data, [...report.scheduled, ...report.orphans], own)
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

interface Plan {
  readonly report: VacuumReport
  /** Of the list. */
  readonly due: readonly ScheduledFile[]
}

async function planOf(
  catalog: Catalog,
  found: ReadonlyMap<string, ListedFile>,
  { dryRun = false, only, olderThan }: VacuumOptions & { readonly olderThan: string },
): Promise<Plan> {
  const { known, elsewhere, scheduled } = await catalog.reading((reader) => catalogFiles(reader, olderThan))
  const isNeeded = (path: string): boolean => known.has(path) || elsewhere.has(nameOf(path))
  const due = only === 'orphans' ? [] : scheduled.filter(({ path, isRelative }) => !isRelative || !isNeeded(path))
  const [inside, outside] = [true, false].map((kind) =>
    due.filter(({ isRelative }) => isRelative === kind).map(({ path }) => path),
  ) as [string[], string[]]
  const waiting = new Set(scheduled.map(({ path }) => path))
  const loose = [...found].filter(([path]) => !isNeeded(path) && !waiting.has(path))
  const orphans = loose.filter(([, { since }]) => since < Date.parse(olderThan)).map(([path]) => path)
  const unknown = loose.filter(([, { since }]) => since === Infinity).map(([path]) => path)
  const bytes = [...inside, ...orphans].reduce((sum, path) => sum + (found.get(path)?.bytes ?? 0), 0)
  return { report: { dryRun, scheduled: inside, orphans, unknown, outside, bytes }, due }
}

interface ListedFile {
  readonly bytes: number
  /** When it was begun at the latest, in milliseconds; infinite when its name does not say that it is of a write. */
  readonly since: number
}

/** Data and delete files below the data path. */
async function listedFiles(
  data: Storage,
  own: { readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, ListedFile>> {
  const found = new Map<string, ListedFile>()
  for await (const entry of data.list(own))
    if (entry.kind === 'object' && /\.(?:parquet|puffin)$/.test(entry.key))
      found.set(entry.key, { bytes: entry.size, since: begunAt(entry) })
  return found
}

/** By its name and its store; a name from the future is of a clock that was wrong, where the store tells better. */
function begunAt({ key, modified }: ListedObject): number {
  const match = named.exec(nameOf(key))
  if (match === null) return Infinity
  const made = Number.parseInt(match[1]! + match[2]!, 16)
  if (modified === undefined) return made
  return made > Date.now() ? modified : Math.max(made, modified)
}

/** Clocks that are so far apart go the same. */
const sameClock = 60_000

/** By how many milliseconds the clock here is ahead of the store's, which it tells of a file that is written for that. */
async function clockAhead(data: Storage, own: { readonly signal?: AbortSignal }): Promise<number> {
  const key = `ducklake-${uuidV7()}.parquet`
  try {
    await data.write(key, new Uint8Array(), own)
    for await (const entry of data.list({ prefix: key, ...own })) {
      const ahead = entry.kind === 'object' && entry.modified !== undefined ? Date.now() - entry.modified : 0
      return ahead < sameClock ? 0 : ahead
    }
    return 0
  } catch (error) {
    // Where there is no room, room is to be made.
    if (isLakefrontError(error, 'QUOTA_EXCEEDED')) return 0
    throw error
  } finally {
    await data.remove(key)
  }
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
