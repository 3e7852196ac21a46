import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import type { CallLake, LakeMoment, LakeTableName } from '../lake/lake-calls.ts'
import { scan } from '../plan/leaf.ts'
import type { LakeSource } from '../scan/source.ts'
import { createDataFrame } from './create-data-frame.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import type { LakeChange } from './lake.ts'
import { LakeTableWrites } from './lake-table-writes.ts'
import { sourceId } from './source-id.ts'
import { sqlFrame } from './sql-frame.ts'

/** Which table, and of when. */
export interface NamedLakeTable {
  readonly named: LakeTableName
  readonly moment: LakeMoment
}

/** A data file of a table. Its path is below the lake's data, or by itself. */
export interface LakeFile {
  readonly path: string
  readonly rows: bigint
  readonly bytes: bigint
  /** Rows that are deleted. */
  readonly deleted: bigint
  readonly first_row_id: bigint | null
  /** The snapshot it came with. */
  readonly since: bigint
  readonly partition: readonly string[] | null
}

/** What a change did to a row. An update is two of them, with the same row id. */
export interface RowChange {
  readonly snapshot_id: bigint
  readonly rowid: bigint
  readonly change_type: 'insert' | 'delete' | 'update_preimage' | 'update_postimage'
}

/** A table of a lake: a DataFrame of its rows, now or at a moment. */
export class LakeTable<Row extends object = AnyRow> extends LakeTableWrites<Row> {
  readonly #executor: Executor
  readonly #call: CallLake
  readonly #table: NamedLakeTable

  /** Tables are made by `lake.table()`. */
  constructor(executor: Executor, call: CallLake, table: NamedLakeTable) {
    super(executor, scan(sourceOf(table)), { call, ...table })
    this.#executor = executor
    this.#call = call
    this.#table = table
  }

  /** The snapshots that changed it, the newest first. */
  async history(options: { readonly signal?: AbortSignal } = {}): Promise<DataFrame<LakeChange>> {
    const batch = await this.#call('history', this.#table.named, options)
    return createDataFrame(this.#executor, batch) as DataFrame<LakeChange>
  }

  /** Its data files. */
  async files(options: { readonly signal?: AbortSignal } = {}): Promise<DataFrame<LakeFile>> {
    const { named, moment } = this.#table
    const batch = await this.#call('files', { ...named, ...moment }, options)
    return createDataFrame(this.#executor, batch) as DataFrame<LakeFile>
  }

  /** Its rows with two columns more: `rowid`, which a row keeps when it is updated, and `snapshot_id`, the snapshot it came with. */
  withRowIds(): DataFrame<Row & { readonly rowid: bigint; readonly snapshot_id: bigint }> {
    return new DataFrame(this.#executor, scan(sourceOf(this.#table, { virtual: rowColumns })))
  }

  /**
   * What snapshots `from` to `to` did to its rows, both included, with its columns as of `to`: `snapshot_id`, `rowid` and `change_type` before
   * them. An updated row is there as it was and as it became. Snapshots that expired, or were merged, are told as far as they are still there.
   */
  changes(from: number, to: number): DataFrame<RowChange & Row> {
    for (const version of [from, to]) {
      if (!Number.isSafeInteger(version) || version < 0 || from > to) {
        throw new LakefrontError(
          'INVALID_ARGUMENT',
          `changes(from, to) takes two versions, such as changes(3, 7), not (${String(from)}, ${String(to)}).`,
        )
      }
    }
    const part = (rows: 'inserted' | 'deleted'): DataFrame<AnyRow> => {
      const changes = { from, to, rows }
      const table = { ...this.#table, moment: { version: to } }
      return new DataFrame(this.#executor, scan(sourceOf(table, { virtual: rowColumns, changes })))
    }
    const sql = (text: TemplateStringsArray, ...slots: readonly DataFrame<never>[]): DataFrame<RowChange & Row> =>
      sqlFrame(this.#executor, text, ...slots)
    return sql`
      SELECT snapshot_id, rowid,
        CASE WHEN count(*) OVER (PARTITION BY snapshot_id, rowid) = 1 THEN if(\uFFFFnew, 'insert', 'delete')
          ELSE if(\uFFFFnew, 'update_postimage', 'update_preimage') END AS change_type,
        * EXCLUDE (snapshot_id, rowid, \uFFFFnew)
      FROM (SELECT true AS \uFFFFnew, * FROM ${part('inserted') as DataFrame<never>} UNION ALL SELECT false, * FROM ${part('deleted') as DataFrame<never>})
      ORDER BY snapshot_id, rowid, \uFFFFnew`
  }
}

const rowColumns = [
  { name: 'rowid', virtual: 'rowId' },
  { name: 'snapshot_id', virtual: 'snapshot' },
] as const

function sourceOf({ named, moment }: NamedLakeTable, more: Pick<LakeSource, 'virtual' | 'changes'> = {}): LakeSource {
  const { lake, schema, table } = named
  return Object.freeze({ id: sourceId(table), format: 'lake', lake, schema, table, ...moment, ...more })
}
