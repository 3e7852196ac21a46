import { expect, test } from 'vitest'
import { copyBits } from './arrow-ffi.ts'

test('bits from anywhere begin at bit 0', () => {
  const memory = Uint8Array.of(0, 0b10110100, 0b01101001, 0b11110000, 0xff)
  const bits = Array.from({ length: 32 }, (_, index) => (memory[1 + (index >> 3)]! >> (index & 7)) & 1)
  for (let start = 0; start < 16; start++) {
    for (let length = 0; length <= 16; length++) {
      const copy = copyBits(memory.buffer, 1, start, length)
      expect(copy.length).toBe((length + 7) >> 3)
      const read = Array.from({ length }, (_, index) => (copy[index >> 3]! >> (index & 7)) & 1)
      expect(read).toEqual(bits.slice(start, start + length))
    }
  }
})
