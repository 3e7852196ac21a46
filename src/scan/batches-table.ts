import { LakefrontError } from '../errors.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { ScanMetrics, ScanReader, ScanRequest, ScanTable, Source } from './source.ts'

/** A table of batches that are in memory already. */
export function batchesTable(source: Source & { format: 'batches' }): ScanTable {
  return {
    schema: source.schema,
    rowCount: source.batches.reduce((rows, batch) => rows + batch.length, 0),
    open: (request) => new BatchesReader(source, request),
  }
}

class BatchesReader implements ScanReader {
  readonly metrics: ScanMetrics
  readonly #source: Source & { format: 'batches' }
  readonly #request: ScanRequest
  readonly #schema: ColumnBatch['schema']
  #next = 0
  #closed = false

  constructor(source: Source & { format: 'batches' }, request: ScanRequest) {
    this.#source = source
    this.#request = request
    this.#schema = { fields: request.columns.map((column) => source.schema.fields[column]!) }
    this.metrics = emptyMetrics(source.id)
  }

  poll(): ColumnBatch | 'done' {
    this.#request.signal?.throwIfAborted()
    if (this.#closed) throw closedReader(this.#source.id)
    const batch = this.#source.batches[this.#next++]
    if (batch === undefined) return 'done'
    this.metrics.rows += batch.length
    const columns = this.#request.columns.map((column) => batch.columns[column]!)
    return { schema: this.#schema, length: batch.length, columns }
  }

  async ready(): Promise<void> {
    this.#request.signal?.throwIfAborted()
  }

  load(): Promise<void> {
    return this.ready()
  }

  close(): void {
    this.#closed = true
  }
}

/** Metrics of a scan that has cost nothing yet. */
export function emptyMetrics(source: string): ScanMetrics {
  return {
    source,
    files: 0,
    filesSkipped: 0,
    rowGroups: 0,
    rowGroupsRead: 0,
    rowGroupsSkipped: 0,
    rowGroupsSkippedBy: { statistics: 0, bloom: 0, pages: 0, limit: 0, partition: 0, join: 0, deleted: 0 },
    pages: 0,
    pagesRead: 0,
    pagesSkipped: 0,
    bytesNeeded: 0,
    bytesFetched: 0,
    requests: 0,
    cacheHits: 0,
    rows: 0,
    planMilliseconds: 0,
    fetchMilliseconds: 0,
    decodeMilliseconds: 0,
    feedMilliseconds: 0,
    warnings: [],
  }
}

/** The error for a reader that is used after it was closed. */
export function closedReader(source: string): LakefrontError {
  return new LakefrontError('CLOSED', `The scan of "${source}" was closed.`, { details: { source } })
}
