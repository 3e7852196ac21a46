import { LakefrontError } from '../../errors.ts'
import { type SqlToken, sqlTokens } from '../../sql/sql-tokens.ts'

/** Goes through one SQL statement from its first word to its last. Words are asked for in lower case. */
export class StatementCursor {
  readonly #sql: string
  readonly #tokens: readonly SqlToken[]
  #at = 0

  constructor(sql: string) {
    this.#sql = sql
    this.#tokens = sqlTokens(sql)
  }

  /** Whether nothing is left. */
  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  /** The text of what comes next, quoted names without their quotes; empty at the end. */
  get next(): string {
    return this.#tokens[this.#at]?.text ?? ''
  }

  /** Whether these words, or signs, come next. */
  sees(...words: readonly string[]): boolean {
    return words.every((word, index) => this.#isAt(this.#at + index, word))
  }

  /** Steps over these words when they come next. */
  takes(...words: readonly string[]): boolean {
    const isNext = this.sees(...words)
    if (isNext) this.#at += words.length
    return isNext
  }

  /** Steps over these words. @throws LakefrontError `SYNTAX_ERROR` when others come next. */
  expect(...words: readonly string[]): void {
    if (!this.takes(...words)) throw this.unexpected(words.join(' ').toUpperCase())
  }

  /** Steps over a name. */
  name(): string {
    const token = this.#tokens[this.#at]
    if (token === undefined || token.kind === 'other') throw this.unexpected('a name')
    this.#at++
    return token.text
  }

  /** A name where one comes next that is none of these words. */
  nameUnless(...words: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at]
    if (token === undefined || token.kind === 'other' || words.some((word) => this.sees(word))) return undefined
    return this.name()
  }

  /** Names with dots between them. */
  path(): readonly string[] {
    const names = [this.name()]
    while (this.takes('.')) names.push(this.name())
    return names
  }

  /** Names in brackets, `(a, b)`, or undefined where something else stands there. */
  names(): readonly string[] | undefined {
    const [open, name, after] = this.#tokens.slice(this.#at)
    if (open?.text !== '(' || name === undefined || name.kind === 'other' || !/^[,)]$/.test(after?.text ?? ''))
      return undefined
    this.#at++
    const names = [this.name()]
    while (this.takes(',')) names.push(this.name())
    this.expect(')')
    return names
  }

  /** The texts between the commas of the brackets that come next. */
  expressions(): readonly string[] {
    this.expect('(')
    const all: string[] = []
    do all.push(this.until(',', ')'))
    while (this.takes(','))
    this.expect(')')
    return all
  }

  /** A table as it stands behind FROM, without what it is called there: a name, a call, a file or a query in brackets; and the parts of the name. */
  table(): { readonly text: string; readonly path?: readonly string[] } {
    const start = this.#at
    const isNamed = this.#tokens[start]?.kind !== 'other'
    const path = isNamed ? this.path() : undefined
    if (!isNamed || this.sees('(')) this.#at = this.#skipped(this.#at)
    return { text: this.#text(start, this.#at), ...(path === undefined ? {} : { path }) }
  }

  /** What `read` gives, and behind it; at the same place as before where it gives nothing. */
  ahead<T>(read: () => T | undefined): T | undefined {
    const start = this.#at
    const found = read()
    if (found === undefined) this.#at = start
    return found
  }

  /** What stands in the brackets that come next, as text. */
  inBrackets(): string {
    if (!this.sees('(')) throw this.unexpected('(')
    const close = this.#skipped(this.#at) - 1
    const text = this.#text(this.#at + 1, close)
    this.#at = close + 1
    return text
  }

  /** The text up to one of `words` (or some, with spaces between) that stands in no brackets and in no CASE, or to the end. */
  until(...words: readonly string[]): string {
    const start = this.#at
    while (!this.isAtEnd && !words.some((word) => this.#endsAt(word))) this.#at = this.#skipped(this.#at)
    if (this.#at === start) throw this.unexpected('an expression')
    return this.#text(start, this.#at)
  }

  /** All that is left, as text. */
  rest(): string {
    const start = this.#at
    this.#at = this.#tokens.length
    return this.#text(start, this.#at)
  }

  /** The text from the beginning to where this is. */
  before(): string {
    return this.#sql.slice(0, this.#tokens[this.#at]?.start ?? this.#sql.length)
  }

  /** Says that something else should stand here. */
  unexpected(wanted: string): LakefrontError {
    const token = this.#tokens[this.#at]
    const found = token === undefined ? 'the end' : `"${this.#sql.slice(token.start, token.end)}"`
    return new LakefrontError('SYNTAX_ERROR', `Expected ${wanted} at ${found} in the statement that changes a lake.`, {
      details: { position: token?.start ?? this.#sql.length },
    })
  }

  /** `IS DISTINCT FROM` is no FROM. */
  #endsAt(word: string): boolean {
    return this.sees(...word.split(' ')) && !(word === 'from' && this.#isAt(this.#at - 1, 'distinct'))
  }

  #isAt(at: number, word: string): boolean {
    const token = this.#tokens[at]
    return token !== undefined && token.kind !== 'quoted' && token.text.toLowerCase() === word
  }

  /** Behind a token; behind all that is between it and what closes it. */
  #skipped(at: number): number {
    if (!['(', '[', '{', 'case'].some((open) => this.#isAt(at, open))) return at + 1
    let next = at + 1
    while (next < this.#tokens.length && ![')', ']', '}', 'end'].some((close) => this.#isAt(next, close)))
      next = this.#skipped(next)
    return Math.min(next + 1, this.#tokens.length)
  }

  #text(from: number, to: number): string {
    return from >= to ? '' : this.#sql.slice(this.#tokens[from]!.start, this.#tokens[to - 1]!.end)
  }
}
