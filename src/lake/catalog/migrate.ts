import { LakefrontError } from '../../errors.ts'
import type { CatalogReader, CatalogTransaction } from './catalog.ts'
import { catalogFormat, columnsOf } from './catalog-format.ts'
import { type CatalogTable, catalogTables, writtenFormat } from './catalog-schema.ts'

/** Formats that a catalog can be brought to the written one from. */
const migrated: readonly string[] = ['0.3', '0.4']

/** Tables that 0.3 has not. */
const newTables: readonly CatalogTable[] = [
  'ducklake_macro',
  'ducklake_macro_impl',
  'ducklake_macro_parameters',
  'ducklake_sort_info',
  'ducklake_sort_expression',
  'ducklake_file_variant_stats',
]

/**
 * Brings a catalog to the format that is written, as the reference extension does it: tables and columns are added, nothing that a snapshot
 * tells is changed. One that has it already stays as it is.
 *
 * @throws LakefrontError `UNSUPPORTED` for newer formats, which there is no way back from.
 */
export async function migrateCatalog(transaction: CatalogTransaction, label: string): Promise<void> {
  const { version } = await catalogFormat(transaction)
  if (version === writtenFormat) return
  if (!migrated.includes(version)) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `The lake "${label}" has format ${version}, and there is no way from it to ${writtenFormat}. Lakes of ${migrated.join(' and ')} can be migrated.`,
      { details: { format: version } },
    )
  }
  for (const table of newTables) {
    if ((await columnsOf(transaction, table)).length === 0)
      await transaction.run(`CREATE TABLE {M}.${table}(${catalogTables[table]})`)
  }
  await addColumn(transaction, 'ducklake_column', `default_value_type VARCHAR DEFAULT 'literal'`)
  await addColumn(transaction, 'ducklake_column', 'default_value_dialect VARCHAR DEFAULT NULL')
  await addColumn(transaction, 'ducklake_delete_file', 'partial_max BIGINT DEFAULT NULL')
  await tellTables(transaction)
  await tellLastSnapshots(transaction)
  await transaction.run(`UPDATE {M}.ducklake_metadata SET value = '${writtenFormat}' WHERE key = 'version'`)
}

async function addColumn(transaction: CatalogTransaction, table: CatalogTable, column: string): Promise<void> {
  if (!(await has(transaction, table, column.split(' ', 1)[0]!)))
    await transaction.run(`ALTER TABLE {M}.${table} ADD COLUMN ${column}`)
}

/** Versions of the schema are told for each table that was there. */
async function tellTables(transaction: CatalogTransaction): Promise<void> {
  if (await has(transaction, 'ducklake_schema_versions', 'table_id')) return
  await rebuild(
    transaction,
    'ducklake_schema_versions',
    `SELECT DISTINCT v.begin_snapshot, v.schema_version, t.table_id FROM {M}.ducklake_schema_versions v
     JOIN {M}.ducklake_table t ON v.begin_snapshot >= t.begin_snapshot AND (v.begin_snapshot < t.end_snapshot OR t.end_snapshot IS NULL)`,
  )
}

/** The last snapshot of a file of several was a part of a text. */
async function tellLastSnapshots(transaction: CatalogTransaction): Promise<void> {
  if (await has(transaction, 'ducklake_data_file', 'partial_max')) return
  const { dataPartialMax } = await catalogFormat(transaction)
  const columns = catalogTables.ducklake_data_file.split(', ').map((column) => column.split(' ', 1)[0]!)
  const values = columns.map((column) => (column === 'partial_max' ? dataPartialMax : column))
  await rebuild(transaction, 'ducklake_data_file', `SELECT ${values.join(', ')} FROM {M}.ducklake_data_file`)
}

async function rebuild(transaction: CatalogTransaction, table: CatalogTable, rows: string): Promise<void> {
  await transaction.run(`CREATE TABLE {M}.migrated(${catalogTables[table]})`)
  await transaction.run(`INSERT INTO {M}.migrated ${rows}`)
  await transaction.run(`DROP TABLE {M}.${table}`)
  await transaction.run(`ALTER TABLE {M}.migrated RENAME TO ${table}`)
}

async function has(reader: CatalogReader, table: CatalogTable, column: string): Promise<boolean> {
  return (await columnsOf(reader, table)).includes(column)
}
