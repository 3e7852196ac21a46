import type { LogicalType } from '../../../types/logical-type.ts'
import type { Pointer } from '../capi.ts'
import type { NativeFunctions, ParameterType } from './native-functions.ts'

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

/** Makes an aggregate function of the C API. `tell` says what its JavaScript failed with. */
export function makeAggregate(
  functions: Pick<NativeFunctions, 'api' | 'callbacks' | 'duckdb' | 'types' | 'withType'>,
  name: string,
  {
    tell,
    ...definition
  }: AggregateDefinition & { readonly tell: (error: unknown, set: (text: Pointer) => void) => void },
): Pointer {
  const { api, callbacks } = functions
  const { capi, heap } = functions.duckdb
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
      tell(error, (text) => api.aggregateFunctionSetError(info, text))
    }
  }
  const fn = api.createAggregateFunction()
  heap.withText(name, (text) => api.aggregateFunctionSetName(fn, text))
  for (const type of definition.parameters)
    functions.withType(type, (address) => api.aggregateFunctionAddParameter(fn, address))
  functions.types.with(definition.returns, (address) => api.aggregateFunctionSetReturnType(fn, address))
  api.aggregateFunctionSetSpecialHandling(fn)
  api.aggregateFunctionSetFunctions(
    fn,
    callbacks.place('f_size', { size: () => 8n }),
    callbacks.place('f_ii', { call_ii: (_info, state) => void (heap.words[state >>> 2] = 0) }),
    callbacks.place('f_iii', {
      call_iii: (info, input, array) =>
        guarded(info, () =>
          definition.update(input, capi.dataChunkGetSize(input), {
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
  return fn
}
