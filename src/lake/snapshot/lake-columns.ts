import { LakefrontError, nearestName } from '../../errors.ts'
import type { FileField } from '../../format/parquet/parquet-writer.ts'
import type { Field, LogicalType } from '../../types/logical-type.ts'
import { partsOf } from '../../types/nested-parts.ts'
import { typeName } from '../../types/type-names.ts'
import { lakeTypeName, typeFromLake } from '../catalog/lake-types.ts'

/** A row of `ducklake_column`: a column, or a part of a nested one. */
export interface ColumnRow {
  readonly id: number
  readonly parent: number | null
  readonly order: number
  readonly name: string
  /** As DuckLake names it. */
  readonly type: string
  readonly initialDefault: string | null
  readonly defaultValue: string | null
  readonly defaultType: string | null
  readonly nullable: boolean
}

/** A column of a table, with all that is in it. Its id is the `field_id` in Parquet files. */
export interface LakeColumn {
  readonly id: number
  readonly name: string
  readonly type: LogicalType
  readonly nullable: boolean
  /** For rows of files from before the column was there. */
  readonly initialDefault: string | null
  /** For rows that are inserted without it. */
  readonly default?: { readonly kind: 'literal' | 'expression'; readonly text: string }
  /** Of a struct its fields, of a list its `element`, of a map its `key` and `value`. */
  readonly children: readonly LakeColumn[]
}

/** The columns that rows describe, in their order. Throws `CORRUPT_FILE` where a part is missing. */
export function columnsFromRows(rows: readonly ColumnRow[]): readonly LakeColumn[] {
  const below = new Map<number | null, ColumnRow[]>()
  for (const row of rows) below.set(row.parent, [...(below.get(row.parent) ?? []), row])
  const build = (row: ColumnRow): LakeColumn => {
    const children = (below.get(row.id) ?? []).toSorted((a, b) => a.order - b.order).map(build)
    const kind = row.defaultType === 'expression' ? 'expression' : 'literal'
    const hasDefault = row.defaultValue !== null && row.defaultValue !== 'NULL'
    return {
      id: row.id,
      name: row.name,
      type: typeOf(row, children),
      nullable: row.parent !== null || row.nullable,
      initialDefault: row.initialDefault,
      ...(hasDefault ? { default: { kind, text: row.defaultValue! } } : {}),
      children,
    }
  }
  return (below.get(null) ?? []).toSorted((a, b) => a.order - b.order).map(build)
}

function typeOf(row: ColumnRow, children: readonly LakeColumn[]): LogicalType {
  const parts = children.map(({ name, type }): Field => ({ name, type, nullable: true }))
  const [first, second] = parts
  const kind = row.type.toLowerCase()
  if (kind === 'struct' && first !== undefined) return { kind, fields: parts }
  if (kind === 'list' && first !== undefined) return { kind, element: first.type }
  if (kind === 'map' && first !== undefined && second !== undefined)
    return { kind, key: first.type, value: second.type }
  const type = isContainer(row) ? undefined : typeFromLake(row.type)
  if (type !== undefined) return type
  throw new LakefrontError(
    isContainer(row) ? 'CORRUPT_FILE' : 'UNSUPPORTED',
    isContainer(row)
      ? `The lake's catalog lacks parts of the column "${row.name}" of type ${row.type}.`
      : `The column "${row.name}" has the type ${row.type}, which cannot be written here.`,
    { details: { column: row.name, type: row.type } },
  )
}

/** Whether a column consists of other columns. */
export function isContainer({ type }: ColumnRow): boolean {
  return /^(struct|list|map)$/i.test(type)
}

/** A column to be made. */
export interface NewColumn {
  readonly name: string
  readonly type: LogicalType
  /** Default true. */
  readonly nullable?: boolean
  /** For rows that are inserted without it: a value as text, or SQL. */
  readonly default?: { readonly kind: 'literal' | 'expression'; readonly text: string }
}

