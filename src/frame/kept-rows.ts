import type { ExecuteOptions } from '../engine/engine.ts'
import { scan } from '../plan/leaf.ts'
import type { Cache, Leaf, Plan } from '../plan/nodes.ts'
import type { Executor } from './executor.ts'
import { resultOf } from './results.ts'
import { sourceId } from './source-id.ts'

/** The rows of cached DataFrames, outside of the engine. Gone when nobody holds the DataFrame any more, or by `unpersist()`. */
export class KeptRows {
  readonly #kept = new WeakMap<Plan, Promise<Leaf>>()

  /** Rows of `node`, computed at the first call. A failure or an abort is not kept. */
  rows(executor: Executor, node: Cache, options?: ExecuteOptions): Promise<Leaf> {
    let rows = this.#kept.get(node)
    if (rows === undefined) {
      rows = computed(executor, node, options)
      this.#kept.set(node, rows)
      rows.catch(() => this.#kept.delete(node))
    }
    return rows
  }

  release(node: Plan): void {
    this.#kept.delete(node)
  }
}

async function computed(executor: Executor, node: Cache, options?: ExecuteOptions): Promise<Leaf> {
  const { schema, batches } = await resultOf(executor, node.input, options)
  const kept = batches.filter((batch) => batch.length > 0)
  return scan(Object.freeze({ id: sourceId('cache'), format: 'batches', schema, batches: Object.freeze(kept) }))
}
