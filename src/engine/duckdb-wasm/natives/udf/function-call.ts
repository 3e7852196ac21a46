import { LakefrontError } from '../../../../errors.ts'
import type { FunctionDefinition } from '../../../function-definition.ts'
import { batchFromRows } from '../../../../types/batch-from-rows.ts'
import type { ColumnData } from '../../../../types/column-data.ts'
import { columnFromValues } from '../../../../types/column-from-values.ts'
import { columnsFromBatches } from '../../../../types/columns.ts'
import type { ColumnArray } from '../../../../types/columns.ts'
import { ConversionFailure } from '../../../../types/conversion-failure.ts'
import type { Schema } from '../../../../types/logical-type.ts'
import { typeName } from '../../../../types/type-names.ts'
import { valueReader } from '../../../../types/value-reader.ts'
import { isValid } from '../../vector-read.ts'

/** What the application wrote: a function of values, or of columns. */
type Written = (...values: unknown[]) => unknown

/** What the application wrote of an aggregate. */
export interface WrittenAggregate {
  init(): unknown
  step(state: unknown, ...values: unknown[]): unknown
  merge(state: unknown, other: unknown): unknown
  finish(state: unknown): unknown
}

const parts = ['init', 'step', 'merge', 'finish'] as const

/** Calls a registered function on columns of rows, and says which row it failed at: of the rows it was given in the statement, from 1. */
export class FunctionCall {
  readonly definition: FunctionDefinition
  readonly #written: Written | WrittenAggregate
  /** Rows of the statement that were given before. */
  #before = 0

  /** @throws LakefrontError `INVALID_ARGUMENT` when `written` is nothing that can be called. */
  constructor(definition: FunctionDefinition, written: unknown) {
    const isWhole =
      definition.form === 'aggregate'
        ? parts.every((part) => typeof (written as Partial<WrittenAggregate> | null)?.[part] === 'function')
        : typeof written === 'function'
    if (!isWhole) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `The function "${definition.name}" cannot be registered: ${definition.form === 'aggregate' ? 'an aggregate is an object of the functions init, step, merge and finish' : 'what was given is no function'}.`,
      )
    }
    this.definition = definition
    this.#written = written as Written | WrittenAggregate
  }

  /** Call before another statement. */
  beginStatement(): void {
    this.#before = 0
  }

  /** The results for `rows` rows of `columns`. */
  run(columns: readonly ColumnData[], rows: number): ColumnData {
    const result = this.definition.form === 'columns' ? this.#runColumns(columns, rows) : this.#runRows(columns, rows)
    this.#before += rows
    return result
  }

  get aggregate(): WrittenAggregate {
    return this.#written as WrittenAggregate
  }

  /** The states after a step for every row; `states` holds those before it, by row, and `put` takes them. */
  step(
    columns: readonly ColumnData[],
    rows: number,
    states: (row: number) => unknown,
    put: (row: number, state: unknown) => void,
  ): void {
    const { args, takesNulls } = this.definition
    const readers = args.map((type, index) => valueReader(type, columns[index]!))
    for (let row = 0; row < rows; row++) {
      const values = readers.map((read) => read(row))
      if (!takesNulls && values.includes(null)) continue
      this.#guard(row, () => put(row, checkedNow(this.aggregate.step(states(row), ...values))))
    }
    this.#before += rows
  }

  /** The column of what `finish` says of states. */
  finish(states: readonly unknown[]): ColumnData {
    const results = states.map((state) => this.#guard(undefined, () => checkedNow(this.aggregate.finish(state))))
    return this.#column(results, false)
  }

  /** Runs a part of the function; what it throws becomes a failure of the statement. */
  #guard<T>(row: number | undefined, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#failure(row, error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    }
  }

  guard<T>(work: () => T): T {
    return this.#guard(undefined, work)
  }

  #runRows(columns: readonly ColumnData[], rows: number): ColumnData {
    const { args, takesNulls } = this.definition
    const call = this.#written as Written
    const readers = args.map((type, index) => valueReader(type, columns[index]!))
    const results: unknown[] = new Array(rows)
    let row = 0
    try {
      for (; row < rows; row++) {
        const values = readers.map((read) => read(row))
        results[row] = !takesNulls && values.includes(null) ? null : checkedNow(call(...values))
      }
    } catch (error) {
      throw this.#failure(row, error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    }
    return this.#column(results, true)
  }

  #runColumns(columns: readonly ColumnData[], rows: number): ColumnData {
    const { args, returns, takesNulls } = this.definition
    const call = this.#written as Written
    const schema: Schema = { fields: args.map((type, index) => ({ name: `a${index}`, type, nullable: true })) }
    const arrays = Object.values(columnsFromBatches(schema, [{ schema, length: rows, columns }]))
    const given = this.#guard(undefined, () =>
      checkedNow(call(...arrays, ...(args.length === 0 ? [rows] : []))),
    ) as ColumnArray
    const isColumn = Array.isArray(given) || ArrayBuffer.isView(given)
    if (!isColumn || given.length !== rows) {
      throw this.#failure(
        undefined,
        `It has to return one array of ${rows} values, one for each row it was given; it returned ${isColumn ? given.length : `a ${typeof given}`}.`,
      )
    }
    try {
      const [column] = batchFromRows({ r: given }, { r: returns }).columns
      return takesNulls ? column! : withNullsOf(column!, columns, rows)
    } catch (error) {
      throw this.#failure(undefined, error instanceof Error ? error.message : String(error))
    }
  }

  #column(results: readonly unknown[], hasRows: boolean): ColumnData {
    const { returns } = this.definition
    try {
      return columnFromValues(returns, results)
    } catch (error) {
      if (!(error instanceof ConversionFailure)) throw error
      throw this.#failure(hasRows ? error.index : undefined, `It has to return ${typeName(returns)}. ${error.message}`)
    }
  }

  #failure(row: number | undefined, problem: string): Error {
    return new Error(
      `UDF_FAILED ${row === undefined ? 0 : this.#before + row + 1} "${this.definition.name}" ${problem}`,
    )
  }
}

function checkedNow(value: unknown): unknown {
  if (typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function')
    throw new TypeError('it returned a promise, and a query cannot wait inside of a function')
  return value
}

/** `column`, null also where one of `arguments_` is. */
function withNullsOf(column: ColumnData, arguments_: readonly ColumnData[], rows: number): ColumnData {
  const nullable = arguments_.filter(({ nullCount }) => nullCount > 0)
  if (nullable.length === 0) return column
  const validity = new Uint8Array((rows + 7) >>> 3)
  let nullCount = 0
  for (let row = 0; row < rows; row++) {
    const isThere = [column, ...nullable].every((each) => each.nullCount === 0 || isValid(each.validity, row))
    if (isThere) validity[row >>> 3]! |= 1 << (row & 7)
    else nullCount++
  }
  return { ...column, nullCount, validity }
}
