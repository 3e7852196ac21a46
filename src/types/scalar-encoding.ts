import { ConversionFailure, describeValue } from './conversion-failure.ts'
import type { LogicalType } from './logical-type.ts'
import { parseDate, parseTime, parseTimestamp, parseTimetz } from './temporal-parse.ts'
import { typeName } from './type-names.ts'

/** The failure for a value whose JavaScript type does not fit. */
export function mismatch(type: LogicalType, value: unknown, expected: string): ConversionFailure {
  return new ConversionFailure('TYPE_MISMATCH', `${typeName(type)} takes ${expected}, not ${describeValue(value)}.`)
}

/** An integer within the limits of `type`, from a number or bigint. */
export function encodeInteger(type: LogicalType, value: unknown, low: bigint, high: bigint): bigint {
  if (typeof value !== 'bigint' && typeof value !== 'number') throw mismatch(type, value, 'a number or bigint')
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw new ConversionFailure('INVALID_VALUE', `${typeName(type)} takes whole numbers only.`)
  }
  const integer = BigInt(value)
  if (integer < low || integer > high) {
    throw new ConversionFailure(
      'INVALID_VALUE',
      `A number is out of the range of ${typeName(type)}, ${low} to ${high}.`,
    )
  }
  return integer
}

/** {@link encodeInteger} for types of 32 bits and less. */
export function encodeSmallInteger(type: LogicalType, value: unknown, low: number, high: number): number {
  if (typeof value === 'number' && value >= low && value <= high && Math.floor(value) === value) return value
  return Number(encodeInteger(type, value, BigInt(low), BigInt(high)))
}

/** A floating point number, from a number, or from a bigint that it holds exactly. */
export function encodeFloat(type: LogicalType, value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'bigint') throw mismatch(type, value, 'a number')
  const float = Number(value)
  if (!Number.isFinite(float) || BigInt(float) !== value) {
    throw new ConversionFailure('INVALID_VALUE', `A bigint has more digits than ${typeName(type)} holds.`)
  }
  return float
}

const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i

/**
 * The scaled integer of a decimal, from text (exact: digits that do not fit are an error), a bigint, or a number (rounded,
 * half away from zero, as its shortest text reads).
 */
export function encodeDecimal(type: LogicalType & { kind: 'decimal' }, value: unknown): bigint {
  const { precision, scale } = type
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    throw mismatch(type, value, "text such as '12.30', a number or a bigint")
  }
  const match = decimalPattern.exec(typeof value === 'string' ? value.trim() : String(value))
  const [, sign, whole = '', fraction = '', power = '0'] = match ?? []
  if (match === null || whole + fraction === '') {
    throw new ConversionFailure('INVALID_VALUE', `A ${typeof value} is no number that ${typeName(type)} holds.`)
  }
  const digits = whole + fraction
  const shift = Number(power) - fraction.length + scale
  let scaled: bigint
  if (/^0*$/.test(digits)) scaled = 0n
  else if (shift >= 0)
    scaled = shift + digits.replace(/^0+/, '').length > 60 ? 10n ** 60n : BigInt(digits) * 10n ** BigInt(shift)
  else {
    const kept = digits.length + shift > 0 ? digits.slice(0, shift) : ''
    const dropped = digits.slice(kept.length).padStart(-shift, '0')
    if (typeof value === 'string' && /[1-9]/.test(dropped)) {
      throw new ConversionFailure(
        'INVALID_VALUE',
        `A text has more than the ${scale} digits after the point of ${typeName(type)}.`,
      )
    }
    scaled = BigInt(kept || '0') + (dropped >= '5' ? 1n : 0n)
  }
  if (scaled >= 10n ** BigInt(precision)) {
    throw new ConversionFailure('INVALID_VALUE', `A ${typeof value} has too many digits for ${typeName(type)}.`)
  }
  return sign === '-' ? -scaled : scaled
}

/** Days since 1970-01-01, from text or from the UTC date of a `Date`. */
export function encodeDate(type: LogicalType, value: unknown): number {
  if (value instanceof Date) return Math.floor(milliseconds(value) / 86_400_000)
  return parsed(type, value, parseDate, "text such as '2024-02-29', or a Date")
}

/** Units of 10^-`digits` seconds since 1970, from text or a `Date`. */
export function encodeTimestamp(type: LogicalType, value: unknown, digits: 0 | 3 | 6 | 9): bigint {
  if (value instanceof Date) {
    const time = BigInt(milliseconds(value))
    if (digits !== 0) return limited(type, time * 10n ** BigInt(digits - 3))
    if (time % 1000n !== 0n)
      throw new ConversionFailure('INVALID_VALUE', `A Date has milliseconds, ${typeName(type)} has none.`)
    return time / 1000n
  }
  const takesOffset = type.kind === 'timestamptz'
  const expected = `text such as '2024-02-29 12:30:00${takesOffset ? '+02' : ''}', or a Date`
  return parsed(type, value, (text) => parseTimestamp(text, digits, takesOffset), expected)
}

/** Units of 10^-`digits` seconds since midnight. */
export function encodeTime(type: LogicalType, value: unknown, digits: 6 | 9): bigint {
  return BigInt(parsed(type, value, (text) => parseTime(text, digits), "text such as '12:30:00'"))
}

/** A TIME WITH TIME ZONE as DuckDB packs it. */
export function encodeTimetz(type: LogicalType, value: unknown): bigint {
  return parsed(type, value, parseTimetz, "text such as '12:30:00+02'")
}

/** The result of `parse` on text; failures say what `expected`, but not what was given. */
export function parsed<T>(
  type: LogicalType,
  value: unknown,
  parse: (text: string) => T | undefined,
  expected: string,
): T {
  if (typeof value !== 'string') throw mismatch(type, value, expected)
  const result = parse(value)
  if (result !== undefined) return result
  throw new ConversionFailure('INVALID_VALUE', `A text is no ${typeName(type)} or out of its range. Give ${expected}.`)
}

function limited(type: LogicalType, units: bigint): bigint {
  if (BigInt.asIntN(64, units) === units) return units
  throw new ConversionFailure('INVALID_VALUE', `A Date is out of the range of ${typeName(type)}.`)
}

function milliseconds(date: Date): number {
  const time = date.getTime()
  if (Number.isNaN(time)) throw new ConversionFailure('INVALID_VALUE', 'A Date is invalid.')
  return time
}

/** JSON text as it is, anything else as `JSON.stringify` writes it. */
export function encodeJson(value: unknown): string {
  if (typeof value === 'string') return value
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    text = undefined
  }
  if (text === undefined) throw mismatch({ kind: 'json' }, value, 'JSON text, or what JSON can hold')
  return text
}

/** DuckDB's bytes of a BIT; undefined when the text is not of 0 and 1. */
export function parseBit(text: string): Uint8Array | undefined {
  if (!/^[01]+$/.test(text)) return undefined
  const padding = (8 - (text.length % 8)) % 8
  const padded = '1'.repeat(padding) + text
  const bytes = new Uint8Array(1 + padded.length / 8)
  bytes[0] = padding
  for (let index = 1; index < bytes.length; index++)
    bytes[index] = Number.parseInt(padded.slice(index * 8 - 8, index * 8), 2)
  return bytes
}

/** The 32 digits of a UUID; undefined when the text is none. */
export function parseUuid(text: string): string | undefined {
  const hexadecimal = text.replace(/^\{(.*)\}$/, '$1').replaceAll('-', '')
  return /^[0-9a-f]{32}$/i.test(hexadecimal) ? hexadecimal : undefined
}
