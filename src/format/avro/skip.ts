import { AvroFailure } from './avro-failure.ts'
import type { Cursor } from './cursor.ts'
import type { AvroType } from './schema.ts'

/** Passes over one value. */
export type Skip = (cursor: Cursor) => void

/** How deep values of a recursive type may nest where they are passed over. */
const deepest = 1000

/** Compiles what passes over values of a type. */
export function skipOf(type: AvroType): Skip {
  return compile(type, new Map())
}

function compile(type: AvroType, known: Map<AvroType, { skip: Skip }>): Skip {
  switch (type.kind) {
    case 'null':
      return () => {}
    case 'boolean':
      return bytes(1)
    case 'float':
      return bytes(4)
    case 'double':
      return bytes(8)
    case 'fixed':
      return bytes(type.size)
    case 'int':
    case 'enum':
      return (cursor) => void cursor.int()
    case 'long':
      return (cursor) => cursor.long()
    case 'bytes':
    case 'string':
      return text
    case 'array':
      return items(compile(type.items, known))
    case 'map': {
      const value = compile(type.values, known)
      return items((cursor) => {
        text(cursor)
        value(cursor)
      })
    }
    case 'union': {
      const branches = type.branches.map((branch) => compile(branch, known))
      return (cursor) => branches[branchIndex(cursor, branches.length)]!(cursor)
    }
    case 'record':
      return record(type, known)
    default:
      return type satisfies never
  }
}

/** The branch of a union that follows. */
export function branchIndex(cursor: Cursor, branches: number): number {
  const index = cursor.int()
  if (index < 0 || index >= branches)
    throw new AvroFailure(`a value is of type ${index} of a union that has types 0 to ${branches - 1}`)
  return index
}

function bytes(count: number): Skip {
  return (cursor) => {
    cursor.position += count
  }
}

/** Bytes after their length: a text, or a block of items that says how long it is. */
function text(cursor: Cursor): void {
  const length = cursor.length()
  cursor.position += length
}

function items(item: Skip): Skip {
  return (cursor) => {
    for (let count = cursor.count(); count !== 0; count = cursor.count()) {
      if (count < 0) text(cursor)
      else repeat(cursor, count, item)
    }
  }
}

/** Runs `item` for each of `count` items. */
export function repeat(cursor: Cursor, count: number, item: (cursor: Cursor) => void): void {
  for (let index = 0; index < count; index++) {
    const start = cursor.position
    item(cursor)
    if (cursor.position === start) cursor.countEmpty(1)
    else cursor.check()
  }
}

function record(type: AvroType & { kind: 'record' }, known: Map<AvroType, { skip: Skip }>): Skip {
  const placed = known.get(type)
  if (placed !== undefined) return (cursor) => placed.skip(cursor)
  const place = { skip: bytes(0) }
  known.set(type, place)
  const fields = type.fields.map((field) => compile(field.type, known))
  let depth = 0
  place.skip = (cursor) => {
    if (++depth > deepest) {
      depth = 0
      throw new AvroFailure(`values of the type "${type.name}" nest deeper than ${deepest}`)
    }
    for (const field of fields) field(cursor)
    depth--
  }
  return (cursor) => place.skip(cursor)
}
