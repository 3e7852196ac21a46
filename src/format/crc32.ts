const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ -0x1247_7ce0 : value >>> 1
  return value
})

/** The CRC-32 of `bytes` as in zip, unsigned. */
export function crc32(bytes: Uint8Array): number {
  let checksum = -1
  for (let at = 0; at < bytes.length; at++) checksum = (checksum >>> 8) ^ table[(checksum ^ bytes[at]!) & 0xff]!
  return ~checksum >>> 0
}
