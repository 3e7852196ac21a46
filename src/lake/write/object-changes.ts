import { LakefrontError, nearestName } from '../../errors.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import type { Change } from '../commit/change.ts'
import { checkedName } from '../commit/checked-name.ts'
import { parsePartitionKey } from '../commit/transform.ts'
import type { ColumnOperation, ObjectName, ObjectOperation } from './write-request.ts'

/** What an operation on schemas, tables, views and columns changes, its names looked up. */
export async function objectChanges(
  reader: CatalogReader,
  operation: ObjectOperation | ColumnOperation,
): Promise<readonly Change[]> {
  switch (operation.kind) {
    case 'createSchema': {
      const { ifNotExists } = operation
      const name = checkedName('schema', operation.name)
      if (ifNotExists && (await findSchema(reader, name)) !== undefined) return []
      return [{ kind: 'createSchema', uuid: uuidV7(), name }]
    }
    case 'dropSchema':
      return dropSchema(reader, operation)
    case 'createTable': {
      const { table, columns, partitionBy, sortBy, comment, ifNotExists } = operation
      if (ifNotExists && (await find(reader, 'table', table)) !== undefined) return []
      const uuid = uuidV7()
      return [
        { kind: 'createTable', uuid, schema: await schemaUuid(reader, table.schema), name: table.name, columns },
        ...(partitionBy.length === 0
          ? []
          : [{ kind: 'setPartitioning', table: uuid, keys: partitionBy.map(parsePartitionKey) } as const]),
        ...(sortBy.length === 0 ? [] : [{ kind: 'setSorting', table: uuid, keys: sortBy } as const]),
        ...(comment === undefined ? [] : [{ kind: 'comment', on: 'table', object: uuid, text: comment } as const]),
      ]
    }
    case 'dropTable': {
      const uuid = await find(reader, 'table', operation.table)
      if (uuid === undefined && operation.ifExists) return []
      return [{ kind: 'dropTable', table: uuid ?? (await missing(reader, 'table', operation.table)) }]
    }
    case 'renameTable':
      return [{ kind: 'renameTable', table: await uuidOf(reader, operation.table), name: operation.name }]
    case 'createView': {
      const { view, sql, replace } = operation
      const old = replace ? await find(reader, 'view', view) : undefined
      return [
        ...(old === undefined ? [] : [{ kind: 'dropView', view: old } as const]),
        { kind: 'createView', uuid: uuidV7(), schema: await schemaUuid(reader, view.schema), name: view.name, sql },
      ]
    }
    case 'dropView': {
      const uuid = await find(reader, 'view', operation.view)
      if (uuid === undefined && operation.ifExists) return []
      return [{ kind: 'dropView', view: uuid ?? (await missing(reader, 'view', operation.view)) }]
    }
    case 'comment': {
      const { on, object, column, text } = operation
      const uuid = (await find(reader, on, object)) ?? (await missing(reader, on, object))
      return [{ kind: 'comment', on, object: uuid, text, ...(column === undefined ? {} : { column }) }]
    }
    case 'setOption': {
      const { key, value, table } = operation
      return [{ kind: 'setOption', key, value, ...(table === undefined ? {} : { table: await uuidOf(reader, table) }) }]
    }
    case 'setPartitioning': {
      const keys = operation.keys.map(parsePartitionKey)
      return [{ kind: 'setPartitioning', table: await uuidOf(reader, operation.table), keys }]
    }
    case 'addColumn':
    case 'dropColumn':
    case 'renameColumn':
    case 'alterType':
    case 'setNullable':
    case 'setDefault':
    case 'setSorting':
      return [{ ...operation, table: await uuidOf(reader, operation.table) }]
    default:
      return operation satisfies never
  }
}

async function dropSchema(
  reader: CatalogReader,
  { name, ifExists, cascade }: Extract<ObjectOperation, { kind: 'dropSchema' }>,
): Promise<readonly Change[]> {
  if (ifExists && (await findSchema(reader, name)) === undefined) return []
  const schema = await schemaUuid(reader, name)
  if (!cascade) return [{ kind: 'dropSchema', schema }]
  const inside = async (kind: 'table' | 'view'): Promise<readonly string[]> =>
    (
      await reader.read(
        `SELECT CAST(o.${kind}_uuid AS VARCHAR) AS uuid FROM {M}.ducklake_${kind} o JOIN {M}.ducklake_schema s USING (schema_id)
         WHERE s.schema_uuid = CAST($1 AS UUID) AND o.end_snapshot IS NULL AND s.end_snapshot IS NULL`,
        [schema],
      )
    ).map((row) => String(row['uuid']))
  return [
    ...(await inside('table')).map((table) => ({ kind: 'dropTable', table }) as const),
    ...(await inside('view')).map((view) => ({ kind: 'dropView', view }) as const),
    { kind: 'dropSchema', schema },
  ]
}

async function uuidOf(reader: CatalogReader, name: ObjectName): Promise<string> {
  return (await find(reader, 'table', name)) ?? missing(reader, 'table', name)
}

async function find(
  reader: CatalogReader,
  kind: 'table' | 'view',
  { schema, name }: ObjectName,
): Promise<string | undefined> {
  const [row] = await reader.read(
    `SELECT CAST(o.${kind}_uuid AS VARCHAR) AS uuid FROM {M}.ducklake_${kind} o JOIN {M}.ducklake_schema s USING (schema_id)
     WHERE lower(s.schema_name) = lower($1) AND lower(o.${kind}_name) = lower($2) AND o.end_snapshot IS NULL AND s.end_snapshot IS NULL`,
    [schema, name],
  )
  return row === undefined ? undefined : String(row['uuid'])
}

async function missing(reader: CatalogReader, kind: 'table' | 'view', { schema, name }: ObjectName): Promise<never> {
  const rows = await reader.read(
    `SELECT o.${kind}_name AS name, s.schema_name AS schema FROM {M}.ducklake_${kind} o JOIN {M}.ducklake_schema s USING (schema_id)
     WHERE o.end_snapshot IS NULL AND s.end_snapshot IS NULL ORDER BY 2, 1`,
  )
  const shown = (own: string, of: string): string => (of === 'main' ? own : `${of}.${own}`)
  const names = rows.map((row) => shown(String(row['name']), String(row['schema'])))
  const nearest = nearestName(shown(name, schema), names)
  throw new LakefrontError(
    'TABLE_NOT_FOUND',
    `The lake has no ${kind} "${shown(name, schema)}". ${names.length === 0 ? `It has no ${kind}s.` : `There are: ${names.slice(0, 30).join(', ')}.`}${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    { details: { [kind]: shown(name, schema) } },
  )
}

async function findSchema(reader: CatalogReader, name: string): Promise<string | undefined> {
  const [row] = await reader.read(
    `SELECT CAST(schema_uuid AS VARCHAR) AS uuid FROM {M}.ducklake_schema WHERE lower(schema_name) = lower($1) AND end_snapshot IS NULL`,
    [name],
  )
  return row === undefined ? undefined : String(row['uuid'])
}

async function schemaUuid(reader: CatalogReader, name: string): Promise<string> {
  const found = await findSchema(reader, name)
  if (found !== undefined) return found
  const rows = await reader.read('SELECT schema_name FROM {M}.ducklake_schema WHERE end_snapshot IS NULL ORDER BY 1')
  const names = rows.map((row) => String(row['schema_name']))
  const nearest = nearestName(name, names)
  throw new LakefrontError(
    'TABLE_NOT_FOUND',
    `The lake has no schema "${name}". Schemas: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} To make it: createSchema("${name}").`,
    { details: { schema: name } },
  )
}
