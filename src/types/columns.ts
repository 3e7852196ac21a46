import type { ColumnBatch, ColumnData } from './column-data.ts'
import type { LogicalType, Schema } from './logical-type.ts'
import { typedView } from './typed-view.ts'
import { uniqueNames } from './unique-names.ts'
import { isValid } from './validity.ts'
import { valueReader } from './value-reader.ts'

type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/**
 * All values of one column. A typed array that holds nulls has a property `validity`, a bitmap of the rows that are not null,
 * least significant bit first; its null slots are NaN for float and double, 0 otherwise. A plain array holds `null` itself.
 */
export type ColumnArray = (NumberArray & { readonly validity?: Uint8Array }) | unknown[]

/** Columns by name; of columns of the same name the second is `a_1`. */
export type Columns = Record<string, ColumnArray>

/**
 * The columns of all batches, each as one array of its own:
 *
 * | types | array |
 * |---|---|
 * | tinyint to uinteger, float, double | `Int8Array` … `Uint32Array`, `Float32Array`, `Float64Array` |
 * | bigint, ubigint | `BigInt64Array`, `BigUint64Array` |
 * | boolean | `Uint8Array` of 0 and 1 |
 * | date | `Int32Array` of days since 1970-01-01 |
 * | time, time_ns, timestamp*, timestamptz | `BigInt64Array` of the type's unit: microseconds, or s, ms, ns as named |
 * | all others, decimals too | plain array of the values that rows have |
 */
export function columnsFromBatches(schema: Schema, batches: readonly ColumnBatch[]): Columns {
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  const names = uniqueNames(schema.fields)
  const entries = schema.fields.map(({ type }, index): [string, ColumnArray] => {
    const parts = batches.map((batch) => batch.columns[index]!)
    return [names[index]!, numberColumn(type, parts, length) ?? valueColumn(type, parts, length)]
  })
  return Object.fromEntries(entries)
}

function valueColumn(type: LogicalType, parts: readonly ColumnData[], length: number): unknown[] {
  const values: unknown[] = new Array(length)
  let at = 0
  for (const part of parts) {
    const read = valueReader(type, part)
    for (let index = 0; index < part.length; index++) values[at++] = read(index)
  }
  return values
}

function numberColumn(type: LogicalType, parts: readonly ColumnData[], length: number): ColumnArray | undefined {
  switch (type.kind) {
    case 'boolean':
      return booleanColumn(parts, length)
    case 'tinyint':
      return joined(Int8Array, parts, length, 0)
    case 'smallint':
      return joined(Int16Array, parts, length, 0)
    case 'integer':
    case 'date':
      return joined(Int32Array, parts, length, 0)
    case 'utinyint':
      return joined(Uint8Array, parts, length, 0)
    case 'usmallint':
      return joined(Uint16Array, parts, length, 0)
    case 'uinteger':
      return joined(Uint32Array, parts, length, 0)
    case 'float':
      return joined(Float32Array, parts, length, Number.NaN)
    case 'double':
      return joined(Float64Array, parts, length, Number.NaN)
    case 'bigint':
    case 'time':
    case 'time_ns':
    case 'timestamp':
    case 'timestamp_s':
    case 'timestamp_ms':
    case 'timestamp_ns':
    case 'timestamptz':
      return joined(BigInt64Array, parts, length, 0n)
    case 'ubigint':
      return joined(BigUint64Array, parts, length, 0n)
    default:
      return undefined
  }
}

interface NumberArrayConstructor {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): NumberArray
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumberArray
}

function joined(
  constructor: NumberArrayConstructor,
  parts: readonly ColumnData[],
  length: number,
  missing: number | bigint,
): ColumnArray {
  const all = new constructor(length)
  let start = 0
  for (const part of parts) {
    all.set(typedView(constructor, part.values, part.length) as never, start)
    if (part.nullCount > 0) {
      for (let index = 0; index < part.length; index++) if (!isValid(part, index)) all[start + index] = missing
    }
    start += part.length
  }
  return withValidity(all, parts)
}

function booleanColumn(parts: readonly ColumnData[], length: number): ColumnArray {
  const all = new Uint8Array(length)
  let start = 0
  for (const part of parts) {
    const bits = part.values ?? new Uint8Array(0)
    for (let index = 0; index < part.length; index++) {
      all[start + index] = isValid(part, index) ? (bits[index >> 3]! >> (index & 7)) & 1 : 0
    }
    start += part.length
  }
  return withValidity(all, parts)
}

function withValidity(all: NumberArray, parts: readonly ColumnData[]): ColumnArray {
  if (parts.every((part) => part.nullCount === 0)) return all
  const validity = new Uint8Array((all.length + 7) >> 3)
  let start = 0
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) {
      if (isValid(part, index)) validity[(start + index) >> 3]! |= 1 << ((start + index) & 7)
    }
    start += part.length
  }
  return Object.assign(all, { validity })
}
