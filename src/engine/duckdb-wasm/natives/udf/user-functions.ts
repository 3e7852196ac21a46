import { LakefrontError } from '../../../../errors.ts'
import type { FunctionDefinition } from '../../../function-definition.ts'
import { valueReader } from '../../../../types/value-reader.ts'
import { typeName } from '../../../../types/type-names.ts'
import { columnFromValues } from '../../../../types/column-from-values.ts'
import type { ColumnData } from '../../../../types/column-data.ts'
import type { Pointer } from '../../capi.ts'
import { VectorReader } from '../../vector-read.ts'
import { VectorWriter } from '../../vector-write.ts'
import type { NativeFunctions } from '../native-functions.ts'
import { FunctionCall } from './function-call.ts'
import { loadFunction } from './load-function.ts'

/**
 * The functions the application registered. What is defined in DuckDB stays there, so scalar functions are defined once by their name, with any
 * arguments, and take the types of the one that is registered when a statement is planned. Aggregates cannot, and keep their types.
 */
export class UserFunctions {
  readonly #functions: NativeFunctions
  readonly #reader: VectorReader
  readonly #writer: VectorWriter
  readonly #active = new Map<string, FunctionCall>()
  /** The last of each name, also of those that were unregistered: plans that call them may still run. */
  readonly #latest = new Map<string, FunctionCall>()

  constructor(functions: NativeFunctions) {
    const { capi, heap } = functions.duckdb
    this.#functions = functions
    this.#reader = new VectorReader(capi, heap)
    this.#writer = new VectorWriter(capi, heap, functions.types)
  }

  /** Loads the code of `definition`; what it answers defines the function, and must run while the engine does nothing else. */
  async load(definition: FunctionDefinition): Promise<() => void> {
    const written = await loadFunction(definition.name, definition.code)
    const call = new FunctionCall(definition, written)
    return () => this.#define(call)
  }

  unregister(name: string): void {
    this.#active.delete(name.toLowerCase())
  }

  /** Call before another statement. */
  beginStatement(): void {
    for (const call of this.#active.values()) call.beginStatement()
  }

  #define(call: FunctionCall): void {
    const { name, form } = call.definition
    const key = name.toLowerCase()
    const before = this.#latest.get(key)
    if (before !== undefined) assertReplaceable(before.definition, call.definition)
    else if (this.#functions.hasFunction(name)) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `"${name}" is a function of the engine's own, which cannot be replaced. Register yours by another name.`,
      )
    } else if (form === 'aggregate') this.#defineAggregate(call.definition, key)
    else this.#defineScalar(name, key)
    this.#latest.set(key, call)
    this.#active.set(key, call)
  }

  #defineScalar(name: string, key: string): void {
    this.#functions.scalar(name, [
      {
        parameters: [],
        rest: 'any',
        returns: { kind: 'integer' },
        takesNulls: true,
        bind: (call) => {
          const { args, returns, isVolatile } = this.#called(key, name).definition
          if (call.count !== args.length)
            throw new Error(
              `${name}() takes ${args.length} arguments (${args.map(typeName).join(', ')}); ${call.count} were given.`,
            )
          call.setParameters(args)
          call.setReturnType(returns)
          if (isVolatile) call.setVolatile()
        },
        run: ({ input, output, rows }) => {
          const call = this.#latest.get(key)!
          const { returns } = call.definition
          this.#writer.write(output, call.run(this.#columns(call, input, rows), rows), returns, 0, rows)
        },
      },
    ])
  }

  #defineAggregate({ name, args, returns }: FunctionDefinition, key: string): void {
    const init = (call: FunctionCall): unknown => call.guard(() => call.aggregate.init())
    this.#functions.aggregate(name, {
      parameters: args,
      returns,
      update: (input, rows, states) => {
        const call = this.#called(key, name)
        const columns = this.#columns(call, input, rows)
        call.step(
          columns,
          rows,
          (row) => states.get(row) ?? init(call),
          (row, state) => states.set(row, state),
        )
      },
      merge: (state, other) => {
        const call = this.#latest.get(key)!
        return call.guard(() => call.aggregate.merge(state ?? init(call), other))
      },
      finish: (states, output, offset) => {
        const call = this.#called(key, name)
        this.#writeFrom(output, call.finish(states.map((state) => state ?? init(call))), call, offset)
      },
    })
  }

  #called(key: string, name: string): FunctionCall {
    const call = this.#active.get(key)
    if (call === undefined) throw new Error(`Function with name ${name} does not exist: it was unregistered.`)
    return call
  }

  /** Writes from row `offset` on, which vectors are only written to from the start: the rows before are written again. */
  #writeFrom(output: Pointer, results: ColumnData, call: FunctionCall, offset: number): void {
    const { returns } = call.definition
    if (offset === 0) return this.#writer.write(output, results, returns, 0, results.length)
    const before = this.#reader.rows(output, offset, returns)
    const values = [before, results].flatMap((column) => {
      const read = valueReader(returns, column)
      return Array.from({ length: column.length }, (_, row) => read(row))
    })
    this.#writer.write(output, columnFromValues(returns, values), returns, 0, values.length)
  }

  #columns({ definition }: FunctionCall, input: Pointer, rows: number): ColumnData[] {
    const { capi } = this.#functions.duckdb
    return definition.args.map((type, index) => this.#reader.rows(capi.dataChunkGetVector(input, index), rows, type))
  }
}

function assertReplaceable(before: FunctionDefinition, after: FunctionDefinition): void {
  const isAggregate = after.form === 'aggregate'
  const types = ({ args, returns }: FunctionDefinition): string => [...args, returns].map(typeName).join()
  if (isAggregate === (before.form === 'aggregate') && (!isAggregate || types(before) === types(after))) return
  throw new LakefrontError(
    'UNSUPPORTED',
    `"${after.name}" was an aggregate before, or is one now: an aggregate keeps its types, and its name, as long as the session lasts. Register it by another name.`,
  )
}
