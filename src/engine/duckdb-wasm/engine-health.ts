import { isLakefrontError, LakefrontError } from '../../errors.ts'
import type { Connection, Duckdb } from './boot.ts'
import { resultSize } from './capi.ts'
import { mayShatter } from './duckdb-error.ts'

/**
 * Whether the engine still works. A trap leaves DuckDB's memory as it was in the middle of something, and some of DuckDB's own errors
 * make the database refuse all work: from then on nothing may call into the engine, and everything fails with the first failure.
 */
export class EngineHealth {
  readonly #duckdb: Duckdb
  #broken: LakefrontError | undefined

  constructor(duckdb: Duckdb) {
    this.#duckdb = duckdb
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  assertWorking(): void {
    if (this.#broken !== undefined) throw this.#broken
  }

  /** What to throw for `error`, which came out of the engine by way of `connection`. */
  judge(error: unknown, connection: Connection): unknown {
    if (this.#broken === undefined && (isTrap(error) || this.#isShattered(error, connection))) {
      const said = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
      this.#broken = new LakefrontError(
        'ENGINE_FAILED',
        `The engine broke down and cannot go on: ${said}. Please report the query. A session with a worker starts a new engine with the next call, without the tables that SQL made; otherwise connect again.`,
        { cause: error, details: { fatal: true } },
      )
    }
    return this.#broken ?? error
  }

  #isShattered(error: unknown, { pointer }: Connection): boolean {
    if (!isLakefrontError(error) || !mayShatter(error)) return false
    const { capi, heap } = this.#duckdb
    return heap.withWords(resultSize / 4, (result) => {
      const failed = heap.withText('SELECT 1', (sql) => capi.query(pointer, sql, result)) !== 0
      const isInvalid = failed && /database has been invalidated/.test(heap.text(capi.resultError(result)))
      capi.destroyResult(result)
      return isInvalid
    })
  }
}

/** Traps, Emscripten's abort, and stacks that ran over, which skip DuckDB's cleaning up like traps do. */
function isTrap(error: unknown): boolean {
  return (
    error instanceof WebAssembly.RuntimeError ||
    (error instanceof RangeError && /call stack|recursion/i.test(error.message))
  )
}
