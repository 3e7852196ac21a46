import type { Bound } from '../format/parquet/statistics.ts'
import type { LogicalType } from '../types/logical-type.ts'
import type { Constant } from './predicate.ts'

/** A set of values that compare with each other, and how its members are written as a {@link Bound}. */
export type Domain =
  | { readonly kind: 'boolean' | 'double' | 'float' | 'date' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | {
      readonly kind: 'instant'
      readonly type: 'TIMESTAMP' | 'TIMESTAMP WITH TIME ZONE' | 'TIMESTAMP_NS'
      readonly perSecond: bigint
    }
  | { readonly kind: 'bytes'; readonly type: 'varchar' | 'blob' | 'uuid' }

interface Range {
  readonly domain: Domain
  readonly min?: Bound
  readonly max?: Bound
}

const integers = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/
const maximumScale = 38

/** The domain of a type whose statistics can be compared; undefined for all others. */
export function domainOf(type: LogicalType): Domain | undefined {
  switch (type.kind) {
    case 'boolean':
    case 'double':
    case 'float':
    case 'date':
      return { kind: type.kind }
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
    case 'ubigint':
      return { kind: 'decimal', scale: 0 }
    case 'decimal':
      return { kind: 'decimal', scale: type.scale }
    case 'timestamp':
      return { kind: 'instant', type: 'TIMESTAMP', perSecond: 1_000_000n }
    case 'timestamptz':
      return { kind: 'instant', type: 'TIMESTAMP WITH TIME ZONE', perSecond: 1_000_000n }
    case 'timestamp_ns':
      return { kind: 'instant', type: 'TIMESTAMP_NS', perSecond: 1_000_000_000n }
    case 'varchar':
    case 'blob':
    case 'uuid':
      return { kind: 'bytes', type: type.kind }
    default:
      return undefined
  }
}

/** Whether bounds of both compare with each other. */
export function isSameDomain(a: Domain, b: Domain): boolean {
  return a.kind === b.kind && scaleOf(a) === scaleOf(b) && typeOf(a) === typeOf(b)
}

function scaleOf(domain: Domain): number {
  return domain.kind === 'decimal' ? domain.scale : 0
}

function typeOf(domain: Domain): string {
  return domain.kind === 'instant' || domain.kind === 'bytes' ? domain.type : domain.kind
}

/** The range behind casts that keep order, innermost first; undefined when one may not, or may fail. */
export function throughCasts(range: Range, casts: readonly string[]): Range | undefined {
  let current: Range | undefined = range
  for (const cast of casts) current = current === undefined ? undefined : throughCast(current, cast)
  return current
}

function throughCast(range: Range, type: string): Range | undefined {
  const { domain } = range
  if (domain.kind === 'decimal') {
    // Values do not change, only where the point is printed; too small a type fails the query itself.
    const scale = integers.test(type) ? 0 : Number(/^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1] ?? -1)
    if (scale >= domain.scale)
      return mapped(
        range,
        { kind: 'decimal', scale },
        (value) => (value as bigint) * 10n ** BigInt(scale - domain.scale),
      )
    return type === 'DOUBLE' && domain.scale === 0 ? mapped(range, { kind: 'double' }, Number) : undefined
  }
  if (domain.kind === 'float' && type === 'DOUBLE') return { ...range, domain: { kind: 'double' } }
  if (domain.kind === 'date' && type === 'TIMESTAMP') {
    return mapped(range, { kind: 'instant', type, perSecond: 1_000_000n }, (days) => (days as bigint) * 86_400_000_000n)
  }
  if (domain.kind === 'instant' && domain.type === 'TIMESTAMP' && type === 'DATE') {
    return mapped(range, { kind: 'date' }, (instant) => floorDivide(instant as bigint, 86_400_000_000n))
  }
  return undefined
}

function mapped({ min, max }: Range, domain: Domain, map: (bound: Bound) => Bound): Range {
  return { domain, ...(min === undefined ? {} : { min: map(min) }), ...(max === undefined ? {} : { max: map(max) }) }
}

/** A constant as a member of `domain`; undefined when it is none for certain. */
export function literal(constant: Constant, domain: Domain): Bound | undefined {
  const { kind, value, type } = constant
  switch (domain.kind) {
    case 'boolean':
      return kind === 'boolean' ? value === 'true' : undefined
    case 'decimal':
      return kind === 'number' && (type === undefined || integers.test(type)) ? decimal(value, domain.scale) : undefined
    case 'double':
      return kind === 'number' && type === undefined ? Number(value) : undefined
    case 'float':
      return kind === 'number' && type === undefined ? Math.fround(Number(value)) : undefined
    case 'date':
      return kind === 'string' && type === 'DATE' ? day(value) : undefined
    case 'instant':
      return kind === 'string' && type === domain.type ? instant(value, domain) : undefined
    case 'bytes':
      return kind === 'string' ? bytes(value, type, domain.type) : undefined
    default:
      throw domain satisfies never
  }
}

function decimal(text: string, scale: number): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text)
  if (match === null) return undefined
  const fraction = (match[3] ?? '').replace(/0+$/, '')
  if (fraction.length > scale || scale > maximumScale) return undefined
  const unscaled = BigInt(match[2]! + fraction.padEnd(scale, '0'))
  return match[1] === '-' ? -unscaled : unscaled
}

function day(text: string): bigint | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (match === null) return undefined
  const milliseconds = utc(Number(match[1]), Number(match[2]), Number(match[3]))
  return BigInt(milliseconds / 86_400_000)
}

function instant(text: string, { type, perSecond }: Domain & { kind: 'instant' }): bigint | undefined {
  const match =
    /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:([+-])(\d{2})(?::(\d{2}))?(?::(\d{2}))?)?$/.exec(
      text,
    )
  if (match === null || (match[8] !== undefined) !== (type === 'TIMESTAMP WITH TIME ZONE')) return undefined
  const digits = perSecond === 1_000_000n ? 6 : 9
  const fraction = match[7] ?? ''
  if (fraction.length > digits) return undefined
  const number = (index: number): number => Number(match[index] ?? 0)
  const seconds = utc(number(1), number(2), number(3)) / 1000 + number(4) * 3600 + number(5) * 60 + number(6)
  const offset = (number(9) * 3600 + number(10) * 60 + number(11)) * (match[8] === '-' ? -1 : 1)
  return BigInt(seconds - offset) * perSecond + BigInt(fraction.padEnd(digits, '0'))
}

/** Milliseconds of midnight; `Date.UTC` would take years below 100 for those of the last century. */
function utc(year: number, month: number, date: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, date)
}

function bytes(text: string, type: string | undefined, wanted: 'varchar' | 'blob' | 'uuid'): Uint8Array | undefined {
  if (wanted === 'varchar') return type === undefined || type === 'VARCHAR' ? new TextEncoder().encode(text) : undefined
  if (wanted === 'uuid') return type === 'UUID' ? hexadecimal(text.replaceAll('-', '')) : undefined
  if (type !== 'BLOB') return undefined
  const codes = text.replaceAll(/\\x([0-9A-F]{2})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  return /^[\0-\xff]*$/.test(codes) ? Uint8Array.from(codes, (character) => character.charCodeAt(0)) : undefined
}

function hexadecimal(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{32}$/i.test(text)) return undefined
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16))
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
