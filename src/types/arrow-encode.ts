import { Data, type DataType, Null, type SparseUnion, Utf8, Vector } from 'apache-arrow'
import { LakefrontError } from '../errors.ts'
import type { ColumnData } from './column-data.ts'
import { columnFromValues } from './column-from-values.ts'
import { expandDictionary } from './expand-dictionary.ts'
import type { LogicalType } from './logical-type.ts'
import { typedView } from './typed-view.ts'
import { isValid } from './validity.ts'
import { scaledReader } from './value-reader.ts'

/** Makes Arrow data of columns of one field; columns of one encoder share the dictionaries of enums. */
export type ArrowEncoder = (column: ColumnData) => Data

const [offsetSlot, valueSlot, validitySlot, typeSlot] = [0, 1, 2, 3]
const noBytes: Uint8Array = new Uint8Array(0)

/** Compiles an encoder of `type` into `arrowType`, as `arrowSchema` chose it. Buffers are shared where the layouts are equal. */
export function arrowEncoder(type: LogicalType, arrowType: DataType): ArrowEncoder {
  const flat = (values: (column: ColumnData) => ArrayBufferView): ArrowEncoder => {
    return (column) => data(arrowType, column, { [valueSlot]: values(column) })
  }
  const children = (arrowType as { children?: readonly { type: DataType }[] }).children ?? []
  switch (type.kind) {
    case 'null':
      return (column) => new Data(arrowType, 0, column.length, column.length)
    case 'boolean':
      return flat((column) => column.values ?? noBytes)
    case 'tinyint':
      return flat((column) => typedView(Int8Array, column.values, column.length))
    case 'smallint':
      return flat((column) => typedView(Int16Array, column.values, column.length))
    case 'integer':
    case 'date':
      return flat((column) => typedView(Int32Array, column.values, column.length))
    case 'utinyint':
      return flat((column) => typedView(Uint8Array, column.values, column.length))
    case 'usmallint':
      return flat((column) => typedView(Uint16Array, column.values, column.length))
    case 'uinteger':
      return flat((column) => typedView(Uint32Array, column.values, column.length))
    case 'float':
      return flat((column) => typedView(Float32Array, column.values, column.length))
    case 'double':
      return flat((column) => typedView(Float64Array, column.values, column.length))
    case 'ubigint':
      return flat((column) => typedView(BigUint64Array, column.values, column.length))
    case 'bigint':
    case 'timetz':
    case 'time':
    case 'time_ns':
    case 'timestamp':
    case 'timestamp_s':
    case 'timestamp_ms':
    case 'timestamp_ns':
    case 'timestamptz':
      return flat((column) => typedView(BigInt64Array, column.values, column.length))
    case 'hugeint':
    case 'uhugeint':
    case 'uuid':
      return flat((column) => typedView(Uint8Array, column.values, column.length * 16))
    case 'decimal':
      return flat((column) => wideDecimals(type.precision, column))
    case 'interval':
      return flat(monthDayNanos)
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit':
      return (column) => {
        const plain = expandDictionary(column)
        return data(arrowType, plain, {
          [offsetSlot]: plain.offsets ?? new Int32Array(1),
          [valueSlot]: plain.values ?? noBytes,
        })
      }
    case 'enum':
      return enumEncoder(type.values, arrowType)
    case 'list': {
      const element = arrowEncoder(type.element, children[0]!.type)
      return (column) =>
        data(arrowType, column, { [offsetSlot]: column.offsets ?? new Int32Array(1) }, [element(column.children![0]!)])
    }
    case 'array': {
      const element = arrowEncoder(type.element, children[0]!.type)
      return (column) => data(arrowType, column, {}, [element(column.children![0]!)])
    }
    case 'struct': {
      const encoders = type.fields.map((field, index) => arrowEncoder(field.type, children[index]!.type))
      return (column) =>
        data(
          arrowType,
          column,
          {},
          encoders.map((encode, index) => encode(column.children![index]!)),
        )
    }
    case 'map': {
      const fields = [type.key, type.value].map((kind, index) => ({
        name: index === 0 ? 'key' : 'value',
        type: kind,
        nullable: true,
      }))
      const entries = arrowEncoder({ kind: 'struct', fields }, children[0]!.type)
      return (column) =>
        data(arrowType, column, { [offsetSlot]: column.offsets ?? new Int32Array(1) }, [entries(column.children![0]!)])
    }
    case 'union':
      return unionEncoder(
        type.members.map((member, index) => arrowEncoder(member.type, children[index]!.type)),
        arrowType,
      )
    default:
      return type satisfies never
  }
}

