import { LakefrontError } from '../../errors.ts'
import { breathe } from '../../scan/breathe.ts'
import { formatOfName, isAddress } from '../../scan/file-format.ts'
import type { ScanOptions, ScanReader, ScanTable } from '../../scan/source.ts'
import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { withDatabase } from './boot.ts'
import type { Connection, Duckdb } from './boot.ts'
import { Callbacks } from './callbacks.ts'
import { vectorSize } from './capi.ts'
import type { Pointer } from './capi.ts'
import type { LogicalTypes } from './logical-types.ts'
import { sayMoreToCome } from './more-to-come.ts'
import { functionOf, namedParameters, parameterTypes, scanFunctions, structOfTypes } from './scan-parameters.ts'
import type { ParameterType, ReadFormat } from './scan-parameters.ts'
import type { NamedTable } from './run-scans.ts'
import type { TrampolineImports } from './trampolines.ts'
import { VectorWriter } from './vector-write.ts'

/** A table as one place of a statement names it. */
export interface BoundScan {
  readonly table: ScanTable
  /** The number of rows DuckDB is told, made different from that of every other scan of the statement, so that plans tell them apart. */
  readonly cardinality: number
}

/** A scan a statement has begun. */
export interface OpenScan {
  readonly bound: BoundScan
  /** What DuckDB asked for. */
  readonly columns: readonly number[]
  /** What is read: the same, or nothing when only rows are counted. */
  readonly columnsRead: readonly number[]
  readonly reader: ScanReader
}

/** What the scan function asks of the statement that is being prepared or run. */
export interface ScanContext {
  /** The table that is named, or undefined when it must be loaded first; the statement is then prepared again. */
  bind(named: NamedTable): BoundScan | undefined
  open(bound: BoundScan, columns: readonly number[]): OpenScan
  /** A scan has no rows yet: the engine is to be let alone until it has. False when the engine does not let go, and asks on and on. */
  blocked(scan: OpenScan): boolean
  /** A scan that cannot wait has no rows yet; the statement is run again with all of them decoded. */
  starved(scan: OpenScan): void
  /** Hears how long the engine was suspended. */
  waited(milliseconds: number): void
  /** Keeps what failed: DuckDB carries only text. */
  failed(error: unknown): void
  scanned(rows: number): void
}

/** A read in progress, from DuckDB's init callback to its destructor. */
interface ScanState {
  readonly scan: OpenScan
  readonly types: readonly LogicalType[]
  readonly writer: VectorWriter
  batch: ColumnBatch | undefined
  row: number
}

/** Where DuckDB calls us. */
interface Slots {
  readonly bind: Readonly<Record<ReadFormat, Pointer>>
  readonly init: Pointer
  readonly fill: Pointer
  readonly replace: Pointer
}

/** How long a scan may feed DuckDB before messages are let in, in milliseconds. */
const sliceMilliseconds = 20

/**
 * The table functions `lf_scan('<id>')`, `read_parquet('<file>' | ['<file>', …])` and their like (`scan-parameters.ts`), and the rule that makes
 * `FROM 'file.parquet'` mean the function of its format.
 *
 * DuckDB calls *bind* while it prepares, *init* when a pipeline starts, and *fill* for every 2,048 rows. None of the three can
 * wait by itself: bind says "not loaded" and the statement is tried again once it is; fill suspends the whole statement where the
 * platform can (JavaScript Promise Integration), and elsewhere says that there will be more, so that DuckDB comes out of the engine.
 * Recursive queries do not come out; for them the statement is run again with everything decoded.
 */
export class ScanFunction {
  /** Set before every call into the engine that may call back. */
  context: ScanContext | undefined
  readonly #duckdb: Duckdb
  readonly #types: LogicalTypes
  readonly #suspends: boolean
  readonly #bound = new Map<Pointer, BoundScan>()
  readonly #states = new Map<Pointer, ScanState>()
  readonly #isSource: (name: string) => boolean
  #nextId = 1
  #lastYield = 0

