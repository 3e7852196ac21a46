import type { CsvDialect } from './csv-parser.ts'

type Shape = Pick<CsvDialect, 'delimiter' | 'quote' | 'escape' | 'comment' | 'newLine'>

/** Where records end in text of one dialect: at line ends outside of quotes. */
export class CsvRecords {
  readonly #lineEnd: number
  readonly #quote: number
  readonly #escape: number
  readonly #comment: number
  readonly #delimiter: Uint8Array

  constructor({ delimiter, quote, escape, comment, newLine }: Shape) {
    const first = (text: string): number => (text === '' ? -1 : text.charCodeAt(0))
    this.#lineEnd = newLine === '\r' ? 0x0d : 0x0a
    this.#quote = first(quote)
    this.#escape = escape === '' ? this.#quote : first(escape)
    this.#comment = first(comment)
    this.#delimiter = new TextEncoder().encode(delimiter)
  }

  /** The end of the last whole record of a text that begins with one; 0 when there is none. */
  end(text: Uint8Array): number {
    const plain = this.#outsideOfQuotes(text)
    for (let index = plain.length - 2; index >= 0; index -= 2) {
      const from = plain[index]!
      const line = text.subarray(from, plain[index + 1]).lastIndexOf(this.#lineEnd)
      if (line >= 0) return from + line + 1
    }
    return 0
  }

  /** How many lines end in `text` outside of quotes. */
  count(text: Uint8Array): number {
    const plain = this.#outsideOfQuotes(text)
    let lines = 0
    for (let index = 0; index < plain.length; index += 2)
      lines += countOf(text.subarray(plain[index], plain[index + 1]), this.#lineEnd)
    return lines
  }

  /** Where text that is not in quotes begins and ends, in turn. */
  #outsideOfQuotes(text: Uint8Array): readonly number[] {
    if (this.#quote < 0) return [0, text.length]
    const plain = [0]
    for (let at = text.indexOf(this.#quote); at >= 0; at = text.indexOf(this.#quote, at)) {
      if (!this.#beginsValue(text, at)) {
        at++
        continue
      }
      plain.push(at)
      at = this.#closeQuote(text, at + 1)
      if (at < 0) return plain
      plain.push(at)
    }
    plain.push(text.length)
    return plain
  }

  /** Past the quote that closes the value that goes on at `from`; −1 when the text ends before. A quote at its very end may be half of two. */
  #closeQuote(text: Uint8Array, from: number): number {
    const isDoubled = this.#escape === this.#quote
    for (let at = text.indexOf(this.#quote, from); at >= 0; at = text.indexOf(this.#quote, at)) {
      if (isDoubled) {
        if (text[at + 1] !== this.#quote) return at + 1
        at += 2
        continue
      }
      let escapes = 0
      while (at - escapes > from && text[at - escapes - 1] === this.#escape) escapes++
      if (escapes % 2 === 0) return at + 1
      at++
    }
    return -1
  }

  /** Whether a quote is the first of a value: after a delimiter or a line end, spaces aside, and not in a comment. */
  #beginsValue(text: Uint8Array, quote: number): boolean {
    if (this.#comment >= 0) {
      const line = text.lastIndexOf(this.#lineEnd, quote) + 1
      if (text[line] === this.#comment) return false
    }
    let before = quote
    while (before > 0 && text[before - 1] === 0x20 && !this.#isDelimiterAt(text, before)) before--
    const byte = text[before - 1]
    return before === 0 || byte === 0x0a || byte === 0x0d || this.#isDelimiterAt(text, before)
  }

  /** Whether a delimiter ends at `end`. */
  #isDelimiterAt(text: Uint8Array, end: number): boolean {
    const { length } = this.#delimiter
    if (length === 0 || end < length) return false
    for (let index = 0; index < length; index++) if (text[end - length + index] !== this.#delimiter[index]) return false
    return true
  }
}

/** How often `byte` is in `text`. */
export function countOf(text: Uint8Array, byte: number): number {
  let count = 0
  for (let at = 0; at < text.length; at++) if (text[at] === byte) count++
  return count
}
