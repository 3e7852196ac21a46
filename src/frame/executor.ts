import type { ExecuteOptions, ResultStream } from '../engine/engine.ts'
import type { Plan } from '../plan/nodes.ts'
import type { DialectName } from '../sql/dialects/load-dialect.ts'
import type { Schema } from '../types/logical-type.ts'

/** How much of the way from plan to machine `explain` shows. */
export type ExplainMode = 'logical' | 'sql' | 'physical' | 'analyze' | 'engine'

/** What a DataFrame needs of the world: all it ever sees of sessions and engines. */
export interface Executor {
  /** Output columns, without running anything. Cached per plan node. */
  schema(plan: Plan, options?: ExecuteOptions): Promise<Schema>
  execute(plan: Plan, options?: ExecuteOptions): Promise<ResultStream>
  explain(plan: Plan, mode: ExplainMode, options?: ExecuteOptions): Promise<string>
  /** The SQL text of `plan`, of the engine or in another dialect; parameters are printed as literals. */
  toSQL(plan: Plan, dialect?: DialectName): Promise<string>
}
