import {
  type DataFrame,
  formatValue,
  type Progress,
  type QueryMetrics,
  type Schema,
  type Session,
  typeName,
} from 'lakefront'
import type { GridColumn } from './grid-data.ts'
import { ResultTable } from './result-table.ts'

/** Rows the grid takes at most; what is beyond is not read. */
export const rowLimit = 1_000_000

/** How a run ended. */
export interface Outcome {
  readonly metrics: QueryMetrics | undefined
  /** Whether there are more rows than the table holds. */
  readonly cut: boolean
  readonly warnings: readonly string[]
}

export function columnsOf(schema: Schema): GridColumn[] {
  return schema.fields.map(({ name, type }) => ({
    name,
    typeName: typeName(type),
    numeric: numericKinds.has(type.kind),
  }))
}

const numericKinds: ReadonlySet<string> = new Set(
  'tinyint smallint integer bigint hugeint utinyint usmallint uinteger ubigint uhugeint float double decimal'.split(
    ' ',
  ),
)
void formatValue
export type { DataFrame, Progress, Session }
export { ResultTable }
