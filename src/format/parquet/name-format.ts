const signatures: readonly (readonly [offset: number, signature: string, name: string])[] = [
  [0, '\x1f\x8b', 'looks like gzip; unpack it first'],
  [0, 'PK\x03\x04', 'looks like a ZIP archive; unpack it first'],
  [0, '\x28\xb5\x2f\xfd', 'looks like Zstandard; unpack it first'],
  [0, 'BZh', 'looks like bzip2; unpack it first'],
  [0, '7z\xbc\xaf', 'looks like a 7z archive; unpack it first'],
  [0, 'Obj\x01', 'looks like Avro'],
  [0, 'ARROW1', 'looks like an Arrow IPC file'],
  [0, '\xff\xff\xff\xff', 'looks like an Arrow IPC stream'],
  [0, 'ORC', 'looks like ORC'],
  [0, 'SQLite format 3', 'looks like an SQLite database'],
  [8, 'DUCK', 'looks like a DuckDB database'],
  [0, '%PDF', 'looks like a PDF'],
]

/** What a file that is no Parquet looks like, as the end of a sentence beginning with "it". */
export function nameFormat(head: Uint8Array, size: number): string {
  if (size === 0) return 'is empty'
  const bytes = String.fromCharCode(...head.subarray(0, 512))
  const known = signatures.find(([offset, signature]) => bytes.startsWith(signature, offset))
  if (known !== undefined) return known[2]
  const text = bytes.replace(/^\xef\xbb\xbf/, '').trimStart()
  if (/^<(!doctype|html|head|body)/i.test(text))
    return 'looks like an HTML page (a server may have answered with an error page)'
  if (text.startsWith('<')) return 'looks like XML (a store may have answered with an error)'
  if (/^[[{]/.test(text)) return 'looks like JSON'
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x08\x0e-\x1f]/.test(bytes)) return `starts with bytes ${hexadecimal(head)}`
  const line = text.split('\n', 1)[0] ?? ''
  const separator = [',', '\t', ';', '|'].find((candidate) => line.includes(candidate))
  if (separator !== undefined) return separator === '\t' ? 'looks like tab-separated text' : 'looks like CSV'
  return 'looks like plain text'
}

function hexadecimal(head: Uint8Array): string {
  return Array.from(head.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
