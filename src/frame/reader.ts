import { LakefrontError, nearestName } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import { col } from '../expr/col.ts'
import { columnReference } from '../expr/operand.ts'
import { project } from '../plan/columns.ts'
import { scan } from '../plan/leaf.ts'
import type { FileReference } from '../scan/source.ts'
import { type SchemaLike, schemaFrom } from '../types/batch-from-rows.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { typeName } from '../types/type-names.ts'
import { csvOptions } from './csv-options.ts'
import type { CsvReadOptions } from './csv-options.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import type { UnnamedSource } from './known-files.ts'

export interface ReadOptions<Row extends object = AnyRow> {
  /** Columns to keep, in this order; the others are not read. */
  readonly columns?: readonly (keyof Row & string)[]
  /**
   * The columns that are wanted and their types: mistakes show before the file is looked at. Values of other types are cast, texts of CSV are read as them,
   * and other columns of the file are left out.
   */
  readonly schema?: SchemaLike
  /** Types of columns that folders such as `year=2024` tell: `{ year: 'integer' }`. Default: BIGINT, DATE or TIMESTAMP when all values look so, else VARCHAR. */
  readonly hiveTypes?: Readonly<Record<string, string | LogicalType>>
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
    return this.#frame({ format: 'parquet', files: filesOf('read.parquet()', source) }, options)
  }

  /**
   * Rows of one Avro object container file or of several: what `read.parquet` takes. Files are read from front to back by ranges,
   * so that filters save no bytes, and columns that are left out only the time to decode them.
   */
  avro<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    { readerSchema, ...options }: AvroReadOptions<Row> = {},
  ): DataFrame<Row> {
    const files = filesOf('read.avro()', source)
    if (readerSchema !== undefined && typeof readerSchema !== 'string' && typeof readerSchema !== 'object')
      throw wrongOption('avro', 'readerSchema', 'a schema of Avro: JSON, or the object that it means')
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
    const files = filesOf('read.json()', source)
    if (sampleSize !== undefined && !(Number.isSafeInteger(sampleSize) && sampleSize >= -1))
      throw wrongOption('json', 'sampleSize', 'a whole number, or −1 for all values')
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
    return this.#frame({ format: 'csv', files: filesOf('read.csv()', source), options: csvOptions(options) }, options)
  }

  /**
   * Rows of one Arrow IPC file (Feather version 2) or stream, or of several. Of files only the columns that are wanted are fetched;
   * streams are read from front to back. Buffers are used as they are where the layouts are equal.
   */
  arrow<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    options: ReadOptions<Row> = {},
  ): DataFrame<Row> {
    return this.#frame({ format: 'arrow', files: filesOf('read.arrow()', source) }, options)
  }

  #frame<Row extends object>(source: UnnamedSource, options: ReadOptions<Row>): DataFrame<Row> {
    if (source.format !== 'csv') checkNames(source.format, options)
    const own = options.hiveTypes === undefined ? {} : { options: withHiveTypes(source.options, options.hiveTypes) }
    const plan = scan(this.#executor.source({ ...source, ...own }))
    const declared = options.schema === undefined ? undefined : schemaFrom(options.schema).fields
    const names = options.columns ?? declared?.map(({ name }) => name)
    if (names === undefined) return new DataFrame(this.#executor, plan)
    const types = new Map(declared?.map(({ name, type }) => [name, type]))
    const columns = names.map((name) => {
      const type = types.get(name)
      return type === undefined ? columnReference(name) : col(name).cast(type).as(name).node
    })
    return new DataFrame(this.#executor, project(plan, columns))
  }
}

/** What `read.csv` checks with its own. */
function checkNames(format: string, options: object): void {
  const known = [
    'columns',
    'schema',
    'hiveTypes',
    ...(format === 'avro' ? ['readerSchema'] : format === 'json' ? ['sampleSize'] : []),
  ]
  const odd = Object.keys(options).find((name) => !known.includes(name))
  if (odd === undefined) return
  const nearest = nearestName(odd, known)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `read.${format}() has no option "${odd}". Options: ${known.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    { details: { option: odd } },
  )
}

function wrongOption(format: string, option: string, wanted: string): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', `read.${format}(): ${option} has to be ${wanted}.`, {
    details: { option },
  })
}

/** Options of a scan and the types of columns that folders tell, each of them checked. */
function withHiveTypes(options: object | undefined, types: Readonly<Record<string, string | LogicalType>>): object {
  const fields = schemaFrom(types).fields.map(({ name, type }) => [name, typeName(type)])
  return Object.freeze({ ...options, hiveTypes: Object.freeze(Object.fromEntries(fields)) })
}

/** The files that `call` was given, each of them checked. */
export function filesOf(call: string, source: FileReference | readonly FileReference[]): readonly FileReference[] {
  const files: readonly FileReference[] = Array.isArray(source) ? [...source] : [source as FileReference]
  if (files.length === 0) throw new LakefrontError('INVALID_ARGUMENT', `${call} was given an empty list of files.`)
  for (const file of files) checkFile(call, file)
  return Object.freeze(files)
}

function checkFile(call: string, file: unknown): void {
  const isBlob =
    typeof file === 'object' &&
    file !== null &&
    typeof (file as Blob).slice === 'function' &&
    typeof (file as Blob).size === 'number'
  if ((typeof file === 'string' && file !== '') || file instanceof Uint8Array || isBlob) return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `${call} takes a URL or path, a File or Blob, a Uint8Array, or an array of these, not ${whatIs(file)}.`,
  )
}

function whatIs(file: unknown): string {
  if (file === '') return 'an empty string'
  if (file === null) return 'null'
  if (file instanceof ArrayBuffer) return 'an ArrayBuffer (wrap it: new Uint8Array(buffer))'
  if (file instanceof Promise) return 'a promise (await it)'
  if (file instanceof URL) return 'a URL object (give its href)'
  return `a value of type ${typeof file}`
}
