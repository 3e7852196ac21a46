import type { Bound } from '../format/parquet/statistics.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import type { Field, LogicalType } from '../types/logical-type.ts'
import { boundReader } from './bound-reader.ts'
import type { ColumnFacts } from './outcomes.ts'
import type { FileFacts } from './source.ts'

/** What a catalog says of a column in a file; undefined where it says nothing. */
export function factsOfFile({ rows, columns, partition }: FileFacts, { name, type }: Field): ColumnFacts | undefined {
  if (partition !== undefined && Object.hasOwn(partition, name)) {
    const value = partition[name]
    if (value === null || value === undefined) return { type, rows, nulls: rows }
    const bound = boundOf(type, value)
    return { type, rows, nulls: 0, ...(bound === undefined ? {} : { min: bound, max: bound }) }
  }
  const told = columns === undefined || !Object.hasOwn(columns, name) ? undefined : columns[name]
  if (told === undefined) return undefined
  const [min, max] = [boundOf(type, told.min), boundOf(type, told.max)]
  return {
    type,
    rows,
    ...(told.nullCount === undefined ? {} : { nulls: told.nullCount }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  }
}

/** A JavaScript value of a type as a bound; undefined for none, and for types that have no order of ours. */
export function boundOf(type: LogicalType, value: unknown): Bound | undefined {
  if (value === null || value === undefined) return undefined
  if (type.kind === 'double' || type.kind === 'float')
    return typeof value === 'number' && !Number.isNaN(value) ? value : undefined
  return boundReader(type, columnFromValues(type, [value]))?.(0) ?? undefined
}
