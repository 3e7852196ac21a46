import { LakefrontError } from '../errors.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { ScanMetrics, ScanReader, ScanRequest, ScanTable } from './source.ts'

/** The rows of `table` and, after them, of another with the same columns whose rows are in memory. Costs are booked as one scan. */
export function tableWithRows(table: ScanTable, rows: ScanTable): ScanTable {
  const { overlap, learn } = table
  if (rows.schema.fields.length !== table.schema.fields.length)
    throw new LakefrontError('INTERNAL', 'Rows in memory have other columns than the files they belong to.')
  return {
    schema: table.schema,
    ...(table.rowCount === undefined ? {} : { rowCount: table.rowCount + (rows.rowCount ?? 0) }),
    ...(overlap === undefined ? {} : { overlap: (column) => overlap(column) }),
    ...(learn === undefined ? {} : { learn: (columns, options) => learn(columns, options) }),
    open: (request) => new FilesThenRows(table.open(request), rows.open(withoutPruning(request))),
  }
}

/** What is in memory is given whole. */
function withoutPruning({ columns, signal }: ScanRequest): ScanRequest {
  return { columns, ...(signal === undefined ? {} : { signal }) }
}

class FilesThenRows implements ScanReader {
  readonly metrics: ScanMetrics
  readonly #files: ScanReader
  readonly #rows: ScanReader
  #isThrough = false

  constructor(files: ScanReader, rows: ScanReader) {
    this.metrics = files.metrics
    this.#files = files
    this.#rows = rows
  }

  poll(): ColumnBatch | 'pending' | 'done' {
    if (!this.#isThrough) {
      const next = this.#files.poll()
      if (next !== 'done') return next
      this.#isThrough = true
    }
    const next = this.#rows.poll()
    if (typeof next === 'object') this.metrics.rows += next.length
    return next
  }

  ready(): Promise<void> {
    return this.#isThrough ? this.#rows.ready() : this.#files.ready()
  }

  async load(): Promise<void> {
    await this.#files.load()
    await this.#rows.load()
  }

  close(): void {
    this.#files.close()
    this.#rows.close()
  }
}
