import type { ExecuteOptions } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import type { AnyRow, Operand } from '../expr/column-types.ts'
import type { CommitOptions, CommitReport } from '../lake/commit/commit-options.ts'
import { pastCompaction } from '../lake/commit/past-compaction.ts'
import { sortKeyOf } from '../lake/commit/sort-key.ts'
import type { CallLake, LakeMoment, LakeTableInfo, LakeTableName } from '../lake/lake-calls.ts'
import type { LakeOperation, ObjectName, SchemaOptions } from '../lake/write/write-request.ts'
import { scan } from '../plan/leaf.ts'
import type { Plan } from '../plan/nodes.ts'
import type { LogicalType, Schema } from '../types/logical-type.ts'
import { parseType } from '../types/type-names.ts'
import { type ArrowData, createDataFrame } from './create-data-frame.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import { type DefaultValue, defaultOf } from './lake-defaults.ts'
import {
  deletedRows,
  type MergeOptions,
  mergedRows,
  placedRows,
  type SetValues,
  updatedRows,
  wholeName,
} from './lake-rows.ts'
import type { ColumnOf } from './row-types.ts'
import { sourceId } from './source-id.ts'

/** Rows for a table of a lake: a DataFrame of the same session, objects, or Arrow data. */
export type LakeRows = DataFrame<never> | DataFrame<AnyRow> | Iterable<object> | AsyncIterable<object> | ArrowData

/** With every change: what is kept with the commit, and how it is run. */
export type LakeWriteOptions = CommitOptions & Pick<ExecuteOptions, 'signal' | 'onProgress'>

/** A column, or a field in one: its name, or the names from the top down. */
export type ColumnPath = string | readonly string[]

/** Which table it is, and of when; and what carries calls to where the engine is. */
export interface ChangedTable {
  readonly call: CallLake
  readonly named: LakeTableName
  readonly moment: LakeMoment
}

/**
 * What changes a table of a lake. Each change is a commit of its own, a new snapshot that is seen whole or not at all, and tells what it did; within
 * `lake.transaction()` it is a part of that, and tells nothing.
 *
 * @throws LakefrontError `COMMIT_CONFLICT` when another commit changed the same first, by DuckLake's rules; nothing is changed then.
 */
export class LakeTableWrites<Row extends object = AnyRow> extends DataFrame<Row> {
  readonly #executor: Executor
  readonly #changed: ChangedTable

  constructor(executor: Executor, plan: Plan, changed: ChangedTable) {
    super(executor, plan)
    this.#executor = executor
    this.#changed = changed
  }

  /**
   * Adds rows. Columns go by name; one that is not given gets its default. Objects are converted to the types of the table exactly; of
   * other rows, types that do not become those of the table without loss are refused, unless `mergeSchema` widens the table.
   *
   * @throws LakefrontError `TYPE_MISMATCH`, `COLUMN_NOT_FOUND`, `INVALID_VALUE` for nulls where there must be none.
   */
  async insert(rows: LakeRows, options: LakeWriteOptions & SchemaOptions = {}): Promise<CommitReport> {
    return this.#insert(rows, options)
  }

