import { LakefrontError } from '../../../errors.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import type { Connection, Duckdb } from '../boot.ts'
import { Callbacks } from '../callbacks.ts'
import type { Pointer } from '../capi.ts'
import { bindCppApi } from '../cpp-api.ts'
import type { CppApi } from '../cpp-api.ts'
import { bindFunctionApi } from '../function-capi.ts'
import type { FunctionApi } from '../function-capi.ts'
import type { LogicalTypes } from '../logical-types.ts'

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

/** What a scalar function is given when a statement is planned. */
export interface BindCall {
  readonly count: number
  /** DuckDB's `ClientContext`. */
  readonly context: Pointer
  typeOf(index: number): LogicalType | undefined
  /** The text of a constant argument, null for NULL; undefined when it is not constant. */
  constantText(index: number): string | null | undefined
  setReturnType(type: LogicalType): void
  /** Has the arguments cast to `types`; for a function that was defined without parameters. */
  setParameters(types: readonly LogicalType[]): void
  setVolatile(): void
}

/** A run of at most 2,048 rows. */
export interface ScalarCall {
  readonly input: Pointer
  readonly output: Pointer
  readonly rows: number
}

/** A macro of at most eight parameters. */
export interface Macro {
  readonly name: string
  readonly parameters: readonly string[]
  /** More parameters, which may be left out: names with what they are then, in SQL. */
  readonly defaults?: readonly (readonly [name: string, sql: string])[]
  readonly sql: string
  /** Whether `sql` is a query, for `FROM name(…)`. */
  readonly isTable?: boolean
}

/** An aggregate function; its states are JavaScript values, undefined until the first row. */
export interface AggregateDefinition {
  readonly parameters: readonly ParameterType[]
  readonly returns: LogicalType
  readonly update: (input: Pointer, rows: number, states: GroupStates) => void
  readonly merge: (state: unknown, other: unknown) => unknown
  /** Writes what states mean to `output`, from row `offset` on. */
  readonly finish: (states: readonly unknown[], output: Pointer, offset: number) => void
}

