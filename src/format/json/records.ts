import { LakefrontError } from '../../errors.ts'
import { concatenated } from '../collect-bytes.ts'
import { JsonCursor } from './json-cursor.ts'

/** How values stand in a file: one per line, one after the other over any lines, or as the items of one array. */
export type Layout = 'lines' | 'values' | 'array'

/** Whole values, from the start of `bytes` to `end`. */
export interface Records {
  readonly bytes: Uint8Array
  readonly end: number
  /** Where `bytes` begins in the text of the file. */
  readonly offset: number
}

/** A value of more bytes is taken for damage. */
const largestValue = 256 * 1024 * 1024

/** How values stand in a file that begins with `start`; `isAll` says that it is all there is. */
export function layoutOf(start: Uint8Array, isAll: boolean): Layout {
  const cursor = new JsonCursor()
  cursor.open(start, start.length)
  skipMark(cursor)
  const isList = cursor.peek() === 0x5b
  const line = start.indexOf(0x0a, cursor.position)
  try {
    cursor.skip()
  } catch {
    return isList ? 'array' : 'values'
  }
  const isWholeLine = line < 0 ? isAll : cursor.position <= line
  if (!isList) return isWholeLine ? 'lines' : 'values'
  if (cursor.peek() === -1) return 'array'
  return isWholeLine ? 'lines' : 'values'
}

/** Passes over a byte order mark. */
export function skipMark(cursor: JsonCursor): void {
  const { bytes } = cursor
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) cursor.position = 3
}

/** Joins chunks so that each of the results holds whole values. */
export async function* recordsOf(
  chunks: AsyncIterable<Uint8Array>,
  layout: Layout,
  label: string,
): AsyncGenerator<Records> {
  const scan = new ValueScan(layout)
  let held: Uint8Array[] = []
  let length = 0
  let offset = 0
  for await (const chunk of chunks) {
    const end = scan.end(chunk)
    if (end > 0) {
      // Of lines only the one that is cut is put together; the others stay where they are.
      const cut = length === 0 ? 0 : layout === 'lines' ? chunk.indexOf(0x0a) + 1 : end
      if (cut > 0) {
        held.push(chunk.subarray(0, cut))
        length += cut
        yield { bytes: concatenated(held, length), end: length, offset }
      }
      offset += length
      if (end > cut) yield { bytes: chunk.subarray(cut), end: end - cut, offset }
      offset += end - cut
      held = []
      length = 0
    }
    const rest = end === 0 ? chunk : chunk.subarray(end)
    if (rest.length > 0) held.push(rest)
    length += rest.length
    if (length > largestValue) {
      throw new LakefrontError(
        'CORRUPT_FILE',
        `"${label}" has a value of more than 256 MB at byte ${offset} of its text.`,
        {
          details: { file: label, offset },
        },
      )
    }
  }
  if (length > 0) yield { bytes: concatenated(held, length), end: length, offset }
}

/** Finds where the last whole value that ends in a chunk does so, chunk after chunk. */
class ValueScan {
  readonly #layout: Layout
  readonly #base: number
  #depth = 0
  #isText = false
  #isEscaped = false

  constructor(layout: Layout) {
    this.#layout = layout
    this.#base = layout === 'array' ? 1 : 0
  }

  /** The end of the last whole value in the next chunk; 0 when none ends there. */
  end(bytes: Uint8Array): number {
    if (this.#layout === 'lines') return bytes.lastIndexOf(0x0a) + 1
    let end = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === 0x5c) this.#isEscaped = true
        else if (byte === 0x22) this.#isText = false
      } else if (byte === 0x22) this.#isText = true
      else if (byte === 0x7b || byte === 0x5b) this.#depth++
      else if (byte === 0x7d || byte === 0x5d) {
        if (--this.#depth <= this.#base) end = at + 1
      } else if (this.#depth === this.#base && (byte === 0x2c || byte <= 0x20)) end = at + 1
    }
    return end
  }
}
