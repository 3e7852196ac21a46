import type { ExecuteOptions } from '../engine/engine.ts'
import { LakefrontError, nearestName } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import type { Plan } from '../plan/nodes.ts'
import { writeFormatOf } from '../write/write-format.ts'
import { checkWriteOptions } from '../write/write-options.ts'
import type { WriteOptionsOf } from '../write/write-options.ts'
import type { SaveMode, WriteFormat, WriteResult } from '../write/write-task.ts'
import type { Executor } from './executor.ts'
import type { NameOf } from './row-types.ts'

/** Every option of every format. */
type AnyWriteOptions = Partial<
  | WriteOptionsOf['parquet']
  | WriteOptionsOf['avro']
  | WriteOptionsOf['csv']
  | WriteOptionsOf['json']
  | WriteOptionsOf['arrow']
>

/** The names of the options of any format. */
export type WriteOptionName = AnyWriteOptions extends infer Each
  ? Each extends Each
    ? keyof Each & string
    : never
  : never

interface Settings {
  readonly mode: SaveMode
  readonly partitionBy: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly format?: WriteFormat
}

const modes: readonly SaveMode[] = ['append', 'overwrite', 'ignore', 'error']
const formats: readonly WriteFormat[] = ['parquet', 'avro', 'csv', 'json', 'arrow']

/**
 * Writes a DataFrame: `df.write.mode('append').partitionBy('year').parquet('opfs:/out/')`. Immutable: each method returns a new writer. Nothing is run before
 * one of `parquet`, `avro`, `csv`, `json`, `arrow`, `save`, `saveAsTable`.
 *
 * A URL that ends in `/`, and rows that are partitioned, are written to a folder, in files of up to `maxFileBytes` (default 128 MB) with
 * names of their own; else the URL names one file. Rows do not pass through the page: the engine's worker encodes and stores them as they come.
 * A file is seen when it is whole. When a write fails or is aborted, nothing it wrote is left; `docs/writing.md` says what a crash leaves.
 *
 * @throws LakefrontError `PRECONDITION_FAILED` in mode `error` when something is there, `COLUMN_NOT_FOUND` for a column to partition by that is
 * not there, `UNSUPPORTED` for types a format has not and places that are only read, `QUOTA_EXCEEDED`, `PERMISSION_DENIED`, `NETWORK`, `CONFLICT`.
 */
export class DataFrameWriter<Row extends object = AnyRow> {
  readonly #executor: Executor
  readonly #plan: Plan
  readonly #settings: Settings

  /** Writers are made by `df.write`. */
  constructor(executor: Executor, plan: Plan, settings: Settings = { mode: 'error', partitionBy: [], options: {} }) {
    this.#executor = executor
    this.#plan = plan
    this.#settings = settings
  }

  /**
   * What happens when there is something already: `'error'`, the default, refuses; `'ignore'` leaves it and runs nothing; `'append'` adds files
   * to a folder; `'overwrite'` replaces the file, or everything in the folder, at once when all is written.
   */
  mode(mode: SaveMode): DataFrameWriter<Row> {
    if (!modes.includes(mode)) throw unknown('save mode', mode, modes)
    return this.#with({ mode })
  }

