import { LakefrontError } from '../../../errors.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import type { Connection, Duckdb } from '../boot.ts'
import { Callbacks } from '../callbacks.ts'
import type { Pointer } from '../capi.ts'
import { bindCppApi } from '../cpp-api.ts'
import type { CppApi } from '../cpp-api.ts'
import { createTableFunction, initDataOf, makeInOut } from './create-table-function.ts'
import { bindFunctionApi } from '../function-capi.ts'
import type { FunctionApi } from '../function-capi.ts'
import type { LogicalTypes } from '../logical-types.ts'
import { anyType, withCastEnd } from './cast-end.ts'
import { defineMacro } from './define-macro.ts'
import type { Macro } from './define-macro.ts'
import { makeAggregate } from './make-aggregate.ts'
import type { AggregateDefinition } from './make-aggregate.ts'
import { ScalarBinding } from './scalar-binding.ts'
import type { BindCall } from './scalar-binding.ts'

/** A type of a parameter: one of ours, or whatever is given. */
export type ParameterType = LogicalType | 'any'

/** One overload of a scalar function. */
export interface ScalarOverload {
  readonly parameters: readonly ParameterType[]
  /** The type of any number of arguments more. */
  readonly rest?: ParameterType
  readonly returns: LogicalType
  /** Whether rows with nulls in their arguments are given too; otherwise DuckDB makes them null. */
  readonly takesNulls?: boolean
  /** Whether every call may answer another value. */
  readonly isVolatile?: boolean
  /** Looks at the arguments when a statement is planned; may throw. */
  readonly bind?: (call: BindCall) => void
  /** Fills `output` for all rows. What it throws is the statement's failure. */
  readonly run: (call: ScalarCall) => void
}

/** A table function that makes rows of rows. */
export interface TableFunction {
  readonly parameters: readonly LogicalType[]
  /** The type of its one column, which is called as the function is. */
  readonly returns: LogicalType
  /**
   * Begins a run. What it answers fills `output` with at most 2,048 rows for the chunk `input`, and answers whether it put any; it is then
   * called with that chunk again.
   */
  readonly open: () => (input: Pointer, output: Pointer) => boolean
}

/** A run of at most 2,048 rows. */
export interface ScalarCall {
  readonly input: Pointer
  readonly output: Pointer
  readonly rows: number
}

/** A run of rows to cast. `fail` says that one cannot be; it becomes null (unless it is row -1: is so already), or the statement fails. */
export interface CastCall {
  readonly input: Pointer
  readonly output: Pointer
  readonly rows: number
  fail(row: number, message: string): void
}

/** A cast. An end given by a number is every type of that `LogicalTypeId`. */
export interface Cast {
  readonly from: LogicalType | number
  readonly to: LogicalType | number
  /** What it costs to make it where nobody asked for it; negative for never. */
  readonly implicitCost: number
  readonly run: (call: CastCall) => void
}

/** The function whose planning defines what takes a transaction. */
const defineName = 'lf_define'

/** Where the C API's record of a running cast keeps its message. */
const messageOffset = 4

/** Room for `CastParameters`, which is smaller; all zero it says that nobody waits for the message. */
const castParametersWords = 64

/**
 * Defines functions and casts of DuckDB in JavaScript, by its C API. They belong to the database, so every connection sees them. Defining one
 * again replaces it.
 */
export class NativeFunctions {
  readonly duckdb: Duckdb
  readonly api: FunctionApi
  readonly cpp: CppApi
  readonly types: LogicalTypes
  readonly callbacks: Callbacks
  readonly #connection: Connection
  readonly #scalars: ScalarOverload[] = []
  readonly #casts: Pointer
  readonly #message: Pointer
  readonly #slots: { readonly bind: Pointer; readonly run: Pointer }

