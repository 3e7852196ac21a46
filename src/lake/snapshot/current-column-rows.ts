import type { CatalogReader } from '../catalog/catalog.ts'
import type { ColumnRow } from './lake-columns.ts'

/** The columns of a table, and the parts of nested ones, as they are in the newest snapshot. */
export async function currentColumnRows(reader: CatalogReader, table: number): Promise<readonly ColumnRow[]> {
  const rows = await reader.read(
    `SELECT column_id, parent_column, column_order, column_name, column_type, initial_default, default_value, default_value_type, nulls_allowed
     FROM {M}.ducklake_column WHERE table_id = ${table} AND end_snapshot IS NULL ORDER BY column_order`,
  )
  return rows.map((row) => ({
    id: Number(row['column_id']),
    parent: row['parent_column'] === null ? null : Number(row['parent_column']),
    order: Number(row['column_order'] ?? row['column_id']),
    name: String(row['column_name']),
    type: String(row['column_type']),
    initialDefault: row['initial_default'] as string | null,
    defaultValue: row['default_value'] as string | null,
    defaultType: row['default_value_type'] as string | null,
    nullable: row['nulls_allowed'] !== false,
  }))
}
