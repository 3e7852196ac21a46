import type { ExecuteOptions } from '../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import type { CallLake, LakeTableName } from '../lake/lake-calls.ts'
import { storedType } from '../lake/snapshot/lake-columns.ts'
import type { LakeOperation } from '../lake/write/write-request.ts'
import type { Plan } from '../plan/nodes.ts'
import type { SaveMode } from '../write/write-task.ts'
import type { Executor } from './executor.ts'

/** Rows that are saved as a table of a lake. */
export interface SavedRows {
  readonly plan: Plan
  readonly call: CallLake
  readonly named: LakeTableName
  readonly mode: SaveMode
  readonly partitionBy: readonly string[]
}

/**
 * Saves rows as a table of a lake, in one commit: the table is made with the columns of the rows where there is none. Overwriting puts them in
 * the place of all rows; columns and partitions of the table stay.
 */
export async function saveInLake(
  executor: Executor,
  { plan, call, named, mode, partitionBy }: SavedRows,
  { signal, onProgress }: ExecuteOptions = {},
): Promise<void> {
  const options = { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) }
  const { lake, schema, table: name } = named
  const table = { schema, name }
  const isThere = await call('describe', named, signal === undefined ? {} : { signal }).then(
    () => true,
    (error: unknown) => {
      if (isLakefrontError(error, 'TABLE_NOT_FOUND')) return false
      throw error
    },
  )
  if (isThere && mode === 'ignore') return
  if (isThere && mode === 'error') {
    throw new LakefrontError(
      'PRECONDITION_FAILED',
      `The lake "${lake}" has a table "${name}" already. Choose what happens to it: mode("append"), mode("overwrite") or mode("ignore").`,
    )
  }
  if (isThere && partitionBy.length > 0) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${name}" is partitioned as it is. To divide it otherwise: await lake.table(${JSON.stringify(name)}).setPartitioning(${JSON.stringify(partitionBy)}).`,
    )
  }
  const { fields } = await executor.schema(plan, options)
  const made: readonly LakeOperation[] = isThere
    ? []
    : [
        {
          kind: 'createTable',
          table,
          columns: fields.map((field) => ({ name: field.name, type: storedType(field.type) })),
          partitionBy,
          sortBy: [],
          ifNotExists: false,
        },
      ]
  await executor.prepared(
    plan,
    (rows) =>
      call(
        'write',
        {
          lake,
          operations: [
            ...made,
            { kind: 'insert', table, rows, ...(isThere && mode === 'overwrite' ? { overwrite: 'all' } : {}) },
          ],
        },
        options,
      ),
    options,
  )
  executor.changed()
}
