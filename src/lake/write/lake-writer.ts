import type { Engine, ExecuteOptions, ResultStream, Statement } from '../../engine/engine.ts'
import { LakefrontError } from '../../errors.ts'
import type { ParquetEncoder } from '../../format/parquet/parquet-writer.ts'
import type { ByteSource, Storage } from '../../storage/storage.ts'
import type { Schema } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import { quotedName } from '../catalog/quoted.ts'
import { identityColumns } from '../own-columns.ts'
import type { Change, FileName, LakeSortKey, NewDataFile } from '../commit/change.ts'
import { currentFiles } from '../commit/current-files.ts'
import { addedByMerging } from './merge-schema.ts'
import type { LakeTransaction } from '../commit/lake-transaction.ts'
import { objectChanges } from './object-changes.ts'
import { portableSql } from './portable-sql.ts'
import { refuseKnownFiles } from './registered-places.ts'
import { registeredFile } from './register-file.ts'
import { stageRows, type Staged } from './stage-rows.ts'
import { type StagedRows, stageSql } from './stage-sql.ts'
import type { LakeOperation, ObjectName, RowOperation } from './write-request.ts'
import type { NewColumn } from '../snapshot/lake-columns.ts'
import { type LakeTarget, lakeTarget } from '../snapshot/lake-target.ts'

export interface LakeWriterParts {
  /** What SQL calls the lake. */
  readonly lake: string
  readonly engine: Engine
  /** A file anywhere. */
  readonly open: (reference: string) => ByteSource
  /** The lake's data path. */
  readonly storage: Storage
  readonly encoder: ParquetEncoder
}

export interface WriteOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (written: { readonly rows: number; readonly bytes: number }) => void
}

/** The options of a statement, for what it writes. */
export function writeOptions({ signal, onProgress }: Pick<ExecuteOptions, 'signal' | 'onProgress'>): WriteOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: ({ rows, bytes }) =>
            onProgress({ rowsScanned: 0, bytesFetched: 0, rowsWritten: rows, bytesWritten: bytes }),
        }),
  }
}

/** Makes what a user wants changes of a transaction: runs statements, stores their rows, and says what becomes of the tables. */
export class LakeWriter {
  readonly #parts: LakeWriterParts

  constructor(parts: LakeWriterParts) {
    this.#parts = parts
  }

  async run(transaction: LakeTransaction, operation: LakeOperation, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    switch (operation.kind) {
      case 'insert':
        return this.#insert(transaction, operation, options)
      case 'replace':
        return this.#replace(transaction, operation, options)
      case 'register':
        return this.#register(transaction, operation, options)
      case 'createView': {
        const view = { ...operation, sql: portableSql(this.#parts.lake, operation.sql) }
        return transaction.add(await transaction.reading((reader) => objectChanges(reader, view)))
      }
      case 'createTable':
        await this.#checkOrder(operation.columns, operation.sortBy, options)
        break
      case 'setSorting':
        await this.#checkOrder((await this.#target(transaction, operation.table)).columns, operation.keys, options)
    }
    return transaction.add(await transaction.reading((reader) => objectChanges(reader, operation)))
  }

  /** An order that cannot be made would let no row in any more. */
  async #checkOrder(
    columns: readonly Pick<NewColumn, 'name' | 'type'>[],
    keys: readonly LakeSortKey[],
    options: WriteOptions,
  ): Promise<void> {
    if (keys.length === 0) return
    const nulls = columns.map(({ name, type }) => `CAST(NULL AS ${typeName(type)}) AS ${quotedName(name)}`)
    const order = keys.map(({ expression }) => `(${expression}\n)`)
    await this.#describe({ sql: `SELECT * FROM (SELECT ${nulls.join(', ')}) ORDER BY ${order.join(', ')}` }, options)
  }

  async #insert(
    transaction: LakeTransaction,
    operation: Extract<RowOperation, { kind: 'insert' }>,
    options: WriteOptions,
  ): Promise<void> {
    const schema = await this.#describe(operation.rows, options)
    if (operation.mergeSchema === true) {
      const added = addedByMerging(await this.#target(transaction, operation.table), schema, operation)
      if (added.length > 0) await transaction.add(added)
    }
    const target = await this.#target(transaction, operation.table)
    const staged = await this.#stage(
      target,
      { statement: operation.rows, schema, isChange: false, castToVarchar: operation.castToVarchar === true },
      options,
    )
    transaction.keep(staged.keys)
    const changes: Change[] = []
    if (operation.overwrite !== undefined)
      changes.push(
        ...(await transaction.reading((reader) =>
          goneFor(reader, { target, staged, operation, own: transaction.own }),
        )),
      )
    changes.push({ kind: 'appendFiles', table: target.uuid, files: staged.files })
    await transaction.add(changes, { inserted: staged.rows })
  }