  constructor(duckdb: Duckdb, types: LogicalTypes, connection: Connection) {
    this.duckdb = duckdb
    this.types = types
    this.api = bindFunctionApi(duckdb.exports)
    this.cpp = bindCppApi(duckdb.exports)
    this.#connection = connection
    this.callbacks = new Callbacks(duckdb.table)
    this.#slots = {
      bind: this.callbacks.place('f_i', { call_i: (info) => this.#bind(info) }),
      run: this.callbacks.place('f_iii', { call_iii: (info, input, output) => this.#run(info, input, output) }),
    }
    this.#casts = this.cpp.castsOf(duckdb.heap.pointerAt(connection.pointer))
    this.#message = duckdb.heap.allocate(32)
    duckdb.heap.bytes.fill(0, this.#message, this.#message + 32)
  }

  /** Adds overloads to the function `name`, which may be one of DuckDB's own or an operator. */
  scalar(name: string, overloads: readonly ScalarOverload[]): void {
    const { api } = this
    const { heap } = this.duckdb
    const set = heap.withText(name, (text) => api.createScalarFunctionSet(text))
    for (const overload of overloads) {
      const fn = this.#makeScalar(name, overload)
      api.addScalarFunctionToSet(set, fn)
      heap.withPointer(fn, api.destroyScalarFunction)
    }
    const failed = api.registerScalarFunctionSet(this.#connection.pointer, set) !== 0
    heap.withPointer(set, api.destroyScalarFunctionSet)
    if (failed) throw new LakefrontError('ENGINE_FAILED', `The engine refused the function ${name}.`)
  }

  /** Defines how `from` becomes `to`, before what DuckDB would do. Only the first definition of a pair counts. */
  cast({ from, to, implicitCost, run }: Cast): void {
    const { heap } = this.duckdb
    const slot = this.callbacks.place('f_cast', {
      cast: (input, output, rows, parameters) => this.#cast(run, { input, output, rows: Number(rows) }, parameters),
    })
    withCastEnd(this, from, (source) =>
      withCastEnd(this, to, (target) =>
        heap.withWords(3, (info) => {
          heap.words[info >>> 2] = slot
          this.cpp.registerCast(this.#casts, source, target, info, BigInt(implicitCost))
        }),
      ),
    )
  }

  /** Defines a table function of one column, beside what there is of its name for other types. Of constants it is given one row. */
  table(name: string, { parameters, returns, open }: TableFunction): void {
    const { capi, heap } = this.duckdb
    const fn = capi.createTableFunction()
    heap.withText(name, (text) => capi.tableFunctionSetName(fn, text))
    for (const type of parameters) this.types.with(type, (address) => capi.tableFunctionAddParameter(fn, address))
    const bind = (info: Pointer): void =>
      this.types.with(returns, (type) => heap.withText(name, (text) => capi.bindAddResultColumn(info, text, type)))
    capi.tableFunctionSetBind(fn, this.callbacks.place('f_i', { call_i: bind }))
    const runs = new Map<number, ReturnType<typeof open>>()
    let last = 0
    const forget = this.callbacks.place('f_i', { call_i: (id) => void runs.delete(id) })
    const init = (info: Pointer): void => {
      runs.set(++last, open())
      capi.initSetMaxThreads(info, 1)
      capi.initSetInitData(info, last, forget)
    }
    capi.tableFunctionSetInit(fn, this.callbacks.place('f_i', { call_i: init }))
    const slot = this.callbacks.place('f_in_out', {
      in_out: (_context, data, input, output) => {
        try {
          return runs.get(initDataOf(this.duckdb, data))!(input, output) ? 1 : 0
        } catch (error) {
          if (error instanceof WebAssembly.Exception) throw error
          return this.#throw(wordsOf(error))
        }
      },
    })
    makeInOut(this.duckdb, fn, slot)
    this.whilePlanning((context) => createTableFunction(this, context, fn, 'add'))
    heap.withPointer(fn, capi.destroyTableFunction)
  }

  /** Throws DuckDB's own exception, as for a cast that nobody tries. */
  #throw(message: string): never {
    const { heap } = this.duckdb
    heap.withText(message, (text) => this.api.castFunctionSetError(this.#message, text))
    heap.withWords(castParametersWords, (parameters) => {
      heap.bytes.fill(0, parameters, parameters + castParametersWords * 4)
      this.cpp.assignCastError(this.#message + messageOffset, parameters)
    })
    throw new LakefrontError('INTERNAL', message)
  }

  /** Defines an aggregate function for one list of types; it is given nulls. */
  aggregate(name: string, definition: AggregateDefinition): void {
    const { api } = this
    const fn = makeAggregate(this, name, { ...definition, tell: (error, set) => this.#tell(error, set) })
    const failed = api.registerAggregateFunction(this.#connection.pointer, fn) !== 0
    this.duckdb.heap.withPointer(fn, api.destroyAggregateFunction)
    if (failed) throw new LakefrontError('ENGINE_FAILED', `The engine refused the aggregate function ${name}.`)
  }

  /** Defines macros of the system's own, which every database sees: of SQL expressions, or of whole queries (`FROM name(…)`). */
  macros(macros: readonly Macro[]): void {
    this.whilePlanning((context) => {
      for (const macro of macros) defineMacro(this, context, macro)
    })
  }

  /** Runs `define` with DuckDB's `ClientContext` while a query is planned, which brings the transaction that definitions take. */
  whilePlanning(define: (context: Pointer) => void): void {
    const { capi, heap } = this.duckdb
    let failure: unknown = 'no transaction'
    this.scalar(defineName, [
      {
        parameters: [],
        returns: { kind: 'integer' },
        bind: ({ context }) => {
          failure = undefined
          define(context)
        },
        run: () => {},
      },
    ])
    heap.withWords(16, (result) => {
      const failed = heap.withText(`SELECT ${defineName}()`, (text) =>
        capi.query(this.#connection.pointer, text, result),
      )
      if (failed !== 0) failure = heap.text(capi.resultError(result))
      capi.destroyResult(result)
    })
    if (failure !== undefined)
      throw new LakefrontError('ENGINE_FAILED', `The engine refused a definition of ours: ${String(failure)}`)
  }

  /** Whether DuckDB has a function, macro or aggregate of that name. */
  hasFunction(name: string): boolean {
    const { capi, heap } = this.duckdb
    const sql = `SELECT 1 FROM duckdb_functions() WHERE lower(function_name) = lower('${name.replaceAll("'", "''")}') LIMIT 1`
    return heap.withWords(16, (result) => {
      heap.withText(sql, (text) => capi.query(this.#connection.pointer, text, result))
      const chunk = capi.fetchChunk(result)
      if (chunk !== 0) heap.withPointer(chunk, capi.destroyDataChunk)
      capi.destroyResult(result)
      return chunk !== 0
    })
  }

  /** Gives `type` its alias as a name in SQL. */
  nameType(type: LogicalType): void {
    const failed = this.types.with(type, (address) =>
      this.api.registerLogicalType(this.#connection.pointer, address, 0),
    )
    if (failed !== 0) throw new LakefrontError('ENGINE_FAILED', `The engine refused the type ${type.kind}.`)
  }

  #makeScalar(name: string, overload: ScalarOverload): Pointer {
    const { api } = this
    const fn = api.createScalarFunction()
    this.duckdb.heap.withText(name, (text) => api.scalarFunctionSetName(fn, text))
    for (const type of overload.parameters)
      this.withType(type, (address) => api.scalarFunctionAddParameter(fn, address))
    if (overload.rest !== undefined)
      this.withType(overload.rest, (address) => api.scalarFunctionSetVarargs(fn, address))
    this.types.with(overload.returns, (address) => api.scalarFunctionSetReturnType(fn, address))
    if (overload.takesNulls === true) api.scalarFunctionSetSpecialHandling(fn)
    if (overload.isVolatile === true) api.scalarFunctionSetVolatile(fn)
    if (overload.bind !== undefined) api.scalarFunctionSetBind(fn, this.#slots.bind)
    api.scalarFunctionSetFunction(fn, this.#slots.run)
    api.scalarFunctionSetExtraInfo(fn, this.#scalars.push(overload), 0)
    return fn
  }

  withType(type: ParameterType, use: (address: Pointer) => void): void {
    if (type !== 'any') return this.types.with(type, use)
    const { capi, heap } = this.duckdb
    const address = capi.createLogicalType(anyType)
    use(address)
    heap.withPointer(address, capi.destroyLogicalType)
  }

  #run(info: Pointer, input: Pointer, output: Pointer): void {
    const { api } = this
    try {
      const rows = this.duckdb.capi.dataChunkGetSize(input)
      this.#scalars[api.scalarFunctionGetExtraInfo(info) - 1]!.run({ input, output, rows })
    } catch (error) {
      this.#tell(error, (text) => api.scalarFunctionSetError(info, text))
    }
  }

  #bind(info: Pointer): void {
    const { api } = this
    try {
      const overload = this.#scalars[api.scalarFunctionBindGetExtraInfo(info) - 1]!
      overload.bind!(new ScalarBinding(this, info))
    } catch (error) {
      // DuckDB's own exception, on its way to DuckDB's frames below.
      if (error instanceof WebAssembly.Exception) throw error
      this.#tell(error, (text) => api.scalarFunctionBindSetError(info, text))
    }
  }

  #cast(run: Cast['run'], call: Omit<CastCall, 'fail'>, parameters: Pointer): number {
    const { input, output, rows } = call
    let failure: string | undefined
    try {
      this.cpp.flatten(input, rows)
      run({
        ...call,
        fail: (row, message) => {
          failure ??= message
          if (row >= 0) this.setNull(output, row)
        },
      })
    } catch (error) {
      if (error instanceof WebAssembly.Exception) throw error
      failure = wordsOf(error)
    }
    if (failure === undefined) return 1
    this.duckdb.heap.withText(failure, (text) => this.api.castFunctionSetError(this.#message, text))
    // What this throws is DuckDB's own exception, on its way to DuckDB's frames below.
    this.cpp.assignCastError(this.#message + messageOffset, parameters)
    return 0
  }

  setNull(vector: Pointer, row: number): void {
    const { capi, heap } = this.duckdb
    capi.vectorEnsureValidityWritable(vector)
    heap.bytes[capi.vectorGetValidity(vector) + (row >>> 3)]! &= ~(1 << (row & 7))
  }

  #tell(error: unknown, set: (text: Pointer) => void): void {
    this.duckdb.heap.withText(wordsOf(error), set)
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
