import type { LogicalType, SimpleKind } from '../../types/logical-type.ts'
import { distinctNames } from '../distinct-names.ts'
import { isNumber } from './json-cursor.ts'
import type { JsonCursor } from './json-cursor.ts'
import { local, notations, zoned } from './notations.ts'
import type { Notation } from './notations.ts'
import { takeSeconds } from './take-seconds.ts'

/** What was seen of the values in one place. */
export interface Seen {
  /** Kinds of values that are not null. */
  readonly kinds: Set<'boolean' | 'number' | 'text' | 'list' | 'object'>
  /** The narrowest type of its numbers, and how all its texts are written. */
  number: 'bigint' | 'hugeint' | 'double'
  texts: Set<Notation>
  /** Objects without fields have been seen only. */
  readonly fields: Map<string, Seen>
  /** The same by their names in UTF-8, in the order in which they came: objects mostly have them in one order. */
  readonly order: { readonly key: Uint8Array; readonly seen: Seen }[]
  element: Seen | undefined
  /** Of a field its place in the order of its object. */
  readonly at: number
}

/** More fields than that are keys of a map. */
const mostFields = 200

export function nothingSeen(at = 0): Seen {
  const kinds: Seen['kinds'] = new Set()
  return { kinds, number: 'bigint', texts: new Set(notations), fields: new Map(), order: [], element: undefined, at }
}

/** Reads a value and remembers what it was. */
export function see(seen: Seen, cursor: JsonCursor): void {
  const byte = cursor.peek()
  if (byte === 0x22) {
    seen.kinds.add('text')
    if (seen.texts.size === 0) return void cursor.string()
    if (seen.texts.size === 1 && isPlainTimestamp(seen.texts, cursor)) return
    const text = cursor.takeString()
    for (const notation of seen.texts) if (notation.read(text) === undefined) seen.texts.delete(notation)
  } else if (byte === 0x7b) {
    seen.kinds.add('object')
    cursor.enter()
    let expected = 0
    for (let isFirst = true; cursor.next(0x7d, isFirst); isFirst = false) {
      const known = seen.order[expected]
      const field = known !== undefined && cursor.takeKey(known.key) ? known.seen : fieldOf(seen, cursor.takeString())
      expected = field.at + 1
      cursor.expect(0x3a)
      see(field, cursor)
    }
  } else if (byte === 0x5b) {
    seen.kinds.add('list')
    seen.element ??= nothingSeen()
    cursor.enter()
    for (let isFirst = true; cursor.next(0x5d, isFirst); isFirst = false) see(seen.element, cursor)
  } else seeWord(seen, cursor)
}

/** Whether a text comes next that is of the only notation left, and so plainly that it is gone over without making a text of it. */
function isPlainTimestamp(texts: Seen['texts'], cursor: JsonCursor): boolean {
  const isZoned = texts.has(zoned)
  return (isZoned || texts.has(local)) && takeSeconds(cursor, isZoned) !== undefined
}

function fieldOf(seen: Seen, name: string): Seen {
  const known = seen.fields.get(name)
  if (known !== undefined) return known
  const field = nothingSeen(seen.order.length)
  seen.fields.set(name, field)
  seen.order.push({ key: new TextEncoder().encode(name), seen: field })
  return field
}

function seeWord(seen: Seen, cursor: JsonCursor): void {
  const start = cursor.position
  const number = cursor.takeNumber()
  if (number === 'other' || (number === 'whole' && cursor.position - start < safeLength)) {
    seen.kinds.add('number')
    if (number === 'other') seen.number = 'double'
    return
  }
  cursor.position = start
  const word = cursor.word()
  if (word === 'null') return
  if (word === 'true' || word === 'false') {
    seen.kinds.add('boolean')
    return
  }
  if (!isNumber(word)) throw cursor.failure(`"${word.slice(0, 20)}" is no value`)
  seen.kinds.add('number')
  const type = numberType(word)
  if (seen.number === 'bigint' || type === 'double') seen.number = type
}

/** Shorter whole numbers are of 64 bits. */
const safeLength = 19

function numberType(word: string): Seen['number'] {
  if (!/^-?\d+$/.test(word)) return 'double'
  if (word.length < safeLength) return 'bigint'
  const value = BigInt(word)
  if (BigInt.asIntN(64, value) === value) return 'bigint'
  return BigInt.asUintN(64, value) === value ? 'hugeint' : 'double'
}

/** What values are read as: a type, and what is inside it. */
export interface Shape {
  readonly type: LogicalType
  /** Of a struct its fields by the names that objects have for them, of a list its element, of a map its value. */
  readonly inside: ReadonlyMap<string, Shape>
  /** Of texts that are more than texts. */
  readonly notation?: Notation
}

/** Values with nothing inside. */
function leaf(kind: SimpleKind): Shape {
  return { type: { kind }, inside: new Map() }
}

function textShape(texts: Seen['texts']): Shape {
  const notation = notations.find((each) => texts.has(each))
  return notation === undefined ? leaf('varchar') : { ...leaf(notation.type), notation }
}

/** The type that holds all values seen; text of JSON where nothing else does. */
export function shapeOf(seen: Seen): Shape {
  const [kind, ...others] = seen.kinds
  if (kind === undefined || others.length > 0) return leaf('json')
  switch (kind) {
    case 'boolean':
      return leaf('boolean')
    case 'number':
      return leaf(seen.number)
    case 'text':
      return textShape(seen.texts)
    case 'list': {
      const element = shapeOf(seen.element!)
      return { type: { kind: 'list', element: element.type }, inside: new Map([['element', element]]) }
    }
    case 'object': {
      const isMap = seen.fields.size === 0 || seen.fields.size > mostFields
      return isMap ? mapShape(seen.fields) : structShape(seen.fields)
    }
    default:
      return kind satisfies never
  }
}

/** A struct with a field for every name seen. */
export function structShape(seen: ReadonlyMap<string, Seen>): Shape {
  const inside = new Map([...seen].map(([name, field]) => [name, shapeOf(field)]))
  const names = distinctNames([...inside.keys()])
  const fields = [...inside.values()].map(({ type }, index) => ({ name: names[index]!, type, nullable: true }))
  return { type: { kind: 'struct', fields }, inside }
}

function mapShape(fields: ReadonlyMap<string, Seen>): Shape {
  const value = shapeOf([...fields.values()].reduce(merged, nothingSeen()))
  return {
    type: { kind: 'map', key: { kind: 'varchar' }, value: value.type },
    inside: new Map([['value', value]]),
  }
}

/** What was seen of the values in two places. */
export function merged(a: Seen, b: Seen): Seen {
  const element =
    a.element !== undefined && b.element !== undefined ? merged(a.element, b.element) : (a.element ?? b.element)
  const fields = new Map(a.fields)
  for (const [name, seen] of b.fields) {
    const known = fields.get(name)
    fields.set(name, known === undefined ? seen : merged(known, seen))
  }
  return {
    kinds: new Set([...a.kinds, ...b.kinds]),
    number: a.number === 'double' || b.number === 'double' ? 'double' : a.number === 'hugeint' ? 'hugeint' : b.number,
    texts: new Set([...a.texts].filter((notation) => b.texts.has(notation))),
    fields,
    order: [],
    element,
    at: a.at,
  }
}
