const hexadecimal: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes as DuckDB prints a BLOB: printable ASCII as it is, the rest as `\xHH`. */
export function blobText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x27 && byte !== 0x5c
    text += plain ? String.fromCharCode(byte) : `\\x${hexadecimal[byte]!.toUpperCase()}`
  }
  return text
}

/** The 16 bytes at `start` as a UUID is printed. */
export function uuidText(bytes: Uint8Array, start: number): string {
  let text = ''
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-'
    text += hexadecimal[bytes[start + index]!]
  }
  return text
}

/** A BIT as a text of 0 and 1. DuckDB's bytes: the number of padding bits, then the bits, padded in front. */
export function bitText(bytes: Uint8Array): string {
  let text = ''
  for (let index = 1; index < bytes.length; index++) text += bytes[index]!.toString(2).padStart(8, '0')
  return text.slice(bytes[0] ?? 0)
}
