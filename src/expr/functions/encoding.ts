import { LakefrontError } from '../../errors.ts'
import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `ascii(value)`: the code point of the first character, 0 for empty text. */
export function ascii<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('ascii(string) integer', 'scalar', [argumentNode(value)])
}

/** `chr(CAST(value AS INTEGER))`: the character of a code point (PySpark takes it modulo 256). */
export function chr<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('chr(integer) varchar', 'scalar', [argumentNode(value)])
}

/** `to_base64(value)`: text is taken as UTF-8. */
export function base64<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('base64(string|binary) varchar', 'scalar', [argumentNode(value)])
}

/** `from_base64(value)` */
export function unbase64<A extends Argument>(
  value: A,
): Column<Deferred<'bytes', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('unbase64(string) blob', 'scalar', [argumentNode(value)])
}

/** `bin(CAST(value AS BIGINT))`: in base 2. */
export function bin<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('bin(integer) varchar', 'scalar', [argumentNode(value)])
}

/** `hex(value)` */
export function hex<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('hex(string|binary|integer) varchar', 'scalar', [argumentNode(value)])
}

/** `TRY(unhex(value))`: NULL where it is not hexadecimal. */
export function unhex<A extends Argument>(
  value: A,
): Column<Deferred<'bytes', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('unhex(string) blob', 'scalar', [argumentNode(value)])
}

/** `CAST(8 * octet_length(value) AS INTEGER)` */
export function bitLength<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('bitLength(string|binary) integer', 'scalar', [argumentNode(value)])
}

/** `CAST(octet_length(value) AS INTEGER)`: in bytes of UTF-8. */
export function octetLength<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('octetLength(string|binary) integer', 'scalar', [argumentNode(value)])
}

/** `encode(value)`: the bytes of the text. UTF-8 is the one character set. */
export function encode<A extends Argument>(
  value: A,
  charset = 'UTF-8',
): Column<Deferred<'bytes', [ArgumentType<A>]>, Wants<'string', A>, string> {
  checkCharset('encode', charset)
  return callOf('encode(string) blob', 'scalar', [argumentNode(value)])
}

/** `decode(value)`: the text of bytes. UTF-8 is the one character set. */
export function decode<A extends Argument>(
  value: A,
  charset = 'UTF-8',
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'binary', A>, string> {
  checkCharset('decode', charset)
  return callOf('decode(binary) varchar', 'scalar', [argumentNode(value)])
}

/** `unhex(value)`, `encode(value)` or `from_base64(value)`: bytes of text in `hex` (as by default), `utf-8` or `base64`. */
export function toBinary<A extends Argument>(
  value: A,
  format: 'hex' | 'utf-8' | 'utf8' | 'base64' = 'hex',
): Column<Deferred<'bytes', [ArgumentType<A>]>, Wants<'string', A>, string> {
  const names: Readonly<Record<string, string>> = {
    hex: 'unhexStrict',
    'utf-8': 'encode',
    utf8: 'encode',
    base64: 'unbase64',
  }
  const name = Object.hasOwn(names, format) ? names[format] : undefined
  if (name === undefined) {
    throw new LakefrontError('INVALID_ARGUMENT', `toBinary(): "${format}" is no format. Formats: hex, utf-8, base64.`)
  }
  return callOf(`${name}(string) blob`, 'scalar', [argumentNode(value)])
}

/** `TRY(unhex(value))` …: as {@link toBinary}, NULL where the text is not of that format. */
export function tryToBinary<A extends Argument>(
  value: A,
  format: 'hex' | 'utf-8' | 'utf8' | 'base64' = 'hex',
): Column<Uint8Array | null, Wants<'string', A>, string> {
  return callOf('try(T) T', 'scalar', [toBinary(value, format).node])
}

function checkCharset(name: string, charset: string): void {
  if (/^utf-?8$/i.test(charset)) return
  throw new LakefrontError('UNSUPPORTED', `${name}(): the character set "${charset}" is not offered; UTF-8 is.`)
}