  /** Columns whose values become folders, such as `year=2024/month=1/`, and are not in the files. NULL is `__HIVE_DEFAULT_PARTITION__`. */
  partitionBy(...columns: readonly NameOf<Row>[]): DataFrameWriter<Row> {
    const names: readonly string[] = columns
    if (names.some((name) => typeof name !== 'string'))
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        "partitionBy() takes names of columns: partitionBy('year', 'month').",
      )
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined)
      throw new LakefrontError('INVALID_ARGUMENT', `partitionBy() was given the column "${twice}" twice.`)
    return this.#with({ partitionBy: names })
  }

  /** An option of the format, such as `('compression', 'zstd')`; `docs/writing.md` lists them. */
  option(name: WriteOptionName, value: unknown): DataFrameWriter<Row> {
    return this.options({ [name]: value } as AnyWriteOptions)
  }

  /** Several options of the format. */
  options(options: AnyWriteOptions): DataFrameWriter<Row> {
    return this.#with({ options: { ...this.#settings.options, ...options } })
  }

  /** The format of {@link save}. Default: the one the name ends in. */
  format(format: WriteFormat): DataFrameWriter<Row> {
    if (!formats.includes(format)) throw unknown('format to write', format, formats)
    return this.#with({ format })
  }

  /** Writes Parquet. */
  parquet(url: string, options?: WriteOptionsOf['parquet'] & ExecuteOptions): Promise<WriteResult> {
    return this.#save('parquet', url, options)
  }

  /** Writes Avro object container files. */
  avro(url: string, options?: WriteOptionsOf['avro'] & ExecuteOptions): Promise<WriteResult> {
    return this.#save('avro', url, options)
  }

  /** Writes CSV. */
  csv(url: string, options?: WriteOptionsOf['csv'] & ExecuteOptions): Promise<WriteResult> {
    return this.#save('csv', url, options)
  }

  /** Writes JSON: an object on each line, or with `form: 'array'` one array. */
  json(url: string, options?: WriteOptionsOf['json'] & ExecuteOptions): Promise<WriteResult> {
    return this.#save('json', url, options)
  }

  /** Writes Arrow IPC files, or with `form: 'stream'` streams. */
  arrow(url: string, options?: WriteOptionsOf['arrow'] & ExecuteOptions): Promise<WriteResult> {
    return this.#save('arrow', url, options)
  }

  /** Writes the format that was given, or that the name ends in. */
  async save(url: string, options?: ExecuteOptions): Promise<WriteResult> {
    const format = this.#settings.format ?? (typeof url === 'string' ? writeFormatOf(url) : undefined)
    if (format === undefined) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `save() needs a format: format("parquet"), or a name that ends in one. Formats: ${formats.join(', ')}.`,
      )
    }
    return this.#save(format, url, options)
  }

  /**
   * Writes to a table by its name, with its schema before a dot where it has one. `lake.events` is a table of an open lake, and so is `events`
   * when a lake is open as `lake`: it is made when there is none, with the partitions of `partitionBy()`, rows are added or replace all that are
   * there, and it is one commit. Else it is a table of the engine's: `CREATE TABLE t AS …`, or in mode `append` `INSERT INTO t (a, b) …`.
   * Columns go by name.
   */
  async saveAsTable(name: string, options?: ExecuteOptions): Promise<void> {
    const { mode, partitionBy, options: own } = this.#settings
    if (Object.keys(own).length > 0) {
      throw new LakefrontError(
        'UNSUPPORTED',
        "A table has no options of a file format. Leave out option(), or write files; of a table of a lake they are set for good: lake.setOption('parquet_compression', 'zstd').",
      )
    }
    await this.#executor.saveAsTable(this.#plan, { name, mode, partitionBy }, options)
  }

  async #save<Format extends WriteFormat>(
    format: Format,
    url: string,
    given: WriteOptionsOf[Format] & ExecuteOptions = {} as WriteOptionsOf[Format],
  ): Promise<WriteResult> {
    if (typeof url !== 'string' || url === '') {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `write.${format}() takes the URL or path of a file, or of a folder, which ends in "/".`,
      )
    }
    const { signal, onProgress, fetchLimit, ...own } = given as ExecuteOptions & Record<string, unknown>
    const { mode, partitionBy, options } = this.#settings
    const all = checkWriteOptions(format, { ...options, ...own }) as Readonly<Record<string, unknown>>
    return this.#executor.write(
      this.#plan,
      { format, url, mode, partitionBy, options: all },
      {
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(fetchLimit === undefined ? {} : { fetchLimit }),
      },
    )
  }

  #with(settings: Partial<Settings>): DataFrameWriter<Row> {
    return new DataFrameWriter(this.#executor, this.#plan, { ...this.#settings, ...settings })
  }
}

function unknown(what: string, given: unknown, known: readonly string[]): LakefrontError {
  const nearest = typeof given === 'string' ? nearestName(given, known) : undefined
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `There is no ${what} ${JSON.stringify(given)}. There are ${known.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
  )
}
