import type { ParquetOptions, ScanMetrics, ScanTable, TableOptions } from '../../scan/source.ts'
import type { Progress } from '../engine.ts'
import type { ScanHint } from './explain-hints.ts'
import type { BoundScan, OpenScan, ScanContext } from './scan-function.ts'

/** The table behind a name in `lf_scan` or behind files in `read_parquet`. */
export type LoadTable = (named: NamedTable, forWhom: TableOptions) => Promise<ScanTable>

/** A table as a statement names it. */
export interface NamedTable {
  readonly name: string
  readonly files: readonly string[]
  readonly options: ParquetOptions
}

/**
 * The scans of one statement: which tables it names, what its plan needs of them, and which were decoded ahead. DuckDB's callbacks
 * ask here and are told "not loaded yet" where something must be waited for; the run then loads it and tries again.
 */
export class RunScans implements ScanContext {
  readonly #loadTable: LoadTable
  readonly #suspends: boolean
  readonly #signal: AbortSignal | undefined
  readonly #onScanned: () => void
  readonly #tables = new Map<string, ScanTable>()
  readonly #missing = new Map<string, NamedTable>()
  readonly #cardinalities = new Map<number, BoundScan>()
  readonly #loaded = new Map<string, OpenScan[]>()
  readonly #used: OpenScan[] = []
  readonly #unloaded: OpenScan[] = []
  readonly #metrics = new Set<ScanMetrics>()
  #rowsWanted = Infinity
  #bindsAnew = true
  #hints: readonly ScanHint[] | undefined
  #failure: { readonly error: unknown } | undefined
  #rows = 0
  #expectedRows = 0

  constructor(loadTable: LoadTable, suspends: boolean, signal: AbortSignal | undefined, onScanned: () => void) {
    this.#loadTable = loadTable
    this.#suspends = suspends
    this.#signal = signal
    this.#onScanned = onScanned
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

  bind(name: string, files: readonly string[], options: ParquetOptions): BoundScan | undefined {
    if (this.#bindsAnew) this.#cardinalities.clear()
    this.#bindsAnew = false
    const key = JSON.stringify([name, options])
    const table = this.#tables.get(key)
    if (table === undefined) {
      this.#missing.set(key, { name, files, options })
      return undefined
    }
    let cardinality = table.rowCount ?? unknownRows
    while (this.#cardinalities.has(cardinality)) cardinality++
    const bound = { table, cardinality }
    this.#cardinalities.set(cardinality, bound)
    return bound
  }

  open(bound: BoundScan, columns: readonly number[]): OpenScan | undefined {
    const loaded = this.#loaded.get(keyOf(bound, columns))?.shift()
    if (loaded !== undefined) {
      this.#used.push(loaded)
      return loaded
    }
    const scan = this.#begin(bound, columns)
    if (this.#suspends) return scan
    this.#unloaded.push(scan)
    return undefined
  }

  starved(scan: OpenScan): void {
    this.#rowsWanted = Math.max(1, this.#rowsWanted, scan.reader.metrics.rows) * starvedGrowth
    this.#unloaded.push(this.#begin(scan.bound, scan.columns))
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
    const forWhom = this.#signal === undefined ? {} : { signal: this.#signal }
    await Promise.all(missing.map(async ([key, named]) => this.#tables.set(key, await this.#loadTable(named, forWhom))))
    this.#signal?.throwIfAborted()
    return true
  }

  /** Decodes what a failed attempt asked for; false when it failed for its own reasons. */
  async loadUnloaded(): Promise<boolean> {
    const scans = this.#unloaded.splice(0)
    if (scans.length === 0 || this.#failure !== undefined) return false
    // The failed attempt has used up the scans that ran before the one it failed at.
    const again = this.#used.splice(0).map(({ bound, columns }) => this.#begin(bound, columns))
    await this.#load([...scans, ...again], this.#rowsWanted)
    return true
  }

  /** Takes what the plan says; where scans cannot wait, decodes what it needs, or only the beginning when a limit may end it there. */
  async plan(hints: readonly ScanHint[]): Promise<void> {
    this.#hints = hints
    if (this.#suspends) return
    const scans = hints.flatMap((hint) => {
      const bound = this.#cardinalities.get(hint.cardinality)
      const columns = hint.columns.map(
        (name) => bound?.table.schema.fields.findIndex((field) => field.name === name) ?? -1,
      )
      return bound === undefined || columns.includes(-1) ? [] : [this.#begin(bound, columns)]
    })
    this.#rowsWanted = hints.every((hint) => hint.stopsEarly)
      ? Math.max(1, ...hints.map((hint) => hint.limit ?? 1))
      : Infinity
    await this.#load(scans, this.#rowsWanted)
  }

  close(): void {
    for (const scans of this.#loaded.values()) for (const { reader } of scans) reader.close()
    this.#loaded.clear()
  }

  /** A plan may hold a bound scan more than once; what it says of it counts as far as all say the same. */
  #begin(bound: BoundScan, columns: readonly number[]): OpenScan {
    const { table, cardinality } = bound
    const hints = (this.#hints ?? []).filter((hint) => hint.cardinality === cardinality)
    const filters = new Set(hints.map((hint) => (namesFit(hint, table, columns) ? hint.filter : undefined)))
    const [filter] = filters
    const countsOnly = hints.length > 0 && hints.every((hint) => hint.countsOnly)
    const only = hints.length === 1 && namesFit(hints[0]!, table, columns) ? hints[0] : undefined
    const top = only?.top && { ...only.top, column: columns[only.top.column]! }
    const reader = table.open({
      columns: countsOnly ? [] : columns,
      ...(filters.size === 1 && filter !== undefined ? { filter } : {}),
      ...(only?.stopsEarly === true ? { stopsEarly: true } : {}),
      ...(only?.limit === undefined ? {} : { limit: only.limit }),
      ...(top === undefined ? {} : { top }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    })
    this.#metrics.add(reader.metrics)
    this.#expectedRows += table.rowCount ?? 0
    return { bound, columns, reader, columnsRead: countsOnly ? [] : columns }
  }

  async #load(scans: readonly OpenScan[], rows: number): Promise<void> {
    for (const scan of scans) {
      const key = keyOf(scan.bound, scan.columns)
      this.#loaded.set(key, [...(this.#loaded.get(key) ?? []), scan])
    }
    await Promise.all(scans.map(({ reader }) => reader.load(rows)))
  }
}

/** How many times the rows that were not enough are loaded before a statement is run again. */
const starvedGrowth = 8

/** What DuckDB is told of a table whose rows are not counted. */
const unknownRows = 1_000_000

function keyOf({ cardinality }: BoundScan, columns: readonly number[]): string {
  return [cardinality, ...columns].join()
}

/** Plans name columns as the statement does: in `FROM file AS t(b, a)` a filter on "b" means another column of the file. */
function namesFit(hint: ScanHint, table: ScanTable, columns: readonly number[]): boolean {
  return (
    hint.columns.length === columns.length &&
    columns.every((column, position) => table.schema.fields[column]!.name === hint.columns[position])
  )
}
