import type { MappedName } from '../../scan/listed-files.ts'
import type { CatalogReader, CatalogRow } from '../catalog/catalog.ts'

/** What foreign files call the columns of a table, by the id of the mapping. */
export async function nameMappings(
  reader: CatalogReader,
  table: number,
): Promise<ReadonlyMap<number, readonly MappedName[]>> {
  const rows = await reader.read(
    `SELECT n.mapping_id, n.column_id, n.source_name, n.target_field_id, n.parent_column, coalesce(n.is_partition, false) AS is_partition
     FROM {M}.ducklake_name_mapping n JOIN {M}.ducklake_column_mapping m USING (mapping_id)
     WHERE m.table_id = $1 ORDER BY n.mapping_id, n.column_id`,
    [BigInt(table)],
  )
  const ids = new Set(rows.map((row) => Number(row['mapping_id'])))
  return new Map(
    [...ids].map((id) => [
      id,
      namesBelow(
        rows.filter((row) => Number(row['mapping_id']) === id),
        null,
      ),
    ]),
  )
}

function namesBelow(rows: readonly CatalogRow[], parent: unknown): readonly MappedName[] {
  return rows
    .filter((row) => row['parent_column'] === parent)
    .map((row) => {
      const fields = namesBelow(rows, row['column_id'])
      return {
        name: String(row['source_name']),
        id: Number(row['target_field_id']),
        ...(row['is_partition'] === true ? { isPartition: true } : {}),
        ...(fields.length === 0 ? {} : { fields }),
      }
    })
}
