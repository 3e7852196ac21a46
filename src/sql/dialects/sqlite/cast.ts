import type { LogicalType } from '../../../types/logical-type.ts'
import { parseType, typeName } from '../../../types/type-names.ts'
import { isFloat, isInteger } from '../../types.ts'
import { asText, failure } from './values.ts'
import { unsupported } from '../unsupported.ts'

const ranges: Partial<Record<LogicalType['kind'], readonly [low: string, high: string]>> = {
  tinyint: ['-128', '127'],
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['(-9223372036854775807 - 1)', '9223372036854775807'],
}

/** A cast that fails where ours fails, or makes NULL when it is `safe`: SQLite's own makes something of everything. */
export function sqliteCast(operand: string, name: string, safe: boolean, from: LogicalType | undefined): string {
  const type = parseType(name)
  if (from !== undefined && typeName(from) === name) return operand
  if (from?.kind === 'null') return 'NULL'
  if (from === undefined) throw unsupported('sqlite', `A cast of a value of unknown type to ${name}`)
  const otherwise = safe ? 'NULL' : failure
  const checked = (condition: string, result: string): string =>
    `CASE WHEN ${condition} THEN ${result} WHEN ${operand} IS NOT NULL THEN ${otherwise} END`
  if (type.kind === 'varchar') return asText(operand, from)
  if (type.kind === 'double') {
    if (isInteger(from) || isFloat(from) || from.kind === 'boolean') return `CAST(${operand} AS REAL)`
  } else if (type.kind === 'boolean') {
    if (isInteger(from) || isFloat(from)) return `(${operand} <> 0)`
  } else if (ranges[type.kind] !== undefined) {
    const [low, high] = ranges[type.kind]!
    if (from.kind === 'boolean') return `(+${operand})`
    if (isInteger(from)) return checked(`${operand} BETWEEN ${low} AND ${high}`, operand)
    if (isFloat(from)) {
      const inside =
        type.kind === 'bigint'
          ? `${operand} >= -9.2233720368547758e18 AND ${operand} < 9.2233720368547758e18`
          : `${operand} BETWEEN ${low} AND ${high}`
      return checked(inside, `CAST(${operand} AS INTEGER)`)
    }
    if (from.kind === 'varchar') {
      const digits = `CAST(${operand} AS INTEGER)`
      return checked(`CAST(${digits} AS TEXT) = ${operand} AND ${digits} BETWEEN ${low} AND ${high}`, digits)
    }
  } else if (type.kind === 'date') {
    if (from.kind === 'timestamp') return `substr(${operand}, 1, 10)`
    if (from.kind === 'varchar') return checked(`date(${operand}) = ${operand}`, operand)
  } else if (type.kind === 'timestamp') {
    if (from.kind === 'date') return `(${operand} || ' 00:00:00')`
    if (from.kind === 'varchar')
      return checked(
        `strftime('%Y-%m-%d %H:%M:%S', substr(${operand}, 1, 19)) IN (substr(${operand}, 1, 19), ${operand} || ' 00:00:00') AND (length(${operand}) <= 19 OR (length(${operand}) <= 26 AND substr(${operand}, 20) GLOB '.[0-9]*' AND substr(${operand}, 21) NOT GLOB '*[^0-9]*'))`,
        `(substr(${operand}, 1, 10) || coalesce(nullif(substr(${operand}, 11, 9), ''), ' 00:00:00') || rtrim(rtrim(substr(${operand}, 20), '0'), '.'))`,
      )
  }
  throw unsupported('sqlite', `A cast of ${typeName(from)} to ${name}`)
}
