import type { ColumnData } from '../types/column-data.ts'
import { ConversionFailure } from '../types/conversion-failure.ts'
import { formatValue } from '../types/format-value.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { typeName } from '../types/type-names.ts'
import { valueReader } from '../types/value-reader.ts'

/** Letters of a value that are quoted. */
const mostLetters = 60

/** A value of `column` that a format does not hold: quotes it, and says why. Which column it is says {@link inField}. */
export function unfitValue(type: LogicalType, column: ColumnData, row: number, why: string): ConversionFailure {
  const text = formatValue(valueReader(type, column)(row), type)
  const short = text.length > mostLetters ? `${text.slice(0, mostLetters)}…` : text
  return new ConversionFailure('INVALID_VALUE', `the ${typeName(type)} ${short} ${why}`)
}

/** Does `work` on a column, or a field of a struct: a value that fails is then told to be in it. */
export function inField<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw located(error, name)
  }
}

/** `error`, of a value told to be in the column or field `name`. */
export function located(error: unknown, name: string): unknown {
  if (error instanceof ConversionFailure) error.path = error.path === '' ? name : `${name}.${error.path}`
  return error
}
