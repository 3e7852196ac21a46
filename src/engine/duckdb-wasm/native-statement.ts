import { LakefrontError } from '../../errors.ts'
import type { Field } from '../../types/logical-type.ts'
import type { Statement } from '../engine.ts'
import type { Connection, Duckdb } from './boot.ts'
import { resultSize } from './capi.ts'
import type { Pointer } from './capi.ts'
import { duckdbError } from './duckdb-error.ts'
import type { SourceText } from './duckdb-error.ts'
import type { LogicalTypes } from './logical-types.ts'
import { bindParameters } from './parameters.ts'

/**
 * DuckDB's own objects behind one SQL text, and the calls on them: extracted statements, the prepared one, the pending one, its result.
 * Nothing here waits. Methods that can fail in DuckDB answer its message, or undefined.
 */
export class NativeStatement {
  readonly #text: SourceText
  readonly #duckdb: Duckdb
  readonly #types: LogicalTypes
  readonly #connection: Connection
  readonly #taken = new Set<number>()
  #extracted: Pointer = 0
  #prepared: Pointer = 0
  #pending: Pointer = 0
  #result: Pointer = 0

  constructor(duckdb: Duckdb, types: LogicalTypes, connection: Connection, text: SourceText) {
    this.#duckdb = duckdb
    this.#types = types
    this.#connection = connection
    this.#text = text
  }

  get pending(): Pointer {
    return this.#pending
  }

  get result(): Pointer {
    return this.#result
  }

  /** Parses the text; answers the number of statements. @throws LakefrontError `SYNTAX_ERROR`. */
  extract(): number {
    const { capi, heap } = this.#duckdb
    this.#destroyExtracted()
    const [count, error] = heap.withWords(1, (slot) => {
      const found = heap.withText(this.#text.sql, (text) =>
        capi.extractStatements(this.#connection.pointer, text, slot),
      )
      this.#extracted = heap.pointerAt(slot)
      return [found, found > 0 ? '' : heap.text(capi.extractStatementsError(this.#extracted))] as const
    })
    if (count > 0) return count
    if (error !== '') throw duckdbError(error, this.#text)
    throw new LakefrontError('SYNTAX_ERROR', 'The SQL text holds no statement. Write one, such as SELECT 42.', {
      details: { position: 0 },
    })
  }

  /** Plans statement `index` of the text. A parsed statement is used up by it, so a second time the text is parsed anew. */
  prepare(index: number): string | undefined {
    const { capi, heap } = this.#duckdb
    this.free()
    if (this.#taken.has(index)) this.extract()
    this.#taken.add(index)
    return heap.withWords(1, (slot) => {
      const failed = capi.prepareExtractedStatement(this.#connection.pointer, this.#extracted, index, slot) !== 0
      this.#prepared = heap.pointerAt(slot)
      return failed ? heap.text(capi.prepareError(this.#prepared)) : undefined
    })
  }

  /** `duckdb_statement_type` of the prepared statement. */
  get type(): number {
    return this.#duckdb.capi.preparedStatementType(this.#prepared)
  }

  get hasParameters(): boolean {
    return this.#duckdb.capi.nparams(this.#prepared) > 0
  }

  /** @param isAll Whether no value may be left over. */
  bind(values: Statement['parameters'], isAll: boolean): void {
    bindParameters(this.#duckdb.capi, this.#duckdb.heap, this.#prepared, { values, isAll })
  }

  /** Columns of the prepared statement; their types may be unknown while parameters are. */
  preparedFields(): Field[] {
    const { capi, heap } = this.#duckdb
    return Array.from({ length: capi.preparedStatementColumnCount(this.#prepared) }, (_, column) => {
      const name = heap.takeText(capi.preparedStatementColumnName(this.#prepared, column))
      const type = this.#types.take(capi.preparedStatementColumnLogicalType(this.#prepared, column), name)
      return { name, type, nullable: true }
    })
  }

  /** Makes the prepared statement ready to run in steps. */
  begin(): string | undefined {
    const { capi, heap } = this.#duckdb
    return heap.withWords(1, (slot) => {
      const failed = capi.pendingPreparedStreaming(this.#prepared, slot) !== 0
      this.#pending = heap.pointerAt(slot)
      return failed ? this.pendingError() : undefined
    })
  }

  pendingError(): string {
    const { capi, heap } = this.#duckdb
    return heap.text(capi.pendingError(this.#pending))
  }

  /** Makes room for the result that `executePending` fills. */
  reserveResult(): Pointer {
    const { heap } = this.#duckdb
    this.#result = heap.allocate(resultSize)
    heap.bytes.fill(0, this.#result, this.#result + resultSize)
    return this.#result
  }

  /** What the result failed with; empty when it did not. */
  resultError(): string {
    const { capi, heap } = this.#duckdb
    return heap.text(capi.resultError(this.#result))
  }

  resultFields(): Field[] {
    const { capi, heap } = this.#duckdb
    return Array.from({ length: capi.columnCount(this.#result) }, (_, column) => {
      const name = heap.text(capi.columnName(this.#result, column))
      return { name, type: this.#types.take(capi.columnLogicalType(this.#result, column), name), nullable: true }
    })
  }

  /** Gives back everything but the prepared statement, which can be bound and begun again. */
  rest(): void {
    this.#freeRun()
    this.#destroyExtracted()
  }

  /** Gives back everything but the parsed text. */
  free(): void {
    const { capi, heap } = this.#duckdb
    this.#freeRun()
    if (this.#prepared !== 0) heap.withPointer(this.#prepared, capi.destroyPrepare)
    this.#prepared = 0
  }

  close(): void {
    this.free()
    this.#destroyExtracted()
  }

  #freeRun(): void {
    const { capi, heap } = this.#duckdb
    if (this.#result !== 0) {
      capi.destroyResult(this.#result)
      heap.free(this.#result)
    }
    if (this.#pending !== 0) heap.withPointer(this.#pending, capi.destroyPending)
    this.#result = this.#pending = 0
  }

  #destroyExtracted(): void {
    if (this.#extracted !== 0) this.#duckdb.heap.withPointer(this.#extracted, this.#duckdb.capi.destroyExtracted)
    this.#extracted = 0
    this.#taken.clear()
  }
}
