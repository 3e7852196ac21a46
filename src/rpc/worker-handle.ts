import type { Endpoint } from 'comlink'

/** A worker as the main side sees it, whatever the platform calls it. */
export interface WorkerHandle {
  /** What to call the worker in messages: its address without query string. */
  readonly label: string
  readonly endpoint: Endpoint
  /**
   * A name the worker can hold a lock under while it lives; absent where the platform has no locks. It tells of deaths that
   * browsers do not report: `self.close()`, or a worker that the system killed.
   */
  readonly lifeline?: string
  /** Calls `listener` when the worker fails to load, throws outside of a call, exits, or sends what cannot be read. */
  onFailure(listener: (failure: WorkerFailure) => void): void
  terminate(): void
  /** Whether the process waits for this worker. No effect where nothing exits by itself. */
  keepAlive(needed: boolean): void
}

/** What the platform said about a worker that can no longer be used. */
export interface WorkerFailure {
  readonly kind: 'error' | 'exit' | 'message'
  readonly exitCode?: number
  readonly cause?: unknown
}
