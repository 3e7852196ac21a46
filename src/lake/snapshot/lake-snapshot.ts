import { LakefrontError } from '../../errors.ts'
import type { CatalogReader, CatalogRow } from '../catalog/catalog.ts'
import type { CatalogFormat } from '../catalog/catalog-format.ts'
import { resolvePath } from './data-path.ts'
import { type ColumnRow, type LakeColumn, columnsFromRows } from './lake-columns.ts'

/** One moment of a lake. */
export interface SnapshotRow {
  readonly id: number
  /** As the catalog keeps it, in UTC. */
  readonly time: string
  /** Changes with every change of a schema, table, view or macro. */
  readonly schemaVersion: number
}

/** A table as it is in one snapshot. */
export interface LakeTableEntry {
  readonly id: number
  readonly uuid: string
  readonly name: string
  readonly schema: string
  /** Where its files are: below the data path unless the catalog says otherwise. */
  readonly folder: string
  readonly rows: readonly ColumnRow[]
  readonly comment?: string
  /** Of columns, by their ids. */
  readonly columnComments: ReadonlyMap<number, string>
}

export interface LakeView {
  readonly name: string
  readonly schema: string
  readonly sql: string
  /** Names of its columns as SQL, with commas between them; empty where they are those of the query. */
  readonly aliases: string
  readonly comment?: string
}

export interface LakeMacro {
  readonly name: string
  readonly schema: string
  /** One for each number of parameters. */
  readonly forms: readonly {
    readonly kind: 'scalar' | 'table'
    readonly sql: string
    readonly parameters: readonly { readonly name: string; readonly default?: string }[]
  }[]
}

/** What a lake consists of in one snapshot. */
export interface LakeSnapshot extends SnapshotRow {
  readonly schemas: readonly string[]
  readonly tables: readonly LakeTableEntry[]
  readonly views: readonly LakeView[]
  readonly macros: readonly LakeMacro[]
}

/** The columns of a table. @throws LakefrontError `UNSUPPORTED` for types that there are none for here. */
export function columnsOfTable(table: LakeTableEntry): readonly LakeColumn[] {
  return columnsFromRows(table.rows)
}

/** SQL that is true of a row of `alias` that is there in snapshot `$1`. */
export function visible(alias: string): string {
  return `$1 >= ${alias}.begin_snapshot AND ($1 < ${alias}.end_snapshot OR ${alias}.end_snapshot IS NULL)`
}

/** Reads what there is in a snapshot. Paths are below `dataPath`. */
export async function loadSnapshot(
  reader: CatalogReader,
  snapshot: SnapshotRow,
  { format, dataPath }: { readonly format: CatalogFormat; readonly dataPath: string },
): Promise<LakeSnapshot> {
  const at = [BigInt(snapshot.id)]
  const schemas = await reader.read(
    `SELECT schema_id, schema_name, coalesce(path, '') AS path, coalesce(path_is_relative, true) AS relative FROM {M}.ducklake_schema s WHERE ${visible('s')} ORDER BY schema_id`,
    at,
  )
  const byId = new Map(
    schemas.map((row) => [number(row, 'schema_id'), { name: text(row, 'schema_name'), path: pathIn(dataPath, row) }]),
  )
  const schemaOf = (row: CatalogRow): { readonly name: string; readonly path: string } => {
    const schema = byId.get(number(row, 'schema_id'))
    if (schema !== undefined) return schema
    throw new LakefrontError(
      'CORRUPT_FILE',
      `The lake's catalog names a schema of id ${String(row['schema_id'])} in snapshot ${snapshot.id}, and has none.`,
    )
  }
  const comments = await commentsOf(reader, at)
  const columns = await columnRowsAt(reader, at, format)
  const columnComments = await columnCommentsOf(reader, at)
  const tables = await reader.read(
    `SELECT schema_id, table_id, table_uuid::VARCHAR AS uuid, table_name, coalesce(path, '') AS path, coalesce(path_is_relative, true) AS relative FROM {M}.ducklake_table t WHERE ${visible('t')} ORDER BY table_id`,
    at,
  )
  const views = await reader.read(
    `SELECT schema_id, view_id, view_name, sql, coalesce(column_aliases, '') AS aliases FROM {M}.ducklake_view v WHERE ${visible('v')} AND lower(dialect) = 'duckdb' ORDER BY view_id`,
    at,
  )
  return {
    ...snapshot,
    schemas: [...byId.values()].map(({ name }) => name),
    tables: tables.map((row) => {
      const id = number(row, 'table_id')
      const schema = schemaOf(row)
      return {
        id,
        uuid: text(row, 'uuid'),
        name: text(row, 'table_name'),
        schema: schema.name,
        folder: pathIn(schema.path, row),
        rows: columns.get(id) ?? [],
        columnComments: columnComments.get(id) ?? new Map<number, string>(),
        ...commented(comments.get(id)),
      }
    }),
    views: views.map((row) => ({
      name: text(row, 'view_name'),
      schema: schemaOf(row).name,
      sql: text(row, 'sql'),
      aliases: text(row, 'aliases'),
      ...commented(comments.get(number(row, 'view_id'))),
    })),
    macros: format.macros ? await macrosOf(reader, at, (row) => schemaOf(row).name) : [],
  }
}

