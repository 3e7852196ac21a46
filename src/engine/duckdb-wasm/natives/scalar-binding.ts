import type { LogicalType } from '../../../types/logical-type.ts'
import type { Pointer } from '../capi.ts'
import type { NativeFunctions } from './native-functions.ts'

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

/**
 * The arguments of a call as DuckDB's binder holds them. What the C API calls the binding of a scalar function starts with pointers to the
 * context, to the function being bound and to its arguments: the second one is what may still be given another type.
 */
export class ScalarBinding implements BindCall {
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
