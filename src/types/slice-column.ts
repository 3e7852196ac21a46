import type { ColumnData } from './column-data.ts'
import type { LogicalType } from './logical-type.ts'
import { bitmapSlice, countZeros } from './validity.ts'

/** Rows `start` to `start + length` of `column`; buffers are shared where they can be. */
export function sliceColumn(column: ColumnData, type: LogicalType, start: number, length: number): ColumnData {
  if (start === 0 && length === column.length) return column
  const nulls = nullsOf(column, start, length)
  if (column.dictionary !== undefined) {
    return { ...nulls, values: column.values!.subarray(start * 4, (start + length) * 4), dictionary: column.dictionary }
  }
  switch (type.kind) {
    case 'null':
      return { length, nullCount: length }
    case 'boolean':
      return { ...nulls, values: bitmapSlice(column.values!, start, length) }
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit': {
      const { first, end, offsets } = offsetsOf(column, start, length)
      return { ...nulls, offsets, values: column.values!.subarray(first, end) }
    }
    case 'list':
    case 'map': {
      const { first, end, offsets } = offsetsOf(column, start, length)
      const element = type.kind === 'list' ? type.element : entryOf(type)
      return { ...nulls, offsets, children: [sliceColumn(column.children![0]!, element, first, end - first)] }
    }
    case 'array': {
      const child = sliceColumn(column.children![0]!, type.element, start * type.size, length * type.size)
      return { ...nulls, children: [child] }
    }
    case 'struct':
      return {
        ...nulls,
        children: type.fields.map((field, index) => sliceColumn(column.children![index]!, field.type, start, length)),
      }
    case 'union':
      return {
        ...nulls,
        values: column.values!.subarray(start, start + length),
        children: type.members.map((member, index) =>
          sliceColumn(column.children![index]!, member.type, start, length),
        ),
      }
    default: {
      const width = widthOf(type)
      return { ...nulls, values: column.values!.subarray(start * width, (start + length) * width) }
    }
  }
}

/** Bytes of one value in `values`, for types of fixed width but boolean. */
export function widthOf(type: LogicalType): number {
  switch (type.kind) {
    case 'tinyint':
    case 'utinyint':
      return 1
    case 'smallint':
    case 'usmallint':
      return 2
    case 'integer':
    case 'uinteger':
    case 'float':
    case 'date':
      return 4
    case 'hugeint':
    case 'uhugeint':
    case 'uuid':
    case 'interval':
      return 16
    case 'decimal':
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16
    case 'enum':
      return type.values.length <= 256 ? 1 : type.values.length <= 65_536 ? 2 : 4
    default:
      return 8
  }
}

function nullsOf(
  column: ColumnData,
  start: number,
  length: number,
): Pick<ColumnData, 'length' | 'nullCount' | 'validity'> {
  if (column.nullCount === 0 || column.validity === undefined) return { length, nullCount: 0 }
  const validity = bitmapSlice(column.validity, start, length)
  const nullCount = countZeros(validity, length)
  return nullCount === 0 ? { length, nullCount } : { length, nullCount, validity }
}

function offsetsOf(
  { offsets }: ColumnData,
  start: number,
  length: number,
): { first: number; end: number; offsets: Int32Array } {
  const own = offsets!.slice(start, start + length + 1)
  const first = own[0] ?? 0
  const end = own[length] ?? first
  if (first !== 0) for (let index = 0; index <= length; index++) own[index]! -= first
  return { first, end, offsets: own }
}

/** The type of a map's entries. */
export function entryOf(type: LogicalType & { kind: 'map' }): LogicalType {
  const key = { name: 'key', type: type.key, nullable: false }
  return { kind: 'struct', fields: [key, { name: 'value', type: type.value, nullable: true }] }
}
