import { assertWritable } from '../catalog/assert-writable.ts'
import type { CatalogTransaction } from '../catalog/catalog.ts'
import { checkCatalog } from './check-catalog.ts'
import type { Finding } from './check-catalog.ts'
import { repairStatistics } from './repair-statistics.ts'
import type { TableValues } from './repair-statistics.ts'
import { vacuum } from './vacuum.ts'
import type { VacuumParts } from './vacuum.ts'

export interface RecoverOptions {
  /** Only what was begun before this instant, text with a zone, and never committed. Default: a day ago. */
  readonly olderThan?: string
  /** Whether statistics are compared with the values, which reads all tables, and set right. Default false. */
  readonly statistics?: boolean
  readonly signal?: AbortSignal
}

export interface RecoverParts extends VacuumParts {
  readonly readValues?: (options: { readonly signal?: AbortSignal }) => Promise<readonly TableValues[]>
}

export interface RecoverReport {
  /** Files of writes that failed, or whose process died; they are gone. Paths are below the data path. */
  readonly orphans: readonly string[]
  /** Counters of the catalog that were set right, in words. */
  readonly repaired: readonly string[]
  /** What is wrong with the catalog and cannot be set right by itself. */
  readonly findings: readonly Finding[]
}

/** A counter that must be ahead of what was given away: by how much it is behind is what its repair says. */
const repairs: readonly { readonly what: string; readonly isBehind: string; readonly repair: string }[] = [
  {
    what: 'the next file id',
    isBehind:
      'SELECT 1 FROM {M}.ducklake_snapshot s WHERE s.snapshot_id = (SELECT max(snapshot_id) FROM {M}.ducklake_snapshot) AND next_file_id <= ({ids})',
    repair:
      'UPDATE {M}.ducklake_snapshot SET next_file_id = ({ids}) + 1 WHERE snapshot_id = (SELECT max(snapshot_id) FROM {M}.ducklake_snapshot)',
  },
  {
    what: 'the next row id of a table',
    isBehind: 'SELECT 1 FROM {M}.ducklake_table_stats t WHERE next_row_id < ({rows})',
    repair: 'UPDATE {M}.ducklake_table_stats AS t SET next_row_id = ({rows}) WHERE next_row_id < ({rows})',
  },
]

const ids = `SELECT coalesce(max(id), -1) FROM (SELECT data_file_id AS id FROM {M}.ducklake_data_file UNION ALL SELECT delete_file_id FROM {M}.ducklake_delete_file UNION ALL SELECT mapping_id FROM {M}.ducklake_column_mapping)`
const rows = `SELECT coalesce(max(f.row_id_start + f.record_count), 0) FROM {M}.ducklake_data_file f WHERE f.table_id = t.table_id`

/**
 * Cleans up after writes that failed or whose process died: their files go, and counters of the catalog that fell behind what was given away
 * are set right; with `statistics` what it says of values too. A lake needs none of it to be read, and nothing that was committed is touched.
 */
export async function recover(parts: RecoverParts, options: RecoverOptions = {}): Promise<RecoverReport> {
  const { catalog, data, readValues } = parts
  const { signal } = options
  const own = signal === undefined ? {} : { signal }
  await catalog.refresh(own)
  const values = options.statistics === true ? await readValues?.(own) : undefined
  const isBehind = await catalog.reading(async (reader) => {
    for (const { isBehind: sql } of repairs) if ((await reader.read(filled(sql))).length > 0) return true
    return false
  })
  const repaired =
    isBehind || values !== undefined
      ? (
          await catalog.publish(async (transaction) => {
            await assertWritable(transaction, catalog.label)
            return [...(await repairAll(transaction)), ...(await repairStatistics(transaction, values ?? []))]
          }, own)
        ).value
      : []
  const olderThan = options.olderThan ?? new Date(Date.now() - 86_400_000).toISOString()
  const { orphans } = await vacuum({ catalog, data }, { olderThan, only: 'orphans', ...own })
  return { orphans, repaired, findings: await catalog.reading(checkCatalog) }
}

async function repairAll(transaction: CatalogTransaction): Promise<readonly string[]> {
  const repaired: string[] = []
  for (const { what, isBehind, repair } of repairs) {
    if ((await transaction.read(filled(isBehind))).length === 0) continue
    await transaction.run(filled(repair))
    repaired.push(what)
  }
  return repaired
}

function filled(sql: string): string {
  return sql.replaceAll('{ids}', ids).replaceAll('{rows}', rows)
}
