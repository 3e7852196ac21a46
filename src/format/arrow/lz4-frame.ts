/** First bytes of a frame, little endian. */
const magic = 0x184d_2204

/** The largest block without its length being told otherwise. */
const uncompressedFlag = 0x8000_0000

/**
 * Decompresses LZ4 frames of `size` bytes in all. Format: "LZ4 Frame Format Description" and "LZ4 Block Format Description". Checksums are
 * not looked at: what is inside has lengths of its own. Throws RangeError where it is damaged.
 */
export function decompressLz4(bytes: Uint8Array, size: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const output = new Uint8Array(size)
  let at = 0
  let to = 0
  while (at < bytes.length && to < size) {
    if (view.getUint32(at, true) !== magic) throw new RangeError('it is no LZ4 frame')
    const flags = view.getUint8(at + 4)
    const has = (bit: number): boolean => (flags & bit) !== 0
    at += 7 + (has(8) ? 8 : 0) + (has(1) ? 4 : 0)
    for (;;) {
      const word = view.getUint32(at, true)
      at += 4
      if (word === 0) break
      const length = word & ~uncompressedFlag
      if (at + length > bytes.length) throw new RangeError('an LZ4 block is cut off')
      if (word >= uncompressedFlag) {
        if (to + length > size) throw new RangeError('it is longer than it says')
        output.set(bytes.subarray(at, at + length), to)
        to += length
      } else to = decompressBlock(bytes.subarray(at, at + length), output, to)
      at += length + (has(16) ? 4 : 0)
    }
    at += has(4) ? 4 : 0
  }
  if (to !== size) throw new RangeError('it is shorter than it says')
  return output
}

/** Decompresses a block to `output` from `start` on, which earlier blocks stand before; answers where it ends there. */
function decompressBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let at = 0
  let to = start
  const longer = (first: number): number => {
    let length = first
    if (first === 15) {
      let byte = 255
      while (byte === 255) {
        if (at >= block.length) throw new RangeError('an LZ4 block is cut off')
        byte = block[at++]!
        length += byte
      }
    }
    return length
  }
  while (at < block.length) {
    const token = block[at++]!
    const literals = longer(token >> 4)
    if (at + literals > block.length || to + literals > output.length) throw new RangeError('it is longer than it says')
    if (literals < 32) for (let index = 0; index < literals; index++) output[to + index] = block[at + index]!
    else output.set(block.subarray(at, at + literals), to)
    at += literals
    to += literals
    if (at >= block.length) break
    const distance = block[at]! | (block[at + 1]! << 8)
    at += 2
    const length = longer(token & 15) + 4
    if (distance === 0 || distance > to || to + length > output.length)
      throw new RangeError('an LZ4 block points outside')
    if (distance >= length && length >= 32) output.copyWithin(to, to - distance, to - distance + length)
    else for (let index = 0; index < length; index++) output[to + index] = output[to - distance + index]!
    to += length
  }
  return to
}
