import type { Bound } from '../format/parquet/statistics.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import type { Field, LogicalType } from '../types/logical-type.ts'
import { parseDate, parseTimestamp } from '../types/temporal-parse.ts'

/** The value of a partition in one file. */
export interface PartitionValue {
  /** As {@link columnFromValues} takes it. */
  readonly value: unknown
  readonly bound: Bound | null | 'unknown'
}

/** Columns that the names of folders tell, and their values by file. */
export interface Partitions {
  readonly fields: readonly Field[]
  readonly values: readonly (readonly PartitionValue[])[]
}

/** Folder names that stand for null. */
const nullPartition = '__HIVE_DEFAULT_PARTITION__'

/** Keys and values of folders such as `year=2024/month=1`, keys in the order DuckDB puts them. */
export function partitionKeys(label: string): ReadonlyMap<string, string | null> {
  const folders = label.split(/[?#]/, 1)[0]!.split(/[/\\]/).slice(0, -1)
  const found = new Map<string, string | null>()
  for (const folder of folders) {
    const at = folder.indexOf('=')
    if (at <= 0 || folder.includes('=', at + 1)) continue
    const text = unescaped(folder.slice(at + 1))
    found.set(unescaped(folder.slice(0, at)), text === nullPartition ? null : text)
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** Whether all files have the same keys, and some; the first that has not is told. */
export function samePartitions(keys: readonly ReadonlyMap<string, unknown>[]): { isHive: boolean; odd?: number } {
  const first = [...(keys[0]?.keys() ?? [])].join('/')
  const odd = keys.findIndex((own) => [...own.keys()].join('/') !== first)
  return { isHive: first !== '' && odd < 0, ...(odd < 0 ? {} : { odd }) }
}

/** The partitions of files that all have the same keys: a column is DATE, TIMESTAMP or BIGINT when all its values are, else VARCHAR. */
export function partitionsOf(keys: readonly ReadonlyMap<string, string | null>[]): Partitions {
  const names = [...keys[0]!.keys()]
  const types = names.map((name) => typeOf(keys.map((own) => own.get(name)!)))
  return {
    fields: names.map((name, index) => ({ name, type: types[index]!, nullable: true })),
    values: keys.map((own) => names.map((name, index) => valueOf(own.get(name)!, types[index]!))),
  }
}

const datePattern = /^\d{4}-\d{1,2}-\d{1,2}$/
const timestampPattern = /^\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?$/
const wholePattern = /^\s*-?\d+\s*$/
const integerPattern = /^\s*-?(?:0|[1-9]\d{0,18})\s*$/

function typeOf(texts: readonly (string | null)[]): LogicalType {
  const given = texts.filter((text) => text !== null)
  const all = (pattern: RegExp): boolean => given.length > 0 && given.every((text) => pattern.test(text))
  const kind = all(datePattern)
    ? 'date'
    : all(timestampPattern)
      ? 'timestamp'
      : all(integerPattern)
        ? 'bigint'
        : 'varchar'
  const type: LogicalType = { kind }
  return given.every((text) => isValue(text, type)) ? type : { kind: 'varchar' }
}

function isValue(text: string, type: LogicalType): boolean {
  try {
    columnFromValues(type, [type.kind === 'bigint' ? BigInt(text) : type.kind === 'date' ? padded(text) : text])
    return true
  } catch {
    return false
  }
}

function valueOf(text: string | null, type: LogicalType): PartitionValue {
  if (text === null) return { value: null, bound: null }
  switch (type.kind) {
    case 'bigint':
      return { value: BigInt(text), bound: BigInt(text) }
    case 'date':
      return { value: padded(text), bound: BigInt(parseDate(padded(text))!) }
    case 'timestamp':
      return { value: text, bound: parseTimestamp(text, 6, false)! }
    default:
      return { value: text, bound: new TextEncoder().encode(text) }
  }
}

/** What a folder's text is as a value of a type, as {@link columnFromValues} takes it; throws where it is none. */
export function partitionValue(type: LogicalType, text: string): unknown {
  const value = typedValue(type, text)
  columnFromValues(type, [value])
  return value
}

function typedValue(type: LogicalType, text: string): unknown {
  switch (type.kind) {
    case 'boolean':
      return /^(true|t|1)$/i.test(text) ? true : /^(false|f|0)$/i.test(text) ? false : text
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
      return wholePattern.test(text) ? Number(text) : text
    case 'bigint':
    case 'ubigint':
    case 'hugeint':
    case 'uhugeint':
      return wholePattern.test(text) ? BigInt(text) : text
    case 'float':
    case 'double':
      return text.trim() === '' ? text : Number(text)
    case 'date':
      return padded(text)
    default:
      return text
  }
}

function padded(text: string): string {
  return text.replaceAll(/(?<!\d)\d(?!\d)/g, '0$&')
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
