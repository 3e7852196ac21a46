import { LakefrontError, isLakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import type { CommitReport } from '../lake/commit/commit-options.ts'
import { sortKeyOf } from '../lake/commit/sort-key.ts'
import type { CallLake } from '../lake/lake-calls.ts'
import type { NewColumn } from '../lake/snapshot/lake-columns.ts'
import type { LakeOperation, ObjectName } from '../lake/write/write-request.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { parseType } from '../types/type-names.ts'
import type { Executor } from './executor.ts'
import { type DefaultValue, defaultOf } from './lake-defaults.ts'
import { LakeTable } from './lake-table.ts'
import { type LakeWriteOptions, changeLake } from './lake-table-writes.ts'

/** Types by column: `{ id: 'bigint', at: 'timestamp' }`. */
export type LakeColumnTypes = Readonly<Record<string, string | LogicalType>>

export interface CreateTableOptions extends LakeWriteOptions {
  /** Default `main`. */
  readonly schema?: string
  /** How its files are divided: `['month(at)', 'bucket(16, id)']`. */
  readonly partitionBy?: readonly string[]
  /** The order of rows in its files: `['at', 'id desc']`. */
  readonly sortBy?: readonly string[]
  /** Columns that allow no nulls. */
  readonly notNull?: readonly string[]
  /** What columns get that are not given: values, or SQL as `sql('now()')`. */
  readonly defaults?: Readonly<Record<string, DefaultValue>>
  readonly comment?: string
  /** Does nothing when there is a table of that name. Default false. */
  readonly ifNotExists?: boolean
}

interface InSchema extends LakeWriteOptions {
  /** Default `main`. */
  readonly schema?: string
}

type IfExists = InSchema & { readonly ifExists?: boolean }

/** How a transaction is run. */
export interface TransactionOptions extends Omit<LakeWriteOptions, 'onProgress'> {
  /**
   * How often all of it is run again when another commit changed the same first. Default 0: that is `COMMIT_CONFLICT`. On a disk and in files of a browser
   * others let it pass then: nobody else commits meanwhile, for five seconds at most. In a store those do that were overtaken themselves.
   */
  readonly reruns?: number
}

/** What changes a lake: its schemas, tables and views. Each change is a commit of its own, and tells what it did. */
export class LakeWrites {
  readonly #executor: Executor
  readonly #call: CallLake
  readonly #lake: string

  constructor(executor: Executor, call: CallLake, lake: string) {
    this.#executor = executor
    this.#call = call
    this.#lake = lake
  }

  /**
   * Makes a table:
   *
   * ```ts
   * await lake.createTable('events', { id: 'bigint', at: 'timestamp', kind: 'varchar' }, { partitionBy: ['month(at)'], notNull: ['id'] })
   * ```
   *
   * @throws LakefrontError `INVALID_ARGUMENT` when there is one of that name, `UNSUPPORTED` for types that the DuckLake format has not.
   */
  createTable(name: string, columns: LakeColumnTypes, options: CreateTableOptions = {}): Promise<CommitReport> {
    const {
      schema,
      partitionBy = [],
      sortBy = [],
      notNull = [],
      defaults = {},
      comment,
      ifNotExists,
      ...others
    } = options
    const names = Object.keys(columns)
    for (const known of [...notNull, ...Object.keys(defaults)]) {
      if (!names.includes(known)) {
        throw new LakefrontError(
          'COLUMN_NOT_FOUND',
          `Column "${known}" is none of the table's. Columns: ${names.join(', ')}.`,
        )
      }
    }
    const made = names.map((column): NewColumn => {
      const given = columns[column]!
      const type = typeof given === 'string' ? parseType(given) : given
      const value = defaults[column]
      return {
        name: column,
        type,
        nullable: !notNull.includes(column),
        ...(value === undefined ? {} : { default: defaultOf(value, type) }),
      }
    })
    return this.#change(
      {
        kind: 'createTable',
        table: named(name, schema),
        columns: made,
        partitionBy,
        sortBy: sortBy.map(sortKeyOf),
        ifNotExists: ifNotExists === true,
        ...(comment === undefined ? {} : { comment }),
      },
      others,
    )
  }

  dropTable(name: string, { schema, ifExists, ...options }: IfExists = {}): Promise<CommitReport> {
    return this.#change({ kind: 'dropTable', table: named(name, schema), ifExists: ifExists === true }, options)
  }

  renameTable(name: string, to: string, { schema, ...options }: InSchema = {}): Promise<CommitReport> {
    return this.#change({ kind: 'renameTable', table: named(name, schema), name: to }, options)
  }

  createSchema(
    name: string,
    options: LakeWriteOptions & { readonly ifNotExists?: boolean } = {},
  ): Promise<CommitReport> {
    const { ifNotExists, ...others } = options
    return this.#change({ kind: 'createSchema', name, ifNotExists: ifNotExists === true }, others)
  }

  /** Drops a schema that is empty; with `cascade` with all that is in it. */
  dropSchema(
    name: string,
    options: LakeWriteOptions & { readonly ifExists?: boolean; readonly cascade?: boolean } = {},
  ): Promise<CommitReport> {
    const { ifExists, cascade, ...others } = options
    return this.#change({ kind: 'dropSchema', name, ifExists: ifExists === true, cascade: cascade === true }, others)
  }

  /** Keeps a SELECT under a name, for all who open the lake: `createView('recent', 'SELECT * FROM lake.events WHERE …')`. */
  async createView(
    name: string,
    sql: string,
    options: InSchema & { readonly replace?: boolean } = {},
  ): Promise<CommitReport> {
    const { schema, replace, ...others } = options
    if (typeof sql !== 'string' || !/^\s*(select|from|with|values)\b/i.test(sql))
      throw new LakefrontError('INVALID_ARGUMENT', 'createView() takes a name and a SELECT as text.')
    return this.#change({ kind: 'createView', view: named(name, schema), sql, replace: replace === true }, others)
  }

  dropView(name: string, { schema, ifExists, ...options }: IfExists = {}): Promise<CommitReport> {
    return this.#change({ kind: 'dropView', view: named(name, schema), ifExists: ifExists === true }, options)
  }

  /** Sets an option of DuckLake for all tables, such as `parquet_compression` or `target_file_size`; null takes it back. */
  setOption(key: string, value: string | null, options: LakeWriteOptions = {}): Promise<CommitReport> {
    return this.#change({ kind: 'setOption', key, value }, options)
  }

  /**
   * Runs `work` with the lake as it is now: what it changes, in as many tables as it likes, is one commit when the promise it gives resolves, and
   * nothing when it rejects. `tx` reads what it wrote; nobody else does before.
   *
   * ```ts
   * const { snapshot } = await lake.transaction(async (tx) => {
   *   await tx.table('orders').insert(orders)
   *   await tx.table('stock').update({ set: { left: col('left').sub(1) }, where: col('id').isin(...ids) })
   * }, { message: 'order 17' })
   * ```
   *
   * @throws LakefrontError `COMMIT_CONFLICT` when others changed the same tables meanwhile; with `reruns`, `work` is called again first.
   */
  async transaction(
    work: (tx: LakeTransaction) => Promise<unknown>,
    { signal, reruns = 0, ...commit }: TransactionOptions = {},
  ): Promise<CommitReport> {
    const options = signal === undefined ? {} : { signal }
    for (let run = 0; ; run++) {
      const { lake } = await this.#call('begin', { lake: this.#lake, again: run }, options)
      try {
        await work(new LakeTransaction(this.#executor, this.#call, lake))
        return await this.#call('commit', { lake, commit }, options)
      } catch (error) {
        await this.#call('abort', { lake }).catch(() => undefined)
        if (!isLakefrontError(error, 'COMMIT_CONFLICT') || run >= reruns) throw error
      } finally {
        this.#executor.changed()
      }
    }
  }

  /** Whether the commit of that id happened, for one that failed with `COMMIT_STATE_UNKNOWN`: the id is in its message, and in `details.commitId`. */
  verify(
    commitId: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly committed: boolean; readonly snapshot?: number }> {
    return this.#call('verify', { lake: this.#lake, commitId }, signal === undefined ? {} : { signal })
  }

  async #change(operation: LakeOperation, options: LakeWriteOptions): Promise<CommitReport> {
    try {
      return await changeLake(this.#call, { lake: this.#lake, operations: [operation] }, options)
    } finally {
      this.#executor.changed()
    }
  }
}

/** A lake within a transaction: it reads what it wrote. */
export class LakeTransaction extends LakeWrites {
  readonly #executor: Executor
  readonly #call: CallLake
  readonly #lake: string

  constructor(executor: Executor, call: CallLake, lake: string) {
    super(executor, call, lake)
    this.#executor = executor
    this.#call = call
    this.#lake = lake
  }

  /** @throws LakefrontError `UNSUPPORTED`: there is none within another. */
  override transaction(): Promise<never> {
    const message =
      'A transaction cannot begin within another. Go on with this one: each of its statements is done whole or not at all.'
    return Promise.reject(new LakefrontError('UNSUPPORTED', message))
  }

  /** A table as the transaction sees it. */
  table<Row extends object = AnyRow>(
    name: string,
    { schema = 'main' }: { readonly schema?: string } = {},
  ): LakeTable<Row> {
    return new LakeTable<Row>(this.#executor, this.#call, {
      named: { lake: this.#lake, schema, table: name },
      moment: {},
    })
  }
}

function named(name: string, schema: string = 'main'): ObjectName {
  if (typeof name !== 'string' || name === '')
    throw new LakefrontError('INVALID_ARGUMENT', 'A table or view needs a name.')
  return { schema, name }
}
