import { LakefrontError } from '../../errors.ts'

/** Marks at the beginning of a text that tell its encoding. */
const marks: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]

/**
 * `chunks` as UTF-8 without a byte order mark. A mark of UTF-16 is believed; else the text is in `encoding`: UTF-8, which is passed on as it
 * is, `latin-1`, whose bytes are code points, or any other that the platform's `TextDecoder` knows.
 */
export async function* textChunks(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string | undefined,
  label: string,
): AsyncGenerator<Uint8Array> {
  let convert: ((bytes: Uint8Array, isMore: boolean) => Uint8Array) | undefined
  let isFirst = true
  for await (const chunk of chunks) {
    let bytes = chunk
    if (isFirst) {
      const mark = marks.find(([, of]) => of.every((byte, index) => chunk[index] === byte))
      if (mark !== undefined) bytes = chunk.subarray(mark[1].length)
      convert = converter(mark?.[0] ?? encoding ?? 'utf-8', label)
      isFirst = false
    }
    yield convert === undefined ? bytes : convert(bytes, true)
  }
  const rest = convert?.(new Uint8Array(), false)
  if (rest !== undefined && rest.length > 0) yield rest
}

function converter(encoding: string, label: string): ((bytes: Uint8Array, isMore: boolean) => Uint8Array) | undefined {
  const name = encoding.toLowerCase().replaceAll('_', '-')
  if (name === 'utf-8' || name === 'utf8') return undefined
  if (name === 'latin-1' || name === 'latin1') return (bytes) => fromLatin1(bytes)
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(name === 'utf-16' ? 'utf-16le' : name, { fatal: true })
  } catch (cause) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${label}" cannot be read as "${encoding}", which is no encoding known here. Known are utf-8, utf-16, latin-1 and those of TextDecoder, such as windows-1252 or shift_jis.`,
      { details: { file: label }, cause },
    )
  }
  const encoder = new TextEncoder()
  return (bytes, isMore) => {
    try {
      return encoder.encode(decoder.decode(bytes, { stream: isMore }))
    } catch (cause) {
      throw new LakefrontError(
        'CORRUPT_FILE',
        `"${label}" is not text in ${encoding}: some of its bytes mean nothing there. Say which encoding it has: encoding: 'latin-1', for example.`,
        { details: { file: label }, cause },
      )
    }
  }
}

function fromLatin1(bytes: Uint8Array): Uint8Array {
  let high = 0
  for (const byte of bytes) high += byte >> 7
  if (high === 0) return bytes
  const text = new Uint8Array(bytes.length + high)
  let at = 0
  for (const byte of bytes) {
    if (byte < 0x80) text[at++] = byte
    else {
      text[at++] = 0xc0 | (byte >> 6)
      text[at++] = 0x80 | (byte & 0x3f)
    }
  }
  return text
}