/** The states that rows belong to. */
export interface GroupStates {
  get(row: number): unknown
  set(row: number, state: unknown): void
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

/** `DUCKDB_TYPE_ANY`. */
const anyType = 34

/** `LogicalTypeId` of DuckDB's own, for the families of types. */
export const typeIds = {
  decimal: 21,
  struct: 100,
  list: 101,
  map: 102,
  enum: 104,
  union: 107,
  array: 108,
} as const

/** The function whose planning defines what takes a transaction. */
const defineName = 'lf_define'

/** Where the C API's record of a running cast keeps its message. */
const messageOffset = 4

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
    this.#withCastEnd(from, (source) =>
      this.#withCastEnd(to, (target) =>
        heap.withWords(3, (info) => {
          heap.words[info >>> 2] = slot
          this.cpp.registerCast(this.#casts, source, target, info, BigInt(implicitCost))
        }),
      ),
    )
  }

  /** Defines an aggregate function for one list of types; it is given nulls. */
  aggregate(name: string, definition: AggregateDefinition): void {
    const { api, callbacks } = this
    const { heap } = this.duckdb
    const states = new Map<number, unknown>()
    let last = 0
    const idAt = (array: Pointer, index: number): Pointer => heap.pointerAt(array + index * 4)
    const stateOf = (address: Pointer): unknown => states.get(heap.pointerAt(address))
    const keep = (address: Pointer, state: unknown): void => {
      const id = heap.pointerAt(address) || ++last
      heap.words[address >>> 2] = id
      states.set(id, state)
    }
    const guarded = (info: Pointer, work: () => void): void => {
      try {
        work()
      } catch (error) {
        this.#tell(error, (text) => api.aggregateFunctionSetError(info, text))
      }
    }
    const fn = api.createAggregateFunction()
    heap.withText(name, (text) => api.aggregateFunctionSetName(fn, text))
    for (const type of definition.parameters)
      this.withType(type, (address) => api.aggregateFunctionAddParameter(fn, address))
    this.types.with(definition.returns, (address) => api.aggregateFunctionSetReturnType(fn, address))
    api.aggregateFunctionSetSpecialHandling(fn)
    api.aggregateFunctionSetFunctions(
      fn,
      callbacks.place('f_size', { size: () => 8n }),
      callbacks.place('f_ii', { call_ii: (_info, state) => void (heap.words[state >>> 2] = 0) }),
      callbacks.place('f_iii', {
        call_iii: (info, input, array) =>
          guarded(info, () =>
            definition.update(input, this.duckdb.capi.dataChunkGetSize(input), {
              get: (row) => stateOf(idAt(array, row)),
              set: (row, state) => keep(idAt(array, row), state),
            }),
          ),
      }),
      callbacks.place('f_combine', {
        combine: (info, sources, targets, count) =>
          guarded(info, () => {
            for (let index = 0; index < Number(count); index++) {
              const other = stateOf(idAt(sources, index))
              const target = idAt(targets, index)
              if (other !== undefined) keep(target, definition.merge(stateOf(target), other))
            }
          }),
      }),
      callbacks.place('f_finalize', {
        finalize: (info, array, output, count, offset) =>
          guarded(info, () => {
            const all = Array.from({ length: Number(count) }, (_, index) => stateOf(idAt(array, index)))
            definition.finish(all, output, Number(offset))
          }),
      }),
    )
    api.aggregateFunctionSetDestructor(
      fn,
      callbacks.place('f_destroy', {
        destroy: (array, count) => {
          for (let index = 0; index < Number(count); index++) states.delete(heap.pointerAt(idAt(array, index)))
        },
      }),
    )
    const failed = api.registerAggregateFunction(this.#connection.pointer, fn) !== 0
    heap.withPointer(fn, api.destroyAggregateFunction)
    if (failed) throw new LakefrontError('ENGINE_FAILED', `The engine refused the aggregate function ${name}.`)
  }

  /** Defines macros of the system's own, which every database sees: of SQL expressions, or of whole queries (`FROM name(…)`). */
  macros(macros: readonly Macro[]): void {
    this.whilePlanning((context) => {
      for (const macro of macros) this.#defineMacro(context, macro)
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

  /** A `DefaultMacro` is a list of C strings: schema, name, up to eight parameters, eight pairs of names and defaults, and the text. */
  #defineMacro(context: Pointer, { name, parameters, defaults = [], sql, isTable }: Macro): void {
    const { heap } = this.duckdb
    const encoder = new TextEncoder()
    const none = Array.from({ length: 8 - parameters.length }, () => undefined)
    const texts = ['main', name, ...parameters, ...none, ...defaults.flat(), sql].map((text) => {
      if (text === undefined) return 0
      const bytes = encoder.encode(`${text}\0`)
      const address = heap.allocate(bytes.length)
      heap.bytes.set(bytes, address)
      return address
    })
    heap.withWords(27, (macro) => {
      const words = heap.words
      texts.slice(0, -1).forEach((address, index) => (words[(macro >>> 2) + index] = address))
      words[(macro >>> 2) + 26] = texts.at(-1)!
      // The parsed macro is given to nobody who would free it: a few hundred bytes as long as the engine lives.
      const info = isTable === true ? this.cpp.parseTableMacro(macro) : this.cpp.parseMacro(macro)
      this.cpp.createFunction(this.cpp.systemCatalog(context), context, info)
    })
    for (const address of texts) if (address !== 0) heap.free(address)
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

  /** A type as casts are looked up by: those of a family are written with ANY inside. */
  #withCastEnd(end: Cast['from'], use: (address: Pointer) => void): void {
    if (typeof end !== 'number') return this.types.with(end, use)
    const { capi, heap } = this.duckdb
    const made = this.#family(end)
    if (made !== undefined) {
      use(made)
      heap.withPointer(made, capi.destroyLogicalType)
    } else {
      heap.withWords(3, (address) => {
        heap.bytes[address] = end
        use(address)
      })
    }
  }

  #family(id: number): Pointer | undefined {
    const { capi, heap } = this.duckdb
    const any = capi.createLogicalType(anyType)
    const withMember = (make: (types: Pointer, names: Pointer) => Pointer): Pointer =>
      heap.withText('any', (name) =>
        heap.withWords(2, (slots) => {
          heap.words[slots >>> 2] = any
          heap.words[(slots >>> 2) + 1] = name
          return make(slots, slots + 4)
        }),
      )
    try {
      switch (id) {
        case typeIds.list:
          return capi.createListType(any)
        case typeIds.array:
          return capi.createArrayType(any, 0)
        case typeIds.map:
          return capi.createMapType(any, any)
        case typeIds.struct:
          return withMember((types, names) => capi.createStructType(types, names, 1))
        case typeIds.union:
          return withMember((types, names) => capi.createUnionType(types, names, 1))
        default:
          return undefined
      }
    } finally {
      heap.withPointer(any, capi.destroyLogicalType)
    }
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

/**
 * The arguments of a call as DuckDB's binder holds them. What the C API calls the binding of a scalar function starts with pointers to the
 * context, to the function being bound and to its arguments: the second one is what may still be given another type.
 */
class ScalarBinding implements BindCall {
  readonly #functions: NativeFunctions
  readonly #info: Pointer

  constructor(functions: NativeFunctions, info: Pointer) {
    this.#functions = functions
    this.#info = info
  }

  get context(): Pointer {
    return this.#functions.duckdb.heap.pointerAt(this.#info)
  }

  get count(): number {
    return this.#functions.api.scalarFunctionBindGetArgumentCount(this.#info)
  }

  typeOf(index: number): LogicalType | undefined {
    return this.#argument(index, (expression) => {
      try {
        return this.#functions.types.take(this.#functions.api.expressionReturnType(expression), 'argument')
      } catch {
        return undefined
      }
    })
  }

  constantText(index: number): string | null | undefined {
    const { api, duckdb } = this.#functions
    const { capi, heap } = duckdb
    return this.#argument(index, (expression) => {
      if (api.expressionIsFoldable(expression) === 0) return undefined
      return heap.withWords(2, (slots) => {
        api.scalarFunctionGetClientContext(this.#info, slots)
        const error = api.expressionFold(heap.pointerAt(slots), expression, slots + 4)
        const failed = error !== 0 && api.errorDataHasError(error) !== 0
        if (error !== 0) heap.withPointer(error, api.destroyErrorData)
        api.destroyClientContext(slots)
        if (failed) return undefined
        const value = heap.pointerAt(slots + 4)
        const text = capi.isNullValue(value) === 0 ? heap.takeText(capi.getVarchar(value)) : null
        heap.withPointer(value, capi.destroyValue)
        return text
      })
    })
  }

  setReturnType(type: LogicalType): void {
    const { api, types } = this.#functions
    types.with(type, (address) => api.scalarFunctionSetReturnType(this.#bound, address))
  }

  setParameters(parameters: readonly LogicalType[]): void {
    const { api, types } = this.#functions
    for (const type of parameters) types.with(type, (address) => api.scalarFunctionAddParameter(this.#bound, address))
  }

  setVolatile(): void {
    this.#functions.api.scalarFunctionSetVolatile(this.#bound)
  }

  get #bound(): Pointer {
    return this.#functions.duckdb.heap.pointerAt(this.#info + 4)
  }

  #argument<T>(index: number, use: (expression: Pointer) => T): T {
    const { api, duckdb } = this.#functions
    const expression = api.scalarFunctionBindGetArgument(this.#info, index)
    try {
      return use(expression)
    } finally {
      duckdb.heap.withPointer(expression, api.destroyExpression)
    }
  }
}
