import type { MemoryBudget } from '../../scan/memory-budget.ts'
import type { FetchLimit } from '../../storage/fetch-scope.ts'
import type { Duckdb } from './boot.ts'
import { rawExport } from './capi.ts'
import type { Pointer } from './capi.ts'
import type { EngineHealth } from './engine-health.ts'
import type { Gate } from './gate.ts'
import type { LogicalTypes } from './logical-types.ts'
import type { SessionZone } from './natives/timezone/session-zone.ts'
import type { PlanPositions } from './plan-positions.ts'
import type { KeptStatements } from '../kept-statements.ts'
import type { NativeStatement } from './native-statement.ts'
import type { LoadTable } from './run-scans.ts'
import type { ScanFunction } from './scan-function.ts'

/** What every statement of one engine shares. */
export interface RunParts {
  readonly duckdb: Duckdb
  readonly types: LogicalTypes
  readonly scan: ScanFunction
  readonly positions: PlanPositions
  /** The time zone of the connection that runs. */
  readonly zone: SessionZone
  readonly gate: Gate
  /** Statements of the main connection that can be run again. */
  readonly prepared: KeptStatements<NativeStatement>
  readonly health: EngineHealth
  readonly suspends: boolean
  readonly steps: Steps
  readonly loadTable: LoadTable
  readonly memory: MemoryBudget
  /** Lets what is kept outside of the heap make room for it when it has grown. */
  readonly settle: () => void
  /** What statements may fetch that have no limit of their own. */
  readonly fetchLimit: FetchLimit
}

/** The calls in which a scan may run, and so suspend. */
export interface Steps {
  readonly task: (pending: Pointer) => number | Promise<number>
  readonly finish: (pending: Pointer, result: Pointer) => number | Promise<number>
  /** The next chunk, null at the end, or undefined when it takes another call. */
  readonly fetch: (result: Pointer) => Pointer | undefined | Promise<Pointer>
}

export function makeSteps(duckdb: Duckdb, suspends: boolean): Steps {
  const { exports } = duckdb
  const { promising } = WebAssembly as unknown as { promising: <T>(fn: T) => T }
  const step = (method: 'pendingExecuteTask' | 'executePending' | 'fetchChunk'): unknown => {
    const raw = rawExport(exports, method)
    return suspends ? promising(raw) : raw
  }
  return {
    task: step('pendingExecuteTask') as Steps['task'],
    finish: step('executePending') as Steps['finish'],
    fetch: suspends ? (step('fetchChunk') as Steps['fetch']) : (result) => fetchSlice(duckdb, result),
  }
}

/** Where a `duckdb_result` names its data, which begin with the address of DuckDB's own result. */
const resultDataOffset = 32

/** `StreamExecutionResult`: chunk not ready, blocked, no tasks available. */
const unready: ReadonlySet<number> = new Set([1, 4, 5])

/** `duckdb_fetch_chunk` stays in the engine until there are rows; one slice of that work at a time lets scans wait in between. */
function fetchSlice({ capi, heap }: Duckdb, result: Pointer): Pointer | undefined {
  if (capi.resultIsStreaming(result) !== 0) {
    try {
      const stream = heap.pointerAt(heap.pointerAt(result + resultDataOffset))
      if (unready.has(capi.streamExecuteTask(stream))) return undefined
    } catch (error) {
      // An interrupt, or a result that is closed: fetching says so in words.
      if (!(error instanceof WebAssembly.Exception)) throw error
    }
  }
  return capi.fetchChunk(result)
}
