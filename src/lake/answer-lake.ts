import { LakefrontError } from '../errors.ts'
import type { Progress } from '../engine/engine.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { typeName } from '../types/type-names.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { batchFromRows } from '../types/batch-from-rows.ts'
import type { LakeCalls, LakeMoment, LakeTableName } from './lake-calls.ts'
import type { LakeMaintenance } from './maintenance/lake-maintenance.ts'
import { writtenFormat } from './catalog/catalog-schema.ts'
import { migrateCatalog } from './catalog/migrate.ts'
import { columnsOfTable, visible } from './snapshot/lake-snapshot.ts'
import type { LakeTableEntry, SnapshotRow } from './snapshot/lake-snapshot.ts'
import type { LakeViews } from './snapshot/lake-views.ts'
import { writeOptions } from './write/lake-writer.ts'
import type { Lakes } from './snapshot/lakes.ts'
import { insertedDefault } from './snapshot/lake-columns.ts'
import type { LakeWrites } from './write/lake-writes.ts'
import type { OpenLake } from './snapshot/open-lake.ts'

/** What answers. */
export interface AnsweringParts {
  readonly lakes: Lakes
  readonly views: LakeViews
  readonly maintenance: LakeMaintenance
  readonly writes: LakeWrites
}

/** A question, and who waits for the answer. */
interface Asked<Name extends keyof LakeCalls> {
  readonly argument: LakeCalls[Name]['argument']
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

type Answers = {
  readonly [Name in keyof LakeCalls]: (parts: AnsweringParts, asked: Asked<Name>) => Promise<LakeCalls[Name]['answer']>
}

/** Answers a call by its name. */
export function answerLake<Name extends keyof LakeCalls>(
  parts: AnsweringParts,
  name: Name,
  asked: Asked<Name>,
): Promise<LakeCalls[Name]['answer']> {
  if (!Object.hasOwn(answers, name)) {
    throw new LakefrontError('INTERNAL', `Lakes do not answer "${String(name)}".`)
  }
  return answers[name](parts, asked)
}

const answers: Answers = {
  async open({ lakes, views }, { argument, ...options }) {
    const info = await lakes.open(argument, options)
    await views.follow(lakes.lake(argument.name))
    return info
  },

  async close({ lakes, views }, { argument: { lake } }) {
    const own = lakes.all.find(({ name }) => name.toLowerCase() === lake.toLowerCase())
    if (own === undefined) return
    await lakes.close(lake)
    await views.forget(own)
  },

  async migrate({ lakes }, { argument, signal }) {
    const lake = await renewed(lakes, argument.lake, signal)
    const { version } = await lake.format()
    const { catalog } = lake
    if (version !== writtenFormat)
      await catalog.publish((transaction) => migrateCatalog(transaction, catalog.label), signal && { signal })
    return lakes.info(lake)
  },

  async describe({ lakes }, { argument, signal }) {
    const { row, table } = await tableAt(await renewed(lakes, argument.lake, signal), argument)
    const columns = columnsOfTable(table)
    const fields = columns.map(({ name, type, nullable }) => ({ name, type, nullable }))
    const defaults = Object.fromEntries(
      columns.flatMap((column) => (column.default === undefined ? [] : [[column.name, insertedDefault(column)!]])),
    )
    return {
      lake: argument.lake,
      schema: table.schema,
      table: table.name,
      snapshot: row.id,
      columns: { fields },
      defaults,
    }
  },

  async snapshots({ lakes }, { argument, signal }) {
    const lake = await renewed(lakes, argument.lake, signal)
    return oneBatch(await lake.catalog.readColumns(snapshotsSql('')), snapshotFields)
  },

  async history({ lakes }, { argument, signal }) {
    const lake = await renewed(lakes, argument.lake, signal)
    const { table } = await tableAt(lake, argument)
    const name = `"${[table.schema, table.name].map((part) => part.replaceAll('"', '""')).join('"."')}"`
    const touches = String.raw`regexp_matches(c.changes_made, $1) OR contains(c.changes_made, $2)`
    const pattern = `(^|,)[a-z_]+:${table.id}(,|$)`
    return oneBatch(
      await lake.catalog.readColumns(snapshotsSql(`WHERE ${touches}`), [pattern, `created_table:${name}`]),
      snapshotFields,
    )
  },

  async schemas({ lakes }, { argument, signal }) {
    const lake = await renewed(lakes, argument.lake, signal)
    const { schemas } = await lake.snapshot(await lake.moment(argument))
    return batchFromRows(
      schemas.map((schema) => ({ schema })),
      { schema: 'varchar' },
    )
  },

  async tables({ lakes }, { argument, signal }) {
    const lake = await renewed(lakes, argument.lake, signal)
    const row = await lake.moment(argument)
    const { tables, views } = await lake.snapshot(row)
    const sizes = await lake.catalog.read(
      `SELECT d.table_id, count(*) AS files, sum(d.file_size_bytes)::BIGINT AS bytes FROM {M}.ducklake_data_file d WHERE ${visible('d')} GROUP BY ALL`,
      [BigInt(row.id)],
    )
    const sizeOf = new Map(sizes.map((own) => [Number(own['table_id']), own]))
    const rows = [
      ...tables.map((table) => ({
        schema: table.schema,
        name: table.name,
        kind: 'table',
        columns: columnsText(table),
        files: sizeOf.get(table.id)?.['files'] ?? 0n,
        bytes: sizeOf.get(table.id)?.['bytes'] ?? 0n,
        comment: table.comment ?? null,
      })),
      ...views.map(({ schema, name, comment }) => ({
        schema,
        name,
        kind: 'view',
        columns: null,
        files: null,
        bytes: null,
        comment: comment ?? null,
      })),
    ]
    return batchFromRows(rows, {
      schema: 'varchar',
      name: 'varchar',
      kind: 'varchar',
      columns: 'varchar',
      files: 'bigint',
      bytes: 'bigint',
      comment: 'varchar',
    })
  },

  async files({ lakes }, { argument, signal }) {
    const lake = await renewed(lakes, argument.lake, signal)
    const { row, table } = await tableAt(lake, argument)
    const batches = await lake.catalog.readColumns(
      `SELECT CASE WHEN coalesce(d.path_is_relative, true) THEN $3 || d.path ELSE d.path END AS path, d.record_count AS rows, d.file_size_bytes AS bytes,
         coalesce(x.delete_count, 0) AS deleted, d.row_id_start AS first_row_id, d.begin_snapshot AS since,
         (SELECT list(coalesce(p.partition_value, 'NULL') ORDER BY p.partition_key_index) FROM {M}.ducklake_file_partition_value p WHERE p.data_file_id = d.data_file_id) AS partition
       FROM {M}.ducklake_data_file d
       LEFT JOIN (SELECT data_file_id, delete_count FROM {M}.ducklake_delete_file x WHERE table_id = $2 AND ${visible('x')}) x ON x.data_file_id = d.data_file_id
       WHERE d.table_id = $2 AND ${visible('d')} ORDER BY d.data_file_id`,
      [BigInt(row.id), BigInt(table.id), table.folder],
    )
    return oneBatch(batches, {
      path: 'varchar',
      rows: 'bigint',
      bytes: 'bigint',
      deleted: 'bigint',
      first_row_id: 'bigint',
      since: 'bigint',
      partition: 'varchar[]',
    })
  },

  async locate({ lakes }, { argument: { name } }) {
    const [first, ...rest] = name.length === 1 ? [defaultLakeName, ...name] : name
    const lake = lakes.all.find((own) => !own.isDraft && own.name.toLowerCase() === first!.toLowerCase())
    if (lake === undefined || rest.length === 0 || rest.length > 2) return undefined
    const [schema, table] = rest.length === 2 ? [rest[0]!, rest[1]!] : ['main', rest[0]!]
    return { lake: lake.name, schema, table }
  },

  write({ writes }, { argument: { lake, operations, ...commit }, ...options }) {
    return writes.write(lake, operations, { ...writeOptions(options), ...commit })
  },

  begin: ({ writes }, { argument: { lake, ...begun }, ...options }) =>
    writes.begin(lake, { ...writeOptions(options), ...begun }),

  commit: ({ writes }, { argument: { lake, commit }, ...options }) =>
    writes.commit(lake, commit, writeOptions(options)),

  abort: ({ writes }, { argument }) => writes.abort(argument.lake),

  verify: ({ writes }, { argument: { lake, commitId } }) => writes.verify(lake, commitId),

  compact: ({ maintenance }, { argument: { lake, ...options }, signal }) =>
    maintenance.compact(lake, { ...options, ...(signal && { signal }) }),

  expire: ({ maintenance }, { argument: { lake, ...options }, signal }) =>
    maintenance.expire(lake, { ...options, ...(signal && { signal }) }),

  vacuum: ({ maintenance }, { argument: { lake, ...options }, signal }) =>
    maintenance.vacuum(lake, { ...options, ...(signal && { signal }) }),

  recover: ({ maintenance }, { argument: { lake, ...options }, signal }) =>
    maintenance.recover(lake, { ...options, ...(signal && { signal }) }),

  check: ({ maintenance }, { argument: { lake, ...options }, signal }) =>
    maintenance.check(lake, { ...options, ...(signal && { signal }) }),
}

/** What names without one are in, when a lake is open under it. */
const defaultLakeName = 'lake'

const snapshotFields = {
  version: 'bigint',
  time: 'timestamptz',
  schema_version: 'bigint',
  changes: 'varchar',
  author: 'varchar',
  message: 'varchar',
  extra: 'varchar',
} as const

function snapshotsSql(where: string): string {
  return `SELECT s.snapshot_id AS version, s.snapshot_time::TIMESTAMPTZ AS time, s.schema_version, c.changes_made AS changes, c.author,
      c.commit_message AS message, c.commit_extra_info AS extra
    FROM {M}.ducklake_snapshot s LEFT JOIN {M}.ducklake_snapshot_changes c USING (snapshot_id) ${where} ORDER BY s.snapshot_id DESC`
}

/** A lake by its name, with what is newest of it. */
async function renewed(lakes: Lakes, name: string, signal: AbortSignal | undefined): Promise<OpenLake> {
  const lake = lakes.lake(name)
  await lake.catalog.refresh(signal === undefined ? {} : { signal })
  return lake
}

async function tableAt(
  lake: OpenLake,
  { schema, table, ...moment }: LakeTableName & LakeMoment,
): Promise<{ readonly row: SnapshotRow; readonly table: LakeTableEntry }> {
  const row = await lake.moment(moment)
  return { row, table: await lake.table(row, schema, table) }
}

/** The columns of a table as SQL; null where there are types that are not known here. */
function columnsText(table: LakeTableEntry): string | null {
  try {
    return columnsOfTable(table)
      .map(({ name, type }) => `${name} ${typeName(type)}`)
      .join(', ')
  } catch {
    return null
  }
}

/** An answer as one batch, also when it has no rows. */
function oneBatch(batches: readonly ColumnBatch[], fields: Readonly<Record<string, string>>): ColumnBatch {
  if (batches.length === 1) return batches[0]!
  return batchFromRows(batches.flatMap(rowsFromBatch), fields)
}
