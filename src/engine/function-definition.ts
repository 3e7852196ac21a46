import type { LogicalType } from '../types/logical-type.ts'

/** A function of the application's own, as it is sent to the engine. Plain data that survives `structuredClone`. */
export interface FunctionDefinition {
  readonly name: string
  /** `rows`: called for every row; `columns`: for up to 2,048 rows at once; `aggregate`: an object of init, step, merge and finish. */
  readonly form: 'rows' | 'columns' | 'aggregate'
  readonly code: FunctionCode
  readonly args: readonly LogicalType[]
  readonly returns: LogicalType
  /** Whether it is called where an argument is null too; otherwise its result is null there. */
  readonly takesNulls: boolean
  /** Whether the same arguments may give another result, so that every call has to be made. */
  readonly isVolatile: boolean
}

/** The text of an expression, or an export of a module. */
export type FunctionCode = { readonly source: string } | { readonly module: string; readonly exported: string }
