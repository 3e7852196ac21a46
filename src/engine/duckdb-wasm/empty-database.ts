/** What is not zero in the file of a database without content, by place: a header of the file and two of the database, each with its checksum. */
const parts: Readonly<Record<number, string>> = {
  0: '41329e096f3ecdb54455434b44',
  52: '76312e352e36',
  84: '30363963633966396235',
  124: '445621b9c57a17ef30ce00afc8262e03',
  4096: '54cd775b53a0ed90',
  4112: 'ffffffffffffffffffffffffffffffff',
  4137: '40',
  4145: '0800000000000007',
  4180: '30363963633966396235',
  4220: '445621b9c57a17ef30ce00afc8262e03',
  8192: '54cd775b53a0ed90',
  8208: 'ffffffffffffffffffffffffffffffff',
  8233: '40',
  8241: '0800000000000007',
  8276: '30363963633966396235',
  8316: '445621b9c57a17ef30ce00afc8262e03',
}

/**
 * The file that DuckDB v1.5.6 makes of `ATTACH 'new.db' (BLOCK_SIZE 16384, STORAGE_VERSION 'v1.5.0')`. The bindings of DuckDB-WASM can open a buffer but not make one,
 * and blocks of 16 KB instead of 256 KB keep a file of many small tables small, and so does the
 * storage of v1.5, which is what reads lakes of format 1.0.
 */
export function emptyDatabase(): Uint8Array {
  const bytes = new Uint8Array(12288)
  for (const [place, hex] of Object.entries(parts)) {
    for (let at = 0; at < hex.length; at += 2)
      bytes[Number(place) + at / 2] = Number.parseInt(hex.slice(at, at + 2), 16)
  }
  return bytes
}
