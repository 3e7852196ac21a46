import { LakefrontError } from '../errors.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { closedReader, emptyMetrics } from './batches-table.ts'
import { factsOfFile } from './file-facts.ts'
import { outcomes } from './outcomes.ts'
import { overlap } from './overlap.ts'
import { nameOf, openParquetReader } from './parquet-reader.ts'
import type { ReadContext } from './parquet-reader.ts'
import type { ParquetFile } from './parquet-table.ts'
import { allOf, keysOf, predicateOf } from './scan-plan.ts'
import type { FileFacts, ScanMetrics, ScanReader, ScanRequest, ScanTable, Source } from './source.ts'
import { tableColumns } from './table-columns.ts'
import type { TableSource } from './table-columns.ts'

/** A source whose files a catalog lists. */
export type ListedSource = Source & { format: 'parquet'; facts: readonly FileFacts[] }

export interface ListedFiles {
  readonly labels: readonly string[]
  /** Reads the footers of some files, by their place in the list, and books what that costs. */
  readonly open: (
    files: readonly number[],
    metrics: ScanMetrics,
    signal: AbortSignal,
  ) => Promise<readonly ParquetFile[]>
}

/** Files whose footers are read before the first rows are there when few rows may do; each next time, so many times as many. */
const growth = 4

/** The table of files that a catalog knows: files are chosen by what it says, and only those that are needed are opened. */
export function listedTable(source: ListedSource, files: ListedFiles, context: ReadContext): ScanTable {
  const { facts, mapping } = source
  if (mapping === undefined || facts.length !== source.files.length) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `Source "${source.id}" tells facts of ${facts.length} files and names ${source.files.length}. Give one for each file, and a mapping of the columns.`,
    )
  }
  const { fields } = tableColumns([], columnsOf(source)).schema
  const schema: Schema = { fields: fields.map((field) => ({ ...field, nullable: true })) }
  return {
    schema,
    rowCount: facts.reduce((rows, file) => rows + file.rows, 0),
    overlap: (column) => overlap(facts.map((file) => factsOfFile(file, schema.fields[column]!))),
    open: (request) => new ListedReader({ source, schema, files }, request, context),
  }
}

/** Folders tell nothing beside a catalog. */
function columnsOf({ options, mapping, facts }: ListedSource, places: readonly number[] = []): TableSource {
  return {
    options: { ...options, hivePartitioning: false },
    ...(mapping && { mapping }),
    facts: places.map((place) => facts[place]!),
  }
}

interface Listed {
  readonly source: ListedSource
  readonly schema: Schema
  readonly files: ListedFiles
}

class ListedReader implements ScanReader {
  readonly metrics: ScanMetrics
  readonly #listed: Listed
  readonly #request: ScanRequest
  readonly #context: ReadContext
  readonly #controller = new AbortController()
  readonly #onAbort = (): void => this.#controller.abort(this.#request.signal?.reason)
  /** Places of the files that are still to be read. */
  #left: readonly number[]
  #together: number
  #reader: ScanReader | undefined
  #opening: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(listed: Listed, request: ScanRequest, context: ReadContext) {
    this.#listed = listed
    this.#request = request
    this.#context = context
    this.metrics = emptyMetrics(nameOf(listed.files.labels))
    const started = performance.now()
    this.#left = this.#choose()
    this.metrics.planMilliseconds += performance.now() - started
    this.#together = request.stopsEarly === true || request.limit !== undefined ? 1 : Infinity
    if (request.signal?.aborted === true) this.#onAbort()
    else request.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  poll(): ColumnBatch | 'pending' | 'done' {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#controller.signal.throwIfAborted()
      const next = this.#reader?.poll()
      if (next !== undefined && next !== 'done') return next
      if (next === 'done') this.#reader = undefined
      if (this.#left.length === 0 && this.#opening === undefined) return 'done'
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
    this.#together = Infinity
    if (this.#reader === undefined && this.#left.length > 0) this.#opening ??= this.#openNext()
    await this.#opening
    if (this.#failure !== undefined) throw this.#failure.error
    await this.#reader?.load()
  }

  close(): void {
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
    this.#reader?.close()
    this.#failure ??= { error: closedReader(this.metrics.source) }
    this.#controller.abort(this.#failure.error)
  }

  /** The files that may hold rows the request needs. */
  #choose(): readonly number[] {
    const { source, schema } = this.#listed
    const { facts } = source
    const known = facts.map((file) => new Map(schema.fields.map((field) => [field.name, factsOfFile(file, field)])))
    const predicate = allOf(
      predicateOf(this.#request, schema, (column) => known.map((file) => file.get(schema.fields[column]!.name))),
      keysOf(this.#request, schema),
    )
    const chosen = [...facts.keys()].filter((file) => {
      if (facts[file]!.rows === 0) return false
      return predicate === undefined || outcomes(predicate, (name) => known[file]!.get(name)).mayBeTrue
    })
    this.metrics.files = this.metrics.filesSkipped = facts.length - chosen.length
    return chosen
  }

  async #openNext(): Promise<void> {
    const { source, schema, files } = this.#listed
    const places = this.#left.slice(0, this.#together)
    this.#left = this.#left.slice(places.length)
    this.#together *= growth
    try {
      const opened = await files.open(places, this.metrics, this.#controller.signal)
      const { columns } = tableColumns(opened, columnsOf(source, places))
      const { signal } = this.#controller
      const request = { ...this.#request, signal }
      this.#reader = openParquetReader({ files: opened, columns, schema }, request, {
        ...this.#context,
        metrics: this.metrics,
      })
      for (const { source: file } of opened)
        for (const warning of file.warnings)
          if (!this.metrics.warnings.includes(warning)) this.metrics.warnings.push(warning)
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#opening = undefined
    }
  }
}
