import type { Pointer } from '../../capi.ts'
import { jsonString } from './json-text.ts'
import { jsonTags } from './json-reader.ts'
import type { JsonReader } from './json-reader.ts'

type Leaf = 'NULL' | 'BOOLEAN' | 'UBIGINT' | 'BIGINT' | 'HUGEINT' | 'DOUBLE' | 'VARCHAR'

/** A kind of value that was met at one place of documents. */
type Kind =
  | { type: Leaf }
  | { type: 'LIST'; element: JsonStructure }
  | { type: 'STRUCT'; members: Map<string, JsonStructure> }

/** What was met at one place of documents; several kinds mean that they have nothing in common. */
export interface JsonStructure {
  readonly kinds: Kind[]
}

const numeric: readonly string[] = ['UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE']

/** Adds what `value` is to `structure`, or makes one of it. */
export function addToStructure(
  reader: JsonReader,
  value: Pointer,
  structure: JsonStructure | undefined,
): JsonStructure {
  const node = structure ?? { kinds: [] }
  const tag = reader.tag(value)
  if (tag === jsonTags.array) {
    const kind = kindOf(node, 'LIST') as Kind & { type: 'LIST' }
    for (const child of reader.children(value)) addToStructure(reader, child, kind.element)
  } else if (tag === jsonTags.object) {
    const kind = kindOf(node, 'STRUCT') as Kind & { type: 'STRUCT' }
    let name: string | undefined
    for (const child of reader.children(value)) {
      if (name === undefined) name = reader.text(child)
      else {
        kind.members.set(name, addToStructure(reader, child, kind.members.get(name)))
        name = undefined
      }
    }
  } else kindOf(node, leafOf(tag))
  return node
}

/** As `json_structure` writes it: `{"a":"BIGINT","b":["VARCHAR"]}`. */
export function structureText({ kinds }: JsonStructure): string {
  const [kind] = kinds
  if (kind === undefined) return '"NULL"'
  if (kinds.length > 1) return '"JSON"'
  switch (kind.type) {
    case 'LIST':
      return `[${structureText(kind.element)}]`
    case 'STRUCT': {
      if (kind.members.size === 0) return '"JSON"'
      return `{${[...kind.members].map(([name, inner]) => `${jsonString(name)}:${structureText(inner)}`).join(',')}}`
    }
    default:
      return `"${kind.type}"`
  }
}

function leafOf(tag: number): Leaf {
  switch (tag) {
    case jsonTags.null:
      return 'NULL'
    case jsonTags.true:
    case jsonTags.false:
      return 'BOOLEAN'
    case jsonTags.unsigned:
      return 'UBIGINT'
    case jsonTags.signed:
      return 'BIGINT'
    case jsonTags.real:
    case jsonTags.raw:
      return 'DOUBLE'
    default:
      return 'VARCHAR'
  }
}

/** The kind of `type` in `node`: one that is there, or joins what is there (numbers; nulls, which are anything), or a new one. */
function kindOf(node: JsonStructure, type: Kind['type']): Kind {
  const { kinds } = node
  const made: Kind =
    type === 'LIST' ? { type, element: { kinds: [] } } : type === 'STRUCT' ? { type, members: new Map() } : { type }
  if (kinds.length === 0 || (kinds.length === 1 && kinds[0]!.type === 'NULL')) {
    if (kinds[0]?.type === type) return kinds[0]
    kinds[0] = made
    return made
  }
  if (type === 'NULL') return kinds.at(-1)!
  const at = kinds.findIndex((kind) => kind.type === type || (numeric.includes(type) && numeric.includes(kind.type)))
  if (at < 0) {
    kinds.push(made)
    return made
  }
  const found = kinds[at]!
  if (found.type !== type) kinds[at] = { type: found.type === 'DOUBLE' || type === 'DOUBLE' ? 'DOUBLE' : 'HUGEINT' }
  return kinds[at]!
}
