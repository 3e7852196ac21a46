import { LakefrontError } from '../../errors.ts'
import type { LogicalType } from '../../types/logical-type.ts'

/** What becomes of a column's value to tell the partition of a row. */
export type Transform = 'identity' | 'year' | 'month' | 'day' | 'hour' | `bucket(${number})`

/** A part of a partition: the path of a column's names, and what is done with it. */
export interface PartitionKey {
  readonly column: string
  readonly transform: Transform
}

const parts = ['year', 'month', 'day', 'hour'] as const
const dated: ReadonlySet<LogicalType['kind']> = new Set([
  'date',
  'timestamp',
  'timestamp_s',
  'timestamp_ms',
  'timestamp_ns',
  'timestamptz',
])
const nested: ReadonlySet<LogicalType['kind']> = new Set([
  'list',
  'array',
  'struct',
  'map',
  'union',
  'variant' as never,
])

/**
 * Reads how a table is partitioned: `kind`, `month(at)`, `bucket(16, id)`, `"a name"`, `year("at time")`.
 *
 * @throws LakefrontError `INVALID_ARGUMENT` that lists what would be right.
 */
export function parsePartitionKey(text: string): PartitionKey {
  const match =
    /^\s*(?:(?<word>[a-z]+)\s*\(\s*(?:(?<count>\d+)\s*,\s*)?)?(?:"(?<quoted>(?:[^"]|"")+)"|(?<plain>[^"(),]+?))\s*(?<end>\)?)\s*$/iu.exec(
      typeof text === 'string' ? text : '',
    )?.groups
  const transform = match?.['word']?.toLowerCase()
  const column = match?.['quoted']?.replaceAll('""', '"') ?? match?.['plain']
  const count = Number(match?.['count'] ?? 0)
  if (column === undefined || (transform === undefined) !== (match?.['end'] === '')) throw unreadable(text)
  if (transform === undefined || transform === 'identity') return { column, transform: 'identity' }
  if (transform === 'bucket' && count > 0 && count < 2 ** 31) return { column, transform: `bucket(${count})` }
  const part = parts.find((known) => known === transform)
  if (part === undefined || match?.['count'] !== undefined) throw unreadable(text)
  return { column, transform: part }
}

/** The number of buckets, of a transform that has some. */
export function bucketCount(transform: string): number | undefined {
  const match = /^bucket\(\s*(\d+)\s*\)$/i.exec(transform)
  return match === null ? undefined : Number(match[1])
}

/** Throws `TYPE_MISMATCH` when values of `type` cannot be told apart by `transform`. */
export function checkTransform({ column, transform }: PartitionKey, type: LogicalType): void {
  const isPart = parts.some((part) => part === transform)
  const fits = isPart ? dated.has(type.kind) && !(transform === 'hour' && type.kind === 'date') : !nested.has(type.kind)
  if (fits) return
  throw new LakefrontError(
    'TYPE_MISMATCH',
    `Column "${column}" of type ${type.kind} cannot be partitioned by ${transform}. ${isPart ? 'Dates and timestamps have years, months and days; timestamps have hours.' : 'Choose a column that is not nested.'}`,
    { details: { column, transform } },
  )
}

/**
 * The partition's value as SQL, text or NULL: `CAST(year("at") AS VARCHAR)`. Of `bucket` it is what is hashed (`bucketOf`), where that is not
 * the stored value itself. Instants with a zone are taken in UTC.
 */
export function transformSql(transform: string, column: string, type: LogicalType): string {
  if (bucketCount(transform) !== undefined || transform === 'identity') return `CAST(${column} AS VARCHAR)`
  const moment = type.kind === 'timestamptz' ? `make_timestamp(epoch_us(${column}))` : column
  return `CAST(${transform}(${moment}) AS VARCHAR)`
}

/**
 * The folder of a partition: `year=2024/label=a%2Fb/`, as DuckDB names it. Names are the column's for `identity`, else the transform's, with
 * the column behind it where that is there twice.
 */
export function partitionFolder(
  keys: readonly { readonly column: string; readonly transform: string }[],
  values: readonly (string | null)[],
): string {
  const taken = new Set<string>()
  return keys
    .map(({ column, transform }, index) => {
      const prefix = transform === 'identity' ? column : (/^[a-z]+/.exec(transform)?.[0] ?? transform)
      const name = taken.has(prefix) ? `${prefix}_${column}` : prefix
      taken.add(prefix)
      const value = values[index]
      return `${encoded(name)}=${value === null || value === undefined ? '__HIVE_DEFAULT_PARTITION__' : encoded(value)}/`
    })
    .join('')
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

function unreadable(text: unknown): LakefrontError {
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `A table cannot be partitioned by ${JSON.stringify(text)}. Write a column ("kind"), or one of year(at), month(at), day(at), hour(at), bucket(16, id); names with other signs in double quotes.`,
  )
}