  async #replace(
    transaction: LakeTransaction,
    { table, rows, snapshot, added }: Extract<RowOperation, { kind: 'replace' }>,
    options: WriteOptions,
  ): Promise<void> {
    const target = await this.#target(transaction, table)
    const listed = await transaction.reading((reader) =>
      currentFiles(reader, { table: target.id, snapshot, own: transaction.own }),
    )
    transaction.basedOn(snapshot)
    const schema = await this.#describe(rows, options)
    const staged = await this.#stage(target, { statement: rows, schema, isChange: true }, options)
    transaction.keep(staged.keys)
    const changes: Change[] = [...staged.replaced].map(([file, positions]) => ({
      kind: 'deletePositions',
      table: target.uuid,
      file: listed[file]!,
      positions: Float64Array.from(positions),
    }))
    if (staged.replacedInlined.length > 0)
      changes.push({ kind: 'deleteInlined', table: target.uuid, rows: staged.replacedInlined })
    const more = added === undefined ? undefined : await this.#added(transaction, { target, added }, options)
    const files = [...staged.files, ...(more?.files ?? [])]
    if (files.length > 0) changes.push({ kind: 'appendFiles', table: target.uuid, files })
    const replaced = staged.replacedInlined.length + sum([...staged.replaced.values()].map(({ length }) => length))
    const updated = replaced - staged.dropped
    await transaction.add(changes, {
      updated,
      deleted: staged.dropped,
      inserted: staged.rows - updated + (more?.rows ?? 0),
    })
  }

  async #register(
    transaction: LakeTransaction,
    { table, files, hivePartitioning }: Extract<RowOperation, { kind: 'register' }>,
    { signal }: WriteOptions,
  ): Promise<void> {
    const target = await this.#target(transaction, table)
    await transaction.reading((reader) => refuseKnownFiles(reader, target, files.map(String)))
    const { engine, open } = this.#parts
    const made: NewDataFile[] = []
    for (const file of files) {
      const parts = { engine, open, ...(signal === undefined ? {} : { signal }) }
      made.push(await registeredFile(file, { target, hivePartitioning }, parts))
    }
    const inserted = sum(made.map(({ rows }) => rows))
    await transaction.add([{ kind: 'appendFiles', table: target.uuid, files: made }], { inserted })
  }

  async #added(
    transaction: LakeTransaction,
    { target, added }: { readonly target: LakeTarget; readonly added: Statement },
    options: WriteOptions,
  ): Promise<Staged> {
    const schema = await this.#describe(added, options)
    const staged = await this.#stage(target, { statement: added, schema, isChange: false }, options)
    transaction.keep(staged.keys)
    return staged
  }

  #target(transaction: LakeTransaction, { schema, name }: ObjectName): Promise<LakeTarget> {
    return transaction.reading((reader) => lakeTarget(reader, { schema, table: name }, transaction.current))
  }

  #describe(statement: Statement, { signal }: WriteOptions): Promise<Schema> {
    return this.#parts.engine.describe(statement, signal === undefined ? {} : { signal })
  }

  async #stage(
    target: LakeTarget,
    { statement, ...given }: { readonly statement: Statement } & Omit<StagedRows, 'sql'>,
    { signal, onProgress }: WriteOptions,
  ): Promise<Staged> {
    const { engine, storage, encoder } = this.#parts
    if (given.isChange && identityColumns.some((name, at) => given.schema.fields[at]?.name !== name))
      throw new LakefrontError('INTERNAL', 'A change of rows does not say which rows they are.')
    const shape = stageSql(target, { sql: statement.sql, ...given })
    const stream: ResultStream = await engine.execute(
      { ...statement, sql: shape.sql },
      signal === undefined ? {} : { signal },
    )
    try {
      return await stageRows(
        stream,
        { target, shape },
        {
          storage,
          encoder,
          ...(signal === undefined ? {} : { signal }),
          ...(onProgress === undefined ? {} : { onProgress }),
        },
      )
    } finally {
      await stream.close()
    }
  }
}

