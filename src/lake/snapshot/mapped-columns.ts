import { LakefrontError } from '../../errors.ts'
import type { MappedField } from '../../scan/source.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { typeName } from '../../types/type-names.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import type { LakeColumn } from './lake-columns.ts'

/** The columns as scans find them in files: by their ids, with values for rows from before they were there. */
export async function mappedColumns(
  reader: CatalogReader,
  columns: readonly LakeColumn[],
): Promise<readonly MappedField[]> {
  const all = (own: readonly LakeColumn[]): readonly LakeColumn[] =>
    own.flatMap((column) => [column, ...all(column.children)])
  const defaults = all(columns).filter(({ initialDefault }) => initialDefault !== null)
  const values = new Map<number, unknown>()
  if (defaults.length > 0) {
    const casts = defaults.map((column) => `${defaultSql(column)} AS "${column.id}"`)
    const [batch] = await reader.readColumns(`SELECT ${casts.join(', ')}`)
    const [row] = rowsFromBatch(batch!)
    for (const { id } of defaults) values.set(id, row![String(id)])
  }
  const mapped = ({ id, name, type, children }: LakeColumn): MappedField => ({
    id,
    name,
    type,
    ...(values.has(id) ? { default: values.get(id) } : {}),
    ...(children.length === 0 ? {} : { fields: children.map(mapped) }),
  })
  return columns.map(mapped)
}

/** The value of a column in rows from before it was there, as SQL. */
export function defaultSql({ initialDefault, name, type }: LakeColumn): string {
  if (initialDefault === null) return `CAST(NULL AS ${typeName(type)})`
  if (type.kind === 'blob') {
    throw new LakefrontError(
      'UNSUPPORTED',
      `The column "${name}" of type BLOB has a default for the rows before it, which cannot be read here. Drop the column and add it without a default.`,
    )
  }
  return `CAST('${initialDefault.replaceAll("'", "''")}' AS ${typeName(type)})`
}
