import type { Schema } from '../types/logical-type.ts'
import { outcomes } from './outcomes.ts'
import type { ColumnFacts } from './outcomes.ts'
import type { Predicate } from './predicate.ts'
import type { FileColumns } from './table-columns.ts'

/** Whether no row of a file passes, by what the names of its folders and of the file say. */
export function isPartitionOut(predicate: Predicate | undefined, columns: FileColumns, schema: Schema): boolean {
  if (predicate === undefined) return false
  const partition = partitionColumns(columns, schema)
  return !outcomes(predicate, (name) => partition.get(name)).mayBeTrue
}

/** What the names of a file's folders and the file say about its columns. */
function partitionColumns(columns: FileColumns, { fields }: Schema): ReadonlyMap<string, ColumnFacts> {
  const facts = new Map<string, ColumnFacts>()
  columns.forEach((origin, index) => {
    if (origin.kind !== 'value' || origin.bound === 'unknown' || origin.bound === null) return
    const { name, type } = fields[index]!
    facts.set(name, { type, rows: 1, nulls: 0, min: origin.bound, max: origin.bound })
  })
  return facts
}
