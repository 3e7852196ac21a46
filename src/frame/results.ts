import type { ExecuteOptions, ResultStream } from '../engine/engine.ts'
import type { Plan } from '../plan/nodes.ts'
import { rowReader } from '../types/rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import type { Executor } from './executor.ts'

/** All batches of a plan's result, and their schema. */
export interface Result {
  readonly schema: Schema
  readonly batches: readonly ColumnBatch[]
}

/** Runs `plan` and hands its batches to `use` as they come; the stream is closed whatever happens. */
async function eachBatch(
  executor: Executor,
  plan: Plan,
  options: ExecuteOptions | undefined,
  use: (batch: ColumnBatch) => void,
): Promise<Schema> {
  options?.signal?.throwIfAborted()
  const stream: ResultStream = await executor.execute(plan, options)
  try {
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
      options?.signal?.throwIfAborted()
      use(batch)
    }
    return stream.schema
  } finally {
    await stream.close()
  }
}

/** Runs `plan` to its end. */
export async function resultOf(executor: Executor, plan: Plan, options?: ExecuteOptions): Promise<Result> {
  const batches: ColumnBatch[] = []
  const schema = await eachBatch(executor, plan, options, (batch) => batches.push(batch))
  return { schema, batches }
}

/** Every row of a plan's result as an object. */
export async function rowsOf<Row>(executor: Executor, plan: Plan, options?: ExecuteOptions): Promise<Row[]> {
  const rows: Row[] = []
  await eachBatch(executor, plan, options, (batch) => {
    const read = rowReader(batch)
    for (let index = 0; index < batch.length; index++) rows.push(read(index) as Row)
  })
  return rows
}
