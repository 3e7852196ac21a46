import type { FixedBuilder } from '../column-builder.ts'
import { AvroFailure } from './avro-failure.ts'
import type { Cursor } from './cursor.ts'

/** Reads one value and appends it to a column. */
export type Append = (cursor: Cursor) => void

export function intAsInteger(builder: FixedBuilder): Append {
  return (cursor) => {
    builder.room()
    builder.words[builder.length++] = cursor.int()
  }
}

export function intAsBigint(builder: FixedBuilder): Append {
  return (cursor) => {
    builder.room()
    const value = cursor.int()
    const at = builder.length++ * 2
    builder.words[at] = value
    builder.words[at + 1] = value >> 31
  }
}

export function longAsBigint(builder: FixedBuilder): Append {
  return (cursor) => {
    builder.room()
    cursor.long()
    const at = builder.length++ * 2
    builder.words[at] = cursor.low
    builder.words[at + 1] = cursor.high
  }
}

/** Milliseconds as microseconds, of an int or a long. */
export function millisAsMicros(builder: FixedBuilder, isInt: boolean): Append {
  return (cursor) => {
    builder.room()
    if (isInt) {
      cursor.low = cursor.int()
      cursor.high = cursor.low >> 31
    } else cursor.long()
    const at = builder.length++ * 2
    const { high } = cursor
    const millis = high * 2 ** 32 + (cursor.low >>> 0)
    if (high < -2048 || high >= 2048) return putProduct(builder.words, at, cursor)
    const micros = millis * 1000
    const upper = Math.floor(micros / 2 ** 32)
    builder.words[at] = micros - upper * 2 ** 32
    builder.words[at + 1] = upper
  }
}

/** Beyond what a number holds exactly. */
function putProduct(words: Int32Array, at: number, { low, high }: Cursor): void {
  const micros = ((BigInt(high) << 32n) | BigInt(low >>> 0)) * 1000n
  if (BigInt.asIntN(64, micros) !== micros)
    throw new AvroFailure('a time in milliseconds is out of the range of microseconds', { code: 'INVALID_VALUE' })
  words[at] = Number(BigInt.asIntN(32, micros))
  words[at + 1] = Number(micros >> 32n)
}

export function floatAsFloat(builder: FixedBuilder): Append {
  return (cursor) => {
    builder.room()
    builder.floats[builder.length++] = takeFloat(cursor)
  }
}

/** A number of any encoding as a float or double. */
export function numberAs(
  to: 'float' | 'double',
  from: 'int' | 'long' | 'float' | 'double',
  builder: FixedBuilder,
): Append {
  const take = { int: takeInt, long: takeLong, float: takeFloat, double: takeDouble }[from]
  if (to === 'float') {
    return (cursor) => {
      builder.room()
      builder.floats[builder.length++] = take(cursor)
    }
  }
  return (cursor) => {
    builder.room()
    builder.doubles[builder.length++] = take(cursor)
  }
}

export function doubleAsDouble(builder: FixedBuilder): Append {
  return (cursor) => {
    builder.room()
    builder.doubles[builder.length++] = takeDouble(cursor)
  }
}

function takeInt(cursor: Cursor): number {
  return cursor.int()
}

function takeLong(cursor: Cursor): number {
  cursor.long()
  return cursor.high * 2 ** 32 + (cursor.low >>> 0)
}

function takeFloat(cursor: Cursor): number {
  const value = cursor.view.getFloat32(cursor.position, true)
  cursor.position += 4
  return value
}

function takeDouble(cursor: Cursor): number {
  const value = cursor.view.getFloat64(cursor.position, true)
  cursor.position += 8
  return value
}

/** Indices of an enum's symbols; `positions` says where the reader has each of the writer's symbols, −1 where it has not. */
export function symbolIndex(builder: FixedBuilder, positions: readonly number[], symbols: readonly string[]): Append {
  const { width } = builder
  return (cursor) => {
    const index = cursor.int()
    const position = positions[index]
    if (position === undefined)
      throw new AvroFailure(`a value is symbol ${index} of an enum of ${positions.length} symbols`)
    if (position < 0)
      throw new AvroFailure(`the symbol "${symbols[index]}" is none of those of the schema it is read with`, {
        code: 'INVALID_VALUE',
      })
    builder.room()
    const at = builder.length++ * width
    for (let byte = 0; byte < width; byte++) builder.bytes[at + byte] = position >>> (byte * 8)
  }
}
