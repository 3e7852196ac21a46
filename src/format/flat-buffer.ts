/** A table of FlatBuffers: its slots in the order of the schema, undefined where a field has its default. */
export interface FlatTable {
  readonly table: readonly (FlatSlot | undefined)[]
}

/** `structs` are the bytes of `count` structs whose fields are of eight bytes at most. */
export type FlatNode =
  | FlatTable
  | { readonly vector: readonly FlatTable[] }
  | { readonly structs: Uint8Array; readonly count: number }
  | { readonly text: string }

/** A number of so many bytes, whole and not negative, or a reference. */
export type FlatSlot = { readonly bytes: 1 | 2 | 4 | 8; readonly value: number } | { readonly ref: FlatNode }

/** A slot that refers to `node`. */
export function ref(node: FlatNode): FlatSlot {
  return { ref: node }
}

/**
 * FlatBuffers with every object behind the one that refers to it, so that offsets are positive in one forward pass; padded to eight
 * bytes. Format: https://flatbuffers.dev/internals/
 */
export function flatBuffer(root: FlatNode): Uint8Array {
  const bytes: number[] = [0, 0, 0, 0]
  const put = (at: number, value: number, size: number): void => {
    for (let index = 0, rest = value; index < size; index++, rest = Math.floor(rest / 256))
      bytes[at + index] = rest % 256
  }
  const append = (value: number, size: number): void => put(bytes.length, value, size)
  const align = (to: number, ahead = 0): void => {
    while ((bytes.length + ahead) % to !== 0) bytes.push(0)
  }
  const link = (at: number, node: FlatNode): void => put(at, write(node) - at, 4)
  const write = (node: FlatNode): number => {
    if ('table' in node) return writeTable(node.table)
    align(8, 4)
    const at = bytes.length
    if ('vector' in node) {
      append(node.vector.length, 4)
      for (const _ of node.vector) append(0, 4)
      node.vector.forEach((item, index) => link(at + 4 + index * 4, item))
    } else if ('structs' in node) {
      append(node.count, 4)
      for (const byte of node.structs) bytes.push(byte)
    } else {
      const text = new TextEncoder().encode(node.text)
      append(text.length, 4)
      bytes.push(...text, 0)
    }
    return at
  }
  const writeTable = (slots: FlatTable['table']): number => {
    // Eight bytes per slot, whatever its size, keeps all of them aligned.
    align(2)
    const vtable = bytes.length
    append(4 + slots.length * 2, 2)
    append(8 + slots.length * 8, 2)
    slots.forEach((slot, index) => append(slot === undefined ? 0 : 8 + index * 8, 2))
    align(8)
    const table = bytes.length
    append(table - vtable, 8)
    for (const slot of slots) append(slot === undefined || 'ref' in slot ? 0 : slot.value, 8)
    slots.forEach((slot, index) => {
      if (slot !== undefined && 'ref' in slot) link(table + 8 + index * 8, slot.ref)
    })
    return table
  }
  put(0, write(root), 4)
  align(8)
  return Uint8Array.from(bytes)
}
