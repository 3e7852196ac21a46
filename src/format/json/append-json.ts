import type {
  BooleanBuilder,
  BytesBuilder,
  ColumnBuilder,
  FixedBuilder,
  ListBuilder,
  StructBuilder,
} from '../column-builder.ts'
import { typeName } from '../../types/type-names.ts'
import { local, uuid, zoned } from './notations.ts'
import { takeSeconds } from './take-seconds.ts'
import type { Shape } from './infer.ts'
import { isNumber, numberOf } from './json-cursor.ts'
import type { JsonCursor } from './json-cursor.ts'
import { JsonFailure } from './json-failure.ts'

/** Reads one value and appends it to a column. */
export type Append = (cursor: JsonCursor) => void

/** Compiles what reads values of a shape into a column of its type. */
export function appendOf(shape: Shape, builder: ColumnBuilder): Append {
  const append = valueAppend(shape, builder)
  return (cursor) => {
    if (cursor.peek() !== 0x6e) return append(cursor)
    if (cursor.takeWord('null')) return builder.appendNull()
    const word = cursor.word()
    if (shape.type.kind === 'double' && /^nan$/i.test(word)) putDouble(builder as FixedBuilder, NaN)
    else throw new JsonFailure(`"${word.slice(0, 20)}" is no value`, cursor.position - word.length)
  }
}

function valueAppend(shape: Shape, builder: ColumnBuilder): Append {
  const { type, inside } = shape
  switch (type.kind) {
    case 'boolean':
      return booleanAppend(builder as BooleanBuilder)
    case 'bigint':
      return bigintAppend(builder as FixedBuilder)
    case 'hugeint':
      return hugeintAppend(builder as FixedBuilder)
    case 'double':
      return (cursor) => putDouble(builder as FixedBuilder, cursor.number() ?? takeNumber(cursor, shape))
    case 'varchar':
      return textAppend(builder as BytesBuilder)
    case 'json':
      return rawAppend(builder as BytesBuilder)
    case 'date':
      return dateAppend(shape, builder as FixedBuilder)
    case 'time':
      return timeAppend(shape, builder as FixedBuilder)
    case 'timestamp':
      return timestampAppend(shape, builder as FixedBuilder)
    case 'uuid':
      return uuidAppend(shape, builder as FixedBuilder)
    case 'list':
      return listAppend(inside.get('element')!, builder as ListBuilder)
    case 'map':
      return mapAppend(inside.get('value')!, builder as ListBuilder<StructBuilder>)
    default: {
      const { children } = builder as StructBuilder
      const row = objectAppend(shape, children)
      return (cursor) => {
        row(cursor)
        builder.length++
      }
    }
  }
}

function unfit(cursor: JsonCursor, { type }: Shape): JsonFailure {
  return new JsonFailure(`a value is no ${typeName(type)}`, cursor.position, 'INVALID_VALUE')
}

const booleans: Shape = { type: { kind: 'boolean' }, inside: new Map() }
const bigints: Shape = { type: { kind: 'bigint' }, inside: new Map() }
const texts: Shape = { type: { kind: 'varchar' }, inside: new Map() }

function booleanAppend(builder: BooleanBuilder): Append {
  return (cursor) => {
    const byte = cursor.peek()
    if (byte !== 0x74 && byte !== 0x66) throw unfit(cursor, booleans)
    if (!cursor.takeWord(byte === 0x74 ? 'true' : 'false')) throw unfit(cursor, booleans)
    builder.append(byte === 0x74)
  }
}

