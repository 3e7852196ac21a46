import type { ColumnData } from '../types/column-data.ts'

/** Decoded columns by key, the least recently used given up first when they exceed a budget of bytes. */
export class ColumnCache {
  readonly #budget: number
  readonly #entries = new Map<string, { readonly columns: readonly ColumnData[]; readonly bytes: number }>()
  #bytes = 0

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes
  }

  /** Bytes held now; never more than the budget. */
  get bytes(): number {
    return this.#bytes
  }

  /** The batches stored under `key`, which become the most recently used. */
  get(key: string): readonly ColumnData[] | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.columns
  }

  /** Whether `key` is there, without using it. */
  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Keeps `columns`, unless they alone exceed the budget. */
  set(key: string, columns: readonly ColumnData[]): void {
    this.delete(key)
    const bytes = heldBytes(columns)
    if (bytes > this.#budget) return
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes + bytes <= this.#budget) break
      this.delete(oldest)
    }
    this.#entries.set(key, { columns, bytes })
    this.#bytes += bytes
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }

  /** Forgets everything whose key begins with `prefix`; all of it for `''`. */
  deleteAll(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.delete(key)
  }
}

/** Bytes behind `columns`; buffers shared between them, such as dictionaries, count once. */
function heldBytes(columns: readonly ColumnData[]): number {
  const buffers = new Set<ArrayBufferLike>()
  const visit = (column: ColumnData): void => {
    for (const view of [column.validity, column.offsets, column.values])
      if (view !== undefined) buffers.add(view.buffer)
    column.children?.forEach(visit)
    if (column.dictionary !== undefined) visit(column.dictionary)
  }
  columns.forEach(visit)
  let bytes = 0
  for (const buffer of buffers) bytes += buffer.byteLength
  return bytes
}