/** The same for a varchar, json or blob column that stays dictionary encoded; columns must share one dictionary. */
export function dictionaryEncoder(type: LogicalType, dictionary: ColumnData, arrowType: DataType): ArrowEncoder {
  const valueType = (arrowType as unknown as { dictionary: DataType }).dictionary
  const vector = new Vector([arrowEncoder(type, valueType)(dictionary)])
  return (column) =>
    data(arrowType, column, { [valueSlot]: typedView(Int32Array, column.values, column.length) }, [], vector)
}

function data(
  type: DataType,
  column: ColumnData,
  buffers: Record<number, ArrayBufferView>,
  children: Data[] = [],
  dictionary?: Vector,
): Data {
  const validity = column.nullCount === 0 ? noBytes : (column.validity ?? noBytes)
  return new Data(
    type,
    0,
    column.length,
    column.nullCount,
    { ...buffers, [validitySlot]: validity },
    children,
    dictionary,
  )
}

function enumEncoder(values: readonly string[], arrowType: DataType): ArrowEncoder {
  const vector = new Vector([
    arrowEncoder({ kind: 'varchar' }, new Utf8())(columnFromValues({ kind: 'varchar' }, values)),
  ])
  const codes = values.length <= 0x100 ? Uint8Array : values.length <= 0x1_0000 ? Uint16Array : Uint32Array
  return (column) =>
    data(
      arrowType,
      column,
      { [valueSlot]: typedView<ArrayBufferView>(codes, column.values, column.length) },
      [],
      vector,
    )
}

/** A sparse union has no validity of its own: rows that are null take the additional member of type null. */
function unionEncoder(members: readonly ArrowEncoder[], arrowType: DataType): ArrowEncoder {
  return (column) => {
    const { length } = column
    const tags = Int8Array.from(typedView(Uint8Array, column.values, length))
    if (column.nullCount > 0)
      for (let index = 0; index < length; index++) if (!isValid(column, index)) tags[index] = members.length
    const children = [
      ...members.map((encode, index) => encode(column.children![index]!)),
      new Data(new Null(), 0, length, length),
    ]
    return new Data(arrowType as SparseUnion, 0, length, 0, { [typeSlot]: tags } as never, children)
  }
}

function wideDecimals(precision: number, column: ColumnData): Uint32Array {
  const { length } = column
  if (precision > 18) return typedView(Uint32Array, column.values, length * 4)
  const wide = new Int32Array(length * 4)
  if (precision > 9) {
    const halves = typedView(Int32Array, column.values, length * 2)
    for (let index = 0; index < length; index++) {
      const high = halves[index * 2 + 1]!
      wide[index * 4] = halves[index * 2]!
      wide[index * 4 + 1] = high
      wide[index * 4 + 2] = wide[index * 4 + 3] = high >> 31
    }
  } else {
    const scaled = scaledReader(precision, column.values, length) as (index: number) => number
    for (let index = 0; index < length; index++) {
      const value = scaled(index)
      wide[index * 4] = value
      wide[index * 4 + 1] = wide[index * 4 + 2] = wide[index * 4 + 3] = value >> 31
    }
  }
  return new Uint32Array(wide.buffer)
}

function monthDayNanos(column: ColumnData): Int32Array {
  const { length } = column
  const words = typedView(Int32Array, column.values, length * 4).slice()
  const clocks = new BigInt64Array(words.buffer)
  for (let index = 0; index < length; index++) {
    const nanoseconds = isValid(column, index) ? clocks[index * 2 + 1]! * 1000n : 0n
    if (BigInt.asIntN(64, nanoseconds) !== nanoseconds) {
      throw new LakefrontError(
        'INVALID_VALUE',
        `An INTERVAL has a time of day beyond what Arrow holds (±292 years in nanoseconds). Cast it to VARCHAR to export it.`,
      )
    }
    clocks[index * 2 + 1] = nanoseconds
  }
  return words
}
