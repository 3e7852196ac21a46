import type { ColumnKeys, ScanMetrics, ScanOptions, ScanReader, ScanTable, TableOptions } from '../../scan/source.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { Progress } from '../engine.ts'
import type { ScanHint } from './explain-hints.ts'
import type { JoinHint } from './join-hints.ts'
import { fits, JoinKeys, mayPay } from './join-keys.ts'
import type { BoundScan, OpenScan, ScanContext } from './scan-function.ts'
import type { ReadFormat } from './scan-parameters.ts'

/** The table behind a name in `lf_scan` or behind files in `read_parquet` and its like. */
export type LoadTable = (named: NamedTable, forWhom: TableOptions) => Promise<ScanTable>

/** A table as a statement names it. */
export interface NamedTable {
  readonly name: string
  /** What the files are, unless the name is that of a registered source. */
  readonly format: ReadFormat
  readonly files: readonly string[]
  readonly options: ScanOptions
}

/** A scan that could not wait, decoded ahead: every read of it by DuckDB begins at the first batch. */
interface LoadedScan {
  readonly scan: OpenScan
  readonly batches: readonly ColumnBatch[]
}

/** How often in a row DuckDB may ask a scan that has no rows before it counts as one that does not let go; it lets go after fifty. */
const patience = 1_000

/**
 * The scans of one text: which tables its statements name, what their plans need of them, and what they wait for. DuckDB's callbacks
 * ask here, and are told "not loaded yet" where they cannot wait; the run then loads it and tries again.
 */
export class RunScans implements ScanContext {
  readonly #loadTable: LoadTable
  readonly #signal: AbortSignal
  readonly #onScanned: () => void
  readonly #tables = new Map<string, ScanTable>()
  readonly #numbers = new Map<ScanTable, number>()
  readonly #missing = new Map<string, NamedTable>()
  readonly #cardinalities = new Map<number, BoundScan>()
  readonly #loaded = new Map<string, LoadedScan>()
  readonly #wanted = new Map<string, { readonly bound: BoundScan; readonly columns: readonly number[] }>()
  readonly #readers = new Map<ScanReader, AbortController>()
  readonly #metrics = new Set<ScanMetrics>()
  #bindsAnew = true
  #hints: readonly ScanHint[] | undefined
  #joins = new JoinKeys([], () => undefined)
  #failure: { readonly error: unknown } | undefined
  #rows = 0
  #expectedRows = 0
  #waitedMilliseconds = 0
  #blocked: { readonly reader: ScanReader; times: number } | undefined

