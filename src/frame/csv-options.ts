import { LakefrontError, nearestName } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import type { CsvOptions } from '../scan/source.ts'
import { schemaFrom } from '../types/batch-from-rows.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { typeName } from '../types/type-names.ts'
import type { ReadOptions } from './reader.ts'

/** A type of a column, in DuckDB's words or as a type of ours. */
type TypeLike = string | LogicalType

/**
 * How CSV is read: the options of DuckDB's `read_csv`, in camelCase. What is not said is found out from the beginning of each file. SQL
 * has them by their own names: `read_csv('x.csv', null_padding = true)`.
 */
export interface CsvReadOptions<Row extends object = AnyRow> extends ReadOptions<Row> {
  /** What stands between values: up to four bytes. */
  readonly delim?: string
  /** The character that texts may stand in; '' for none. */
  readonly quote?: string
  /** The character that makes a quote inside of a text one; the quote itself by default. */
  readonly escape?: string
  /** The character that a line begins with that is passed over. */
  readonly comment?: string
  readonly newLine?: '\n' | '\r\n' | '\r'
  /** Whether the first line is names. */
  readonly header?: boolean
  /** Lines to pass over at the beginning. */
  readonly skip?: number
  /** Names of the columns, instead of those in the file. */
  readonly names?: readonly string[]
  /** Whether names become lower case words without spaces. */
  readonly normalizeNames?: boolean
  /** Types of some columns by name, or of the first in order. */
  readonly types?: Readonly<Record<string, TypeLike>> | readonly TypeLike[]
  /** All columns and their types, in the order of the file. */
  readonly allColumns?: Readonly<Record<string, TypeLike>>
  /** Reads all values as text. */
  readonly allVarchar?: boolean
  /** Types that columns are tried as. */
  readonly autoTypeCandidates?: readonly TypeLike[]
  /** Whether what is not said is found out; `false` needs `allColumns`. Default true. */
  readonly autoDetect?: boolean
  /** From how many records that is; −1 for all. Default 20,480. */
  readonly sampleSize?: number
  /** Texts that mean null; the empty one by default. */
  readonly nullstr?: string | readonly string[]
  /** Columns in which these are texts all the same. */
  readonly forceNotNull?: readonly string[]
  /** Whether a null in quotes is null. Default true. */
  readonly allowQuotedNulls?: boolean
  /** How dates are written, such as `%d.%m.%Y`. */
  readonly dateformat?: string
  readonly timestampformat?: string
  readonly decimalSeparator?: string
  /** What stands between thousands. */
  readonly thousands?: string
  /** `utf-8`, `utf-16`, `latin-1`, or what the platform's TextDecoder knows; UTF-16 with a mark needs no word. */
  readonly encoding?: string
  /** Passes over lines that cannot be read. */
  readonly ignoreErrors?: boolean
  /** Lines that are too short are filled with nulls. */
  readonly nullPadding?: boolean
  /** `false` takes quotes and line ends that the format does not allow as well as can be. Default true. */
  readonly strictMode?: boolean
  /** Bytes that a line may have. Default 2,097,152. */
  readonly maxLineSize?: number
  /** Passes over lines that cannot be read, and keeps them in the tables `reject_errors` and `reject_scans`. */
  readonly storeRejects?: boolean
  readonly rejectsTable?: string
  readonly rejectsScan?: string
  /** How many such lines are kept; 0 for all. */
  readonly rejectsLimit?: number
  /** Whether folders such as `year=2024` are columns. Default: when all files have the same of them. */
  readonly hivePartitioning?: boolean
  /** A column with the name of each row's file; text names the column, which is `filename` otherwise. */
  readonly filename?: boolean | string
  /** A column `file_row_number` with the number of each row in its file, from 0. */
  readonly fileRowNumber?: boolean
  /** Whether the table has the columns of all files (default), or those of the first, which all others must have then. */
  readonly unionByName?: boolean
}

type Kind = 'boolean' | 'count' | 'text' | 'texts' | 'type' | 'types' | 'textOrTexts' | 'typeList'

