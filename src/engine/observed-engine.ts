import type { Engine, ExecuteOptions, Progress, QueryMetrics, ResultStream, Statement } from './engine.ts'

/** A statement that is over. */
export interface QueryEvent {
  readonly sql: string
  /** `done`: all rows were read; `closed`: the reader stopped before; `failed`: an error or an abort. */
  readonly outcome: 'done' | 'closed' | 'failed'
  /** From the call to the end of the result, the reader's own time included. */
  readonly milliseconds: number
  /** What it cost; present when all rows were read. */
  readonly metrics?: QueryMetrics
  readonly error?: unknown
}

export interface EngineObserver {
  /** Hears of every statement that ends; not of a result that is dropped without being closed. */
  readonly onQuery: (event: QueryEvent) => void
  /** Hears of every statement that has no listener of its own. */
  readonly onProgress?: (progress: Progress) => void
}

/** `engine` as it is, with somebody watching. */
export function observedEngine(engine: Engine, observer: EngineObserver): Engine {
  const { onQuery, onProgress } = observer
  const defaults: ExecuteOptions = onProgress === undefined ? {} : { onProgress }
  return {
    get info() {
      return engine.info
    },
    register: (source) => engine.register(source),
    unregister: (id) => engine.unregister(id),
    ...(engine.registerFunction === undefined
      ? {}
      : { registerFunction: (definition) => engine.registerFunction!(definition) }),
    ...(engine.unregisterFunction === undefined
      ? {}
      : { unregisterFunction: (name) => engine.unregisterFunction!(name) }),
    describe: (statement, options) => engine.describe(statement, options),
    ...(engine.write === undefined
      ? {}
      : {
          async write(statement, task, options) {
            const start = performance.now()
            const end = (event: Pick<QueryEvent, 'outcome' | 'metrics' | 'error'>): void =>
              onQuery({ sql: statement.sql, milliseconds: performance.now() - start, ...event })
            try {
              const result = await engine.write!(statement, task, { ...defaults, ...options })
              end({ outcome: 'done', ...(result.metrics === undefined ? {} : { metrics: result.metrics }) })
              return result
            } catch (error) {
              end({ outcome: 'failed', error })
              throw error
            }
          },
        }),
    ...(engine.connection === undefined
      ? {}
      : {
          connection: async () => {
            const own = await engine.connection!()
            return own === undefined ? undefined : observedEngine(own, observer)
          },
        }),
    ...(engine.lake === undefined ? {} : { lake: engine.lake }),
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
    async execute(statement: Statement, options?: ExecuteOptions) {
      const start = performance.now()
      let isOver = false
      const end = (event: Pick<QueryEvent, 'outcome' | 'metrics' | 'error'>): void => {
        if (isOver) return
        isOver = true
        onQuery({ sql: statement.sql, milliseconds: performance.now() - start, ...event })
      }
      try {
        return observedStream(await engine.execute(statement, { ...defaults, ...options }), end)
      } catch (error) {
        end({ outcome: 'failed', error })
        throw error
      }
    },
  }
}

function observedStream(
  stream: ResultStream,
  end: (event: Pick<QueryEvent, 'outcome' | 'metrics' | 'error'>) => void,
): ResultStream {
  const close = (): Promise<void> => {
    end({ outcome: 'closed' })
    return stream.close()
  }
  return {
    schema: stream.schema,
    async next() {
      try {
        const batch = await stream.next()
        if (batch === undefined) end({ outcome: 'done', metrics: await stream.metrics() })
        return batch
      } catch (error) {
        end({ outcome: 'failed', error })
        throw error
      }
    },
    metrics: () => stream.metrics(),
    close,
    [Symbol.asyncDispose]: close,
  }
}