  constructor(loadTable: LoadTable, signal: AbortSignal, onScanned: () => void) {
    this.#loadTable = loadTable
    this.#signal = signal
    this.#onScanned = onScanned
    // One listener for all readers: Node warns of more than ten.
    signal.addEventListener('abort', () => {
      for (const controller of this.#readers.values()) controller.abort(signal.reason)
    })
  }

  /** Call before another statement of the text: what a plan said, and what was loaded for it, is not of the next. */
  beginStatement(): void {
    this.plan(undefined, [])
    this.#closeReaders()
  }

  /** How long the engine was fed or suspended while it seemed to compute. */
  get heldMilliseconds(): number {
    return this.metrics.reduce((sum, scan) => sum + scan.feedMilliseconds, this.#waitedMilliseconds)
  }

  waited(milliseconds: number): void {
    this.#waitedMilliseconds += milliseconds
  }

  /** What a callback failed with. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  get metrics(): readonly ScanMetrics[] {
    return [...this.#metrics]
  }

  /** Whether the plan should be asked what it needs: there are scans, and it was not asked yet. */
  get wantsHints(): boolean {
    return this.#tables.size > 0 && this.#hints === undefined
  }

  /** Whether statements read tables that are not DuckDB's own. */
  get hasTables(): boolean {
    return this.#tables.size > 0
  }

  progress(): Progress {
    return {
      rowsScanned: this.#rows,
      bytesFetched: this.metrics.reduce((sum, scan) => sum + scan.bytesFetched, 0),
      ...(this.#expectedRows > 0 ? { fraction: Math.min(1, this.#rows / this.#expectedRows) } : {}),
    }
  }

  /** Call before DuckDB may bind the statement, anew or once more: the same text binds its scans in the same order. */
  beginBinding(): void {
    this.#bindsAnew = true
  }

  bind(named: NamedTable): BoundScan | undefined {
    if (this.#bindsAnew) this.#cardinalities.clear()
    this.#bindsAnew = false
    const key = JSON.stringify([named.format, named.name, named.options])
    const table = this.#tables.get(key)
    if (table === undefined) {
      this.#missing.set(key, named)
      return undefined
    }
    let cardinality = table.rowCount ?? unknownRows
    while (this.#cardinalities.has(cardinality)) cardinality++
    const bound = { table, cardinality }
    this.#cardinalities.set(cardinality, bound)
    return bound
  }

  open(bound: BoundScan, columns: readonly number[]): OpenScan {
    const loaded = this.#loaded.get(this.#keyOf(bound, columns))
    if (loaded !== undefined) return { ...loaded.scan, reader: replay(loaded) }
    return this.#begin(bound, columns, this.#joins.keysOf(bound, columns))
  }

  blocked({ reader }: OpenScan): boolean {
    this.#blocked ??= { reader, times: 0 }
    return ++this.#blocked.times < patience
  }

  /** Resolves when the scan that was blocked has rows, or has failed: the next read of it says which. */
  async unblocked(): Promise<void> {
    const blocked = this.#blocked
    this.#blocked = undefined
    await blocked?.reader.ready().catch(() => {})
  }

  starved({ bound, columns }: OpenScan): void {
    this.#wanted.set(this.#keyOf(bound, columns), { bound, columns })
  }

  failed(error: unknown): void {
    this.#failure ??= { error }
  }

  scanned(rows: number): void {
    this.#rows += rows
    this.#onScanned()
  }

  /** Loads the tables that were asked for and not there; false when there were none, so that the statement failed for its own reasons. */
  async loadMissing(): Promise<boolean> {
    if (this.#missing.size === 0 || this.#failure !== undefined) return false
    const missing = [...this.#missing]
    this.#missing.clear()
    const forWhom = { signal: this.#signal }
    await Promise.all(missing.map(async ([key, named]) => this.#tables.set(key, await this.#loadTable(named, forWhom))))
    this.#signal.throwIfAborted()
    return true
  }

  /** Decodes what a failed attempt asked for; false when it failed for its own reasons. */
  async loadUnloaded(): Promise<boolean> {
    const wanted = [...this.#wanted.values()]
    this.#wanted.clear()
    if (wanted.length === 0 || this.#failure !== undefined) return false
    this.#blocked = undefined
    await Promise.all(wanted.map(({ bound, columns }) => this.#load(bound, columns)))
    return true
  }

  /** Whether a look at the joins of the plan may spare something. */
  wantsJoins(hints: readonly ScanHint[]): boolean {
    return mayPay(hints.flatMap(({ cardinality }) => this.#cardinalities.get(cardinality)?.table ?? []))
  }

  /** Lets tables find out what skipping by the plan needs, before it runs: they may ask the engine, which is in no statement now. */
  async learn(hints: readonly ScanHint[], joins: readonly JoinHint[]): Promise<void> {
    const named = [
      ...hints.map(({ cardinality, columns, filter, top }) => ({ cardinality, columns, tested: tested(filter, top) })),
      ...joins.map(({ column: { cardinality, columns, column } }) => ({ cardinality, columns, tested: [column] })),
    ]
    const learning = named.map(async ({ cardinality, columns, tested }) => {
      const table = this.#cardinalities.get(cardinality)?.table
      const indices = tested.map((position) => table?.schema.fields.findIndex(({ name }) => name === columns[position]))
      await table?.learn?.(indices.filter((index) => index !== undefined && index >= 0) as number[], {
        signal: this.#signal,
      })
    })
    await Promise.all(learning)
  }

  /** Takes what the plan says of scans and joins. */
  plan(hints: readonly ScanHint[] | undefined, joins: readonly JoinHint[]): void {
    this.#hints = hints
    this.#joins = new JoinKeys(joins, (cardinality) => this.#cardinalities.get(cardinality)?.table)
  }

  close(): void {
    this.#closeReaders()
    this.#tables.clear()
  }

  #closeReaders(): void {
    for (const reader of this.#readers.keys()) reader.close()
    this.#readers.clear()
    this.#loaded.clear()
    this.#wanted.clear()
  }

  /** A plan may hold a bound scan more than once; what it says of it counts as far as all say the same. */
  #begin(bound: BoundScan, columns: readonly number[], keys: readonly ColumnKeys[]): OpenScan {
    const { table, cardinality } = bound
    const hints = (this.#hints ?? []).filter((hint) => hint.cardinality === cardinality)
    const filters = new Set(hints.map((hint) => (fits(hint, table, columns) ? hint.filter : undefined)))
    const filter = filters.size === 1 ? [...filters][0] : undefined
    const countsOnly = hints.length > 0 && hints.every((hint) => hint.countsOnly)
    const only = hints.length === 1 && fits(hints[0]!, table, columns) ? hints[0] : undefined
    const top = only?.top && { ...only.top, column: columns[only.top.column]! }
    const controller = new AbortController()
    if (this.#signal.aborted) controller.abort(this.#signal.reason)
    const reader = table.open({
      columns: countsOnly ? [] : columns,
      copies: true,
      ...(filter === undefined ? {} : { filter }),
      ...(only?.stopsEarly === true ? { stopsEarly: true } : {}),
      ...(only?.limit === undefined ? {} : { limit: only.limit }),
      ...(top === undefined ? {} : { top }),
      ...(keys.length === 0 ? {} : { keys }),
      signal: controller.signal,
    })
    this.#readers.set(reader, controller)
    this.#metrics.add(reader.metrics)
    this.#expectedRows += table.rowCount ?? 0
    const watched = countsOnly ? reader : this.#joins.watch(bound, columns, { reader, filter, keys })
    return { bound, columns, reader: watched, columnsRead: countsOnly ? [] : columns }
  }

  /** Decodes all of a scan. */
  async #load(bound: BoundScan, columns: readonly number[]): Promise<void> {
    const scan = this.#begin(bound, columns, [])
    const batches: ColumnBatch[] = []
    await scan.reader.load()
    for (let next = scan.reader.poll(); typeof next === 'object'; next = scan.reader.poll()) batches.push(next)
    this.#loaded.set(this.#keyOf(bound, columns), { scan, batches })
  }

  /** Statements prepared in a text before this one bring their own bound scans, whose cardinalities say nothing here. */
  #keyOf({ table, cardinality }: BoundScan, columns: readonly number[]): string {
    const number = this.#numbers.get(table) ?? this.#numbers.size
    this.#numbers.set(table, number)
    return [number, cardinality, ...columns].join()
  }
}

/** Positions of the columns that a plan's filter may test, and of the one its first rows are ordered by. */
function tested(filter: ScanHint['filter'] = '', top: ScanHint['top']): readonly number[] {
  const positions = [...filter.matchAll(/#(\d+)/g)].map((match) => Number(match[1]))
  return [...new Set(top === undefined ? positions : [...positions, top.column])]
}

/** Reads what is decoded from its beginning. */
function replay({ scan, batches }: LoadedScan): ScanReader {
  let next = 0
  return {
    metrics: scan.reader.metrics,
    poll: () => batches[next++] ?? 'done',
    ready: () => Promise.resolve(),
    load: () => Promise.resolve(),
    close: () => {},
  }
}

/** What DuckDB is told of a table whose rows are not counted. */
const unknownRows = 1_000_000