  /** `isSource` tells names that `FROM` may say though no table and no file is called so. */
  constructor(
    duckdb: Duckdb,
    types: LogicalTypes,
    { suspends, isSource }: { readonly suspends: boolean; readonly isSource: (name: string) => boolean },
  ) {
    this.#duckdb = duckdb
    this.#types = types
    this.#suspends = suspends
    this.#isSource = isSource
  }

  /** `takeOver` puts functions in the place of DuckDB's own of their names, which it does not let be registered. */
  register(connection: Connection, takeOver: (functions: readonly Pointer[]) => void): void {
    const { capi, heap } = this.#duckdb
    const slots = this.#makeSlots()
    const made = Object.entries(scanFunctions).map(([name, format]) => ({
      name,
      format,
      fn: this.#make(name, format, slots),
    }))
    takeOver(made.filter(({ format }) => format === 'csv').map(({ fn }) => fn))
    for (const { name, format, fn } of made) {
      const failed = format !== 'csv' && capi.registerTableFunction(connection.pointer, fn) !== 0
      heap.withPointer(fn, capi.destroyTableFunction)
      if (failed) throw new LakefrontError('ENGINE_FAILED', `The engine refused the table function ${name}.`)
    }
    withDatabase(heap, connection, (database) => capi.addReplacementScan(database, slots.replace, 0, 0))
  }

