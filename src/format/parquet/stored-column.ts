import { bitText } from '../../types/bytes-text.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { expandDictionary } from '../../types/expand-dictionary.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { encodeTexts } from '../../types/text-encoding.ts'
import { bytesOf, typedView } from '../../types/typed-view.ts'
import { isValid } from '../../types/validity.ts'
import { inField, unfitValue } from '../unfit-value.ts'

const largestOffset = 16n * 3600n - 1n
const microsecondsPerDay = 86_400_000_000n
const infinite = 2n ** 63n - 1n
const hugeLimit = 10n ** 38n

/**
 * A column with its leaves in the layout that is stored: itself, unless `leafStorage` stores one in another way. Fails with
 * a `ConversionFailure` for values that what is stored cannot hold.
 */
export function storedColumn(type: LogicalType, column: ColumnData): ColumnData {
  switch (type.kind) {
    case 'list':
    case 'array':
      return { ...column, children: [storedColumn(type.element, column.children![0]!)] }
    case 'map': {
      const [entries] = column.children!
      const [keys, values] = entries!.children!
      return {
        ...column,
        children: [{ ...entries!, children: [storedColumn(type.key, keys!), storedColumn(type.value, values!)] }],
      }
    }
    case 'struct':
      return {
        ...column,
        children: type.fields.map((field, index) =>
          inField(field.name, () => storedColumn(field.type, column.children![index]!)),
        ),
      }
    case 'varchar':
    case 'json':
    case 'blob':
      return expandDictionary(column)
    case 'enum':
      return enumTexts(type.values, column)
    case 'bit':
      return bitTexts(column)
    case 'hugeint':
    case 'uhugeint':
      checkHuge(type, column)
      return column
    case 'timetz':
      return converted(column, (value) => {
        const offset = largestOffset - (value & 0xff_ffffn)
        return modulo((value >> 24n) - offset * 1_000_000n, microsecondsPerDay)
      })
    case 'timestamp_s':
      return converted(column, (value, row) => {
        const isInfinite = value === infinite || value === -infinite
        const stored = isInfinite ? value : value * 1_000_000n
        if (BigInt.asIntN(64, stored) === stored) return stored
        throw unfitValue(type, column, row, 'is beyond 64 bits in microseconds; Parquet has no timestamps of seconds')
      })
    case 'interval':
      return intervals(type, column)
    default:
      return column
  }
}

function converted(column: ColumnData, convert: (value: bigint, row: number) => bigint): ColumnData {
  const given = typedView(BigInt64Array, column.values, column.length)
  const values = given.map((value, index) => (isValid(column, index) ? convert(value, index) : 0n))
  return { ...column, values: bytesOf(values) }
}

function modulo(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by
}

function enumTexts(values: readonly string[], column: ColumnData): ColumnData {
  const { length, nullCount, validity } = column
  const Codes = values.length <= 0x100 ? Uint8Array : values.length <= 0x1_0000 ? Uint16Array : Uint32Array
  const codes = Int32Array.from(typedView<ArrayLike<number>>(Codes, column.values, length))
  const dictionary = { length: values.length, nullCount: 0, ...encodeTexts(values, String) }
  return expandDictionary({
    length,
    nullCount,
    ...(validity === undefined ? {} : { validity }),
    values: bytesOf(codes),
    dictionary,
  })
}

function bitTexts(column: ColumnData): ColumnData {
  const offsets = column.offsets ?? new Int32Array(1)
  const bytes = column.values ?? new Uint8Array(0)
  const texts = Array.from({ length: column.length }, (_, index) =>
    isValid(column, index) ? bitText(bytes.subarray(offsets[index]!, offsets[index + 1]!)) : '',
  )
  return { ...column, ...encodeTexts(texts, String) }
}

function checkHuge(type: LogicalType, column: ColumnData): void {
  const low = typedView(BigUint64Array, column.values, column.length * 2)
  const high = type.kind === 'hugeint' ? typedView(BigInt64Array, column.values, column.length * 2) : low
  const near = hugeLimit >> 64n
  for (let index = 0; index < column.length; index++) {
    const top = high[index * 2 + 1]!
    if (top > -near && top < near) continue
    const value = (top << 64n) | low[index * 2]!
    if ((value >= hugeLimit || value <= -hugeLimit) && isValid(column, index)) {
      throw unfitValue(type, column, index, 'has 39 digits; Parquet holds whole numbers of 38')
    }
  }
}

/** Months, days and milliseconds, none of them negative. */
function intervals(type: LogicalType, column: ColumnData): ColumnData {
  const words = typedView(Int32Array, column.values, column.length * 4)
  const clocks = typedView(BigInt64Array, column.values, column.length * 2)
  const stored = new Uint32Array(column.length * 3)
  for (let index = 0; index < column.length; index++) {
    if (!isValid(column, index)) continue
    const [months, days, clock] = [words[index * 4]!, words[index * 4 + 1]!, clocks[index * 2 + 1]!]
    const millis = clock / 1000n
    const problem =
      months < 0 || days < 0 || clock < 0n
        ? 'is negative; Parquet holds none such'
        : clock % 1000n !== 0n
          ? 'has microseconds; Parquet holds intervals in milliseconds'
          : millis > 0xffff_ffffn
            ? 'has more than 49 days in its time; Parquet holds no such'
            : undefined
    if (problem !== undefined) throw unfitValue(type, column, index, problem)
    stored.set([months, days, Number(millis)], index * 3)
  }
  return { ...column, values: bytesOf(stored) }
}
