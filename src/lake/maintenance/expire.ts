import { LakefrontError } from '../../errors.ts'
import type { Catalog, CatalogReader, CatalogTransaction } from '../catalog/catalog.ts'
import { assertWritable } from '../catalog/assert-writable.ts'
import { foldersSql, isRelativeSql, pathSql } from '../snapshot/lake-files.ts'

/** Which snapshots go; the newest never does. */
export interface ExpireOptions {
  /** Those that were made before this instant, as text with a zone. */
  readonly olderThan?: string
  readonly versions?: readonly number[]
  /** Whether it is only told what would go. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

export interface ExpireReport {
  readonly dryRun: boolean
  /** Snapshots that are gone, ascending. */
  readonly snapshots: readonly number[]
  /** Files that no snapshot has any more; vacuum removes them when they are old enough. */
  readonly filesScheduled: number
  /** Tables of which nothing is left. */
  readonly tables: number
}

/** Leaves a publication without publishing. */
class OnlyAsked extends Error {
  readonly report: ExpireReport

  constructor(report: ExpireReport) {
    super('A dry run changes nothing.')
    this.report = report
  }
}

/**
 * Forgets snapshots, and with them what only they had: rows of the catalog at once, files by putting them on the list that vacuum works off. It is
 * no snapshot itself. Statements are DuckLake's own, in its order.
 *
 * @throws LakefrontError `INVALID_ARGUMENT` for versions that are not there, or the newest.
 */
export async function expireSnapshots(catalog: Catalog, options: ExpireOptions): Promise<ExpireReport> {
  const { dryRun = false, signal } = options
  const own = signal === undefined ? {} : { signal }
  if (dryRun) await catalog.refresh(own)
  const found = await catalog.reading((reader) => chosenSnapshots(reader, options))
  if (found.length === 0) return { dryRun, snapshots: [], filesScheduled: 0, tables: 0 }
  try {
    const { value } = await catalog.publish(async (transaction) => {
      await assertWritable(transaction, catalog.label)
      const snapshots = await chosenSnapshots(transaction, options)
      const report = { dryRun, snapshots, ...(await expire(transaction, snapshots)) }
      if (dryRun) throw new OnlyAsked(report)
      return report
    }, own)
    return value
  } catch (error) {
    if (error instanceof OnlyAsked) return error.report
    throw error
  }
}

async function chosenSnapshots(reader: CatalogReader, { olderThan, versions }: ExpireOptions): Promise<number[]> {
  if ((olderThan === undefined) === (versions === undefined)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      "expireSnapshots() needs to know which: { olderThan: '7 days' } or { versions: [3, 4] }, one of them.",
    )
  }
  const rows = await reader.read(
    olderThan === undefined
      ? 'SELECT snapshot_id AS id FROM {M}.ducklake_snapshot ORDER BY 1'
      : `SELECT snapshot_id AS id FROM {M}.ducklake_snapshot WHERE snapshot_time < CAST($1 AS TIMESTAMPTZ)
          AND snapshot_id < (SELECT max(snapshot_id) FROM {M}.ducklake_snapshot) ORDER BY 1`,
    olderThan === undefined ? [] : [olderThan],
  )
  const ids = rows.map(({ id }) => Number(id))
  if (versions === undefined) return ids
  const newest = ids.at(-1)
  const wrong = versions.find((version) => version === newest || !ids.includes(version))
  if (wrong === undefined) return [...new Set(versions)].sort((a, b) => a - b)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    wrong === newest
      ? `Snapshot ${wrong} is the newest, which is what the lake is: it cannot expire.`
      : `There is no snapshot ${String(wrong)} to expire. Snapshots: ${listed(ids)}.`,
    { details: { version: wrong, newest: newest ?? null } },
  )
}

function listed(ids: readonly number[]): string {
  return ids.length > 20 ? `${ids[0]} to ${ids.at(-1)}, ${ids.length} of them` : ids.join(', ')
}

/** True of a row that no snapshot has which is left. */
const isDead = `end_snapshot IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {M}.ducklake_snapshot s WHERE s.snapshot_id >= begin_snapshot AND s.snapshot_id < end_snapshot)`

