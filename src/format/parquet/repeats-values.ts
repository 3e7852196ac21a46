import { isValid } from '../../types/validity.ts'
import type { LeafColumn } from './exact-bounds.ts'

const sampleSize = 2048

/** Share of different values in a sample from which on a dictionary is taken for a waste: some 40,000 in a row group. */
const mostDistinct = 0.975

/** Bytes looked at of a text, at its beginning and at its end. */
const textBytes = 24

/**
 * Whether a dictionary of the values of a leaf, which comes in `parts`, can be expected to pay, by values taken here and there. Building one
 * in vain makes encoding several times as slow, and the file larger.
 */
export function repeatsValues(parts: readonly LeafColumn[]): boolean {
  if (parts[0]!.type.kind === 'boolean') return false
  const total = parts.reduce((sum, { column }) => sum + column.length, 0)
  const step = Math.max(1, Math.floor(total / sampleSize))
  const seen = new Int32Array(Math.min(sampleSize * 4, 2 ** Math.ceil(Math.log2(total * 2 + 1))))
  let [values, distinct] = [0, 0]
  for (const { column } of parts) {
    const { length, offsets, values: bytes = new Uint8Array(0) } = column
    const width = bytes.byteLength / Math.max(1, length)
    for (let index = 0; index < length; index += step) {
      if (!isValid(column, index)) continue
      values++
      const [start, end] =
        offsets === undefined ? [index * width, (index + 1) * width] : [offsets[index]!, offsets[index + 1]!]
      if (addTo(seen, hashOf(bytes, start, end))) distinct++
    }
  }
  return distinct <= values * mostDistinct
}

/** Adds to a hash table in which 0 is a free place; whether it was not there before. */
function addTo(seen: Int32Array, hash: number): boolean {
  const key = hash === 0 ? 1 : hash
  for (let at = key & (seen.length - 1); ; at = (at + 1) & (seen.length - 1)) {
    if (seen[at] === key) return false
    if (seen[at] !== 0) continue
    seen[at] = key
    return true
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = (end - start) ^ 0x811c_9dc5
  const middle = Math.min(end, start + textBytes)
  for (let at = start; at < middle; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193)
  for (let at = Math.max(middle, end - textBytes); at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193)
  return hash ^ (hash >>> 15)
}
