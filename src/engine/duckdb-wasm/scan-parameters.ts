import { LakefrontError } from '../../errors.ts'
import type { FileSource, ScanOptions } from '../../scan/source.ts'

/** What the files of a function are; `any` is told by what is in them. */
export type ReadFormat = FileSource['format']

/** The functions of SQL text, and what the files are that they read. */
export const scanFunctions: Readonly<Record<string, ReadFormat>> = {
  lf_scan: 'parquet',
  lf_file: 'any',
  read_parquet: 'parquet',
  parquet_scan: 'parquet',
  read_avro: 'avro',
  read_json: 'json',
  read_json_auto: 'json',
  read_ndjson: 'json',
  read_ndjson_auto: 'json',
  read_arrow: 'arrow',
  read_csv: 'csv',
  read_csv_auto: 'csv',
}

/** The functions that names of files stand for. */
export const functionOf: Readonly<Record<ReadFormat, string>> = {
  parquet: 'read_parquet',
  avro: 'read_avro',
  json: 'read_json',
  csv: 'read_csv_auto',
  arrow: 'read_arrow',
  any: 'lf_file',
}

/** `DUCKDB_TYPE` of the C header. */
export const parameterTypes = { boolean: 1, bigint: 5, varchar: 17, list: 24, any: 34 } as const

/** Types a parameter may have; `texts` is a list of text. */
export type ParameterType = 'boolean' | 'bigint' | 'varchar' | 'texts' | 'any'

/** A parameter that is given by name: an option of ours, or without one of DuckDB's reader of CSV. */
export interface NamedParameter {
  readonly type: ParameterType
  readonly option?: keyof ScanOptions
}

const forAll: Readonly<Record<string, NamedParameter>> = {
  file_row_number: { type: 'boolean', option: 'fileRowNumber' },
  filename: { type: 'any', option: 'filename' },
  hive_partitioning: { type: 'boolean', option: 'hivePartitioning' },
  hive_types: { type: 'any', option: 'hiveTypes' },
  union_by_name: { type: 'boolean', option: 'unionByName' },
}

/** Those of DuckDB's `read_csv`, with the types they have there. */
const csvTypes: Readonly<Record<string, ParameterType>> = {
  all_varchar: 'boolean',
  allow_quoted_nulls: 'boolean',
  auto_detect: 'boolean',
  auto_type_candidates: 'any',
  buffer_size: 'bigint',
  column_names: 'texts',
  column_types: 'any',
  columns: 'any',
  comment: 'varchar',
  compression: 'varchar',
  dateformat: 'varchar',
  decimal_separator: 'varchar',
  delim: 'varchar',
  dtypes: 'any',
  encoding: 'varchar',
  escape: 'varchar',
  files_to_sniff: 'bigint',
  force_not_null: 'texts',
  header: 'boolean',
  ignore_errors: 'boolean',
  max_line_size: 'varchar',
  maximum_line_size: 'varchar',
  names: 'texts',
  new_line: 'varchar',
  normalize_names: 'boolean',
  null_padding: 'boolean',
  nullstr: 'any',
  parallel: 'boolean',
  quote: 'varchar',
  rejects_limit: 'bigint',
  rejects_scan: 'varchar',
  rejects_table: 'varchar',
  sample_size: 'bigint',
  sep: 'varchar',
  skip: 'bigint',
  store_rejects: 'boolean',
  strict_mode: 'boolean',
  thousands: 'varchar',
  timestampformat: 'varchar',
  types: 'any',
}

/** What the functions of a format take by name, as DuckDB's own do. */
export function namedParameters(format: ReadFormat): Readonly<Record<string, NamedParameter>> {
  switch (format) {
    case 'avro':
      return { ...forAll, reader_schema: { type: 'varchar', option: 'readerSchema' } }
    case 'json':
      return { ...forAll, sample_size: { type: 'bigint', option: 'sampleSize' } }
    case 'csv':
      return { ...forAll, ...Object.fromEntries(Object.entries(csvTypes).map(([name, type]) => [name, { type }])) }
    case 'parquet':
    case 'arrow':
    case 'any':
      return forAll
    default:
      return format satisfies never
  }
}

/** The names and types of a struct such as `{'year': 'INTEGER'}`, as DuckDB prints it. */
export function structOfTypes(text: string): Record<string, string> {
  const plain = (quoted: string): string => quoted.replaceAll("''", "'")
  const pairs = [...text.matchAll(/'((?:[^']|'')*)'\s*:\s*'((?:[^']|'')*)'/g)]
  if (pairs.length === 0)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `hive_types is ${text}; it has to be names and types: hive_types = {'year': INTEGER}.`,
    )
  return Object.fromEntries(pairs.map(([, name, type]) => [plain(name!), plain(type!)]))
}
