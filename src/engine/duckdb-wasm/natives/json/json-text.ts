import { blobText } from '../../../../types/bytes-text.ts'
import type { ColumnData } from '../../../../types/column-data.ts'
import type { LogicalType } from '../../../../types/logical-type.ts'
import { decimalText } from '../../../../types/number-text.ts'
import { typedView } from '../../../../types/typed-view.ts'
import { valueReader } from '../../../../types/value-reader.ts'
import { isValid } from '../../vector-read.ts'

/** The JSON of a row; null values are `null`. */
export type JsonTextReader = (row: number) => string

/** What the text of a column depends on beside its values. */
export interface JsonTextOptions {
  /** A text that is JSON already, without its white space. */
  readonly compact: (json: string) => string
  /** A TIMESTAMPTZ, by its microseconds, in the zone of the session. */
  readonly instant: (microseconds: bigint) => string
}

/** Widest decimal that becomes a number of 64 bits on its way. */
const widestNumber = 15

/** Compiles a writer of JSON for a column, as DuckDB's `to_json` writes it. */
export function jsonTextReader(type: LogicalType, column: ColumnData, options: JsonTextOptions): JsonTextReader {
  const write = plainReader(type, column, options)
  const { validity } = column
  if (column.nullCount === 0) return write
  return (row) => (isValid(validity, row) ? write(row) : 'null')
}

function plainReader(type: LogicalType, column: ColumnData, options: JsonTextOptions): JsonTextReader {
  switch (type.kind) {
    case 'null':
      return () => 'null'
    case 'float':
    case 'double': {
      const read = valueReader(type, column)
      return (row) => jsonNumber(read(row) as number)
    }
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'hugeint':
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
    case 'ubigint':
    case 'uhugeint': {
      const read = valueReader(type, column)
      return (row) => String(read(row))
    }
    case 'decimal':
      return decimalReader(type.precision, type.scale, column)
    case 'json': {
      const read = valueReader(type, column)
      return (row) => options.compact(read(row) as string)
    }
    case 'blob': {
      const read = valueReader(type, column)
      return (row) => jsonString(blobText(read(row) as Uint8Array))
    }
    case 'timestamptz': {
      const micros = typedView(BigInt64Array, column.values, column.length)
      return (row) => jsonString(options.instant(micros[row]!))
    }
    case 'list': {
      const offsets = column.offsets!
      const element = jsonTextReader(type.element, column.children![0]!, options)
      return (row) => elements(element, offsets[row]!, offsets[row + 1]!)
    }
    case 'array': {
      const element = jsonTextReader(type.element, column.children![0]!, options)
      return (row) => elements(element, row * type.size, (row + 1) * type.size)
    }
    case 'struct': {
      const members = type.fields.map(({ name, type: inner }, index) => {
        const key = `${jsonString(name)}:`
        const read = jsonTextReader(inner, column.children![index]!, options)
        return (row: number): string => key + read(row)
      })
      return (row) => `{${members.map((member) => member(row)).join(',')}}`
    }
    case 'map': {
      const offsets = column.offsets!
      const [keys, values] = column.children![0]!.children!
      const key = textOf(type.key, keys!, options)
      const value = jsonTextReader(type.value, values!, options)
      return (row) => {
        const members: string[] = []
        for (let at = offsets[row]!; at < offsets[row + 1]!; at++) members.push(`${jsonString(key(at))}:${value(at)}`)
        return `{${members.join(',')}}`
      }
    }
    case 'union': {
      const tags = column.values!
      const members = type.members.map(({ name, type: inner }, index) => {
        const key = `${jsonString(name)}:`
        const read = jsonTextReader(inner, column.children![index]!, options)
        return (row: number): string => `{${key}${read(row)}}`
      })
      return (row) => members[tags[row]!]!(row)
    }
    default: {
      const text = textOf(type, column, options)
      return (row) => jsonString(text(row))
    }
  }
}

/** A column as text, as `CAST(… AS VARCHAR)` writes it; for what nests, its JSON. */
function textOf(type: LogicalType, column: ColumnData, options: JsonTextOptions): (row: number) => string {
  const read = valueReader(type, column)
  switch (type.kind) {
    case 'varchar':
      return read as (row: number) => string
    case 'double':
    case 'float':
    case 'decimal':
    case 'list':
    case 'array':
    case 'struct':
    case 'map':
    case 'union':
      return jsonTextReader(type, column, options)
    default:
      return (row) => String(read(row))
  }
}

function elements(element: JsonTextReader, start: number, end: number): string {
  const texts: string[] = []
  for (let at = start; at < end; at++) texts.push(element(at))
  return `[${texts.join(',')}]`
}

function decimalReader(precision: number, scale: number, column: ColumnData): JsonTextReader {
  const bytes = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16
  const view = new DataView(column.values!.buffer, column.values!.byteOffset, column.values!.byteLength)
  const scaled = (row: number): bigint => {
    if (bytes === 2) return BigInt(view.getInt16(row * 2, true))
    if (bytes === 4) return BigInt(view.getInt32(row * 4, true))
    if (bytes === 8) return view.getBigInt64(row * 8, true)
    return view.getBigUint64(row * 16, true) + (view.getBigInt64(row * 16 + 8, true) << 64n)
  }
  if (precision > widestNumber) return (row) => decimalText(scaled(row), precision, scale)
  const divisor = 10 ** scale
  return (row) => jsonNumber(Number(scaled(row)) / divisor)
}

/** The shortest digits that mean the same number, always with a point or an exponent: `1.0`, `1e21`, `1e-7`. */
function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text.replace('e+', 'e') : `${text}.0`
}

/** A text in quotes; control characters are written with capital digits. */
export function jsonString(text: string): string {
  const quoted = JSON.stringify(text)
  return quoted.includes('\\u00')
    ? quoted.replace(/(\\\\)|\\u00([01][0-9a-f])/g, (all: string, slash: string | undefined, digits: string) =>
        slash === undefined ? `\\u00${digits.toUpperCase()}` : all,
      )
    : quoted
}
