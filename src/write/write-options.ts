import { byteSize } from '../config/byte-size.ts'
import { LakefrontError, nearestName } from '../errors.ts'
import type { ArrowWriteOptions } from '../format/arrow/arrow-encoder.ts'
import type { AvroWriteOptions } from '../format/avro/avro-encoder.ts'
import type { CsvWriteOptions } from '../format/csv/csv-encoder.ts'
import type { JsonWriteOptions } from '../format/json/json-encoder.ts'
import type { OuterCompression } from '../format/outer-compression.ts'
import type { ParquetWriteOptions } from '../format/parquet/parquet-writer.ts'
import type { FieldIds } from './field-ids.ts'
import type { WriteFormat } from './write-task.ts'

/** Of every format. */
export interface FolderOptions {
  /** Files of a folder are finished when they have grown to this, in bytes or as text such as `'64MB'`. Default 128 MB. */
  readonly maxFileBytes?: number | string
}

interface TextOptions {
  /** What files are compressed with as a whole. Default: by the name, `.gz` and `.zst`, else not. */
  readonly compression?: OuterCompression
}

/** The options of each format, by name. */
export interface WriteOptionsOf {
  readonly parquet: ParquetWriteOptions &
    FolderOptions & {
      /** Parquet's `field_id`s by the names of columns: `{ id: 1, place: { id: 2, fields: { city: 3 } }, tags: { id: 4, fields: { element: 5 } } }`. Default: none. */
      readonly fieldIds?: FieldIds
    }
  readonly avro: Omit<AvroWriteOptions, 'codec' | 'schema'> &
    FolderOptions & {
      /** How blocks are compressed. Default `'deflate'`; `'zstandard'` where the host has it (Node from 22.15); `'null'` is Avro's name for `'none'`. */
      readonly compression?: 'none' | 'null' | 'deflate' | 'snappy' | 'zstandard'
      /** The schema to write, as JSON or as the object that means. Default: one made of the columns. */
      readonly schema?: string | object
    }
  readonly csv: CsvWriteOptions & TextOptions & FolderOptions
  readonly json: JsonWriteOptions & TextOptions & FolderOptions
  readonly arrow: ArrowWriteOptions & FolderOptions
}

type Check = (value: unknown) => string | undefined

const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'give true or false')
const isText: Check = (value) => (typeof value === 'string' ? undefined : 'give a text')
const isCount: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) > 0 ? undefined : 'give a whole number of at least 1'
const isCharacter: Check = (value) =>
  typeof value === 'string' && /^[^\r\n]$/u.test(value) ? undefined : 'give one character that ends no line'
const oneOf =
  (...choices: readonly string[]): Check =>
  (value) =>
    choices.includes(value as string)
      ? undefined
      : `give one of ${choices.map((each) => JSON.stringify(each)).join(', ')}`
const isMetadata: Check = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string')
    ? undefined
    : 'give an object of texts'
const isObject: Check = (value) =>
  typeof value === 'object' && value !== null ? undefined : 'give an object of numbers by name'
const isSchema: Check = (value) =>
  typeof value === 'string' || (typeof value === 'object' && value !== null) ? undefined : 'give a schema of Avro'
const isSize: Check = (value) => {
  byteSize(value as string, 'maxFileBytes')
  return undefined
}

const shared = { maxFileBytes: isSize }
const outer = oneOf('none', 'gzip', 'zstd')

const checks: { readonly [Format in WriteFormat]: Readonly<Record<keyof WriteOptionsOf[Format], Check>> } = {
  parquet: {
    ...shared,
    compression: oneOf('none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'),
    rowGroupRows: isCount,
    rowGroupBytes: isCount,
    dictionary: isBoolean,
    metadata: isMetadata,
    fieldIds: isObject,
  },
  avro: {
    ...shared,
    compression: oneOf('none', 'null', 'deflate', 'snappy', 'zstandard'),
    schema: isSchema,
    blockBytes: isCount,
  },
  csv: {
    ...shared,
    header: isBoolean,
    delim: isCharacter,
    quote: isCharacter,
    escape: isCharacter,
    nullstr: isText,
    quoteAll: isBoolean,
    newLine: oneOf('\n', '\r\n'),
    compression: outer,
  },
  json: { ...shared, form: oneOf('lines', 'array'), compression: outer },
  arrow: { ...shared, form: oneOf('file', 'stream') },
}

/** Throws `INVALID_ARGUMENT` for an option that a format has not, or a value that is none of the option. */
export function checkWriteOptions<Format extends WriteFormat>(
  format: Format,
  options: Readonly<Record<string, unknown>>,
): WriteOptionsOf[Format] {
  const known: Readonly<Record<string, Check>> = checks[format]
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined
    const names = Object.keys(known)
    if (check === undefined) {
      const nearest = nearestName(name, names)
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `Writing ${format} has no option "${name}". Options: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
        { details: { option: name, options: names } },
      )
    }
    const problem = check(value)
    if (problem === undefined) continue
    throw new LakefrontError('INVALID_ARGUMENT', `Option "${name}" of ${format}: ${problem}.`, {
      details: { option: name },
    })
  }
  return options as WriteOptionsOf[Format]
}