  #make(name: string, format: ReadFormat, slots: Slots): Pointer {
    const { capi, heap } = this.#duckdb
    const fn = capi.createTableFunction()
    heap.withText(name, (text) => capi.tableFunctionSetName(fn, text))
    this.#withType('any', (any) => capi.tableFunctionAddParameter(fn, any))
    for (const [parameter, { type }] of Object.entries(namedParameters(format))) {
      this.#withType(type, (logical) =>
        heap.withText(parameter, (text) => capi.tableFunctionAddNamedParameter(fn, text, logical)),
      )
    }
    capi.tableFunctionSetBind(fn, slots.bind[format])
    capi.tableFunctionSetInit(fn, slots.init)
    capi.tableFunctionSetFunction(fn, slots.fill)
    capi.tableFunctionSupportsProjectionPushdown(fn, 1)
    return fn
  }

  #withType(type: ParameterType, use: (type: Pointer) => void): void {
    if (type === 'texts')
      return void this.#types.with({ kind: 'list', element: { kind: 'varchar' } }, (address) => use(address))
    const { capi, heap } = this.#duckdb
    const address = capi.createLogicalType(parameterTypes[type])
    use(address)
    heap.withPointer(address, capi.destroyLogicalType)
  }

  #makeSlots(): Slots {
    const callbacks = new Callbacks(this.#duckdb.table)
    this.#destroyTable = callbacks.place('f_i', { call_i: (id) => void this.#bound.delete(id) })
    this.#destroyState = callbacks.place('f_i', { call_i: (id) => this.#closeState(id) })
    const fill = (info: Pointer, output: Pointer): number => this.#fill(info, output)
    const bind = (format: ReadFormat): Pointer => callbacks.place('f_i', { call_i: (info) => this.#bind(info, format) })
    const wait = this.#suspends ? (new Suspending(() => this.#wait()) as TrampolineImports['wait']) : (): void => {}
    return {
      bind: {
        parquet: bind('parquet'),
        avro: bind('avro'),
        json: bind('json'),
        csv: bind('csv'),
        arrow: bind('arrow'),
        any: bind('any'),
      },
      init: callbacks.place('f_i', { call_i: (info) => this.#init(info) }),
      fill: callbacks.place('f_scan', { fill, wait }),
      replace: callbacks.place('f_iii', { call_iii: (info, name) => this.#replace(info, name) }),
    }
  }

  #destroyTable: Pointer = 0
  #destroyState: Pointer = 0

  #bind(info: Pointer, format: ReadFormat): void {
    const { capi, heap } = this.#duckdb
    try {
      const files = this.#takeStrings(capi.bindGetParameter(info, 0))
      const bound = this.context!.bind({
        name: files.join('\n'),
        format,
        files,
        options: this.#takeOptions(info, format),
      })
      if (bound === undefined) return heap.withText('not loaded yet', (text) => capi.bindSetError(info, text))
      const { fields } = bound.table.schema
      if (fields.length === 0) {
        throw new LakefrontError('INVALID_ARGUMENT', `"${files.join('", "')}" has no columns. Give it one at least.`)
      }
      for (const { name, type } of fields) {
        this.#types.with(type, (address) =>
          heap.withText(name, (text) => capi.bindAddResultColumn(info, text, address)),
        )
      }
      capi.bindSetCardinality(info, bound.cardinality, bound.cardinality === bound.table.rowCount ? 1 : 0)
      const id = this.#nextId++
      this.#bound.set(id, bound)
      capi.bindSetBindData(info, id, this.#destroyTable)
    } catch (error) {
      this.context!.failed(error)
      heap.withText('scan failed', (text) => capi.bindSetError(info, text))
    }
  }

  #takeOptions(info: Pointer, format: ReadFormat): ScanOptions {
    const { capi, heap } = this.#duckdb
    const options: Record<string, boolean | string | number | Record<string, string>> = {}
    const parameters: Record<string, string> = {}
    for (const [name, { type, option }] of Object.entries(namedParameters(format))) {
      const value = heap.withText(name, (text) => capi.bindGetNamedParameter(info, text))
      if (value === 0) continue
      if (option === undefined || option === 'hiveTypes') {
        const text = heap.takeText(capi.valueToString(value))
        heap.withPointer(value, capi.destroyValue)
        if (option === undefined) parameters[name] = text
        else options[option] = structOfTypes(text)
        continue
      }
      const isName = capi.getTypeId(capi.getValueType(value)) === parameterTypes.varchar
      const [text] = this.#takeStrings(value)
      options[option] = type === 'bigint' ? Number(text) : isName ? text! : text === 'true'
    }
    return format === 'csv' ? { ...options, parameters } : options
  }

  #takeStrings(value: Pointer): string[] {
    const { capi, heap } = this.#duckdb
    try {
      if (capi.isNullValue(value) !== 0)
        throw new LakefrontError('INVALID_ARGUMENT', 'A file name is NULL. Give a path or URL as text.')
      if (capi.getTypeId(capi.getValueType(value)) !== parameterTypes.list)
        return [heap.takeText(capi.getVarchar(value))]
      return Array.from({ length: capi.getListSize(value) }, (_, index) =>
        this.#takeStrings(capi.getListChild(value, index)),
      ).flat()
    } finally {
      heap.withPointer(value, capi.destroyValue)
    }
  }

  #init(info: Pointer): void {
    const { capi, heap } = this.#duckdb
    try {
      const bound = this.#bound.get(capi.initGetBindData(info))!
      const { fields } = bound.table.schema
      const wanted = Array.from({ length: capi.initGetColumnCount(info) }, (_, position) =>
        capi.initGetColumnIndex(info, position),
      )
      const columns = wanted.filter((column) => column < fields.length)
      const scan = this.context!.open(bound, columns)
      const id = this.#nextId++
      this.#states.set(id, {
        scan,
        types: scan.columnsRead.map((column) => fields[column]!.type),
        writer: new VectorWriter(capi, heap, this.#types),
        batch: undefined,
        row: 0,
      })
      capi.initSetMaxThreads(info, 1)
      capi.initSetInitData(info, id, this.#destroyState)
    } catch (error) {
      this.context!.failed(error)
      heap.withText('scan failed', (text) => capi.initSetError(info, text))
    }
  }

  /** Fills `output` with up to 2,048 rows and answers 1, or answers 0 when the statement has to be suspended first. */
  #fill(info: Pointer, output: Pointer): number {
    const { capi, heap } = this.#duckdb
    try {
      const state = this.#states.get(capi.functionGetInitData(info))!
      if (this.#suspends && performance.now() - this.#lastYield > sliceMilliseconds) {
        this.#waiting = undefined
        return 0
      }
      while (state.batch === undefined || state.row >= state.batch.length) {
        state.writer.forgetDictionaries()
        const next = state.scan.reader.poll()
        if (next === 'pending') {
          if (!this.#suspends) {
            capi.dataChunkSetSize(output, 0)
            if (this.context!.blocked(state.scan) && sayMoreToCome(heap, info)) return 1
            this.context!.starved(state.scan)
            heap.withText('not loaded yet', (text) => capi.functionSetError(info, text))
            return 1
          }
          this.#waiting = state.scan.reader
          return 0
        }
        state.batch = next === 'done' ? undefined : checked(next, state)
        state.row = 0
        if (next === 'done') {
          capi.dataChunkSetSize(output, 0)
          return 1
        }
      }
      const started = performance.now()
      const count = Math.min(vectorSize, state.batch.length - state.row)
      state.types.forEach((type, index) => {
        state.writer.write(capi.dataChunkGetVector(output, index), state.batch!.columns[index]!, type, state.row, count)
      })
      state.row += count
      capi.dataChunkSetSize(output, count)
      state.scan.reader.metrics.feedMilliseconds += performance.now() - started
      this.context!.scanned(count)
    } catch (error) {
      this.context!.failed(error)
      heap.withText('scan failed', (text) => capi.functionSetError(info, text))
    }
    return 1
  }

  /** What {@link #fill} found pending; undefined when it only wants messages let in. */
  #waiting: ScanReader | undefined

  async #wait(): Promise<void> {
    const reader = this.#waiting
    const context = this.context!
    const started = performance.now()
    // What ready() rejects with is thrown again by the poll that follows.
    await (reader === undefined ? breathe() : reader.ready().catch(() => {}))
    this.#lastYield = performance.now()
    context.waited(this.#lastYield - started)
  }

  #closeState(id: Pointer): void {
    const state = this.#states.get(id)
    this.#states.delete(id)
    state?.scan.reader.close()
    state?.writer.close()
  }

  #replace(info: Pointer, name: Pointer): void {
    const text = this.#duckdb.heap.text(name)
    if (this.#isSource(text)) return this.#replaceBy(info, 'lf_scan', text)
    const format = formatOfName(text) ?? (isAddress(text) ? 'any' : undefined)
    if (format !== undefined) this.#replaceBy(info, functionOf[format], text)
  }

  #replaceBy(info: Pointer, name: string, text: string): void {
    const { capi, heap } = this.#duckdb
    heap.withText(name, (address) => capi.replacementScanSetFunctionName(info, address))
    heap.withText(text, (address, bytes) => {
      const value = capi.createVarcharLength(address, bytes)
      capi.replacementScanAddParameter(info, value)
      heap.withPointer(value, capi.destroyValue)
    })
  }
}

/** The batch, when it has the columns that were asked for; values are not looked at. */
function checked(batch: ColumnBatch, { scan, types }: ScanState): ColumnBatch {
  const lengths = batch.columns.map((column: ColumnData | undefined) => column?.length)
  if (lengths.length === types.length && lengths.every((length) => length === batch.length)) return batch
  throw new LakefrontError(
    'INTERNAL',
    `The source "${scan.reader.metrics.source}" gave columns of ${lengths.join(', ')} values in a batch of ${batch.length} rows and ${types.length} columns.`,
  )
}

/** `WebAssembly.Suspending`, which TypeScript's library does not know yet. */
const Suspending = (WebAssembly as unknown as { Suspending: new (fn: () => Promise<void>) => object }).Suspending
