import type { BytesBuilder } from '../column-builder.ts'
import { isUtf8 } from '../is-utf8.ts'
import { JsonFailure } from './json-failure.ts'
import { exactDigits, mostDigits, scaled } from './scaled.ts'

const quote = 0x22
const backslash = 0x5c

/** Bytes of a text that is copied while its end is looked for. */
const shortText = 64

/** How deep values may nest. */
const deepest = 500

/** Escapes of one letter, and the bytes they mean. */
const escapes: Readonly<Record<number, number>> = {
  0x22: 0x22,
  0x2f: 0x2f,
  0x5c: 0x5c,
  0x62: 8,
  0x66: 12,
  0x6e: 10,
  0x72: 13,
  0x74: 9,
}

/** Where reading stands in bytes of JSON. Reading over the end gives `NaN`-like bytes that are no token, so that it fails there. */
export class JsonCursor {
  bytes: Uint8Array = new Uint8Array()
  position = 0
  end = 0
  #depth = 0

  open(bytes: Uint8Array, end: number): void {
    this.bytes = bytes
    this.position = 0
    this.end = end
    this.#depth = 0
  }

  /** The next byte that is no white space, −1 at the end. */
  peek(): number {
    const { bytes, end } = this
    let { position } = this
    while (position < end) {
      const byte = bytes[position]!
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      position++
    }
    this.position = position
    return position < end ? bytes[position]! : -1
  }

  expect(byte: number): void {
    if (this.peek() !== byte) throw this.failure(`"${String.fromCharCode(byte)}" is missing`)
    this.position++
  }

  failure(problem: string): JsonFailure {
    return new JsonFailure(this.position >= this.end ? 'it ends too early' : problem, this.position)
  }

  enter(): void {
    this.position++
    if (++this.#depth > deepest) throw this.failure(`values nest deeper than ${deepest}`)
  }

  leave(): void {
    this.position++
    this.#depth--
  }

  /** Whether another item follows in a list or an object that ends with `close`; it is left when not. */
  next(close: number, isFirst: boolean): boolean {
    const byte = this.peek()
    if (byte === close) {
      this.leave()
      return false
    }
    if (isFirst) return true
    if (byte !== 0x2c) throw this.failure('"," is missing')
    this.position++
    return true
  }

  /** Goes over a string; gives where its bytes end, and whether it has escapes by a negative end. The quote is behind. */
  string(): number {
    const { bytes, end } = this
    let position = this.position + 1
    let hasEscapes = false
    for (;;) {
      const byte = bytes[position]!
      if (position >= end) {
        this.position = end
        throw this.failure('')
      }
      if (byte === quote) break
      if (byte === backslash) {
        hasEscapes = true
        position++
      } else if (byte < 0x20) {
        this.position = position
        throw this.failure('a text has a control character, which must be escaped')
      }
      position++
    }
    this.position = position + 1
    return hasEscapes ? -position : position
  }

  /** Reads a string and appends it: a short one without escapes in one go. */
  text(builder: BytesBuilder): void {
    if (this.peek() !== quote) throw this.failure('a text is missing')
    const start = this.position + 1
    builder.room(shortText)
    const { bytes } = this
    const target = builder.bytes
    const limit = Math.min(this.end, start + shortText)
    let at = builder.used
    let any = 0
    for (let from = start; from < limit; from++) {
      const byte = bytes[from]!
      if (byte === quote) {
        if (any >= 0x80 && !isUtf8(bytes, start, from)) throw new JsonFailure('a text is not UTF-8', start)
        this.position = from + 1
        builder.used = at
        builder.end()
        return
      }
      if (byte === backslash || byte < 0x20) break
      target[at++] = byte
      any |= byte
    }
    this.#anyText(builder, start)
  }

  #anyText(builder: BytesBuilder, start: number): void {
    const end = this.string()
    const length = Math.abs(end) - start
    builder.room(length)
    if (end < 0) {
      const from = builder.used
      builder.used = this.#unescape(start, -end, builder.bytes, from)
      if (!isUtf8(builder.bytes, from, builder.used)) throw new JsonFailure('a text is not UTF-8', start)
      builder.end()
      return
    }
    if (!isUtf8(this.bytes, start, end)) throw new JsonFailure('a text is not UTF-8', start)
    builder.append(this.bytes.subarray(start, end))
  }

