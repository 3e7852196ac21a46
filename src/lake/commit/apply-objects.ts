import { LakefrontError } from '../../errors.ts'
import type { SchemaChange } from './change.ts'
import { checkedName } from './checked-name.ts'
import { folderOf } from '../snapshot/data-path.ts'
import {
  type ColumnRow,
  type NewColumn,
  checkLakeType,
  columnPath,
  rowsOfColumn,
  sameName,
} from '../snapshot/lake-columns.ts'
import type { DraftSchema, SnapshotDraft } from './snapshot-draft.ts'

/** What is kept of a table beside the table itself, and ends with it. */
const partsOfTables = [
  'ducklake_partition_info',
  'ducklake_column',
  'ducklake_column_tag',
  'ducklake_data_file',
  'ducklake_delete_file',
  'ducklake_sort_info',
] as const

export async function applyObjectChange(draft: SnapshotDraft, change: SchemaChange): Promise<void> {
  switch (change.kind) {
    case 'createSchema': {
      const [taken] = await draft.transaction.read(
        'SELECT schema_name FROM {M}.ducklake_schema WHERE lower(schema_name) = lower($1) AND end_snapshot IS NULL',
        [change.name],
      )
      draft.tell({ kind: 'created_schema', name: change.name }, { schema: true })
      if (taken !== undefined) return refuse(draft, `There is a schema "${String(taken['schema_name'])}" already.`)
      await draft.insert('ducklake_schema', [
        [draft.catalogId(), change.uuid, draft.snapshot, null, change.name, folderOf(change.name, change.uuid), true],
      ])
      return
    }
    case 'dropSchema':
      return dropSchema(draft, change.schema)
    case 'createTable':
      return createTable(draft, change)
    case 'dropTable': {
      const table = await draft.table(change.table)
      draft.forget(table)
      await draft.end('ducklake_table', 'table_id = $1', [table.id])
      for (const part of partsOfTables) await draft.end(part, 'table_id = $1', [table.id])
      return draft.end('ducklake_tag', 'object_id = $1', [table.id])
    }
    case 'renameTable': {
      const table = await draft.table(change.table)
      if (!sameName(table.name, change.name))
        await checkFree(draft, { id: table.schemaId, name: table.schemaName, uuid: '' }, change.name)
      draft.renamed(table, change.name)
      draft.reshape(table.id)
      const [row] = await draft.transaction.read(
        'SELECT path, path_is_relative FROM {M}.ducklake_table WHERE table_id = $1 AND end_snapshot IS NULL',
        [table.id],
      )
      await draft.end('ducklake_table', 'table_id = $1', [table.id])
      return draft.insert('ducklake_table', [
        [
          table.id,
          table.uuid,
          draft.snapshot,
          null,
          table.schemaId,
          change.name,
          String(row!['path']),
          row!['path_is_relative'] !== false,
        ],
      ])
    }
    case 'createView': {
      const schema = await draft.schema(change.schema)
      draft.tell({ kind: 'created_view', schema: schema.name, name: change.name }, { schema: true })
      await checkFree(draft, schema, change.name)
      return draft.insert('ducklake_view', [
        [draft.catalogId(), change.uuid, draft.snapshot, null, schema.id, change.name, 'duckdb', change.sql, ''],
      ])
    }
    case 'dropView': {
      const id = await viewId(draft, change.view)
      draft.tell({ kind: 'dropped_view', id }, { schema: true })
      await draft.end('ducklake_view', 'view_id = $1', [id])
      return draft.end('ducklake_tag', 'object_id = $1', [id])
    }
    case 'comment':
      return comment(draft, change)
    case 'setOption':
      return setOption(draft, change)
    default:
      return change satisfies never
  }
}

async function dropSchema(draft: SnapshotDraft, uuid: string): Promise<void> {
  const schema = await draft.schema(uuid)
  draft.tell({ kind: 'dropped_schema', id: schema.id }, { schema: true })
  await draft.checkConflicts()
  const inside = await draft.transaction.read(
    `SELECT table_name AS name FROM {M}.ducklake_table WHERE schema_id = $1 AND end_snapshot IS NULL
     UNION ALL SELECT view_name FROM {M}.ducklake_view WHERE schema_id = $1 AND end_snapshot IS NULL ORDER BY 1`,
    [schema.id],
  )
  if (inside.length > 0) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `The schema "${schema.name}" is not empty: ${inside
        .slice(0, 20)
        .map((row) => String(row['name']))
        .join(', ')}. Drop what is in it first, or say { cascade: true }.`,
      { details: { schema: schema.name } },
    )
  }
  await draft.end('ducklake_schema', 'schema_id = $1', [schema.id])
}