async function expire(
  transaction: CatalogTransaction,
  snapshots: readonly number[],
): Promise<Pick<ExpireReport, 'filesScheduled' | 'tables'>> {
  const run = (sql: string): Promise<void> => transaction.run(sql)
  const ids = async (sql: string): Promise<readonly number[]> =>
    (await transaction.read(sql)).map(({ id }) => Number(id))
  for (const table of ['ducklake_snapshot', 'ducklake_snapshot_changes'])
    await run(`DELETE FROM {M}.${table} WHERE snapshot_id IN (${snapshots.join()})`)
  const tables = await ids(
    `SELECT DISTINCT table_id AS id FROM {M}.ducklake_table WHERE table_id NOT IN (SELECT table_id FROM {M}.ducklake_table WHERE NOT (${isDead}))`,
  )
  const ofTables = `table_id IN (${[-1, ...tables].join()})`
  const files = await ids(`SELECT data_file_id AS id FROM {M}.ducklake_data_file WHERE ${ofTables} OR (${isDead})`)
  await schedule(transaction, { from: 'ducklake_data_file', key: 'data_file_id', ids: files })
  const ofFiles = `data_file_id IN (${[-1, ...files].join()})`
  const deletes = await ids(
    `SELECT delete_file_id AS id FROM {M}.ducklake_delete_file WHERE ${ofTables} OR ${ofFiles} OR (${isDead})`,
  )
  await schedule(transaction, { from: 'ducklake_delete_file', key: 'delete_file_id', ids: deletes })
  for (const table of ['file_column_stats', 'file_variant_stats', 'file_partition_value'])
    await run(`DELETE FROM {M}.ducklake_${table} WHERE ${ofFiles}`)
  if (tables.length > 0) await forgetTables(transaction, tables)
  for (const table of ['schema', 'view', 'tag', 'macro']) await run(`DELETE FROM {M}.ducklake_${table} WHERE ${isDead}`)
  for (const table of ['macro_impl', 'macro_parameters'])
    await run(`DELETE FROM {M}.ducklake_${table} WHERE macro_id NOT IN (SELECT macro_id FROM {M}.ducklake_macro)`)
  await run(
    'DELETE FROM {M}.ducklake_name_mapping WHERE mapping_id NOT IN (SELECT mapping_id FROM {M}.ducklake_column_mapping)',
  )
  return { filesScheduled: files.length + deletes.length, tables: tables.length }
}

/**
 * Takes files out of the catalog, and puts them on the list of those to remove: from now on, or from the newest snapshot on, should the clock here
 * be behind.
 */
export async function schedule(
  transaction: CatalogTransaction,
  { from, key, ids }: { readonly from: string; readonly key: string; readonly ids: readonly number[] },
): Promise<void> {
  if (ids.length === 0) return
  const chosen = `${key} IN (${ids.join()})`
  await transaction.run(
    `INSERT INTO {M}.ducklake_files_scheduled_for_deletion
     SELECT f.${key}, ${pathSql}, ${isRelativeSql}, greatest(now(), (SELECT max(snapshot_time)::TIMESTAMPTZ FROM {M}.ducklake_snapshot)) FROM {M}.${from} f LEFT JOIN (${foldersSql}) d USING (table_id) WHERE f.${chosen}`,
  )
  await transaction.run(`DELETE FROM {M}.${from} WHERE ${chosen}`)
}

async function forgetTables(transaction: CatalogTransaction, tables: readonly number[]): Promise<void> {
  const own = `table_id IN (${tables.join()})`
  const inlined = await transaction.read(`SELECT table_name AS name FROM {M}.ducklake_inlined_data_tables WHERE ${own}`)
  const names = [...inlined.map(({ name }) => String(name)), ...tables.map((id) => `ducklake_inlined_delete_${id}`)]
  for (const name of names) await transaction.run(`DROP TABLE IF EXISTS {M}."${name.replaceAll('"', '""')}"`)
  await transaction.run(`DELETE FROM {M}.ducklake_partition_column WHERE ${own}`)
  await transaction.run(`DELETE FROM {M}.ducklake_sort_expression WHERE ${own}`)
  for (const table of tablesOfTables) await transaction.run(`DELETE FROM {M}.ducklake_${table} WHERE ${own}`)
}

const tablesOfTables = [
  'table',
  'table_stats',
  'table_column_stats',
  'partition_info',
  'column',
  'column_tag',
  'sort_info',
  'schema_versions',
  'inlined_data_tables',
  'column_mapping',
] as const