/** Options that DuckDB's reader takes, what it calls them where that is not the same in snake case, and what their values are. */
const parameters: Readonly<Record<string, Kind>> = {
  delim: 'text',
  quote: 'text',
  escape: 'text',
  comment: 'text',
  newLine: 'text',
  header: 'boolean',
  skip: 'count',
  names: 'texts',
  normalizeNames: 'boolean',
  types: 'types',
  allColumns: 'type',
  allVarchar: 'boolean',
  autoTypeCandidates: 'typeList',
  autoDetect: 'boolean',
  sampleSize: 'count',
  nullstr: 'textOrTexts',
  forceNotNull: 'texts',
  allowQuotedNulls: 'boolean',
  dateformat: 'text',
  timestampformat: 'text',
  decimalSeparator: 'text',
  thousands: 'text',
  encoding: 'text',
  ignoreErrors: 'boolean',
  nullPadding: 'boolean',
  strictMode: 'boolean',
  maxLineSize: 'count',
  storeRejects: 'boolean',
  rejectsTable: 'text',
  rejectsScan: 'text',
  rejectsLimit: 'count',
}

const ofTheScan = ['hivePartitioning', 'filename', 'fileRowNumber', 'unionByName'] as const

/** The options of a scan that `options` mean, each of them checked. */
export function csvOptions<Row extends object>(options: CsvReadOptions<Row>): CsvOptions {
  const { columns: _columns, schema, hiveTypes: _hiveTypes, ...given } = options
  const found: Record<string, string> = {}
  const own: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const kind = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (kind !== undefined) found[sqlName(name)] = literal(name, kind, value)
    else if ((ofTheScan as readonly string[]).includes(name)) own[name] = checkedScan(name, value)
    else throw unknownOption(name)
  }
  if (schema !== undefined) {
    const fields = schemaFrom(schema).fields.map(({ name, type }) => [name.toLowerCase(), typeName(type)])
    own['declared'] = Object.freeze(Object.fromEntries(fields))
  }
  return Object.freeze({ ...own, ...(Object.keys(found).length === 0 ? {} : { parameters: Object.freeze(found) }) })
}

function sqlName(name: string): string {
  return name === 'allColumns' ? 'columns' : name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function literal(name: string, kind: Kind, value: unknown): string {
  const isText = typeof value === 'string'
  const isTexts = Array.isArray(value) && value.every((one) => typeof one === 'string')
  switch (kind) {
    case 'boolean':
      if (typeof value === 'boolean') return String(value)
      break
    case 'count':
      if (Number.isSafeInteger(value) && (value as number) >= (name === 'sampleSize' ? -1 : 0)) return String(value)
      break
    case 'text':
      if (isText && name === 'newLine') return quoted(value.replaceAll('\r', '\\r').replaceAll('\n', '\\n'))
      if (isText) return quoted(value)
      break
    case 'texts':
      if (isTexts) return list(value)
      break
    case 'textOrTexts':
      if (isText) return quoted(value)
      if (isTexts) return list(value)
      break
    case 'typeList':
      if (Array.isArray(value)) return list(value.map(typeText))
      break
    case 'types':
      if (Array.isArray(value)) return list(value.map(typeText))
      if (typeof value === 'object' && value !== null) return struct(value)
      break
    case 'type':
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return struct(value)
      break
    default:
      return kind satisfies never
  }
  throw new LakefrontError('INVALID_ARGUMENT', `read.csv(): ${name} has to be ${wants[kind]}.`, {
    details: { option: name },
  })
}

const wants: Readonly<Record<Kind, string>> = {
  boolean: 'true or false',
  count: 'a whole number',
  text: 'text',
  texts: 'an array of texts',
  textOrTexts: 'text or an array of texts',
  type: "an object of names and types, such as { id: 'bigint' }",
  types: "an object of names and types, such as { id: 'bigint' }, or an array of types",
  typeList: "an array of types, such as ['bigint', 'varchar']",
}

function checkedScan(name: string, value: unknown): unknown {
  if (typeof value === 'boolean' || (name === 'filename' && typeof value === 'string' && value !== '')) return value
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `read.csv(): ${name} has to be true or false${name === 'filename' ? ', or the name of a column' : ''}.`,
    {
      details: { option: name },
    },
  )
}

function unknownOption(name: string): LakefrontError {
  const names = [...Object.keys(parameters), ...ofTheScan, 'columns', 'schema', 'hiveTypes']
  const near = nearestName(name, names)
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `read.csv() has no option "${name}".${near === undefined ? '' : ` Did you mean "${near}"?`} Options: ${names.toSorted().join(', ')}.`,
    { details: { option: name, options: names } },
  )
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function list(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(', ')}]`
}

function struct(types: object): string {
  return `{${Object.entries(types)
    .map(([name, type]) => `${quoted(name)}: ${quoted(typeText(type as TypeLike))}`)
    .join(', ')}}`
}

function typeText(type: TypeLike): string {
  return typeof type === 'string' ? type : typeName(type)
}