async function createTable(
  draft: SnapshotDraft,
  change: Extract<SchemaChange, { kind: 'createTable' }>,
): Promise<void> {
  const schema = await draft.schema(change.schema)
  draft.tell({ kind: 'created_table', schema: schema.name, name: change.name }, { schema: true })
  await checkFree(draft, schema, change.name)
  checkNewColumns(change.columns)
  const id = draft.catalogId()
  const rows: ColumnRow[] = []
  for (const column of change.columns) rows.push(...rowsOfColumn(column, rows.length + 1))
  await draft.insert('ducklake_table', [
    [id, change.uuid, draft.snapshot, null, schema.id, change.name, folderOf(change.name, change.uuid), true],
  ])
  await draft.insertColumns(id, rows)
  draft.reshape(id, { isNew: true })
}

/** Throws when columns have no names, the same name, or types that no lake has. */
function checkNewColumns(columns: readonly NewColumn[]): void {
  if (columns.length === 0)
    throw new LakefrontError('INVALID_ARGUMENT', 'A table needs at least one column: { id: "bigint" }.')
  const taken = new Set<string>()
  for (const { name, type } of columns) {
    checkedName('column', name)
    if (taken.has(name.toLowerCase()))
      throw new LakefrontError('INVALID_ARGUMENT', `There are two columns "${name}". Names differ by more than case.`)
    taken.add(name.toLowerCase())
    checkLakeType(type)
  }
}

async function comment(draft: SnapshotDraft, change: Extract<SchemaChange, { kind: 'comment' }>): Promise<void> {
  if (change.on === 'view') {
    const id = await viewId(draft, change.object)
    draft.tell({ kind: 'altered_view', id }, { schema: true })
    await draft.end('ducklake_tag', `object_id = $1 AND key = 'comment'`, [id])
    return draft.insert('ducklake_tag', [[id, draft.snapshot, null, 'comment', change.text]])
  }
  const table = await draft.table(change.object)
  draft.tell({ kind: 'altered_table', id: table.id }, { schema: true })
  if (change.column === undefined) {
    await draft.end('ducklake_tag', `object_id = $1 AND key = 'comment'`, [table.id])
    return draft.insert('ducklake_tag', [[table.id, draft.snapshot, null, 'comment', change.text]])
  }
  const { row } = columnPath(await draft.columnRows(table.id), change.column, table.name)
  await draft.end('ducklake_column_tag', `table_id = $1 AND column_id = $2 AND key = 'comment'`, [table.id, row.id])
  await draft.insert('ducklake_column_tag', [[table.id, row.id, draft.snapshot, null, 'comment', change.text]])
}

/** Options are not versioned: they are in force at once, for all snapshots. */
async function setOption(draft: SnapshotDraft, change: Extract<SchemaChange, { kind: 'setOption' }>): Promise<void> {
  const table = change.table === undefined ? undefined : await draft.table(change.table)
  const [scope, id] = table === undefined ? [null, null] : ['table', table.id]
  await draft.transaction.run(
    'DELETE FROM {M}.ducklake_metadata WHERE key = $1 AND scope IS NOT DISTINCT FROM $2 AND scope_id IS NOT DISTINCT FROM $3',
    [change.key, scope, id],
  )
  if (change.value !== null) await draft.insert('ducklake_metadata', [[change.key, change.value, scope, id]])
}

async function viewId(draft: SnapshotDraft, uuid: string): Promise<number> {
  const [row] = await draft.transaction.read(
    'SELECT view_id FROM {M}.ducklake_view WHERE view_uuid = CAST($1 AS UUID) AND end_snapshot IS NULL',
    [uuid],
  )
  if (row !== undefined) return Number(row['view_id'])
  throw new LakefrontError(
    draft.isRebased ? 'COMMIT_CONFLICT' : 'TABLE_NOT_FOUND',
    draft.isRebased
      ? 'The view was dropped by another commit. Nothing was changed.'
      : 'The view is not in the lake any more.',
  )
}

/** Throws when a table or view has the name already. */
async function checkFree(draft: SnapshotDraft, schema: DraftSchema, name: string): Promise<void> {
  checkedName('table', name)
  const [taken] = await draft.transaction.read(
    `SELECT 'table' AS kind, table_name AS name FROM {M}.ducklake_table WHERE schema_id = $1 AND lower(table_name) = lower($2) AND end_snapshot IS NULL
     UNION ALL SELECT 'view', view_name FROM {M}.ducklake_view WHERE schema_id = $1 AND lower(view_name) = lower($2) AND end_snapshot IS NULL`,
    [schema.id, name],
  )
  if (taken === undefined) return
  await refuse(
    draft,
    `There is a ${String(taken['kind'])} "${String(taken['name'])}" in schema "${schema.name}" already.`,
  )
}

/** What cannot be, because of others where they committed since, because of the caller where not. */
async function refuse(draft: SnapshotDraft, message: string): Promise<never> {
  await draft.checkConflicts()
  throw new LakefrontError('INVALID_ARGUMENT', message)
}