/** The rows of all columns that are there in a snapshot, by the id of their table. */
export async function columnRowsAt(
  reader: CatalogReader,
  at: readonly bigint[],
  format: CatalogFormat,
): Promise<ReadonlyMap<number, readonly ColumnRow[]>> {
  const rows = await reader.read(
    `SELECT table_id, column_id, parent_column, column_order, column_name, column_type, initial_default, default_value, ${format.defaultValueType} AS default_type, coalesce(nulls_allowed, true) AS nullable FROM {M}.ducklake_column c WHERE ${visible('c')} ORDER BY table_id, parent_column NULLS FIRST, column_order`,
    at,
  )
  return grouped(rows, (row) => ({
    id: number(row, 'column_id'),
    parent: row['parent_column'] === null ? null : number(row, 'parent_column'),
    order: Number(row['column_order'] ?? row['column_id']),
    name: text(row, 'column_name'),
    type: text(row, 'column_type'),
    initialDefault: row['initial_default'] as string | null,
    defaultValue: row['default_value'] as string | null,
    defaultType: row['default_type'] as string | null,
    nullable: row['nullable'] === true,
  }))
}

async function commentsOf(reader: CatalogReader, at: readonly bigint[]): Promise<ReadonlyMap<number, string>> {
  const rows = await reader.read(
    `SELECT object_id, value FROM {M}.ducklake_tag t WHERE key = 'comment' AND value IS NOT NULL AND ${visible('t')}`,
    at,
  )
  return new Map(rows.map((row) => [number(row, 'object_id'), text(row, 'value')]))
}

async function columnCommentsOf(
  reader: CatalogReader,
  at: readonly bigint[],
): Promise<ReadonlyMap<number, ReadonlyMap<number, string>>> {
  const rows = await reader.read(
    `SELECT table_id, column_id, value FROM {M}.ducklake_column_tag t WHERE key = 'comment' AND value IS NOT NULL AND ${visible('t')}`,
    at,
  )
  const pairs = grouped(rows, (row) => [number(row, 'column_id'), text(row, 'value')] as const)
  return new Map([...pairs].map(([table, own]) => [table, new Map(own)]))
}

async function macrosOf(
  reader: CatalogReader,
  at: readonly bigint[],
  schemaOf: (row: CatalogRow) => string,
): Promise<readonly LakeMacro[]> {
  const rows = await reader.read(
    `SELECT m.schema_id, m.macro_id, m.macro_name, i.sql, i.type,
       (SELECT list({ 'name': p.parameter_name, 'value': p.default_value, 'type': p.default_value_type } ORDER BY p.column_id)
        FROM {M}.ducklake_macro_parameters p WHERE p.macro_id = m.macro_id AND p.impl_id = i.impl_id) AS parameters
     FROM {M}.ducklake_macro m JOIN {M}.ducklake_macro_impl i USING (macro_id)
     WHERE ${visible('m')} AND lower(i.dialect) = 'duckdb' ORDER BY m.macro_id, i.impl_id`,
    at,
  )
  const macros = new Map<number, LakeMacro>()
  for (const row of rows) {
    const id = number(row, 'macro_id')
    const known = macros.get(id) ?? { name: text(row, 'macro_name'), schema: schemaOf(row), forms: [] }
    const given = (row['parameters'] ?? []) as readonly Record<'name' | 'value' | 'type', string | null>[]
    const parameters = given.map(({ name, value, type }) => ({
      name: name ?? '',
      ...(value === null || (value === 'NULL' && type === 'unknown') ? {} : { default: value }),
    }))
    const kind = text(row, 'type') === 'table' ? 'table' : 'scalar'
    macros.set(id, { ...known, forms: [...known.forms, { kind, sql: text(row, 'sql'), parameters }] })
  }
  return [...macros.values()]
}

function grouped<T>(rows: readonly CatalogRow[], make: (row: CatalogRow) => T): ReadonlyMap<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const row of rows) {
    const id = number(row, 'table_id')
    const group = groups.get(id)
    if (group === undefined) groups.set(id, [make(row)])
    else group.push(make(row))
  }
  return groups
}

function commented(comment: string | undefined): { readonly comment?: string } {
  return comment === undefined ? {} : { comment }
}

function pathIn(base: string, row: CatalogRow): string {
  const path = resolvePath(base, text(row, 'path'), row['relative'] === true)
  return path === '' || path.endsWith('/') ? path : `${path}/`
}

function number(row: CatalogRow, name: string): number {
  return Number(row[name])
}

function text(row: CatalogRow, name: string): string {
  return String(row[name])
}