  /** Puts rows in the place of all that are there, or of those in the partitions that the rows are of, or of those a condition holds of. */
  async overwrite(
    rows: LakeRows,
    options: LakeWriteOptions & SchemaOptions & { readonly where?: 'partitions' | ColumnOf<Row> } = {},
  ): Promise<CommitReport> {
    const { where, ...others } = options
    if (where === undefined || where === 'partitions') return this.#insert(rows, others, where ?? 'all')
    let given: DataFrame | undefined
    return pastCompaction(async () => {
      const info = await this.#now(options)
      const changed = deletedRows(placedRows(this.#executor, info), info, where)
      given ??= await this.#given(rows, info.columns, others)
      return this.#executor.prepared(given.plan, (added) => this.#replace(info, { changed, added }, others), others)
    })
  }

  /** Replaces rows that have the same `key`, and adds the others: `merge()` with `update` and `insert`. */
  upsert(
    rows: LakeRows,
    { key, ...options }: LakeWriteOptions & { readonly key: string | readonly string[] },
  ): Promise<CommitReport> {
    return this.merge(rows, { on: key, whenMatched: 'update', whenNotMatched: 'insert', ...options })
  }

  /** Changes rows: values are values, columns are computed from the old row. Without `where`, all of them. */
  async update(
    change: {
      readonly set: Readonly<Record<string, Operand>>
      readonly where?: ColumnOf<Row> | string
    } & LakeWriteOptions,
  ): Promise<CommitReport> {
    const { set, where, ...options } = change
    return pastCompaction(async () => {
      const info = await this.#now(options)
      const changed = updatedRows(placedRows(this.#executor, info), info, set as SetValues, where)
      return this.#replace(info, { changed }, options)
    })
  }

  /** Deletes the rows that a condition holds of. For all rows, write `delete(lit(true))`. */
  async delete(where: ColumnOf<Row> | string, options: LakeWriteOptions = {}): Promise<CommitReport> {
    if (where === undefined) {
      throw new LakefrontError('INVALID_ARGUMENT', 'delete() needs a condition. For all rows, write delete(lit(true)).')
    }
    return pastCompaction(async () => {
      const info = await this.#now(options)
      return this.#replace(info, { changed: deletedRows(placedRows(this.#executor, info), info, where) }, options)
    })
  }

  /**
   * Changes, deletes and adds rows by what `source` has, in one commit:
   *
   * ```ts
   * await t.merge(news, { on: 'id', whenMatched: 'update', whenNotMatched: 'insert' })
   * await t.merge(news, {
   *   on: col('source.id').eq(col('target.id')),
   *   whenMatched: [{ when: col('source.gone'), delete: true }, { update: { n: col('target.n').add(col('source.n')) } }],
   * })
   * ```
   *
   * @throws LakefrontError `INVALID_VALUE` when two rows of the source match one of the table.
   */
  async merge(source: LakeRows, options: MergeOptions & LakeWriteOptions): Promise<CommitReport> {
    const { on, whenMatched, whenNotMatched, whenNotMatchedBySource, ...others } = options
    const merge = {
      on,
      ...(whenMatched === undefined ? {} : { whenMatched }),
      ...(whenNotMatched === undefined ? {} : { whenNotMatched }),
      ...(whenNotMatchedBySource === undefined ? {} : { whenNotMatchedBySource }),
    }
    let rows: DataFrame | undefined
    return pastCompaction(async () => {
      const info = await this.#now(others)
      rows ??= await this.#given(source, info.columns, others)
      const { fields: given } = await rows.schema(others)
      const changed = mergedRows(placedRows(this.#executor, info), { info, source: rows, given, options: merge })
      return this.#replace(info, { changed }, others)
    })
  }

  /** Adds a column, or a field to a struct: `addColumn(['address', 'zip'], 'varchar')`. Rows that are there get the default, or null. */
  addColumn(
    column: ColumnPath,
    type: string | LogicalType,
    options: LakeWriteOptions & { readonly default?: DefaultValue; readonly notNull?: boolean } = {},
  ): Promise<CommitReport> {
    const { default: value, notNull, ...others } = options
    const path = pathOf(column)
    const own = typeof type === 'string' ? parseType(type) : type
    return this.#change(
      {
        kind: 'addColumn',
        table: this.#name,
        into: path.slice(0, -1),
        column: {
          name: path.at(-1)!,
          type: own,
          nullable: notNull !== true,
          ...(value === undefined ? {} : { default: defaultOf(value, own) }),
        },
      },
      others,
    )
  }

  /** Takes a column away, or a field of a struct. Its values stay in files, and in older snapshots. */
  dropColumn(column: ColumnPath, options: LakeWriteOptions = {}): Promise<CommitReport> {
    return this.#change({ kind: 'dropColumn', table: this.#name, column: pathOf(column) }, options)
  }

  renameColumn(column: ColumnPath, name: string, options: LakeWriteOptions = {}): Promise<CommitReport> {
    return this.#change({ kind: 'renameColumn', table: this.#name, column: pathOf(column), name }, options)
  }

  /** Makes a column wider: whole numbers, float to double, more digits of a decimal. Files stay as they are. */
  alterType(column: ColumnPath, type: string | LogicalType, options: LakeWriteOptions = {}): Promise<CommitReport> {
    const own = typeof type === 'string' ? parseType(type) : type
    return this.#change({ kind: 'alterType', table: this.#name, column: pathOf(column), type: own }, options)
  }

  /** Forbids nulls from now on. @throws LakefrontError `INVALID_VALUE` when there are some. */
  async setNotNull(column: string, options: LakeWriteOptions = {}): Promise<CommitReport> {
    const { signal } = options
    const nulls = await new DataFrame(this.#executor, this.plan)
      .filter(wholeName(column).isNull())
      .limit(1)
      .count(signal === undefined ? {} : { signal })
    if (nulls > 0) {
      throw new LakefrontError(
        'INVALID_VALUE',
        `Column "${column}" of "${this.#name.name}" has nulls, so they cannot be forbidden. Update or delete those rows first.`,
        { details: { column } },
      )
    }
    return this.#change({ kind: 'setNullable', table: this.#name, column: [column], nullable: false }, options)
  }

  dropNotNull(column: string, options: LakeWriteOptions = {}): Promise<CommitReport> {
    return this.#change({ kind: 'setNullable', table: this.#name, column: [column], nullable: true }, options)
  }

  /** What rows get that are inserted without the column: a value, or SQL as `sql('now()')`; undefined for none. Rows that are there keep what they have. */
  async setDefault(
    column: string,
    value: DefaultValue | undefined,
    options: LakeWriteOptions = {},
  ): Promise<CommitReport> {
    const { columns } = await this.#now(options)
    const type = columns.fields.find(({ name }) => name.toLowerCase() === column.toLowerCase())?.type
    const own = value === undefined || type === undefined ? {} : { default: defaultOf(value, type) }
    return this.#change({ kind: 'setDefault', table: this.#name, column: [column], ...own }, options)
  }

  /** Divides files that are written from now on: `['month(at)', 'bucket(16, id)']`; with `[]` not at all. */
  setPartitioning(keys: readonly string[], options: LakeWriteOptions = {}): Promise<CommitReport> {
    return this.#change({ kind: 'setPartitioning', table: this.#name, keys }, options)
  }

  /** The order of rows in files that are written from now on: `['at', 'id desc']`. */
  setSorting(keys: readonly string[], options: LakeWriteOptions = {}): Promise<CommitReport> {
    return this.#change({ kind: 'setSorting', table: this.#name, keys: keys.map(sortKeyOf) }, options)
  }

  /** A text that is kept with the table, or with a column; null takes it away. */
  comment(
    text: string | null,
    options: LakeWriteOptions & { readonly column?: ColumnPath } = {},
  ): Promise<CommitReport> {
    const { column, ...others } = options
    return this.#change(
      {
        kind: 'comment',
        on: 'table',
        object: this.#name,
        text,
        ...(column === undefined ? {} : { column: pathOf(column) }),
      },
      others,
    )
  }

  /** Sets an option of DuckLake for this table, such as `parquet_compression` or `target_file_size`; null takes it back. */
  setOption(key: string, value: string | null, options: LakeWriteOptions = {}): Promise<CommitReport> {
    return this.#change({ kind: 'setOption', table: this.#name, key, value }, options)
  }

  /**
   * Takes Parquet files into the table as they are, without copying them: by URL, or a path from the root of the disk. Columns go by name. Each is
   * read once, for exact statistics, and belongs to the lake from then on: compaction and vacuum may remove it.
   */
  registerFiles(
    files: string | readonly string[],
    options: LakeWriteOptions & { readonly hivePartitioning?: boolean } = {},
  ): Promise<CommitReport> {
    const { hivePartitioning = false, ...others } = options
    const all = typeof files === 'string' ? [files] : [...files]
    return this.#change({ kind: 'register', table: this.#name, files: all, hivePartitioning }, others)
  }

  /**
   * Makes the rows what they were in a snapshot, as a new snapshot; what happened since stays in the history. Columns are those of now: ones that came
   * since are null, and ones that are gone stay gone.
   */
  async rollback(version: number, options: LakeWriteOptions = {}): Promise<CommitReport> {
    const now = await this.#now(options)
    const then = await this.#changed.call('describe', { ...this.#changed.named, version }, signalOf(options))
    const known = new Set(now.columns.fields.map(({ name }) => name))
    const names = then.columns.fields.flatMap(({ name }) => (known.has(name) ? [name] : []))
    const { lake, schema, table } = this.#changed.named
    const source = { id: sourceId(table), format: 'lake', lake, schema, table, version } as const
    const rows = new DataFrame(this.#executor, scan(Object.freeze(source), then.columns))
    return this.#insert(rows.select(...names.map((name) => wholeName(name))) as DataFrame<never>, options, 'all')
  }

  #insert(
    rows: LakeRows,
    options: LakeWriteOptions & SchemaOptions,
    overwrite?: 'all' | 'partitions',
  ): Promise<CommitReport> {
    const { mergeSchema, castToVarchar, ...others } = options
    return this.#now(others).then(async (info) => {
      const given = await this.#given(rows, info.columns, options)
      return this.#executor.prepared(
        given.plan,
        (statement) =>
          this.#change(
            {
              kind: 'insert',
              table: this.#name,
              rows: statement,
              ...(overwrite === undefined ? {} : { overwrite }),
              ...(mergeSchema === undefined ? {} : { mergeSchema }),
              ...(castToVarchar === undefined ? {} : { castToVarchar }),
            },
            others,
          ),
        signalOf(others),
      )
    })
  }

  #replace(
    { snapshot }: LakeTableInfo,
    {
      changed,
      added,
    }: { readonly changed: DataFrame; readonly added?: Extract<LakeOperation, { kind: 'replace' }>['added'] },
    options: LakeWriteOptions,
  ): Promise<CommitReport> {
    return this.#executor.prepared(
      changed.plan,
      (rows) =>
        this.#change(
          { kind: 'replace', table: this.#name, rows, snapshot, ...(added === undefined ? {} : { added }) },
          options,
        ),
      signalOf(options),
    )
  }

  async #change(operation: LakeOperation, options: LakeWriteOptions): Promise<CommitReport> {
    const { call, named } = this.#changed
    const report = await changeLake(call, { lake: named.lake, operations: [operation] }, options)
    this.#executor.changed()
    return report
  }

  #now(options: LakeWriteOptions): Promise<LakeTableInfo> {
    const { version, timestamp } = this.#changed.moment
    if (version !== undefined || timestamp !== undefined) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `This is "${this.#name.name}" as it was, which cannot be changed. Change lake.table("${this.#name.name}"), without version and timestamp.`,
      )
    }
    return this.#changed.call('describe', this.#changed.named, signalOf(options))
  }

  get #name(): ObjectName {
    const { schema, table } = this.#changed.named
    return { schema, name: table }
  }

  async #given(
    rows: LakeRows,
    { fields }: Schema,
    { mergeSchema }: SchemaOptions & LakeWriteOptions,
  ): Promise<DataFrame> {
    if (rows instanceof DataFrame) {
      rows.planFor(this.#executor)
      return rows as DataFrame
    }
    if (!(Symbol.iterator in rows)) return createDataFrame(this.#executor, rows)
    const objects = [...rows]
    if (mergeSchema === true && objects.length > 0) return createDataFrame(this.#executor, objects)
    const given = new Set(objects.flatMap((row) => Object.keys(row)))
    const isKnown = (name: string): boolean => fields.some((field) => field.name === name)
    // The schema of all columns tells of one that the table does not have.
    const wanted = given.size > 0 && [...given].every(isKnown) ? fields.filter(({ name }) => given.has(name)) : fields
    return createDataFrame(this.#executor, objects, { fields: wanted.map((field) => ({ ...field, nullable: true })) })
  }
}

/** Does something in a lake; within a transaction the report tells of nothing, as nothing is committed. */
export async function changeLake(
  call: CallLake,
  request: { readonly lake: string; readonly operations: readonly LakeOperation[] },
  { signal, onProgress, ...commit }: LakeWriteOptions,
): Promise<CommitReport> {
  const options = { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) }
  return (await call('write', { ...request, commit }, options)) ?? nothingYet
}

/** What is told of a change within a transaction. */
const nothingYet: CommitReport = {
  snapshot: -1,
  commitId: '',
  skipped: false,
  rowsInserted: 0,
  rowsDeleted: 0,
  rowsUpdated: 0,
  filesAdded: 0,
  attempts: 0,
  roundTrips: 0,
  catalogBytes: 0,
}

function pathOf(column: ColumnPath): readonly string[] {
  return typeof column === 'string' ? [column] : [...column]
}

function signalOf({ signal }: LakeWriteOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
