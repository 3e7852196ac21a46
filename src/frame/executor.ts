import type { ExecuteOptions, ResultStream, Statement } from '../engine/engine.ts'
import type { Mutation } from '../plan/mutation.ts'
import type { Plan } from '../plan/nodes.ts'
import type { DialectName } from '../sql/dialects/load-dialect.ts'
import type { FileSource } from '../scan/source.ts'
import type { Schema } from '../types/logical-type.ts'
import type { SaveMode, WriteResult, WriteTask } from '../write/write-task.ts'
import type { UnnamedSource } from './known-files.ts'

/** How much of the way from plan to machine `explain` shows. */
export type ExplainMode = 'logical' | 'sql' | 'physical' | 'analyze' | 'engine'

/** Which table rows are written to. */
export interface SaveAsTable {
  /** Its name, with its schema before a dot where it has one. */
  readonly name: string
  readonly mode: SaveMode
  /** Of a table of a lake: how it is divided when it is made. */
  readonly partitionBy?: readonly string[]
}

/** What a DataFrame needs of the world: all it ever sees of sessions and engines. */
export interface Executor {
  /** Files as something to scan; the same again for the same names of files, where the engine notices that they changed. */
  source(files: UnnamedSource): FileSource
  /** Output columns, without running anything. Cached per plan node. */
  schema(plan: Plan, options?: ExecuteOptions): Promise<Schema>
  execute(plan: Plan, options?: ExecuteOptions): Promise<ResultStream>
  /** Writes the rows of `plan` to files. */
  write(plan: Plan, task: WriteTask, options?: ExecuteOptions): Promise<WriteResult>
  /** Writes the rows of `plan` to a table of the engine's. */
  saveAsTable(plan: Plan, table: SaveAsTable, options?: ExecuteOptions): Promise<void>
  explain(plan: Plan, mode: ExplainMode, options?: ExecuteOptions): Promise<string>
  /** The SQL text of `plan`, in the dialect of the engine or the one that is named; parameters are printed as literals. */
  toSQL(plan: Plan, dialect?: DialectName): Promise<string>
  /** `plan` with its columns, when those of the files it stands for are known by now. */
  known(plan: Plan): Plan
  /** Names `plan` for SQL text, until the session ends. */
  createView(name: string, plan: Plan, options: ExecuteOptions & { readonly replace: boolean }): Promise<void>
  /** Forgets a view; `false` when there was none. */
  dropView(name: string): Promise<boolean>
  /** Changes rows of a table; answers how many. */
  change(mutation: Mutation, options?: ExecuteOptions): Promise<number>
  /** `plan` with all columns known. */
  settled(plan: Plan, options?: ExecuteOptions): Promise<Plan>
  /** To be called when tables may be others than before. */
  changed(): void
  /** Runs `work` with `plan` as a statement of the engine's; the sources it reads are held until it is done. */
  prepared<T>(plan: Plan, work: (statement: Statement) => Promise<T>, options?: ExecuteOptions): Promise<T>
  /** Gives back the rows that are kept for a plan of kind Cache. */
  release(plan: Plan): Promise<void>
}
