import type { GridColumn, GridData } from './grid-data.ts'

/** Rows that arrived together; `text` counts rows from the first of them. */
export interface Chunk {
  readonly length: number
  text(row: number, column: number): string | null
}

/** A result that grows while it arrives. */
export class ResultTable implements GridData {
  readonly columns: readonly GridColumn[]
  readonly #chunks: Chunk[] = []
  readonly #starts: number[] = []
  #rowCount = 0

  constructor(columns: readonly GridColumn[]) {
    this.columns = columns
  }

  get rowCount(): number {
    return this.#rowCount
  }

  append(chunk: Chunk): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#starts.push(this.#rowCount)
    this.#rowCount += chunk.length
  }

  text(row: number, column: number): string | null {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= row) low = middle
      else high = middle - 1
    }
    const chunk = this.#chunks[low]
    if (chunk === undefined || row < 0 || row >= this.#rowCount) {
      throw new RangeError(`Row ${row} is not in a result of ${this.#rowCount} rows`)
    }
    return chunk.text(row - this.#starts[low]!, column)
  }
}
