import type { FetchLimit } from '../../storage/fetch-scope.ts'
import type { Duckdb } from './boot.ts'
import { rawExport } from './capi.ts'
import type { Pointer } from './capi.ts'
import type { EngineHealth } from './engine-health.ts'
import type { Gate } from './gate.ts'
import type { LogicalTypes } from './logical-types.ts'
import type { LoadTable } from './run-scans.ts'
import type { ScanFunction } from './scan-function.ts'

/** What every statement of one engine shares. */
export interface RunParts {
  readonly duckdb: Duckdb
  readonly types: LogicalTypes
  readonly scan: ScanFunction
  readonly gate: Gate
  readonly health: EngineHealth
  readonly suspends: boolean
  readonly steps: Steps
  readonly loadTable: LoadTable
  /** What statements may fetch that have no limit of their own. */
  readonly fetchLimit: FetchLimit
}

/** The calls in which a scan may run, and so suspend. */
export interface Steps {
  readonly task: (pending: Pointer) => number | Promise<number>
  readonly finish: (pending: Pointer, result: Pointer) => number | Promise<number>
  readonly fetch: (result: Pointer) => Pointer | Promise<Pointer>
}

export function makeSteps(exports: WebAssembly.Exports, suspends: boolean): Steps {
  const { promising } = WebAssembly as unknown as { promising: <T>(fn: T) => T }
  const step = (method: 'pendingExecuteTask' | 'executePending' | 'fetchChunk'): unknown => {
    const raw = rawExport(exports, method)
    return suspends ? promising(raw) : raw
  }
  return {
    task: step('pendingExecuteTask') as Steps['task'],
    finish: step('executePending') as Steps['finish'],
    fetch: step('fetchChunk') as Steps['fetch'],
  }
}
