import type { MappedField } from '../../scan/source.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Schema } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import { type CatalogFormat, columnsOf } from '../catalog/catalog-format.ts'
import { type ColumnRow, type LakeColumn, columnsFromRows } from './lake-columns.ts'
import { columnRowsAt } from './lake-snapshot.ts'
import { defaultSql } from './mapped-columns.ts'
import type { TableMoment } from './table-listing.ts'

/** Which of a table's inlined rows: SQL about the columns `begin` and `end`, with `$1` the snapshot. */
export interface InlinedChoice {
  readonly where: (begin: string, end: string) => string
  /** The snapshot that is told of a row. */
  readonly snapshot: 'begin' | 'end'
}

/** Rows that are there in the snapshot. */
const liveRows: InlinedChoice = {
  where: (begin, end) => `$1 >= ${begin} AND ($1 < ${end} OR ${end} IS NULL)`,
  snapshot: 'begin',
}

/**
 * Rows that a catalog holds itself, in the columns of `mapping`. They are in one table for each set of columns that there was, whose columns
 * have the names of that time.
 */
export async function inlinedRows(
  reader: CatalogReader,
  { table, columns, snapshot }: TableMoment,
  {
    format,
    mapping,
    choice = liveRows,
  }: { readonly format: CatalogFormat; readonly mapping: readonly MappedField[]; readonly choice?: InlinedChoice },
): Promise<readonly ColumnBatch[]> {
  const tables = await reader.read(
    'SELECT table_name, schema_version FROM {M}.ducklake_inlined_data_tables WHERE table_id = $1 ORDER BY schema_version',
    [BigInt(table.id)],
  )
  const schema: Schema = { fields: mapping.map(({ name, type }) => ({ name, type, nullable: true })) }
  const batches: ColumnBatch[] = []
  const { rowId, begin, end } = format.inlined
  for (const row of tables) {
    const name = String(row['table_name'])
    const own = new Set((await columnsOf(reader, name)).map((column) => column.toLowerCase()))
    if (own.size === 0) continue
    const before = await columnsWhen(reader, table.id, { version: Number(row['schema_version']), format })
    const values = mapping.map((field) => {
      if (field.virtual === 'rowId') return rowId
      if (field.virtual === 'snapshot') return choice.snapshot === 'begin' ? begin : end
      const now = columns.find(({ id }) => id === field.id)
      const then = before.find(({ id }) => id === field.id)
      if (now === undefined) return `CAST(NULL AS ${typeName(field.type)})`
      return then === undefined || !own.has(then.name.toLowerCase())
        ? defaultSql(now)
        : converted(quoted(then.name), then, now)
    })
    const answer = await reader.readColumns(
      `SELECT ${values.map((value, at) => `${value} AS c${at}`).join(', ')} FROM {M}.${quoted(name)} WHERE ${choice.where(begin, end)} ORDER BY ${rowId}, ${begin}`,
      [BigInt(snapshot)],
    )
    batches.push(...answer.map((batch) => ({ ...batch, schema })))
  }
  return batches
}

/** The columns a table had when a version of the schema began. */
async function columnsWhen(
  reader: CatalogReader,
  table: number,
  { version, format }: { readonly version: number; readonly format: CatalogFormat },
): Promise<readonly LakeColumn[]> {
  const [row] = await reader.read(
    `SELECT coalesce((SELECT min(begin_snapshot) FROM {M}.ducklake_schema_versions WHERE schema_version = $1),
       (SELECT min(snapshot_id) FROM {M}.ducklake_snapshot WHERE schema_version = $1)) AS since`,
    [BigInt(version)],
  )
  const rows: readonly ColumnRow[] =
    (await columnRowsAt(reader, [BigInt(Number(row?.['since'] ?? 0))], format)).get(table) ?? []
  return columnsFromRows(rows)
}

/** A value of the column as it was, as one of the column as it is: parts of nested values are known by their ids, too. */
function converted(value: string, then: LakeColumn, now: LakeColumn): string {
  if (sameParts(then, now)) return `CAST(${value} AS ${typeName(now.type)})`
  if (now.type.kind === 'struct') {
    const fields = now.children.map((child) => {
      const own = then.children.find(({ id }) => id === child.id)
      const field = own === undefined ? defaultSql(child) : converted(`${value}.${quoted(own.name)}`, own, child)
      return `${quoted(child.name)} := ${field}`
    })
    return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${fields.join(', ')}) END`
  }
  if (now.type.kind === 'list') {
    const name = quoted(`element ${now.id}`)
    return `list_transform(${value}, lambda ${name}: ${converted(name, then.children[0]!, now.children[0]!)})`
  }
  const name = quoted(`entry ${now.id}`)
  const [key, entry] = now.children.map((child, at) =>
    converted(`${name}.${at === 0 ? 'key' : 'value'}`, then.children[at]!, child),
  )
  return `map_from_entries(list_transform(map_entries(${value}), lambda ${name}: struct_pack(k := ${key}, v := ${entry})))`
}

function sameParts(then: LakeColumn, now: LakeColumn): boolean {
  return (
    then.children.length === now.children.length &&
    then.children.every((child, at) => {
      const other = now.children[at]!
      return child.id === other.id && child.name === other.name && sameParts(child, other)
    })
  )
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
