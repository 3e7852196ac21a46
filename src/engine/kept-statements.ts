/** How many statements are kept prepared, and the longest of their texts. */
const mostKept = 64
const longestKept = 10_000

/**
 * Statements of one connection that were run and may be again, by their texts, the longest unused first. Engines plan one anew by
 * themselves when the schema or the types of its values changed; for what they do not notice there is {@link clear}.
 */
export class KeptStatements<T> {
  readonly #kept = new Map<string, T>()
  readonly #close: (statement: T) => void
  #age = 0

  constructor(close: (statement: T) => void) {
    this.#close = close
  }

  /** Another after each {@link clear}: a statement begun before is not kept afterwards. */
  get age(): number {
    return this.#age
  }

  /** The statement of a text, which is the caller's from then on. */
  take(sql: string): T | undefined {
    const found = this.#kept.get(sql)
    this.#kept.delete(sql)
    return found
  }

  /** Keeps a statement that is at rest, or closes it. */
  keep(sql: string, statement: T, age: number = this.#age): void {
    if (age !== this.#age || this.#kept.has(sql) || sql.length > longestKept) {
      this.#close(statement)
      return
    }
    this.#kept.set(sql, statement)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept) this.#close(this.take(oldest!)!)
  }

  /** Closes all. */
  clear(): void {
    this.#age++
    for (const statement of this.#kept.values()) this.#close(statement)
    this.#kept.clear()
  }
}
