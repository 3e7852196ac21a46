/** A 32-bit sum of `bytes` that damage changes with near certainty; not for anything an attacker writes. MurmurHash3's rounds over words. */
export function checksum(bytes: Uint8Array, seed: number): number {
  const whole = bytes.length & ~3
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, whole >> 2)
  let hash = seed >>> 0
  for (let index = 0; index < words.length; index++) hash = round(hash, words[index]!)
  let rest = 0
  for (let index = bytes.length - 1; index >= whole; index--) rest = (rest << 8) | bytes[index]!
  return (round(hash, rest) ^ bytes.length) >>> 0
}

function round(hash: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51)
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
  const sum = hash ^ mixed
  return (Math.imul((sum << 13) | (sum >>> 19), 5) + 0xe6546b64) | 0
}
