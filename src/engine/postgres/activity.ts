import { LakefrontError } from '../../errors.ts'
import type { PostgresConnection } from './postgres-server.ts'

/** What happens on the connections of one server, to tell who waits for one in vain. */
export class Activity {
  readonly #patience: number
  #held = 0
  #running = 0
  #last = performance.now()

  /** @param patience How many milliseconds may pass without anything happening while somebody waits. */
  constructor(patience: number) {
    this.#patience = patience
  }

  /** `connection`, which is held until it is released. */
  observed(connection: PostgresConnection): PostgresConnection {
    this.#held++
    const during = async <T>(work: () => Promise<T>): Promise<T> => {
      this.#running++
      try {
        return await work()
      } finally {
        this.#running--
        this.#last = performance.now()
      }
    }
    return {
      session: connection.session,
      describe: (query) => during(() => connection.describe(query)),
      open: (query, isAlone) =>
        during(async () => {
          const cursor = await connection.open(query, isAlone)
          return {
            fields: cursor.fields,
            next: (size) => during(() => cursor.next(size)),
            close: () => during(() => cursor.close()),
          }
        }),
      cancel: () => connection.cancel(),
      release: (isBroken) => {
        this.#held--
        this.#last = performance.now()
        connection.release(isBroken)
      },
    }
  }

  /** Calls `stuck` when `held` connections are held and nothing happens on any, until what is returned is called. */
  watch(held: number, stuck: (error: LakefrontError) => void): () => void {
    const started = performance.now()
    const timer = setInterval(() => {
      const quiet = performance.now() - Math.max(started, this.#last)
      if (this.#running > 0 || this.#held < held || quiet < this.#patience) return
      stuck(
        new LakefrontError(
          'INVALID_ARGUMENT',
          `No connection became free, and nothing happened on any for ${this.#patience / 1000} seconds: they are held by transactions, or by results that were not read to the end. Within transaction(), use what it hands over: tx.table(), tx.sql(). Read results to the end, or close them. Or let there be more: connect(address, { connections: ${held + 10} }).`,
        ),
      )
    }, this.#patience / 10)
    return () => clearInterval(timer)
  }
}
