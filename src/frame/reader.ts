import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import { columnReference } from '../expr/operand.ts'
import { project } from '../plan/columns.ts'
import { scan } from '../plan/leaf.ts'
import type { FileReference, FileSource } from '../scan/source.ts'
import { type SchemaLike, schemaFrom } from '../types/batch-from-rows.ts'
import { csvOptions } from './csv-options.ts'
import type { CsvReadOptions } from './csv-options.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import { sourceId } from './source-id.ts'

export interface ReadOptions<Row extends object = AnyRow> {
  /** Columns to keep, in this order; the others are not read. */
  readonly columns?: readonly (keyof Row & string)[]
  /** The columns that are expected: mistakes show before the file is looked at. Others of the file are left out. */
  readonly schema?: SchemaLike
}

/** How Avro files are read. */
export interface AvroReadOptions<Row extends object = AnyRow> extends ReadOptions<Row> {
  /**
   * An Avro schema to read the files with, as JSON or as the object that means: its columns are those of the DataFrame, found by name
   * or alias, with their defaults where a file lacks them, and int, long and float widened. Default: the schema in each file.
   */
  readonly readerSchema?: string | object
}

/** How JSON is read. */
export interface JsonReadOptions<Row extends object = AnyRow> extends ReadOptions<Row> {
  /** From how many values of each file types are inferred; −1 for all. Default 20,480. */
  readonly sampleSize?: number
}

/** Makes DataFrames of files; `session.read`. Nothing is fetched before an action. */
export class Reader {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  /**
   * Rows of one Parquet file or of several with the same columns: URLs, paths where the host has files, `File` or `Blob`,
   * or bytes. `read.parquet<Row>()` tells the compiler what the rows are.
   */
  parquet<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    options: ReadOptions<Row> = {},
  ): DataFrame<Row> {
    return this.#frame({ format: 'parquet', files: filesOf('parquet', source) }, options)
  }

  /**
   * Rows of one Avro object container file or of several: what `read.parquet` takes. Files are read from front to back by ranges,
   * so that filters save no bytes, and columns that are left out only the time to decode them.
   */
  avro<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    { readerSchema, ...options }: AvroReadOptions<Row> = {},
  ): DataFrame<Row> {
    const files = filesOf('avro', source)
    if (readerSchema === undefined) return this.#frame({ format: 'avro', files }, options)
    const schema = typeof readerSchema === 'string' ? readerSchema : JSON.stringify(readerSchema)
    return this.#frame({ format: 'avro', files, options: Object.freeze({ readerSchema: schema }) }, options)
  }

  /**
   * Rows of one file of JSON or of several: an object per line, one array of objects, or objects one after the other; gzip and
   * zstandard around it are taken off. Types are inferred from the first values of each file, as DuckDB's `read_json` does.
   */
  json<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    { sampleSize, ...options }: JsonReadOptions<Row> = {},
  ): DataFrame<Row> {
    const files = filesOf('json', source)
    if (sampleSize === undefined) return this.#frame({ format: 'json', files }, options)
    return this.#frame({ format: 'json', files, options: Object.freeze({ sampleSize }) }, options)
  }

  /**
   * Rows of one file of CSV or of several, with DuckDB's own sniffer and reader; gzip and zstandard around it are taken off. Each file is
   * read from front to back, a few megabytes at a time.
   */
  csv<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    options: CsvReadOptions<Row> = {},
  ): DataFrame<Row> {
    return this.#frame({ format: 'csv', files: filesOf('csv', source), options: csvOptions(options) }, options)
  }

  /**
   * Rows of one Arrow IPC file (Feather version 2) or stream, or of several. Of files only the columns that are wanted are fetched;
   * streams are read from front to back. Buffers are used as they are where the layouts are equal.
   */
  arrow<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    options: ReadOptions<Row> = {},
  ): DataFrame<Row> {
    return this.#frame({ format: 'arrow', files: filesOf('arrow', source) }, options)
  }

  #frame<Row extends object>(source: UnnamedSource, options: ReadOptions<Row>): DataFrame<Row> {
    const plan = scan(Object.freeze({ id: sourceId(labelOf(source.files[0]!)), ...source }))
    const names =
      options.columns ??
      (options.schema === undefined ? undefined : schemaFrom(options.schema).fields.map(({ name }) => name))
    return new DataFrame(this.#executor, names === undefined ? plan : project(plan, names.map(columnReference)))
  }
}

/** A source before it has an id. */
type UnnamedSource = FileSource extends infer Each ? (Each extends FileSource ? Omit<Each, 'id'> : never) : never

function filesOf(format: string, source: FileReference | readonly FileReference[]): readonly FileReference[] {
  const files: readonly FileReference[] = Array.isArray(source) ? [...source] : [source as FileReference]
  if (files.length === 0)
    throw new LakefrontError('INVALID_ARGUMENT', `read.${format}() was given an empty list of files.`)
  for (const file of files) checkFile(format, file)
  return Object.freeze(files)
}

function checkFile(format: string, file: unknown): void {
  const isBlob =
    typeof file === 'object' &&
    file !== null &&
    typeof (file as Blob).slice === 'function' &&
    typeof (file as Blob).size === 'number'
  if ((typeof file === 'string' && file !== '') || file instanceof Uint8Array || isBlob) return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `read.${format}() takes a URL or path, a File or Blob, a Uint8Array, or an array of these, not ${file === '' ? 'an empty string' : file === null ? 'null' : file instanceof ArrayBuffer ? 'an ArrayBuffer (wrap it: new Uint8Array(buffer))' : `a value of type ${typeof file}`}.`,
  )
}

function labelOf(file: FileReference): string {
  const name =
    typeof file === 'string'
      ? file.replace(/[?#].*$/s, '')
      : 'name' in file && typeof file.name === 'string'
        ? file.name
        : ''
  return (
    name
      .split(/[/\\]/)
      .findLast((part) => part !== '')
      ?.slice(-60) ?? 'bytes'
  )
}