/** Up to 15 digits are read as they come, others by way of their text. */
function bigintAppend(builder: FixedBuilder): Append {
  return (cursor) => {
    const first = cursor.peek()
    const { bytes, end } = cursor
    let position = cursor.position + (first === 0x2d ? 1 : 0)
    const start = position
    let value = 0
    for (; position < end && position - start < 16; position++) {
      const digit = bytes[position]! - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const digits = position - start
    const after = position < end ? bytes[position]! : 0x20
    const isDone = digits > 0 && digits < 16 && (after === 0x2c || after === 0x7d || after === 0x5d || after <= 0x20)
    if (!isDone || (digits > 1 && bytes[start] === 0x30)) return putLong(builder, cursor)
    cursor.position = position
    putNumber(builder, first === 0x2d ? -value : value)
  }
}

/** A whole number that is exact, as int64. */
function putNumber(builder: FixedBuilder, value: number): void {
  builder.room()
  const at = builder.length++ * 2
  const high = Math.floor(value / 2 ** 32)
  builder.words[at] = value - high * 2 ** 32
  builder.words[at + 1] = high
}

function takeWord(cursor: JsonCursor, shape: Shape): string {
  const byte = cursor.peek()
  if (byte === 0x22 || byte === 0x7b || byte === 0x5b) throw unfit(cursor, shape)
  const word = cursor.word()
  if (!isNumber(word)) throw unfit(cursor, shape)
  return word
}

function putLong(builder: FixedBuilder, cursor: JsonCursor): void {
  const word = takeWord(cursor, bigints)
  if (!/^-?\d+$/.test(word) || BigInt.asIntN(64, BigInt(word)) !== BigInt(word)) throw unfit(cursor, bigints)
  putWide(builder, BigInt(word), 2)
}

function putWide(builder: FixedBuilder, value: bigint, words: number): void {
  builder.room()
  const at = builder.length++ * words
  for (let word = 0; word < words; word++)
    builder.words[at + word] = Number(BigInt.asIntN(32, value >> BigInt(word * 32)))
}

function hugeintAppend(builder: FixedBuilder): Append {
  const shape: Shape = { type: { kind: 'hugeint' }, inside: new Map() }
  return (cursor) => {
    const word = takeWord(cursor, shape)
    if (!/^-?\d{1,38}$/.test(word)) throw unfit(cursor, shape)
    putWide(builder, BigInt(word), 4)
  }
}

function takeNumber(cursor: JsonCursor, shape: Shape): number {
  return numberOf(takeWord(cursor, shape))
}

function putDouble(builder: FixedBuilder, value: number): void {
  builder.room()
  builder.doubles[builder.length++] = value
}

function textAppend(builder: BytesBuilder): Append {
  return (cursor) => {
    if (cursor.peek() !== 0x22) throw unfit(cursor, texts)
    cursor.text(builder)
  }
}

/** Values as JSON's text, without the white space between its parts. */
function rawAppend(builder: BytesBuilder): Append {
  return (cursor) => {
    cursor.peek()
    const start = cursor.position
    cursor.skip()
    const { bytes, position } = cursor
    builder.room(position - start)
    let isText = false
    for (let at = start; at < position; at++) {
      const byte = bytes[at]!
      if (isText && byte === 0x5c) builder.bytes[builder.used++] = bytes[at++]!
      else if (byte === 0x22) isText = !isText
      else if (!isText && byte <= 0x20) continue
      builder.bytes[builder.used++] = bytes[at]!
    }
    builder.end()
  }
}

function dateAppend(shape: Shape, builder: FixedBuilder): Append {
  return (cursor) => {
    const days = takeText(cursor, shape)
    builder.room()
    builder.words[builder.length++] = Number(days)
  }
}

function timeAppend(shape: Shape, builder: FixedBuilder): Append {
  return (cursor) => putNumber(builder, Number(takeText(cursor, shape)))
}

function timestampAppend(shape: Shape, builder: FixedBuilder): Append {
  const isZoned = shape.notation === zoned
  const isPlain = isZoned || shape.notation === local
  return (cursor) => {
    const seconds = isPlain && cursor.peek() === 0x22 ? takeSeconds(cursor, isZoned) : undefined
    if (seconds === undefined) putWide(builder, BigInt(takeText(cursor, shape)), 2)
    else putNumber(builder, seconds * 1_000_000)
  }
}

/** What a text says by the notation of its column. */
function takeText(cursor: JsonCursor, shape: Shape): number | bigint {
  if (cursor.peek() !== 0x22) throw unfit(cursor, shape)
  const value = shape.notation!.read(cursor.takeString())
  if (value === undefined) throw unfit(cursor, shape)
  return value
}

function uuidAppend(shape: Shape, builder: FixedBuilder): Append {
  return (cursor) => {
    if (cursor.peek() !== 0x22) throw unfit(cursor, shape)
    const text = cursor.takeString()
    if (uuid.read(text) === undefined) throw unfit(cursor, shape)
    const digits = text.replaceAll('-', '')
    builder.room()
    const at = builder.length++ * 16
    for (let byte = 0; byte < 16; byte++)
      builder.bytes[at + byte] = Number.parseInt(digits.slice(byte * 2, byte * 2 + 2), 16)
  }
}

function listAppend(element: Shape, builder: ListBuilder): Append {
  const item = appendOf(element, builder.child)
  const shape: Shape = { type: { kind: 'list', element: element.type }, inside: new Map() }
  return (cursor) => {
    if (cursor.peek() !== 0x5b) throw unfit(cursor, shape)
    cursor.enter()
    for (let isFirst = true; cursor.next(0x5d, isFirst); isFirst = false) item(cursor)
    builder.end()
  }
}

function mapAppend(value: Shape, builder: ListBuilder<StructBuilder>): Append {
  const [keys, values] = builder.child.children as [BytesBuilder, ColumnBuilder]
  const item = appendOf(value, values)
  const shape: Shape = { type: { kind: 'map', key: { kind: 'varchar' }, value: value.type }, inside: new Map() }
  return (cursor) => {
    if (cursor.peek() !== 0x7b) throw unfit(cursor, shape)
    cursor.enter()
    const names = new Set<string>()
    for (let isFirst = true; cursor.next(0x7d, isFirst); isFirst = false) {
      const start = cursor.position
      const name = cursor.takeString()
      if (names.has(name)) throw new JsonFailure(`an object has the name "${name.slice(0, 40)}" twice`, start)
      names.add(name)
      keys.append(new TextEncoder().encode(name))
      cursor.expect(0x3a)
      item(cursor)
      builder.child.length++
    }
    builder.end()
  }
}

/**
 * Compiles what reads objects into `columns`, those of the fields of a struct; a field without a column, and one that the shape
 * lacks, is passed over. Objects mostly have their fields in one order, so that the field after the last one is looked at first.
 */
export function objectAppend(shape: Shape, columns: readonly (ColumnBuilder | undefined)[]): Append {
  const names = [...shape.inside.keys()]
  const keys = names.map((name) => new TextEncoder().encode(name))
  const positions = new Map(names.map((name, index) => [name, index]))
  const appends = [...shape.inside.values()].map((inner, index) => {
    const column = columns[index]
    return column === undefined ? undefined : appendOf(inner, column)
  })
  const seenIn = new Float64Array(names.length)
  let turn = 0
  return (cursor) => {
    if (cursor.peek() !== 0x7b) throw unfit(cursor, shape)
    cursor.enter()
    const own = ++turn
    let expected = 0
    let found = 0
    for (let isFirst = true; cursor.next(0x7d, isFirst); isFirst = false) {
      const start = cursor.position
      let field: number | undefined = expected
      if (expected >= keys.length || !cursor.takeKey(keys[expected]!)) field = positions.get(cursor.takeString())
      cursor.expect(0x3a)
      const append = field === undefined ? undefined : appends[field]
      if (field !== undefined) {
        if (seenIn[field] === own) throw new JsonFailure(`an object has the name "${names[field]}" twice`, start)
        seenIn[field] = own
        found++
        expected = field + 1
      }
      if (append === undefined) cursor.skip()
      else append(cursor)
    }
    if (found === names.length) return
    for (let field = 0; field < names.length; field++) if (seenIn[field] !== own) columns[field]?.appendNull()
  }
}
