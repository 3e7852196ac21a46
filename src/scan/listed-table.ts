import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { closedReader, emptyMetrics } from './batches-table.ts'
import type { FileListing } from './file-listing.ts'
import { openParquetReader } from './parquet-reader.ts'
import type { ReadContext } from './parquet-reader.ts'
import type { ParquetFile } from './parquet-table.ts'
import type { Predicate } from './predicate.ts'
import { allOf, keysOf, predicateOf } from './scan-plan.ts'
import type { ListedSource, ScanMetrics, ScanReader, ScanRequest, ScanTable } from './source.ts'
import { tableColumns } from './table-columns.ts'
import { schemaOfMapping } from './virtual-columns.ts'

/** Opens some files of a list, by their places in it, and books what that costs. */
export type OpenListed = (
  files: readonly number[],
  metrics: ScanMetrics,
  signal: AbortSignal,
) => Promise<readonly ParquetFile[]>

/** Files whose footers are read before the first rows are there when few rows may do; each next time, so many times as many, up to the most. */
const growth = 4
const mostTogether = 256

/** Rows of one batch when only their number matters. */
const countedRows = 1 << 30

/** The table of files that a catalog knows: files are chosen by what it says, and only those that are needed are opened. */
export function listedTable(
  source: ListedSource,
  listing: FileListing,
  options: { readonly open: OpenListed; readonly context: ReadContext },
): ScanTable {
  const schema = schemaOfMapping(source.mapping)
  const { rowCount } = listing
  let learns = false
  return {
    schema,
    ...(rowCount === undefined ? {} : { rowCount }),
    overlap: (column) => listing.overlap(schema.fields[column]!.name),
    async learn(columns, own) {
      learns = true
      await Promise.all(columns.map((column) => listing.load(schema.fields[column]!.name, own)))
    },
    open: (request) => new ListedReader({ source, schema, listing, ...options, rowCount, mayAsk: !learns }, request),
  }
}

interface Listed {
  readonly source: ListedSource
  readonly schema: Schema
  readonly listing: FileListing
  readonly open: OpenListed
  readonly context: ReadContext
  readonly rowCount: number | undefined
  /** Whether bounds may be asked for while it is read. */
  readonly mayAsk: boolean
}

class ListedReader implements ScanReader {
  readonly metrics: ScanMetrics
  readonly #listed: Listed
  readonly #request: ScanRequest
  readonly #controller = new AbortController()
  readonly #onAbort = (): void => this.#controller.abort(this.#request.signal?.reason)
  /** Places of the files to read, undefined before they were chosen, and how many of them were opened. */
  #places: readonly number[] | undefined
  #opened = 0
  /** Rows that are only counted. */
  #uncounted: number | undefined
  #together: number
  #most = mostTogether
  #reader: ScanReader | undefined
  /** The files behind those that are being read, which are being opened. */
  #next: Promise<ScanReader | undefined> | undefined
  #opening: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(listed: Listed, request: ScanRequest) {
    this.#listed = listed
    this.#request = request
    this.metrics = emptyMetrics(listed.source.files.label)
    this.#together = this.#isHasty ? 1 : mostTogether
    const isCount = request.columns.length === 0 && request.filter === undefined && (request.keys ?? []).length === 0
    if (isCount && listed.rowCount !== undefined) {
      this.#uncounted = listed.rowCount
      this.metrics.files = this.metrics.filesSkipped = listed.source.files.count
    }
    if (request.signal?.aborted === true) this.#onAbort()
    else request.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  poll(): ColumnBatch | 'pending' | 'done' {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#controller.signal.throwIfAborted()
      if (this.#uncounted !== undefined) return this.#count()
      const next = this.#reader?.poll()
      if (next !== undefined && next !== 'done') return next
      if (next === 'done') this.#end()
      if (this.#opening === undefined && this.#next === undefined && this.#isAtEnd) return 'done'
      this.#opening ??= this.#openNext()
      return 'pending'
    }
  }

  async ready(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#controller.signal.throwIfAborted()
      if (this.#opening !== undefined) await this.#opening
      else return this.#reader?.ready()
    }
  }

  async load(): Promise<void> {
    this.#together = this.#most = Infinity
    if (this.#uncounted === undefined && this.#reader === undefined && !this.#isAtEnd)
      this.#opening ??= this.#openNext()
    await this.#opening
    if (this.#failure !== undefined) throw this.#failure.error
    await this.#reader?.load()
  }

  close(): void {
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
    this.#reader?.close()
    void this.#next?.then((reader) => reader?.close()).catch(() => {})
    this.#failure ??= { error: closedReader(this.metrics.source) }
    this.#controller.abort(this.#failure.error)
  }

  /** Whether few rows may do. */
  get #isHasty(): boolean {
    return this.#request.stopsEarly === true || this.#request.limit !== undefined
  }

  get #isAtEnd(): boolean {
    return this.#opened === this.#places?.length
  }

  #end(): void {
    // What was loaded at once is read again.
    if (this.#most !== Infinity) this.#reader?.close()
    this.#reader = undefined
  }

  #count(): ColumnBatch | 'done' {
    const length = Math.min(countedRows, this.#uncounted!)
    if (length === 0) return 'done'
    this.#uncounted! -= length
    this.metrics.rows += length
    return { schema: { fields: [] }, length, columns: [] }
  }

  async #openNext(): Promise<void> {
    try {
      this.#places ??= await this.#choose()
      this.#reader = await (this.#next ?? this.#openSome(this.#places))
      this.#next = this.#isHasty || this.#isAtEnd ? undefined : this.#openSome(this.#places)
      this.#next?.catch(() => {})
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#opening = undefined
    }
  }

  /** The files that may hold rows the request needs. */
  async #choose(): Promise<readonly number[]> {
    const { source, listing, schema, mayAsk } = this.#listed
    const { signal } = this.#controller
    const started = performance.now()
    const predicate = allOf(await this.#predicate(), keysOf(this.#request, schema))
    if (predicate !== undefined && mayAsk) await listing.load(predicate, { signal })
    const chosen = listing.choose(predicate)
    this.metrics.files = this.metrics.filesSkipped = source.files.count - chosen.length
    this.metrics.planMilliseconds += performance.now() - started
    return chosen
  }

  async #predicate(): Promise<Predicate | undefined> {
    const { listing, schema, mayAsk } = this.#listed
    const { top, filter } = this.#request
    if (filter !== undefined || top === undefined) return predicateOf(this.#request, schema, () => [])
    const { name } = schema.fields[top.column]!
    if (mayAsk) await listing.load(name, { signal: this.#controller.signal })
    return listing.top(top, name)
  }

  async #openSome(all: readonly number[]): Promise<ScanReader | undefined> {
    const { source, schema, open, context } = this.#listed
    const { signal } = this.#controller
    const places = all.slice(this.#opened, this.#opened + this.#together)
    if (places.length === 0) return undefined
    this.#opened += places.length
    this.#together = Math.min(this.#most, this.#together * growth)
    const files = await open(places, this.metrics, signal)
    const { columns } = tableColumns(files, { options: { hivePartitioning: false }, mapping: source.mapping })
    for (const { source: file } of files)
      for (const warning of file.warnings)
        if (!this.metrics.warnings.includes(warning)) this.metrics.warnings.push(warning)
    return openParquetReader(
      { files, columns, schema },
      { ...this.#request, signal },
      { ...context, metrics: this.metrics },
    )
  }
}
