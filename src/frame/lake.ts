import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import { instantOf } from '../lake/maintenance/age.ts'
import type { Age } from '../lake/maintenance/age.ts'
import type { CheckOptions, CheckReport } from '../lake/maintenance/check.ts'
import type { CompactOptions, CompactReport } from '../lake/maintenance/compact.ts'
import type { ExpireOptions, ExpireReport } from '../lake/maintenance/expire.ts'
import type { CallLake, LakeInfo, LakeMoment } from '../lake/lake-calls.ts'
import type { RecoverReport } from '../lake/maintenance/recover.ts'
import type { VacuumOptions, VacuumReport } from '../lake/maintenance/vacuum.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { createDataFrame } from './create-data-frame.ts'
import type { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import { LakeTable } from './lake-table.ts'
import { LakeWrites } from './lake-writes.ts'

/** A moment of a lake: a snapshot by its number, or the last one at an instant. Neither is the newest. */
export interface MomentOptions {
  readonly version?: number
  /** Text such as `'2026-11-01T00:00:00Z'`; without a zone it is UTC. */
  readonly timestamp?: string | Date
}

export interface LakeTableOptions extends MomentOptions {
  /** Default `main`. */
  readonly schema?: string
}

interface CallOptions {
  readonly signal?: AbortSignal
}

/** Something that happened to a lake. */
export interface LakeChange {
  readonly version: bigint
  readonly time: Date | string
  readonly schema_version: bigint
  /** In DuckLake's words: `inserted_into_table:1,deleted_from_table:1`. */
  readonly changes: string | null
  readonly author: string | null
  readonly message: string | null
  readonly extra: string | null
}

/** A table or view of a lake. Sizes are of its data files. */
export interface LakeObject {
  readonly schema: string
  readonly name: string
  readonly kind: 'table' | 'view'
  readonly columns: string | null
  readonly files: bigint | null
  readonly bytes: bigint | null
  readonly comment: string | null
}

export interface CompactLakeOptions extends Omit<CompactOptions, 'table'> {
  /** Default: all tables. */
  readonly table?: string
  /** Of `table`. Default `main`. */
  readonly schema?: string
}

export interface ExpireLakeOptions extends Omit<ExpireOptions, 'olderThan'> {
  readonly olderThan?: Age
}

export interface VacuumLakeOptions extends Pick<VacuumOptions, 'dryRun' | 'signal'> {
  /** Default `'2 days'`. */
  readonly olderThan?: Age
}

export interface RecoverLakeOptions extends CallOptions {
  /** Default `'1 day'`. */
  readonly olderThan?: Age
  /** Whether statistics are compared with the values, which reads all tables, and set right. Default false. */
  readonly statistics?: boolean
}

/**
 * A lake of a session, opened by `session.openLake()`: tables in the DuckLake format, in snapshots. What is read of one statement is all of one
 * snapshot, the newest there is when the statement begins.
 */
export class Lake extends LakeWrites implements AsyncDisposable {
  readonly #executor: Executor
  readonly #call: CallLake
  #info: LakeInfo
  readonly #onClose: () => void

  /** Lakes are made by `session.openLake()`. */
  constructor(
    executor: Executor,
    call: CallLake,
    { info, onClose }: { readonly info: LakeInfo; readonly onClose: () => void },
  ) {
    super(executor, call, info.name)
    this.#executor = executor
    this.#call = call
    this.#info = info
    this.#onClose = onClose
  }

  /** What SQL calls it: `SELECT … FROM lake.events`. */
  get name(): string {
    return this.#info.name
  }

  /** Where its catalog is, without credentials. */
  get label(): string {
    return this.#info.label
  }

  /** The version of DuckLake's format it has. */
  get formatVersion(): string {
    return this.#info.formatVersion
  }

  get isReadOnly(): boolean {
    return this.#info.isReadOnly
  }

  /**
   * A table: as it is whenever it is read, or as it was at a moment.
   *
   * ```ts
   * lake.table('events')                                          // FROM lake.events
   * lake.table('events', { version: 12 })                         // FROM lake.events AT (VERSION => 12)
   * lake.table('orders', { schema: 'sales', timestamp: '2026-11-01T00:00:00Z' })
   * ```
   *
   * Nothing is asked before an action; then it fails with `TABLE_NOT_FOUND` or `SNAPSHOT_NOT_FOUND`.
   */
  table<Row extends object = AnyRow>(name: string, options: LakeTableOptions = {}): LakeTable<Row> {
    if (typeof name !== 'string' || name === '')
      throw new LakefrontError('INVALID_ARGUMENT', 'table() needs the name of a table.')
    const { schema = 'main', ...moment } = options
    const named = { lake: this.name, schema, table: name }
    return new LakeTable<Row>(this.#executor, this.#call, { named, moment: momentOf(moment) })
  }

  /** All that happened, the newest first. */
  async snapshots(options: CallOptions = {}): Promise<DataFrame<LakeChange>> {
    return this.#frame(await this.#call('snapshots', { lake: this.name }, options))
  }

  /** Its tables and views, now or at a moment. */
  async tables({ signal, ...moment }: MomentOptions & CallOptions = {}): Promise<DataFrame<LakeObject>> {
    return this.#frame(await this.#call('tables', { lake: this.name, ...momentOf(moment) }, signalOf(signal)))
  }

  /** Its schemas, now or at a moment. */
  async schemas({ signal, ...moment }: MomentOptions & CallOptions = {}): Promise<DataFrame<{ schema: string }>> {
    return this.#frame(await this.#call('schemas', { lake: this.name, ...momentOf(moment) }, signalOf(signal)))
  }

  /**
   * Makes a lake of an older format, 0.3 or 0.4, one of the format that is written, 1.0; snapshots stay what they are. Programs that know older formats
   * only cannot read it then. One that has the format already stays as it is.
   *
   * @throws LakefrontError `UNSUPPORTED` for a newer format.
   */
  async migrate(options: CallOptions = {}): Promise<void> {
    this.#info = await this.#call('migrate', { lake: this.name }, options)
  }

  /**
   * Writes small files that lie side by side as one, and files of which many rows are deleted without these. All snapshots stay what they are; the
   * old files go with {@link vacuum}. Appends of others meanwhile are no conflict; where others delete, the table stays as it is and
   * `conflicts` says so.
   *
   * ```ts
   * await lake.compact()                                            // all tables
   * await lake.compact({ table: 'events', targetBytes: 256e6 })
   * ```
   */
  compact({ signal, table, schema = 'main', ...options }: CompactLakeOptions = {}): Promise<CompactReport> {
    const named = table === undefined ? {} : { table: { schema, table } }
    return this.#call('compact', { lake: this.name, ...named, ...options }, signalOf(signal))
  }

  /**
   * Forgets snapshots; the newest never goes. Time travel to them fails from now on, and files that only they had go with {@link vacuum}.
   *
   * ```ts
   * await lake.expireSnapshots({ olderThan: '30 days', dryRun: true })
   * await lake.expireSnapshots({ versions: [3, 4] })
   * ```
   */
  async expireSnapshots({ signal, olderThan, ...options }: ExpireLakeOptions): Promise<ExpireReport> {
    return this.#call('expire', { lake: this.name, ...instantOf(olderThan), ...options }, signalOf(signal))
  }

  /**
   * Removes files that no snapshot has any more, and files of writes that failed. Files younger than `olderThan`, two days by default, stay: a
   * write stores its files before it commits, and somebody may still read a snapshot that has just expired.
   */
  async vacuum({ signal, olderThan, ...options }: VacuumLakeOptions = {}): Promise<VacuumReport> {
    return this.#call('vacuum', { lake: this.name, ...instantOf(olderThan), ...options }, signalOf(signal))
  }

  /**
   * Cleans up after writes that failed, or whose process died more than a day ago, and sets counters right that fell behind. With `statistics: true`
   * what the catalog says of values is set right too, where another program or a damaged catalog has it wrong: other clients answer from it.
   */
  async recover({ signal, olderThan, ...options }: RecoverLakeOptions = {}): Promise<RecoverReport> {
    return this.#call('recover', { lake: this.name, ...instantOf(olderThan), ...options }, signalOf(signal))
  }

  /**
   * Compares the catalog with itself, with the files it names and with what is in them: sizes, rows, deletes, and that no value of the newest
   * snapshot is outside of what statistics say. With `data: false` files are only looked for. Changes nothing.
   */
  check({ signal, ...options }: CheckOptions = {}): Promise<CheckReport> {
    return this.#call('check', { lake: this.name, ...options }, signalOf(signal))
  }

  /** Forgets it; what it holds is where it was. Twice is fine. */
  async close(): Promise<void> {
    await this.#call('close', { lake: this.name })
    this.#onClose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #frame<Row extends object>(batch: ColumnBatch): DataFrame<Row> {
    return createDataFrame(this.#executor, batch) as DataFrame<Row>
  }
}

/** A moment as plain data. */
function momentOf({ version, timestamp }: MomentOptions): LakeMoment {
  if (version !== undefined && timestamp !== undefined) {
    throw new LakefrontError('INVALID_ARGUMENT', 'Give a version or a timestamp, not both: each names a snapshot.')
  }
  if (version !== undefined) return { version }
  if (timestamp === undefined) return {}
  if (timestamp instanceof Date && Number.isNaN(timestamp.getTime()))
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'The timestamp is a Date without a time. Give one of a moment, or a version.',
    )
  return { timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp }
}

function signalOf(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal }
}
