import { isLakefrontError } from '../../errors.ts'
import type { CatalogReader } from './catalog.ts'

/** Which tables and columns a catalog has: formats before and after 1.0 have others. */
export interface CatalogFormat {
  /** DuckLake's, such as `1.0`. */
  readonly version: string
  readonly macros: boolean
  /** What to select for `ducklake_data_file.partial_max`. */
  readonly dataPartialMax: string
  readonly defaultValueType: string
  /** Columns of the catalog's own in tables of inlined rows. */
  readonly inlined: { readonly rowId: string; readonly begin: string; readonly end: string }
}

/** Looks what a catalog has. */
export async function catalogFormat(reader: CatalogReader): Promise<CatalogFormat> {
  const [row] = await reader.read(`SELECT value FROM {M}.ducklake_metadata WHERE key = 'version'`)
  const version = String(row?.['value'])
  const has = async (table: string): Promise<ReadonlySet<string>> => new Set(await columnsOf(reader, table))
  const data = await has('ducklake_data_file')
  const columns = await has('ducklake_column')
  const macros = await has('ducklake_macro')
  const prefix = version.startsWith('1.') && version !== '1.0' ? '_ducklake_' : ''
  return {
    version,
    macros: macros.size > 0,
    dataPartialMax: data.has('partial_max')
      ? 'partial_max'
      : String.raw`CAST(nullif(regexp_extract(partial_file_info, 'partial_max:(\d+)', 1), '') AS BIGINT)`,
    defaultValueType: columns.has('default_value_type') ? 'default_value_type' : "'literal'",
    inlined: { rowId: `${prefix}row_id`, begin: `${prefix}begin_snapshot`, end: `${prefix}end_snapshot` },
  }
}

/** Names of the columns of a table of the catalog; none when there is no such table. */
export async function columnsOf(reader: CatalogReader, table: string): Promise<readonly string[]> {
  const sql = `SELECT column_name FROM (DESCRIBE {M}."${table.replaceAll('"', '""')}")`
  const rows = await reader.read(sql).catch((error: unknown) => {
    if (isLakefrontError(error, 'TABLE_NOT_FOUND')) return []
    throw error
  })
  return rows.map((row) => String(row['column_name']))
}
