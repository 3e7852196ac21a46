import type { ParquetNode } from './schema.ts'

/**
 * An Arrow schema for one column, as base64 of its IPC message: the form in which Parquet's `ARROW:schema` metadata tells a
 * Rust reader which Arrow types to make. Hints only where they change something: top-level text as dictionary, INT96 in
 * microseconds (its default, nanoseconds, wraps outside 1677–2262).
 *
 * Format: https://github.com/apache/arrow/blob/main/format/Schema.fbs
 */
export function arrowHint(node: ParquetNode, options: { asDictionary: boolean }): string {
  const schema: Table = { table: [undefined, ref({ vector: [fieldOf(node, options.asDictionary)] })] }
  const message = flatBuffer({ table: [{ bytes: 2, value: 4 }, { bytes: 1, value: 1 }, ref(schema)] })
  const prefixed = new Uint8Array(8 + message.length)
  new DataView(prefixed.buffer).setUint32(0, 0xffffffff, true)
  new DataView(prefixed.buffer).setUint32(4, message.length, true)
  prefixed.set(message, 8)
  return btoa(String.fromCharCode(...prefixed))
}

/** Whether reading `node` right needs a hint. */
export function needsHint(node: ParquetNode): boolean {
  return node.physical === 'int96' || node.children.some(needsHint)
}

const nullType = 1
const utf8Type = 5
const timestampType = 10
const listType = 12
const structType = 13
const microseconds = 2

function fieldOf(node: ParquetNode, asDictionary: boolean): Table {
  const single: ParquetNode = { ...node, repetition: 'optional' }
  if (node.repetition === 'repeated') return field(node.name, listType, { children: [fieldOf(single, false)] })
  if (node.physical === undefined) {
    return field(node.name, structType, { children: node.children.map((child) => fieldOf(child, false)) })
  }
  if (node.physical === 'int96') {
    return field(node.name, timestampType, { type: { table: [{ bytes: 2, value: microseconds }] } })
  }
  if (!asDictionary) return field(node.name, nullType, {})
  const int32: Table = {
    table: [
      { bytes: 4, value: 32 },
      { bytes: 1, value: 1 },
    ],
  }
  return field(node.name, utf8Type, { dictionary: { table: [undefined, ref(int32)] } })
}

function field(
  name: string,
  typeCode: number,
  parts: { type?: Table; dictionary?: Table; children?: readonly Table[] },
): Table {
  return {
    table: [
      ref({ text: name }),
      { bytes: 1, value: 1 },
      { bytes: 1, value: typeCode },
      ref(parts.type ?? { table: [] }),
      parts.dictionary === undefined ? undefined : ref(parts.dictionary),
      ref({ vector: parts.children ?? [] }),
    ],
  }
}

interface Table {
  readonly table: readonly (Slot | undefined)[]
}

type Node = Table | { readonly vector: readonly Table[] } | { readonly text: string }
type Slot = { readonly bytes: 1 | 2 | 4; readonly value: number } | { readonly ref: Node }

function ref(node: Node): Slot {
  return { ref: node }
}

/** FlatBuffers with every object behind the one that refers to it, so that offsets are positive in one forward pass. */
function flatBuffer(root: Node): Uint8Array {
  const bytes: number[] = [0, 0, 0, 0]
  const put = (at: number, value: number, size: number): void => {
    for (let index = 0; index < size; index++) bytes[at + index] = (value >> (8 * index)) & 0xff
  }
  const append = (value: number, size: number): void => {
    const at = bytes.length
    put(at, value, size)
  }
  const align = (): void => {
    while (bytes.length % 4 !== 0) bytes.push(0)
  }
  const write = (node: Node): number => {
    align()
    if ('text' in node) {
      const text = new TextEncoder().encode(node.text)
      const at = bytes.length
      append(text.length, 4)
      bytes.push(...text, 0)
      return at
    }
    const at = 'vector' in node ? writeVector(node.vector) : writeTable(node.table)
    return at
  }
  const link = (at: number, node: Node): void => put(at, write(node) - at, 4)
  const writeVector = (items: readonly Table[]): number => {
    const at = bytes.length
    append(items.length, 4)
    for (const _ of items) append(0, 4)
    items.forEach((item, index) => link(at + 4 + index * 4, item))
    return at
  }
  const writeTable = (slots: readonly (Slot | undefined)[]): number => {
    // Four bytes per slot, whatever its size, keeps all of them aligned.
    const vtable = bytes.length
    append(4 + slots.length * 2, 2)
    append(4 + slots.length * 4, 2)
    slots.forEach((slot, index) => append(slot === undefined ? 0 : 4 + index * 4, 2))
    align()
    const table = bytes.length
    append(table - vtable, 4)
    for (const slot of slots) append(slot === undefined || 'ref' in slot ? 0 : slot.value, 4)
    slots.forEach((slot, index) => {
      if (slot !== undefined && 'ref' in slot) link(table + 4 + index * 4, slot.ref)
    })
    return table
  }
  put(0, write(root), 4)
  while (bytes.length % 8 !== 0) bytes.push(0)
  return Uint8Array.from(bytes)
}
