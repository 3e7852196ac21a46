import type { Field, LogicalType } from '../../types/logical-type.ts'
import { distinctNames } from '../distinct-names.ts'
import { AvroFailure } from './avro-failure.ts'
import type { AvroType, Logical, Primitive } from './schema.ts'

/**
 * What a value of an Avro type is to us.
 *
 * | Avro | here |
 * |---|---|
 * | null, boolean, float, double | the same |
 * | int, long | integer, bigint |
 * | bytes, fixed | blob |
 * | string | varchar |
 * | enum | enum |
 * | array, map | list, map with varchar keys |
 * | record | struct |
 * | union of null and one type | that type; nulls may occur |
 * | union of more types | union, a member per type, named after it |
 * | decimal | decimal, beyond 38 digits double |
 * | uuid, date, time-* | uuid, date, time |
 * | timestamp-millis, -micros | timestamptz |
 * | local-timestamp-millis, -micros | timestamp |
 * | timestamp-nanos, local-timestamp-nanos | timestamp_ns |
 * | duration | interval |
 */
export function logicalTypeOf(type: AvroType): LogicalType {
  return mapped(type, newWay())
}

/** The columns of a file: the fields of its record, or one column `value` when its schema is no record. */
export function columnsOf(type: AvroType): Field[] {
  if (type.kind !== 'record') return [{ name: 'value', type: logicalTypeOf(type), nullable: isNullable(type) }]
  return fieldsOf(type.fields, inside(newWay(), type.name))
}

/** Whether nulls may occur. */
function isNullable(type: AvroType): boolean {
  return type.kind === 'null' || (type.kind === 'union' && type.branches.some(({ kind }) => kind === 'null'))
}

/** The branches of a union that are not null. */
export function valueBranches(type: AvroType & { kind: 'union' }): readonly AvroType[] {
  return type.branches.filter(({ kind }) => kind !== 'null')
}

const plain: Readonly<Record<Primitive, LogicalType>> = {
  null: { kind: 'null' },
  boolean: { kind: 'boolean' },
  int: { kind: 'integer' },
  long: { kind: 'bigint' },
  float: { kind: 'float' },
  double: { kind: 'double' },
  bytes: { kind: 'blob' },
  string: { kind: 'varchar' },
}

/** The records around a type, and how many types there were so far: named types in named types can make a small schema huge. */
interface Way {
  readonly records: readonly string[]
  readonly seen: { types: number }
}

const newWay = (): Way => ({ records: [], seen: { types: 0 } })
const inside = ({ records, seen }: Way, name: string): Way => ({ records: [...records, name], seen })

/** Columns and fields that a table may have, all levels together. */
const mostTypes = 100_000

function mapped(type: AvroType, way: Way): LogicalType {
  if (++way.seen.types > mostTypes) {
    throw new AvroFailure(`The schema has more than ${mostTypes} fields. Read the file with a schema that has fewer.`, {
      code: 'UNSUPPORTED',
    })
  }
  switch (type.kind) {
    case 'record':
      return record(type, way)
    case 'enum':
      return { kind: 'enum', values: type.symbols }
    case 'array':
      return { kind: 'list', element: mapped(type.items, way) }
    case 'map':
      return { kind: 'map', key: { kind: 'varchar' }, value: mapped(type.values, way) }
    case 'union':
      return union(type, way)
    case 'fixed':
      return type.logical === undefined ? { kind: 'blob' } : annotated(type.logical)
    default:
      return type.logical === undefined ? plain[type.kind] : annotated(type.logical)
  }
}

function record(type: AvroType & { kind: 'record' }, way: Way): LogicalType {
  if (way.records.includes(type.name)) {
    throw new AvroFailure(
      `The type "${type.name}" is recursive: it holds itself, and columns have a fixed depth. Read the file with a schema that leaves the field out.`,
      { code: 'UNSUPPORTED' },
    )
  }
  if (type.fields.length === 0) {
    throw new AvroFailure(
      `The record "${type.name}" has no fields, and there is no column type for that. Read the file with a schema that leaves it out.`,
      { code: 'UNSUPPORTED' },
    )
  }
  return { kind: 'struct', fields: fieldsOf(type.fields, inside(way, type.name)) }
}

function fieldsOf(fields: readonly { name: string; type: AvroType }[], way: Way): Field[] {
  const names = distinctNames(fields.map(({ name }) => name))
  return fields.map(({ type }, index) => ({
    name: names[index]!,
    type: mapped(type, way),
    nullable: isNullable(type),
  }))
}

function union(type: AvroType & { kind: 'union' }, way: Way): LogicalType {
  const branches = valueBranches(type)
  if (branches.length === 0) return { kind: 'null' }
  if (branches.length === 1) return mapped(branches[0]!, way)
  if (branches.length > 255) {
    throw new AvroFailure(`A union of ${branches.length} types is more than the 255 that a column can have.`, {
      code: 'UNSUPPORTED',
    })
  }
  const names = distinctNames(
    branches.map((branch) => ('name' in branch ? branch.name.split('.').at(-1)! : branch.kind)),
  )
  const members = branches.map((branch, index) => ({
    name: names[index]!,
    type: mapped(branch, way),
    nullable: true,
  }))
  return { kind: 'union', members }
}

function annotated(logical: Logical): LogicalType {
  switch (logical.as) {
    case 'decimal':
      return logical.precision > 38
        ? { kind: 'double' }
        : { kind: 'decimal', precision: logical.precision, scale: logical.scale }
    case 'uuid':
    case 'date':
      return { kind: logical.as }
    case 'duration':
      return { kind: 'interval' }
    case 'time':
      return { kind: 'time' }
    case 'timestamp':
      return { kind: logical.unit === 'nanos' ? 'timestamp_ns' : 'timestamptz' }
    case 'local-timestamp':
      return { kind: logical.unit === 'nanos' ? 'timestamp_ns' : 'timestamp' }
    default:
      return logical satisfies never
  }
}