/** The changes that take away what rows are to overwrite. */
async function goneFor(
  reader: CatalogReader,
  {
    target,
    staged,
    operation,
    own,
  }: {
    readonly target: LakeTarget
    readonly staged: Staged
    readonly operation: Extract<RowOperation, { kind: 'insert' }>
    readonly own: number | undefined
  },
): Promise<readonly Change[]> {
  const isAll = operation.overwrite === 'all'
  if (!isAll && target.partition.length === 0) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${target.name}" is not partitioned, so there are no partitions to overwrite. Overwrite all of it, or say which rows: { overwrite: col("day").eq("2024-01-31") }.`,
    )
  }
  const partitions = isAll ? undefined : staged.files.map(({ partition }) => partition!)
  const files = await filesOf(reader, { target, partitions, own })
  const inlined = isAll ? await inlinedRowIds(reader, target.id) : []
  return [
    ...(files.length === 0 ? [] : [{ kind: 'endFiles', table: target.uuid, files } as const]),
    ...(inlined.length === 0 ? [] : [{ kind: 'deleteInlined', table: target.uuid, rows: inlined } as const]),
  ]
}

/** The files of a table, or of some of its partitions. */
async function filesOf(
  reader: CatalogReader,
  {
    target,
    partitions,
    own,
  }: {
    readonly target: LakeTarget
    readonly partitions: readonly (readonly (string | null)[])[] | undefined
    readonly own: number | undefined
  },
): Promise<readonly FileName[]> {
  const files = await currentFiles(reader, { table: target.id, own })
  if (partitions === undefined) return files
  const rows = await reader.read(
    `SELECT f.data_file_id AS id, f.path, v.partition_key_index AS at, v.partition_value AS value,
       f.partition_id = (SELECT max(partition_id) FROM {M}.ducklake_partition_info WHERE table_id = $1 AND end_snapshot IS NULL) AS is_current
     FROM {M}.ducklake_data_file f LEFT JOIN {M}.ducklake_file_partition_value v USING (data_file_id)
     WHERE f.table_id = $1 AND f.end_snapshot IS NULL ORDER BY f.data_file_id, v.partition_key_index`,
    [target.id],
  )
  if (rows.some((row) => row['is_current'] !== true)) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${target.name}" has files from before it was partitioned as it is now, and they may hold rows of these partitions. Say which rows to overwrite: { overwrite: col("day").eq("2024-01-31") }.`,
    )
  }
  const wanted = new Set(partitions.map((values) => JSON.stringify(values)))
  const byFile = new Map<number, (string | null)[]>()
  for (const row of rows) {
    const id = Number(row['id'])
    byFile.set(id, [...(byFile.get(id) ?? []), row['value'] as string | null])
  }
  const order = [...byFile.keys()]
  return files.filter((_, at) => wanted.has(JSON.stringify(byFile.get(order[at]!))))
}

/** Ids of rows that the catalog itself keeps. */
async function inlinedRowIds(reader: CatalogReader, table: number): Promise<readonly number[]> {
  const tables = await reader.read('SELECT table_name FROM {M}.ducklake_inlined_data_tables WHERE table_id = $1', [
    table,
  ])
  const ids: number[] = []
  for (const row of tables) {
    const name = String(row['table_name']).replaceAll('"', '""')
    const rows = await reader.read(`SELECT row_id FROM {M}."${name}" WHERE end_snapshot IS NULL`)
    ids.push(...rows.map((own) => Number(own['row_id'])))
  }
  return ids
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