  /** Reads a string as JavaScript's. */
  takeString(): string {
    if (this.peek() !== quote) throw this.failure('a text is missing')
    const start = this.position + 1
    const end = this.string()
    const bytes = end < 0 ? this.#unescaped(start, -end) : this.bytes.subarray(start, end)
    if (!isUtf8(bytes, 0, bytes.length)) throw new JsonFailure('a text is not UTF-8', start)
    return new TextDecoder().decode(bytes)
  }

  /** Goes over the string `key`, written without escapes, when it comes next without white space before it. */
  takeKey(key: Uint8Array): boolean {
    const { bytes, position } = this
    if (bytes[position] !== 0x22 || bytes[position + key.length + 1] !== 0x22) return false
    for (let at = 0; at < key.length; at++) if (bytes[position + 1 + at] !== key[at]) return false
    this.position = position + key.length + 2
    return true
  }

  /** Goes over `word` when it comes next, and is not the beginning of a longer one. */
  takeWord(word: string): boolean {
    const { bytes, position } = this
    for (let at = 0; at < word.length; at++) if (bytes[position + at] !== word.charCodeAt(at)) return false
    const end = position + word.length
    if (end > this.end || (end < this.end && isWord(bytes[end]!))) return false
    this.position = end
    return true
  }

  /** A number as JSON has them; undefined, and nothing is gone over, for others. */
  number(): number | undefined {
    const { bytes, end, position } = this
    const isNegative = bytes[position] === 0x2d
    const start = isNegative ? position + 1 : position
    // The first digits, which a number holds exactly, and those behind them.
    let high = 0
    let low = 0
    let digits = 0
    let point = -1
    let at = start
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte >= 0x30 && byte <= 0x39) {
        if (digits < exactDigits) high = high * 10 + byte - 0x30
        else low = low * 10 + byte - 0x30
        if (high > 0) digits++
      } else if (byte === 0x2e && point < 0) point = at
      else break
    }
    const isWhole = point < 0
    const isCut = at === start || point === start || point === at - 1 || (at < end && isWord(bytes[at]!))
    const hasZeros = bytes[start] === 0x30 && (isWhole ? at : point) > start + 1
    if (isCut || hasZeros || digits > mostDigits) return this.#anyNumber()
    const magnitude = scaled(high, low, digits - exactDigits, isWhole ? 0 : at - point - 1)
    if (magnitude === undefined) return this.#anyNumber()
    this.position = at
    return isNegative ? -magnitude : magnitude
  }

  #anyNumber(): number | undefined {
    const { position } = this
    const end = this.#numberEnd()
    if (end < 0) return undefined
    this.position = end
    return Number(this.#letters(position, end))
  }

  /** Whether a number as JSON has them comes next, which is then gone over, and is whole. */
  takeNumber(): 'whole' | 'other' | undefined {
    const { bytes, position } = this
    const end = this.#numberEnd()
    if (end < 0) return undefined
    this.position = end
    for (let at = position + 1; at < end; at++) if (!isDigit(bytes[at]!)) return 'other'
    return 'whole'
  }

  /** Where the number ends that comes next; −1 when none does. */
  #numberEnd(): number {
    const { bytes, end, position } = this
    let at = bytes[position] === 0x2d ? position + 1 : position
    const whole = at
    while (at < end && isDigit(bytes[at]!)) at++
    if (at === whole || (bytes[whole] === 0x30 && at > whole + 1)) return -1
    if (at < end && bytes[at] === 0x2e) {
      const fraction = ++at
      while (at < end && isDigit(bytes[at]!)) at++
      if (at === fraction) return -1
    }
    if (at < end && (bytes[at]! | 0x20) === 0x65) {
      at++
      if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++
      const exponent = at
      while (at < end && isDigit(bytes[at]!)) at++
      if (at === exponent) return -1
    }
    return (at < end && isWord(bytes[at]!)) || at - position > longestWord ? -1 : at
  }

  /** The text of a number or a word. */
  word(): string {
    const { bytes, end } = this
    const start = this.position
    let position = start
    while (position < end && isWord(bytes[position]!)) position++
    if (position === start) throw this.failure(`"${String.fromCharCode(bytes[start]!)}" is unexpected`)
    if (position - start > longestWord) throw this.failure('a number is too long')
    this.position = position
    return this.#letters(start, position)
  }

  #letters(start: number, end: number): string {
    let text = ''
    for (let at = start; at < end; at++) text += String.fromCharCode(this.bytes[at]!)
    return text
  }

  /** Goes over a value. */
  skip(): void {
    const byte = this.peek()
    if (byte === quote) return void this.string()
    if (byte === 0x7b) {
      this.enter()
      for (let isFirst = true; this.next(0x7d, isFirst); isFirst = false) {
        if (this.peek() !== quote) throw this.failure('the name of a field is missing')
        this.string()
        this.expect(0x3a)
        this.skip()
      }
    } else if (byte === 0x5b) {
      this.enter()
      for (let isFirst = true; this.next(0x5d, isFirst); isFirst = false) this.skip()
    } else if (this.takeNumber() === undefined) checkWord(this.word(), this)
  }

  #unescaped(start: number, end: number): Uint8Array {
    const out = new Uint8Array(end - start)
    return out.subarray(0, this.#unescape(start, end, out, 0))
  }

  /** Puts a string without its escapes to `out`, which it never makes longer, from `to` on; answers where it ends there. */
  #unescape(start: number, end: number, out: Uint8Array, to: number): number {
    const { bytes } = this
    let length = to
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (byte !== backslash) {
        out[length++] = byte
        continue
      }
      const letter = bytes[++at]!
      const plain = escapes[letter]
      if (plain !== undefined) {
        out[length++] = plain
        continue
      }
      if (letter !== 0x75) throw new JsonFailure('a text has an escape that there is not', at)
      let code = this.#hexadecimal(at + 1, end)
      at += 4
      if (code >= 0xd800 && code < 0xdc00 && bytes[at + 1] === backslash && bytes[at + 2] === 0x75) {
        const second = this.#hexadecimal(at + 3, end)
        if (second >= 0xdc00 && second < 0xe000) {
          code = 0x1_0000 + ((code - 0xd800) << 10) + (second - 0xdc00)
          at += 6
        }
      }
      if (code >= 0xd800 && code < 0xe000) throw new JsonFailure('a text has half of a surrogate pair', at)
      length = putCode(out, length, code)
    }
    return length
  }

  #hexadecimal(at: number, end: number): number {
    const text = String.fromCharCode(...this.bytes.subarray(at, Math.min(at + 4, end)))
    if (!/^[0-9a-fA-F]{4}$/.test(text)) throw new JsonFailure('a text has an escape that there is not', at)
    return Number.parseInt(text, 16)
  }
}

