import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import type { CallLake, LakeInfo, LakeMoment } from '../lake/lake-calls.ts'
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
  return { timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp }
}

function signalOf(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal }
}
