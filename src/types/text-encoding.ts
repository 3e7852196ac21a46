import { ConversionFailure } from './conversion-failure.ts'

const largest = 0x7fff_ffff

/** Bytes that grow. */
interface Growing {
  bytes: Uint8Array
  length: number
}

function reserve(target: Growing, more: number): void {
  const needed = target.length + more
  if (needed <= target.bytes.length) return
  if (needed > largest)
    throw new ConversionFailure('INVALID_VALUE', 'A column holds at most 2 GiB of text or bytes: make several batches.')
  const grown = new Uint8Array(Math.min(largest, Math.max(needed, target.bytes.length * 2)))
  grown.set(target.bytes.subarray(0, target.length))
  target.bytes = grown
}

/** Offsets and UTF-8 of texts; nulls are empty, lone surrogates become U+FFFD. */
export function encodeTexts(
  values: readonly unknown[],
  textOf: (value: unknown) => string,
): { offsets: Int32Array; values: Uint8Array } {
  const encoder = new TextEncoder()
  return encoded(values, (value, target) => {
    const text = textOf(value)
    reserve(target, text.length)
    const short = text.length <= 32
    let at = target.length
    if (short) {
      let index = 0
      for (; index < text.length; index++) {
        const code = text.charCodeAt(index)
        if (code > 0x7f) break
        target.bytes[at++] = code
      }
      if (index === text.length) {
        target.length = at
        return
      }
    }
    reserve(target, text.length * 3)
    target.length += encoder.encodeInto(text, target.bytes.subarray(target.length)).written
  })
}

/** Offsets and bytes of values of any length; nulls are empty. */
export function encodeVariable(
  values: readonly unknown[],
  bytesOf: (value: unknown) => Uint8Array,
): { offsets: Int32Array; values: Uint8Array } {
  return encoded(values, (value, target) => {
    const bytes = bytesOf(value)
    reserve(target, bytes.length)
    target.bytes.set(bytes, target.length)
    target.length += bytes.length
  })
}

function encoded(
  values: readonly unknown[],
  append: (value: unknown, target: Growing) => void,
): { offsets: Int32Array; values: Uint8Array } {
  const offsets = new Int32Array(values.length + 1)
  const target: Growing = { bytes: new Uint8Array(Math.max(64, values.length * 8)), length: 0 }
  let index = 0
  try {
    for (; index < values.length; index++) {
      const value = values[index]
      if (value !== null && value !== undefined) append(value, target)
      offsets[index + 1] = target.length
    }
  } catch (error) {
    if (error instanceof ConversionFailure && error.index < 0) error.index = index
    throw error
  }
  return { offsets, values: target.bytes.slice(0, target.length) }
}
