/** The name under which {@link exportStackPointer} exports the stack pointer. */
export const stackPointerName = '__stack_pointer'

const exportSection = 7
const globalKind = 3

/**
 * A copy of a wasm file built by LLVM that also exports its stack pointer, which is its first global.
 *
 * Code that traps leaves its stack frames behind; without setting the pointer back, a few hundred damaged files would use up
 * the stack. The bytes come back as they are when they have no export section.
 */
export function exportStackPointer(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(stackPointerName)
  for (let offset = 8; offset < wasm.length;) {
    const section = wasm[offset]!
    const size = readUnsigned(wasm, offset + 1)
    const end = size.next + size.value
    if (section === exportSection) {
      const count = readUnsigned(wasm, size.next)
      const entry = [...unsigned(name.length), ...name, globalKind, 0]
      const head = unsigned(count.value + 1)
      const length = unsigned(head.length + (end - count.next) + entry.length)
      return concatenate([
        wasm.subarray(0, offset + 1),
        Uint8Array.from([...length, ...head]),
        wasm.subarray(count.next, end),
        Uint8Array.from(entry),
        wasm.subarray(end),
      ])
    }
    offset = end
  }
  return wasm.slice()
}

function readUnsigned(bytes: Uint8Array, offset: number): { value: number; next: number } {
  let value = 0
  for (let shift = 0, next = offset; ; shift += 7) {
    const byte = bytes[next++] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return { value, next }
  }
}

function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  return bytes
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