/** The rows of a new column, ids from `firstId` on, depth first. A literal default is also that of rows from before. */
export function rowsOfColumn(column: NewColumn, firstId: number, parent: number | null = null): readonly ColumnRow[] {
  const isNested = partsOf(column.type).length > 0
  const rows: ColumnRow[] = [
    {
      id: firstId,
      parent,
      order: firstId,
      name: column.name,
      type: lakeTypeName(column.type),
      initialDefault: column.default?.kind === 'literal' ? column.default.text : null,
      ...storedDefault(isNested ? undefined : column.default),
      nullable: column.nullable ?? true,
    },
  ]
  for (const part of partsOf(column.type)) rows.push(...rowsOfColumn(part, firstId + rows.length, firstId))
  return rows
}

/** A default as a catalog has it. The text NULL means none there, so that a default that is this text is an expression. */
export function storedDefault(own: NewColumn['default']): Pick<ColumnRow, 'defaultValue' | 'defaultType'> {
  if (own === undefined) return { defaultValue: 'NULL', defaultType: 'literal' }
  if (own.kind === 'literal' && own.text === 'NULL') return { defaultValue: "'NULL'", defaultType: 'expression' }
  return { defaultValue: own.text, defaultType: own.kind }
}

/** The columns as a Parquet file has them. */
export function fileFields(columns: readonly LakeColumn[]): readonly FileField[] {
  return columns.map(({ id, name, type, children }) => ({
    id,
    name,
    type,
    ...(children.length === 0 ? {} : { fields: fileFields(children) }),
  }))
}

/** The columns that hold values: those without columns below them. */
export function leafColumns(columns: readonly LakeColumn[]): readonly LakeColumn[] {
  return columns.flatMap((column) => (column.children.length === 0 ? [column] : leafColumns(column.children)))
}

/** The row of a column by its names from the top down, and those beside it. Throws `COLUMN_NOT_FOUND` with the nearest name. */
export function columnPath(
  rows: readonly ColumnRow[],
  path: readonly string[],
  table: string,
): { readonly row: ColumnRow; readonly siblings: readonly ColumnRow[] } {
  let parent: number | null = null
  let found: { row: ColumnRow; siblings: readonly ColumnRow[] } | undefined
  for (const name of path) {
    const siblings: readonly ColumnRow[] = rows.filter((row) => row.parent === parent)
    const row =
      siblings.find((sibling) => sibling.name === name) ?? siblings.find(({ name: own }) => sameName(own, name))
    if (row === undefined) {
      throw columnNotFound(path.join('.'), { table, names: siblings.map((sibling) => sibling.name), wanted: name })
    }
    found = { row, siblings }
    parent = row.id
  }
  if (found === undefined)
    throw new LakefrontError('INVALID_ARGUMENT', 'Say which column: its name, or the names from the top down.')
  return found
}

/** Says that a table has no such column, and those that it has; `wanted` is the part of the name that was not found. */
export function columnNotFound(
  column: string,
  {
    table,
    names,
    wanted = column,
  }: { readonly table: string; readonly names: readonly string[]; readonly wanted?: string },
): LakefrontError {
  const nearest = nearestName(wanted, names)
  return new LakefrontError(
    'COLUMN_NOT_FOUND',
    `Column "${column}" not found in "${table}". Columns: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    { details: { column, columns: names } },
  )
}

/** As DuckDB compares names. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** Throws `UNSUPPORTED` when no column of a lake can have `type`. */
export function checkLakeType(type: LogicalType): void {
  lakeTypeName(type)
  for (const part of partsOf(type)) checkLakeType(part.type)
}

/** The value of a column in rows that are inserted without it, as SQL; undefined where they need one. */
export function insertedDefault({ default: own, nullable, type }: LakeColumn): string | undefined {
  if (own?.kind === 'expression') return `CAST(${own.text} AS ${typeName(type)})`
  if (own !== undefined) return `CAST('${own.text.replaceAll("'", "''")}' AS ${typeName(type)})`
  return nullable ? `CAST(NULL AS ${typeName(type)})` : undefined
}

/** The type of a lake that holds values of `type`, where it has not that one: text for enums, lists for arrays. */
export function storedType(type: LogicalType): LogicalType {
  switch (type.kind) {
    case 'enum':
      return { kind: 'varchar' }
    case 'array':
    case 'list':
      return { kind: 'list', element: storedType(type.element) }
    case 'struct':
      return { kind: 'struct', fields: type.fields.map((field) => ({ ...field, type: storedType(field.type) })) }
    case 'map':
      return { kind: 'map', key: storedType(type.key), value: storedType(type.value) }
    default:
      return type
  }
}