const longestWord = 1000

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** Letters, digits, signs and dots: what numbers, `true`, `false`, `null`, `NaN` and `Infinity` are made of. */
function isWord(byte: number): boolean {
  const letter = byte | 0x20
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (letter >= 0x61 && letter <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  )
}

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const oddNumbers = /^-?(?:nan|inf|infinity)$/i

/** Numbers as JSON has them, and NaN and infinities as many write them. */
export function isNumber(word: string): boolean {
  return numberPattern.test(word) || oddNumbers.test(word)
}

/** The number that a word is. */
export function numberOf(word: string): number {
  if (!oddNumbers.test(word)) return Number(word)
  if (/nan/i.test(word)) return NaN
  return word.startsWith('-') ? -Infinity : Infinity
}

function checkWord(word: string, cursor: JsonCursor): void {
  if (word === 'null' || word === 'true' || word === 'false' || isNumber(word)) return
  throw new JsonFailure(`"${word.slice(0, 20)}" is no value`, cursor.position - word.length)
}

function putCode(out: Uint8Array, at: number, code: number): number {
  let end = at
  if (code < 0x80) out[end++] = code
  else if (code < 0x800) {
    out[end++] = 0xc0 | (code >> 6)
    out[end++] = 0x80 | (code & 0x3f)
  } else if (code < 0x1_0000) {
    out[end++] = 0xe0 | (code >> 12)
    out[end++] = 0x80 | ((code >> 6) & 0x3f)
    out[end++] = 0x80 | (code & 0x3f)
  } else {
    out[end++] = 0xf0 | (code >> 18)
    out[end++] = 0x80 | ((code >> 12) & 0x3f)
    out[end++] = 0x80 | ((code >> 6) & 0x3f)
    out[end++] = 0x80 | (code & 0x3f)
  }
  return end
}
