import type { LogicalType, SimpleKind } from '../../types/logical-type.ts'
import { parseDate, parseTime, parseTimestamp } from '../../types/temporal-parse.ts'
import { distinctNames } from '../distinct-names.ts'
import { isNumber } from './json-cursor.ts'
import type { JsonCursor } from './json-cursor.ts'

/** What was seen of the values in one place. */
export interface Seen {
  /** Kinds of values that are not null. */
  readonly kinds: Set<'boolean' | 'number' | 'text' | 'list' | 'object'>
  /** The narrowest type of its numbers, and those that all its texts are. */
  number: 'bigint' | 'hugeint' | 'double'
  texts: Set<TextType>
  /** Objects without fields have been seen only. */
  readonly fields: Map<string, Seen>
  element: Seen | undefined
}

type TextType = 'date' | 'time' | 'timestamp' | 'uuid'

const textTypes: readonly TextType[] = ['date', 'time', 'timestamp', 'uuid']

/** More fields than that are keys of a map. */
const mostFields = 200

export function nothingSeen(): Seen {
  return { kinds: new Set(), number: 'bigint', texts: new Set(textTypes), fields: new Map(), element: undefined }
}

/** Reads a value and remembers what it was. */
export function see(seen: Seen, cursor: JsonCursor): void {
  const byte = cursor.peek()
  if (byte === 0x22) {
    seen.kinds.add('text')
    if (seen.texts.size === 0) return void cursor.string()
    const text = cursor.takeString()
    for (const type of seen.texts) if (!isTextOf(type, text)) seen.texts.delete(type)
  } else if (byte === 0x7b) {
    seen.kinds.add('object')
    cursor.enter()
    for (let isFirst = true; cursor.next(0x7d, isFirst); isFirst = false) {
      const name = cursor.takeString()
      cursor.expect(0x3a)
      const field = seen.fields.get(name) ?? nothingSeen()
      seen.fields.set(name, field)
      see(field, cursor)
    }
  } else if (byte === 0x5b) {
    seen.kinds.add('list')
    seen.element ??= nothingSeen()
    cursor.enter()
    for (let isFirst = true; cursor.next(0x5d, isFirst); isFirst = false) see(seen.element, cursor)
  } else seeWord(seen, cursor)
}

function seeWord(seen: Seen, cursor: JsonCursor): void {
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

function numberType(word: string): Seen['number'] {
  if (!/^-?\d+$/.test(word)) return 'double'
  if (word.length < 19) return 'bigint'
  const value = BigInt(word)
  if (BigInt.asIntN(64, value) === value) return 'bigint'
  return BigInt.asUintN(64, value) === value ? 'hugeint' : 'double'
}

const datePattern = /^\s*\d{4,}-\d{1,2}-\d{1,2}\s*$/
const timePattern = /^\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?$/
const timestampPattern =
  /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}(?::?\d{2})?)?|T\d{2}:\d{2}:\d{2}\.\d{1,6}Z)$/
const uuidPattern = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/

function isTextOf(type: TextType, text: string): boolean {
  switch (type) {
    case 'date':
      return datePattern.test(text) && parseDate(text.trim()) !== undefined
    case 'time':
      return timePattern.test(text) && parseTime(text, 6) !== undefined
    case 'timestamp':
      return (timestampPattern.test(text) || datePattern.test(text)) && timestampOf(text) !== undefined
    case 'uuid':
      return uuidPattern.test(text)
    default:
      return type satisfies never
  }
}

/** Microseconds of a date with or without time; an offset is taken off. */
export function timestampOf(text: string): bigint | undefined {
  return parseTimestamp(text.trim(), 6, true)
}

/** What values are read as: a type, and what is inside it. */
export interface Shape {
  readonly type: LogicalType
  /** Of a struct its fields by the names that objects have for them, of a list its element, of a map its value. */
  readonly inside: ReadonlyMap<string, Shape>
}

/** Values with nothing inside. */
function leaf(kind: SimpleKind): Shape {
  return { type: { kind }, inside: new Map() }
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
      return leaf(textTypes.find((type) => seen.texts.has(type)) ?? 'varchar')
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

function merged(a: Seen, b: Seen): Seen {
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
    texts: new Set([...a.texts].filter((type) => b.texts.has(type))),
    fields,
    element,
  }
}
