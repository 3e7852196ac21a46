import type { ColumnBatch } from '../../types/column-data.ts'
import type { Statement } from '../engine.ts'
import type { Connection, Duckdb } from './boot.ts'
import { duckdbError, engineFailure } from './duckdb-error.ts'
import { NativeStatement } from './native-statement.ts'
import type { RunParts } from './run-parts.ts'
import type { ScanContext } from './scan-function.ts'
import { refuseZero } from './script.ts'
import { VectorReader } from './vector-read.ts'

/**
 * Runs a text with nothing else in between, and answers the rows of its last statement. On a few rows that takes half of the time of a `Run`, which can wait, be stopped
 * and tell how far it is. Tables are DuckDB's own only.
 */
export function runAtOnce(
  parts: RunParts,
  { connection, scans }: { readonly connection: Connection; readonly scans: ScanContext },
  statement: Statement,
): Promise<readonly ColumnBatch[]> {
  const { duckdb, types, gate, health, zone, scan, memory } = parts
  return gate.enter(() => {
    health.assertWorking()
    const native = new NativeStatement(duckdb, types, connection, statement)
    try {
      refuseZero(statement.sql)
      zone.follow(connection)
      zone.settle(connection)
      scan.context = scans
      return runAll(duckdb, native, statement)
    } catch (error) {
      throw engineFailure(health.judge(error, connection), memory.use)
    } finally {
      if (!health.isBroken) native.close()
    }
  })
}

function runAll(duckdb: Duckdb, native: NativeStatement, { sql, parameters }: Statement): ColumnBatch[] {
  const succeed = (message: string | undefined): void => {
    if (message !== undefined) throw duckdbError(message, { sql })
  }
  const count = native.extract()
  for (let index = 0; ; index++) {
    succeed(native.prepare(index))
    native.bind(parameters, count === 1)
    succeed(native.begin())
    const failed = duckdb.capi.executePending(native.pending, native.reserveResult()) !== 0
    succeed(failed ? native.resultError() : undefined)
    const batches = takeRows(duckdb, native)
    succeed(native.resultError() || undefined)
    if (index === count - 1) return batches
  }
}

function takeRows({ capi, heap }: Duckdb, native: NativeStatement): ColumnBatch[] {
  const fields = native.resultFields()
  const vectors = new VectorReader(capi, heap)
  const batches: ColumnBatch[] = []
  for (let chunk = capi.fetchChunk(native.result); chunk !== 0; chunk = capi.fetchChunk(native.result)) {
    const columns = fields.map(({ type }, index) => vectors.column([chunk], index, type))
    batches.push({ schema: { fields }, length: capi.dataChunkGetSize(chunk), columns })
    heap.withPointer(chunk, capi.destroyDataChunk)
  }
  return batches
}
